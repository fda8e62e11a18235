"""A report as GitHub markdown: first what a reader came for, last where it comes from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator

from bench.report import method
from bench.report.answer import QUESTIONS
from bench.report.claims_table import claims_table
from bench.report.markup import bullets, escape, table
from bench.report.model import Comparison, Report
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
from bench.report.text import ranges


def render_markdown(report: Report) -> str:
    """Return the report."""
    title = f"# Hybrid loss comparison{f': study {escape(report.study)}' if report.study else ''}"
    if not report.comparisons:
        return f"{title}\n\nNo run is on record, so there is nothing to compare.\n"
    parts = [title]
    for number, (heading, section) in enumerate(_SECTIONS.items(), 1):
        parts += [f"## {number}. {heading}", *section(report)]
    return "\n\n".join(parts) + "\n"


def _answer(report: Report) -> Iterator[str]:
    for family in report.families:
        yield from _headed(family.title, len(report.families))
        yield "\n".join(
            f"{number}. *{escape(QUESTIONS[one.claim])}* **{one.verdict}**: {escape(one.text)}"
            for number, one in enumerate(family.answers, 1)
        )
        over = f" over {len(family.members)} data sets" if len(family.members) > 1 else ""
        if len(family.best.names) == 1:
            yield f"Best in mAP50-95{over}: **{escape(family.best.names[0])}**, which {escape(family.best.why)}."
        else:
            yield f"No strategy is named best in mAP50-95{over}: {escape(family.best.why)}."


def _comparison(report: Report) -> Iterator[str]:
    for one in report.comparisons:
        yield from _headed(one.title, len(report.comparisons))
        yield table(main_table(one))
        yield escape(one.conclusion)
        if one.variants:
            yield from _sub("Variants: other parameters", report)
            yield table(variants_table(one))
            yield escape(one.variants_conclusion)
        if one.controls:
            yield from _sub("Controls: what of a strategy makes the difference", report)
            yield table(controls_table(one))
            yield method.CONTROLS
        yield from _sub("The ring as predicted, and the box", report)
        yield table(shape_table(one))
        unseen = [heading for rate, heading in RARE.items() if not seen(one, rate)]
        if unseen and any(row.done for row in one.rows):
            yield f"In no run that is done: {', '.join(unseen)}."


def _claims(report: Report) -> Iterator[str]:
    yield escape(method.claims_set(report))
    for family in report.families:
        yield from _headed(family.title, len(report.families))
        members = [one for one in report.comparisons if one.title in family.members]
        counts = Counter(judgement.verdict for judgement in family.judgements)
        told = ", ".join(f"{counts[verdict]} {verdict}" for verdict in _VERDICTS if counts[verdict])
        where = f", over {len(members)} data sets together" if len(members) > 1 else ""
        yield f"Of {len(family.judgements)} claims{where}: {told or 'none'}."
        if family.judgements:
            yield table(claims_table(family, members))


def _criteria(report: Report) -> Iterator[str]:
    for one in report.comparisons:
        yield from _headed(one.title, len(report.comparisons))
        yield table(criteria_table(one))
        bare = [f"{criterion.heading} ({criterion.source})" for criterion in one.criteria if not criterion.measured]
        if bare:
            yield f"Not on record, with what would measure it: {escape('; '.join(bare))}."
        yield table(winners_table(one))
        if one.escapes:
            yield from _sub("Escape tests", report)
            yield table(escapes_table(one))
            yield method.ESCAPES


def _ledger(report: Report) -> Iterator[str]:
    known = False
    for one in report.comparisons:
        yield from _headed(one.title, len(report.comparisons))
        if any(row.ledger for row in one.rows):
            known = True
            yield table(ledger_table(one))
        else:
            yield "Not on record: these runs have no ledger, which any run of this version writes."
    if known:
        yield method.LEDGER


def _together(report: Report) -> Iterator[str]:
    if all(len(family.members) < 2 for family in report.families):
        conditions = "one data set" if len(report.comparisons) == 1 else "each model and setting has one data set"
        yield f"There is nothing to combine: {conditions}."
        return
    for family in report.families:
        yield from _headed(family.title, len(report.families))
        if family.combined:
            yield table(combined_table(family))
        yield escape(family.combined_note) if family.combined_note else "One data set."


def _failures(report: Report) -> Iterator[str]:
    found = {one.title: failures(one) for one in report.comparisons}
    if not any(found.values()):
        yield "No run diverged, failed or was interrupted, and none ended in a degenerate shape on most images."
        return
    for title, lines in found.items():
        yield from _headed(title, len(found))
        yield bullets(lines) if lines else "None."


def _cost(report: Report) -> Iterator[str]:
    for one in report.comparisons:
        yield from _headed(one.title, len(report.comparisons))
        yield table(cost_table(one))
        yield f"Together: {cost_total(one)}."
        if one.shared:
            yield "Trained once, for all runs that begin with them:"
            yield bullets(shared_lines(one))
    yield (
        "Epochs, training and CPU time are means over the runs that are done; memory is the highest peak of any run; "
        "the last column is the whole time of all runs, lost ones too. Times depend on what else the machine was doing."
    )


def _method(report: Report) -> Iterator[str]:
    yield method.METHOD
    yield method.CLAIMS
    yield method.CRITERIA
    yield bullets(method.limits(report))


def _provenance(report: Report) -> Iterator[str]:
    for one in report.comparisons:
        yield from _headed(one.title, len(report.comparisons))
        yield "\n".join(f"- {heading}: {escape(fact)}" for heading, fact in _facts(one))
        yield table(seed_table(one))


def _headed(title: str, among: int) -> Iterator[str]:
    """Yield a heading where there are several to tell apart."""
    if among > 1:
        yield f"### {escape(title)}"


def _sub(title: str, report: Report) -> Iterator[str]:
    yield f"{'####' if len(report.comparisons) > 1 else '###'} {title}"


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

_SECTIONS: dict[str, Callable[[Report], Iterator[str]]] = {
    "The answer": _answer,
    "Comparison": _comparison,
    "Claims": _claims,
    "Criteria": _criteria,
    "Gradient ledger": _ledger,
    "Data sets together": _together,
    "Failures": _failures,
    "Cost": _cost,
    "Method and limits": _method,
    "Provenance": _provenance,
}
