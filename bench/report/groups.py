"""Which runs belong together, and what tells the groups apart."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from bench.records import RunRecord
from bench.report.arms import described

if TYPE_CHECKING:
    from bench.study import Run


def condition_of(run: RunRecord | Run) -> str:
    """Return what runs must share to be compared (data, model, settings) as one string."""
    return condition_key(run.identity)


def condition_key(condition: Mapping[str, Any]) -> str:
    """Return the same for a comparison's condition, or a run's identity."""
    return _key(condition_facts(condition))


def condition_facts(condition: Mapping[str, Any]) -> dict[str, Any]:
    """Return what makes a condition, of a run's identity; of a model that is the user's own, its digest too."""
    return {key: condition[key] for key in ("data", "model", "model_digest", "settings") if key in condition}


def arm_key(strategy: Mapping[str, Any], form: str | None) -> str:
    """Return what the runs of one row share (the strategy with all of its parameters, and the form) as one string."""
    return _key({**described(strategy), "form": form})


def titles(groups: Sequence[Sequence[RunRecord]]) -> list[str]:
    """Return a title for each condition: the data's name, and in brackets how it differs from others on those data."""
    facts = [_entries(group[0].identity) for group in groups]
    by_name: dict[str, list[int]] = defaultdict(list)
    for index, group in enumerate(groups):
        by_name[group[0].identity["data"]["name"]].append(index)
    told: dict[int, str] = {}
    for name, indices in by_name.items():
        for index, what in zip(indices, _differing([facts[index] for index in indices]), strict=True):
            told[index] = f"{name} ({what})" if what else name
    return [told[index] for index in range(len(groups))]


def family_of(record: RunRecord) -> str:
    """Return what runs must share for their differences to be averaged over data sets: model and settings.

    All but the number format: `--precision auto` takes what is faster where a study begins, so that studies of the same
    words on two machines differ in it. The runs of a pair share it, as all of their condition.
    """
    return _key(_family_facts(record.identity))


def family_titles(groups: Sequence[RunRecord]) -> list[str]:
    """Return for a run of each model and settings how they differ from the others; empty for one alone."""
    return _differing([_family_facts(one.identity) for one in groups])


def strategy_names(records: Sequence[RunRecord]) -> dict[tuple[str, str | None], list[RunRecord]]:
    """Return the runs of each strategy and form under its label.

    A label leaves out what is at its default. Where a default has changed between two runs, or the code of a plug-in,
    the same label stands for two strategies; they are kept apart by what differs.
    """
    by_label: dict[tuple[str, str | None], dict[str, list[RunRecord]]] = defaultdict(lambda: defaultdict(list))
    for record in records:
        by_label[record.label, record.form][arm_key(record.identity["strategy"], record.form)].append(record)
    named: dict[tuple[str, str | None], list[RunRecord]] = {}
    for (label, form), groups in by_label.items():
        ordered = [group for _, group in sorted(groups.items())]
        parameters = [_strategy_facts(group[0].identity["strategy"]) for group in ordered]
        for what, group in zip(_differing(parameters), ordered, strict=True):
            named[f"{label} with {what}" if what else label, form] = group
    return named


def _entries(identity: Mapping[str, Any]) -> dict[str, Any]:
    """Return a condition entry by entry, so that a title can name those that differ."""
    data = {key: value for key, value in identity["data"].items() if key != "name"}
    data["fingerprint"] = data["fingerprint"][:12]
    return {**data, **_model(identity), **identity["settings"]}


def _family_facts(identity: Mapping[str, Any]) -> dict[str, Any]:
    return {**_model(identity), **{key: value for key, value in identity["settings"].items() if key != "amp"}}


def _model(identity: Mapping[str, Any]) -> dict[str, str]:
    """Return the name of a model, and the digest of what it holds where its file is the user's own."""
    return {key: identity[key] for key in ("model", "model_digest") if key in identity}


def _strategy_facts(strategy: Mapping[str, Any]) -> dict[str, Any]:
    source = {"source": strategy["source"]} if "source" in strategy else {}
    return {"name": strategy["name"], **strategy["parameters"], **source}


def _differing(facts: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return of each mapping the entries that are not the same in all of them; empty for one alone."""
    keys = list(dict.fromkeys(key for one in facts for key in one))
    varying = [key for key in keys if len({_key(one.get(key)) for one in facts}) > 1]
    return [", ".join(f"{key}={one[key]}" if key in one else f"no {key}" for key in varying) for one in facts]


def _key(value: Any) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False)
