"""How the runs of a study stand, from its folder."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tabulate import tabulate

from bench.errors import UserError
from bench.execution.reservation import COMMANDS, Reservations
from bench.execution.resume import start_of
from bench.records import GOES_ON, STATUSES, RecordError, RunFolder, RunRecord

_NO_PROCESS = "no process works on it any more; the same command goes on with it"


@dataclass(frozen=True)
class Standing:
    """How one run stands.

    Attributes:
        run_id: of the run.
        name: label, form and seed.
        status: one of `STATUSES`, or `unreadable`.
        epochs: `60/100`.
        figure: mAP50-95 of a run that is done.
        reason: why it stands so; empty where there is nothing to say.
    """

    run_id: str
    name: str
    status: str
    epochs: str
    figure: str
    reason: str


def standings(folder: Path) -> list[Standing]:
    """Return how every run of a study stands, in the order of `STATUSES`, then by name."""
    found = list(_standings(folder))
    order = (*STATUSES, "unreadable")
    return sorted(found, key=lambda one: (order.index(one.status), one.name))


def status_text(folder: Path) -> str:
    """Return the standings as a table, with their counts."""
    found = standings(folder)
    table = tabulate(
        [(one.run_id, one.name, one.status, one.epochs, one.figure, one.reason) for one in found],
        headers=("run", "strategy", "status", "epochs", "mAP50-95", "reason"),
        disable_numparse=True,
        maxcolwidths=[None, None, None, None, None, 90],
    )
    counts = Counter(one.status for one in found)
    told = ", ".join(f"{counts[status]} {status}" for status in (*STATUSES, "unreadable") if counts[status])
    return f"{table}\n\n{len(found)} runs: {told}"


def _standings(folder: Path) -> Iterator[Standing]:
    reservations, known = None, True
    try:
        reservations = Reservations(folder / COMMANDS) if (folder / COMMANDS).exists() else None
    except UserError:
        known = False  # a colleague's study, say: whether anyone is at it cannot be seen
    try:
        for path in sorted(folder.glob("*/run.json")):
            try:
                record = RunFolder(path.parent).read()
            except FileNotFoundError:
                continue
            except RecordError as error:
                yield Standing(path.parent.name, "", "unreadable", "", "", str(error))
                continue
            alive = not known or (reservations is not None and reservations.others(record.id))
            yield _standing(path.parent, record, alive)
    finally:
        if reservations is not None:
            reservations.close()


def _standing(folder: Path, record: RunRecord, alive: bool) -> Standing:
    status, reason = record.status, record.reason or ""
    if status == "running" and not alive:
        status, reason = "interrupted", _NO_PROCESS
    epochs = record.identity["settings"].get("epochs", 0)
    done = epochs if record.done else record.metrics.get("final_epoch", 0)
    if status in GOES_ON:
        done = start_of(folder, record.identity).epochs
    form = f" ({record.form})" if record.form else ""
    again = ", once more" if record.replicate else ""
    return Standing(
        run_id=record.id,
        name=f"{record.label}{form} s{record.seed}{again}",
        status=status,
        epochs=f"{done:g}/{epochs}" if done else "",
        figure=f"{record.metrics['mAP50_95']:.3f}" if record.done and "mAP50_95" in record.metrics else "",
        reason=reason,
    )
