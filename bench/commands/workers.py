"""`--workers` and `--per-gpu`: how many runs at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from bench.commands.options import say
from bench.cores import cores
from bench.errors import UserError
from bench.execution.slots import Throughput, chosen, measure

AUTO = "auto"


class ToTrain(NamedTuple):
    """What is left of a study: so many runs, and so many images in all their epochs, what is shared counted once."""

    runs: int
    images: int


def workers_of(
    device: str, workers: int | None, per_gpu: str, model: str
) -> Callable[[Callable[[], ToTrain], Mapping[str, Any]], int]:
    """Return what tells the number of worker processes; on a GPU it measures, if nobody says.

    It is handed what counts what is left, since counting reads every record and only the GPU wants to know, and the
    training settings, precision included.

    Raises:
        UserError: `--per-gpu` is no number, or not for this device, or not the only one to say.
    """
    if per_gpu != AUTO:
        if not per_gpu.isdecimal() or not int(per_gpu):
            raise UserError(f"--per-gpu {per_gpu}: give a number of runs, or auto")
        if workers is not None:
            raise UserError("--per-gpu and --workers both say how many runs go at a time; give one")
        if device == "cpu":
            raise UserError(
                f"--per-gpu {per_gpu}: runs go on the CPU here; --workers {per_gpu} says how many at a time"
            )
        return lambda left, settings: int(per_gpu)
    if workers is not None:
        return lambda left, settings: workers
    if device == "cpu":
        return lambda left, settings: cores()
    return lambda left, settings: _measured(device, left(), model, settings)


def _measured(device: str, left: ToTrain, model: str, settings: Mapping[str, Any]) -> int:
    most = min(left.runs, cores())
    if most <= 1:
        return 1
    say(f"GPU {device}: looking how many runs it takes at a time, which takes a minute or so")
    readings = measure(model, settings, device, threads=1, most=most, images=left.images)
    number = chosen(readings)
    if readings:
        say(f"GPU {device}: {in_words(readings)}: {number} runs at a time")
    return number


def in_words(readings: Sequence[Throughput]) -> str:
    """Return readings in words."""
    return ", ".join(
        f"{one.processes} at a time {one.images_per_s:.0f} images/s in {one.memory_share:.0%} of the memory"
        for one in readings
    )
