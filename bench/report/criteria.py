"""The criteria table: every cell a measurement, and a winner only where a test names one."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from statistics import fmean

from bench.margins import COMPARABLE, LEARNT, MOST
from bench.metrics import FIGURE
from bench.report.contest import best_mean, best_rate, least_count, least_spread
from bench.report.material import ANY, NONE, SUITE, Material
from bench.report.model import REFERENCE, Row
from bench.report.numbers import count_of, figure, with_interval
from bench.report.parts import Cell, Criterion, Escape, Winner
from bench.report.robustness import sensitivity, worst_data_set, worst_seed
from bench.report.rows import figures_of
from bench.statistics import PairedDifference, paired_difference


def criteria(material: Material) -> tuple[Criterion, ...]:
    """Return the criteria in the order they are shown."""
    return tuple(make(material) for make in _CRITERIA)


def _commands(m: Material) -> Criterion:
    cells = [_whole(row, row.ledger.get("restarts"), lambda restarts: 1 + restarts) for row in m.rows]
    return _counted("commands", "ease: commands", m, cells, ANY)


def _hyper_parameters(m: Material) -> Criterion:
    cells = [_whole(row, len(row.strategy["parameters"]), lambda count: count) for row in m.rows]
    return _counted("hyper_parameters", "ease: hyper-parameters", m, cells, ANY)


def _single_run(m: Material) -> Criterion:
    def cell(row: Row) -> Cell:
        stages, restarts = (row.ledger.get(key) for key in ("stages", "restarts"))
        if stages is None or restarts is None:
            return NONE
        told = "no" if restarts else f"yes, in {stages:g} stages" if stages > 1 else "yes"
        return Cell(told, float(not restarts), None, row.done, row.run_ids)

    return Criterion("single_run", "single run", tuple(map(cell, m.rows)), None, ANY)


def _escape_rate(m: Material) -> Criterion:
    cells = []
    for row in m.rows:
        found = m.escape(row)
        if found is None or not found.stuck:
            cells.append(NONE if found is None else Cell("none was stuck", None, None, found.runs, found.run_ids))
            continue
        told = count_of(found.escaped, found.stuck, found.interval) + _form(row, found)
        cells.append(Cell(told, found.escaped / found.stuck, found.interval, found.stuck, found.run_ids))
    tests = m.escape_tests()
    freed = {name: one.freed for name, one in tests.items()}
    lost = {name for name, one in tests.items() if one.failed}
    return Criterion("escape", "escape rate", tuple(cells), best_rate(freed, lost, m.looks), SUITE)


def _recovery(m: Material) -> Criterion:
    cells = []
    for row in m.rows:
        found = m.escape(row)
        if found is None or found.mean is None:
            cells.append(NONE)
            continue
        told = figure(found.mean) + _form(row, found)
        cells.append(Cell(told, found.mean, None, len(found.ends), found.run_ids))
    tests = m.escape_tests()
    lost = {name for name, one in tests.items() if one.lost}
    winner = best_mean({name: one.ends for name, one in tests.items()}, lost, looks=m.looks)
    return Criterion("recovery", "recovery: AP after a spoilt start", tuple(cells), winner, SUITE)


def _refinement(metric: str, heading: str) -> Callable[[Material], Criterion]:
    """Return a criterion: AP at a strict threshold, over the reference's at the same seed."""

    def make(m: Material) -> Criterion:
        base = next((figures_of(m.of(row), metric) for row in m.rows if row.reference), {})
        cells, figures = [], {}
        for row in m.rows:
            figures[row.name] = own = figures_of(m.of(row), metric)
            if row.reference:
                cells.append(Cell("reference", fmean(own.values()) if own else None, None, len(own), row.run_ids))
            else:
                cells.append(_paired_cell(paired_difference(own, base), row))
        return Criterion(metric, f"refinement: {heading} - {REFERENCE}", tuple(cells), _best(figures, m), ANY)

    return make


def _spikes(m: Material) -> Criterion:
    cells, figures = [], {}
    for row in m.rows:
        figures[row.name] = {
            run.seed: value
            for run in m.of(row)
            if run.done and math.isfinite(value := run.ledger.get("loss_spikes", math.nan))
        }
        known = figures[row.name].values()
        cells.append(Cell(f"{fmean(known):.1f}", fmean(known), None, len(known), row.run_ids) if known else NONE)
    winner = _best(_comparable(m, figures), m, high=False)
    return Criterion("loss_spikes", "stability: loss spikes a run", tuple(cells), winner, ANY)


def _seed_spread(m: Material) -> Criterion:
    cells = [NONE if row.sd is None else Cell(figure(row.sd), row.sd, None, row.figures, row.run_ids) for row in m.rows]
    winner = least_spread(_comparable(m, {row.name: row.by_seed for row in m.rows}), m.lost, m.looks)
    return Criterion("seed_spread", "stability: sd over seeds", tuple(cells), winner, "two seeds or more")


def _comparable(m: Material, figures: Mapping[str, Mapping[int, float]]) -> dict[str, Mapping[int, float]]:
    """Return the figures of the strategies whose stability is worth something: what always fails is stable too."""
    means = {row.name: row.means.get(FIGURE, math.nan) for row in m.rows if row.degenerate is not None}
    least = max([LEARNT, *(COMPARABLE * ap for ap in means.values() if math.isfinite(ap))])
    sound = {row.name for row in m.rows if row.degenerate and row.degenerate.count < MOST * row.degenerate.total}
    return {name: by_seed for name, by_seed in figures.items() if name in sound and means[name] >= least}


def _best(figures: Mapping[str, Mapping[int, float]], m: Material, high: bool = True) -> Winner:
    return best_mean(figures, m.lost, high, m.looks)


def _paired_cell(found: PairedDifference, row: Row) -> Cell:
    if not found.n:
        return NONE
    return Cell(with_interval(found.mean, found.interval), found.mean, found.interval, found.n, row.run_ids)


def _whole(row: Row, value: float | None, shown: Callable[[float], float]) -> Cell:
    if value is None:
        return NONE
    return Cell(f"{shown(value):g}", shown(value), None, row.done, row.run_ids)


def _counted(key: str, heading: str, m: Material, cells: Sequence[Cell], source: str) -> Criterion:
    known = {row.name: cell.value for row, cell in zip(m.rows, cells, strict=True) if cell.value is not None}
    return Criterion(key, heading, tuple(cells), least_count(known), source)


def _form(row: Row, found: Escape) -> str:
    return f", {found.form}" if found.form != row.form else ""


_CRITERIA: tuple[Callable[[Material], Criterion], ...] = (
    _commands,
    _hyper_parameters,
    _escape_rate,
    _refinement("mAP75", "AP75"),
    _refinement("mAP90", "AP90"),
    _spikes,
    _seed_spread,
    _single_run,
    worst_seed,
    worst_data_set,
    sensitivity,
    _recovery,
)
