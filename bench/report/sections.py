"""What a report says, section by section: first what a reader came for, last where it comes from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator

from bench.report import method
from bench.report.alike import alike
from bench.report.answer import QUESTIONS
from bench.report.blocks import Answers, Best, Block, Bullets, Facts, Heading, HouseProse, Prose, Section, Table
from bench.report.claims_table import claims_table, decided_by_probe, with_members, without_runs
from bench.report.model import Comparison, Family, Report
from bench.report.numbers import MISSING
from bench.report.side_tables import (
    combined_table,
    controls_table,
    cost_table,
    cost_total,
    criteria_table,
    escapes_table,
    ledger_table,
    shared_lines,
    winners_table,
)
from bench.report.tables import RARE, failures, main_table, seed_table, seen, shape_table, variants_table
from bench.report.versions import versions_note
from bench.text import ranges

NOTHING = "No run is on record, so there is nothing to compare."
"""All that there is to say of a report without comparisons."""


def title_of(report: Report) -> str:
    """Return the report's title."""
    return f"Hybrid loss comparison{f': study {report.study}' if report.study else ''}"


def sections(report: Report) -> list[Section]:
    """Return the sections; none where there is nothing to compare."""
    if not report.comparisons:
        return []
    return [Section(key, title, tuple(blocks(report))) for key, (title, blocks) in _SECTIONS.items()]


def _answer(report: Report) -> Iterator[Block]:
    for family in report.families:
        yield from _headed(family.title, len(report.families))
        yield Answers(tuple((QUESTIONS[one.claim], one) for one in family.answers))
        over = f" over {len(family.members)} data sets" if len(family.members) > 1 else ""
        if len(family.best.names) == 1:
            yield Best(f"Best in mAP50-95{over}: ", family.best.names[0], f", which {family.best.why}.")
        else:
            yield Prose(f"No strategy is named best in mAP50-95{over}: {family.best.why}.")
        if family.outdated:
            yield Prose(versions_note(family.members, family.outdated))


def _comparison(report: Report) -> Iterator[Block]:
    for one in report.comparisons:
        yield from _headed(one.title, len(report.comparisons))
        yield Table("comparison", "Strategies", main_table(one), one, one.core)
        yield Prose(one.conclusion)
        yield from (Prose(text) for text in alike(one))
        if one.variants:
            yield from _sub("Variants: other parameters", report)
            shown = (*(row for row in one.core if row.reference), *one.variants)
            yield Table("variants", "Variants", variants_table(one), one, shown)
            yield Prose(one.variants_conclusion)
        if one.controls:
            yield from _sub("Controls: what of a strategy makes the difference", report)
            yield Table("controls", "Controls", controls_table(one), one, one.controls)
            yield HouseProse(method.CONTROLS)
        yield from _sub("The ring as predicted, and the box", report)
        yield Table("shapes", "The ring and the box", shape_table(one), one, one.rows)
        unseen = [heading for rate, heading in RARE.items() if not seen(one, rate)]
        if unseen and any(row.done for row in one.rows):
            yield Prose(f"In no run that is done: {', '.join(unseen)}.")


def _claims(report: Report) -> Iterator[Block]:
    yield Prose(method.claims_set(report))
    for family in report.families:
        yield from _headed(family.title, len(report.families))
        members = members_of(family, report)
        yield Prose(_counts(family, members))
        if family.judgements:
            yield Table("claims", "Claims", claims_table(family, members))
    if report.probe and any(without_runs(one) for family in report.families for one in family.judgements):
        yield HouseProse(method.PROBE.format(report.probe))


def members_of(family: Family, report: Report) -> list[Comparison]:
    """Return the comparisons of a family."""
    return [one for one in report.comparisons if one.title in family.members]


def _counts(family: Family, members: list[Comparison]) -> str:
    told = ", ".join(_each(judgement.verdict for judgement in family.judgements))
    where = f", over {len(members)} data sets together" if len(members) > 1 else ""
    probed = (one.verdict for one, each in with_members(family, members) if decided_by_probe(one, each))
    without = " and ".join(_each(probed))
    more = f"; {without} of these rest on the probe and on no run" if without else ""
    bare = " and ".join(_each(one.verdict for one in family.judgements if one.holds_only_alone))
    more += f"; {bare} of these hold only by themselves, not among all {len(family.judgements)} (Holm)" if bare else ""
    return f"Of {len(family.judgements)} claims{where}: {told or 'none'}{more}."


def _each(verdicts: Iterable[str]) -> list[str]:
    """Return how many there are of each."""
    counts = Counter(verdicts)
    return [f"{counts[verdict]} {verdict}" for verdict in _VERDICTS if counts[verdict]]


def _criteria(report: Report) -> Iterator[Block]:
    for one in report.comparisons:
        yield from _headed(one.title, len(report.comparisons))
        yield Table("criteria", "Criteria", criteria_table(one), one, one.core)
        bare = [f"{criterion.heading} ({criterion.source})" for criterion in one.criteria if not criterion.measured]
        if bare:
            yield Prose(f"Not on record, with what would measure it: {'; '.join(bare)}.")
        yield Table("winners", "Winners", winners_table(one), one)
        if one.escapes:
            yield from _sub("Escape tests", report)
            yield Table("escapes", "Escape tests", escapes_table(one), one, one.escapes)
            yield HouseProse(method.ESCAPES)


