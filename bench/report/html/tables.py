"""The report's tables, with what each cell leads to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bench.report.blocks import Line, Table
from bench.report.html.anchors import row_key, run_anchor
from bench.report.markup import TEXTS
from bench.report.model import REFERENCE, Comparison, Row

_MARKED = {"better": "good", "worse": "bad", "UNDECIDED": "open", "NOT RUN": "open"}


@dataclass(frozen=True)
class Link:
    """Text that leads somewhere on the page.

    Attributes:
        text: as shown.
        anchor: without its `#`.
        before: text before it.
    """

    text: str
    anchor: str
    before: str = ""


@dataclass(frozen=True)
class Cell:
    """A cell.

    Attributes:
        text: as the markdown has it.
        left: whether it is read and not compared.
        anchor: where it leads; empty for nowhere.
        unfolds: what it rests on, run by run.
        mark: `good`, `bad` or `open` where there is a verdict.
        name: the id of this line on the page; empty for none.
        sort: the number to sort by; None: what the text begins with.
    """

    text: str
    left: bool = False
    anchor: str = ""
    unfolds: tuple[Link, ...] = ()
    mark: str = ""
    name: str = ""
    sort: float | None = None


@dataclass(frozen=True)
class TableView:
    """A table.

    Attributes:
        key: as the block's.
        title: for those who cannot see it.
        heads: of the columns, and whether each is read and not compared.
        lines: of cells.
        choices: by column, what its lines can be narrowed to.
        many: whether there are enough lines to filter.
    """

    key: str
    title: str
    heads: tuple[tuple[str, bool], ...]
    lines: tuple[tuple[Cell, ...], ...]
    choices: tuple[tuple[str, int, tuple[str, ...]], ...]
    many: bool


def view_table(block: Table, anchors: Mapping[tuple[str, str, str], str]) -> TableView:
    """Return a table whose strategies lead to their runs, and whose differences unfold to those of each seed."""
    heads = tuple((str(column), column in TEXTS) for column in block.frame.columns)
    texts = [tuple(map(str, line)) for line in block.frame.values.tolist()]
    if block.key == "runs":
        lines = _runs(block, heads, texts, anchors)
    else:
        behind = block.rows or (None,) * len(texts)
        lines = [
            tuple(_cell(block, row, head, left, text, anchors) for (head, left), text in zip(heads, line, strict=True))
            for row, line in zip(behind, texts, strict=True)
        ]
    title = block.title if block.of is None else f"{block.title}: {block.of.title}"
    return TableView(block.key, title, heads, tuple(lines), _choices(block, heads, texts), len(lines) > 4)


def _cell(block: Table, row: Line | None, head: str, left: bool, text: str, anchors: Mapping) -> Cell:
    mark = next((mark for word, mark in _MARKED.items() if text.endswith(word) or f"{word} (" in text), "")
    if row is None:
        return Cell(text, left, mark=mark)
    if not isinstance(row, Row) or block.of is None:
        runs = tuple(Link(run, run_anchor(run)) for run in row.run_ids) if head in ("seeds", "runs") else ()
        return Cell(text, left, unfolds=runs, mark=mark)
    if head == "strategy":
        return Cell(text, left, anchors.get(row_key(block.of, row.table, row.name), ""))
    if head == f"difference to {REFERENCE}" and row.difference is not None:
        return Cell(text, left, unfolds=_seeds(row), mark=mark)
    return Cell(text, left, mark=mark, sort=_criterion(block.of, row, head) if block.key == "criteria" else None)


def _criterion(of: Comparison, row: Row, heading: str) -> float | None:
    """Return the number behind a criterion's cell; None for one that is not measured, and for the reference's own."""
    found = next((one.cells[of.core.index(row)] for one in of.criteria if one.heading == heading), None)
    return None if found is None or found.text == "reference" else found.value


def _seeds(row: Row) -> tuple[Link, ...]:
    return tuple(
        Link(seed.run_id, run_anchor(seed.run_id), f"seed {seed.seed}: {_signed(seed.difference)}; run")
        for seed in row.seeds
    )


def _signed(value: float | None) -> str:
    return "no difference" if value is None else f"{value:+.3f}"


def _runs(block: Table, heads: tuple, texts: list, anchors: Mapping) -> list[tuple[Cell, ...]]:
    """Return the table of runs: each line is where links to a run lead, its strategy's first where the row's do."""
    assert block.of is not None
    owners = [(row, number) for row in block.of.all_rows for number in range(len(row.seeds))]
    lines = []
    column = [head for head, _ in heads].index("run")
    for (row, number), line in zip(owners, texts, strict=True):
        run = run_anchor(line[column])
        first = anchors[row_key(block.of, row.table, row.name)] if number == 0 else ""
        names, links = {"run": run, "strategy": first}, {"run": run, "strategy": run}
        lines.append(
            tuple(
                Cell(text, left, links.get(head, ""), name=names.get(head, ""))
                for (head, left), text in zip(heads, line, strict=True)
            )
        )
    return lines


def _choices(block: Table, heads: tuple, texts: list) -> tuple[tuple[str, int, tuple[str, ...]], ...]:
    """Return for the columns of few kinds what there is to choose from."""
    found = []
    for index, (head, _) in enumerate(heads):
        if head == "MGIoU":
            kinds = sorted({line[index] for line in texts})
        elif head == f"difference to {REFERENCE}" and block.key != "runs":
            kinds = [word for word in _MARKED if any(word in line[index] for line in texts)]
        elif head == "status" and block.key == "runs":
            kinds = sorted({line[index] for line in texts})
        else:
            continue
        if len(kinds) > 1:
            found.append(("verdict" if head.startswith("difference") else head, index, tuple(kinds)))
    return tuple(found)
