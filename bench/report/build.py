"""From records to a report."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from bench.claims import CLAIMS, Claim, combine, fingerprint, fingerprints, judge
from bench.manifest import Manifest
from bench.records import RunRecord, order
from bench.report.across import best_of, by_arm, combine_rows
from bench.report.answer import answers
from bench.report.arms import COMPARED, CORE, VARIANT
from bench.report.conclusion import conclude
from bench.report.criteria import Material, criteria
from bench.report.facts import facts
from bench.report.groups import condition_facts, condition_of, family_of, family_titles, titles
from bench.report.model import Comparison, Family, Report, Row
from bench.report.numbers import percent
from bench.report.outside import controls, escapes, noise
from bench.report.rows import Runs, compared_rows, runs_of, special_rows
from bench.report.shared import shared_beginnings
from bench.report.versions import standing
from bench.statistics import ImagePrecision, precision_limit


@dataclass(frozen=True)
class _Study:
    """What is known of a study beside its records."""

    manifest: Manifest | None
    bootstraps: Mapping[str, np.ndarray]
    claims: Sequence[Claim]

    @property
    def looks(self) -> tuple[int, int] | None:
        """The least and the greatest number of seeds that verdicts pay for; None: they were looked at once."""
        looks = self.manifest.looks if self.manifest else None
        return looks if looks and looks[0] < looks[1] else None


def build(
    records: Sequence[RunRecord],
    manifest: Manifest | None = None,
    bootstraps: Mapping[str, np.ndarray] | None = None,
    claims: Sequence[Claim] = CLAIMS,
) -> Report:
    """Return the report of a study. It does not depend on the order of its arguments, the clock or the machine.

    Of what is installed it depends on the strategies: claims are judged on runs of them as they are registered, and
    one that says that it is about another stands outside the comparison.

    Args:
        records: of any number of conditions.
        manifest: what the study set out to do; None for one that has no manifest.
        bootstraps: by run id, mAP50-95 under each resample of the validation images; what has none is told so.
        claims: what the records are to judge.

    Raises:
        UserError: two records are of the same run.
    """
    study = _Study(manifest, bootstraps or {}, claims)
    by_condition: dict[tuple[str, str], list[RunRecord]] = defaultdict(list)
    for record in sorted(records, key=order):
        by_condition[record.identity["data"]["name"], condition_of(record)].append(record)
    groups = [group for _, group in sorted(by_condition.items())]
    runs = [runs_of(group) for group in groups]
    comparisons = [
        _compare(title, group, one, study) for title, group, one in zip(titles(groups), groups, runs, strict=True)
    ]
    by_family: dict[str, list[int]] = defaultdict(list)
    for index, group in enumerate(groups):
        by_family[family_of(group[0])].append(index)
    stand = {i for members in by_family.values() for i in standing({number: groups[number] for number in members})}
    for members in by_family.values():
        for i in members:
            comparisons[i] = _with_criteria(comparisons[i], runs[i], _elsewhere(i, members, comparisons, stand), study)
    heads = family_titles([groups[members[0]][0] for members in by_family.values()])
    return Report(
        study=", ".join(sorted({record.study for record in records})),
        comparisons=tuple(comparisons),
        families=tuple(
            _family(
                head,
                [comparisons[i] for i in members if i in stand],
                [comparisons[i].title for i in members if i not in stand],
                study,
            )
            for head, members in zip(heads, by_family.values(), strict=True)
        ),
        claims=fingerprint(claims),
        declared=manifest.claims if manifest else None,
        changed=_changed(claims, manifest),
        probe=_probe(manifest),
        looks=study.looks,
        suite=manifest.suite if manifest else None,
    )


def _changed(claims: Sequence[Claim], manifest: Manifest | None) -> tuple[str, ...] | None:
    """Return the claims, in words, that are not as they were when the study began; None when not on record."""
    if manifest is None or manifest.claims_by_key is None:
        return None
    now, then = fingerprints(claims), manifest.claims_by_key
    return tuple(claim.shown for claim in claims if then.get(claim.key) != now[claim.key])


def _probe(manifest: Manifest | None) -> str | None:
    """Return on what target `bench probe` measured the losses."""
    found = manifest.landscape if manifest else None
    if not found or not {"area", "tilt", "vertices"} <= found.keys():
        return None
    return (
        f"a square of {percent(found['area'])} of the image, tilted by {found['tilt']:g} rad, V = {found['vertices']}"
    )


def _compare(title: str, records: list[RunRecord], runs: Mapping[str, Runs], study: _Study) -> Comparison:
    own = {key: group for kind in COMPARED for key, group in runs.get(kind, {}).items()}
    rows = compared_rows(runs, study.looks)
    identity = records[0].identity
    condition = condition_facts(identity)
    core, variants = ([row for row in rows if row.table == table] for table in (CORE, VARIANT))
    reference = [row for row in core if row.reference]
    landscape = study.manifest.landscape if study.manifest else None
    special = special_rows(runs)
    names = {run_id: row.name for row in (*rows, *special) for run_id in row.run_ids}
    return Comparison(
        title=title,
        condition=condition,
        provenance=facts(records),
        rows=tuple(rows),
        special=tuple(special),
        conclusion=conclude(core, condition),
        variants_conclusion=conclude([*reference, *variants], condition) if variants else "",
        judgements=tuple(judge(study.claims, records, landscape, study.looks)),
        criteria=(),
        escapes=escapes(runs, own),
        controls=controls(runs, own, study.looks),
        noise=noise(runs, (record for group in own.values() for record in group)),
        shared=shared_beginnings(names, records),
        precision=_precision(rows, study.bootstraps),
    )


def _with_criteria(
    comparison: Comparison, runs: Mapping[str, Runs], elsewhere: Mapping[str, Mapping[str, Row]], study: _Study
) -> Comparison:
    own = {key: group for kind in COMPARED for key, group in runs.get(kind, {}).items()}
    material = Material(comparison.core, own, comparison.escapes, elsewhere, study.looks)
    return replace(comparison, criteria=criteria(material))


def _elsewhere(
    own: int, members: Sequence[int], comparisons: Sequence[Comparison], stand: Collection[int]
) -> dict[str, dict[str, Row]]:
    """Return the rows of a comparison and of those on other data that stand (`bench.report.versions`).

    Returns:
        By title and `arm_key`.
    """
    name = comparisons[own].condition["data"]["name"]
    others = [i for i in members if i in stand and comparisons[i].condition["data"]["name"] != name]
    return {comparisons[i].title: by_arm(comparisons[i].rows) for i in sorted((own, *others))}


def _family(title: str, members: Sequence[Comparison], outdated: Sequence[str], study: _Study) -> Family:
    alone = {one.title: one.judgements for one in members}
    together = tuple(combine(list(alone.values()))) if len(members) > 1 else members[0].judgements
    combined, note = combine_rows(members, outdated, study.looks)
    return Family(
        title=title,
        members=tuple(alone),
        outdated=tuple(outdated),
        answers=answers(together, alone, {one.title: one.escapes for one in members}, study.looks),
        best=best_of(members, study.looks),
        judgements=together,
        combined=combined,
        combined_note=note,
    )


def _precision(rows: Sequence[Row], bootstraps: Mapping[str, np.ndarray]) -> dict[str, ImagePrecision]:
    """Return what limits each row's difference; a row without bootstraps is left out."""
    vectors = {
        row.name: {seed.seed: bootstraps[seed.run_id] for seed in row.seeds if seed.run_id in bootstraps}
        for row in rows
    }
    base: dict[int, np.ndarray] = next((vectors[row.name] for row in rows if row.reference), {})
    lengths = {len(vector) for by_seed in vectors.values() for vector in by_seed.values()}
    if len(lengths) > 1:  # of two versions of the bootstrap: no resample of one is the same as one of the other
        return {}
    return {
        row.name: precision_limit(vectors[row.name], base)
        for row in rows
        if not row.reference and vectors[row.name].keys() & base.keys()
    }