def _ledger(report: Report) -> Iterator[Block]:
    known = False
    for one in report.comparisons:
        yield from _headed(one.title, len(report.comparisons))
        rows = tuple(row for row in one.rows if row.ledger)
        if rows:
            known = True
            yield Table("ledger", "Gradient ledger", ledger_table(one), one, rows)
        else:
            yield Prose("Not on record: these runs have no ledger, which any run of this version writes.")
    if known:
        yield HouseProse(method.LEDGER)


def _together(report: Report) -> Iterator[Block]:
    if all(len(family.members) < 2 and not family.outdated for family in report.families):
        conditions = "one data set" if len(report.comparisons) == 1 else "each model and setting has one data set"
        yield Prose(f"There is nothing to combine: {conditions}.")
        return
    for family in report.families:
        yield from _headed(family.title, len(report.families))
        if family.combined:
            yield Table("together", "Data sets together", combined_table(family), None, family.combined)
        yield Prose(family.combined_note or "One data set.")


def _failures(report: Report) -> Iterator[Block]:
    found = {one.title: failures(one) for one in report.comparisons}
    running = sum(seed.status == "running" for one in report.comparisons for row in one.all_rows for seed in row.seeds)
    if running:
        yield Prose(f"On record as running: {running}; a record does not tell whether a process is still at it.")
    if not any(found.values()):
        yield Prose("No run diverged, failed or was interrupted, and none ended in a degenerate shape on most images.")
        return
    for title, lines in found.items():
        yield from _headed(title, len(found))
        yield Bullets(tuple(lines)) if lines else Prose("None.")


def _cost(report: Report) -> Iterator[Block]:
    for one in report.comparisons:
        yield from _headed(one.title, len(report.comparisons))
        yield Table("cost", "Cost", cost_table(one), one, one.all_rows)
        yield Prose(f"Together: {cost_total(one)}.")
        if one.shared:
            yield Prose("Trained once, for all runs that begin with them:")
            yield Bullets(tuple(shared_lines(one)))
    yield Prose(
        "Epochs, training and CPU time are means over the runs that are done; memory is the highest peak of any run; "
        "the last column is the whole time of all runs, lost ones too. Times depend on what else the machine was doing."
    )


def _method(report: Report) -> Iterator[Block]:
    yield HouseProse(method.METHOD)
    yield HouseProse(method.SHAPES)
    yield HouseProse(method.CLAIMS)
    yield HouseProse(method.CRITERIA)
    yield Bullets(tuple(method.limits(report)))


def _provenance(report: Report) -> Iterator[Block]:
    for one in report.comparisons:
        yield from _headed(one.title, len(report.comparisons))
        yield Facts(tuple(_facts(one)))
        yield Table("runs", "Runs", seed_table(one), one)


def _headed(title: str, among: int) -> Iterator[Heading]:
    """Yield a heading where there are several to tell apart."""
    if among > 1:
        yield Heading(title, 3)


def _sub(title: str, report: Report) -> Iterator[Heading]:
    yield Heading(title, 4 if len(report.comparisons) > 1 else 3)


def _facts(comparison: Comparison) -> Iterator[tuple[str, str]]:
    """Yield what was run, a heading and a line each."""
    data, settings = comparison.condition["data"], dict(comparison.condition["settings"])
    found = {fact: " or ".join(values) for fact, values in comparison.provenance.items()}
    mixed = [fact for fact, values in comparison.provenance.items() if len(values) > 1]
    processor, device, code = (found.pop(fact, MISSING) for fact in ("processor", "device", "code"))
    yield "Data", f"{data['name']}, fingerprint {data['fingerprint'][:12]}, V = {data['vertices']}"
    yield "Model", comparison.condition["model"]
    first = {key: settings.pop(key) for key in ("epochs", "imgsz", "batch") if key in settings}
    yield "Training", ", ".join(f"{key}={value}" for key, value in {**first, **settings}.items()) or MISSING
    yield "Seeds", ranges({seed.seed for row in comparison.all_rows for seed in row.seeds})
    yield "Hardware", f"{device}; {processor}" if processor != device else MISSING
    yield "Versions", ", ".join(f"{package} {version}" for package, version in found.items()) or MISSING
    yield "Code", code
    if mixed:
        yield "Not the same in all runs, so that part of a difference may come from there", ", ".join(mixed)


_VERDICTS = ("SUPPORTED", "REFUTED", "UNDECIDED", "NOT RUN")

_SECTIONS: dict[str, tuple[str, Callable[[Report], Iterator[Block]]]] = {
    "answer": ("The answer", _answer),
    "comparison": ("Comparison", _comparison),
    "claims": ("Claims", _claims),
    "criteria": ("Criteria", _criteria),
    "ledger": ("Gradient ledger", _ledger),
    "together": ("Data sets together", _together),
    "failures": ("Failures", _failures),
    "cost": ("Cost", _cost),
    "method": ("Method and limits", _method),
    "provenance": ("Provenance", _provenance),
}
