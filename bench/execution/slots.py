"""How many runs share a GPU: measured, by what they do together and by the memory they take."""

from __future__ import annotations

import contextlib
import math
import multiprocessing
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any

from bench.execution.environment import environment
from bench.execution.stop import deaf_to_ctrl_c

SECONDS = 3.0
"""How long each number of processes is watched."""
GAIN = 1.1
"""How much more a doubling must do, all together, for the next to be tried."""
ENOUGH = 0.95
"""Of the most that was measured: the fewest processes that do as much are taken."""
_MEMORY = 0.9
"""Share of the memory that may be taken."""
_WARM = 3
_SPAWN = multiprocessing.get_context("spawn")


@dataclass(frozen=True)
class Throughput:
    """What some processes did side by side.

    Attributes:
        processes: how many.
        images_per_s: of all together.
        memory_share: of the device's memory that is taken, by everybody; 0 where that is not known.
    """

    processes: int
    images_per_s: float
    memory_share: float


def measure(
    model: str,
    settings: Mapping[str, Any],
    device: str,
    threads: int,
    most: int,
    seconds: float = SECONDS,
    images: float = math.inf,
) -> list[Throughput]:
    """Return what 1, 2, 4, ... processes do that take training steps on a device side by side.

    It ends where a doubling gains less than `GAIN`, where the next would not fit the memory, at `most`, or where what
    there is to train would hardly take longer than to find out. A process that dies, out of memory say, ends it too:
    what was measured before stands.

    Args:
        model: as `model_config` takes it.
        settings: training settings, whose step it is.
        device: `cpu`, or the number of a GPU.
        threads: torch threads in each process.
        most: processes that there may be.
        seconds: to watch each number for.
        images: that there are to train on, all epochs of all runs together.
    """
    readings: list[Throughput] = []
    with contextlib.ExitStack() as running:
        steppers: list[Connection] = []
        count = 1
        while count <= most:
            began = time.perf_counter()
            while len(steppers) < count:
                steppers.append(running.enter_context(_stepper(model, settings, device, threads)))
            try:
                readings.append(_together(steppers, seconds))
            except (EOFError, OSError):
                break
            gained = images / readings[-1].images_per_s / 2  # at best: a doubling halves what is left
            if not _goes_on(readings) or gained < time.perf_counter() - began:
                break
            count *= 2
    return readings


def chosen(readings: Sequence[Throughput]) -> int:
    """Return how many processes to have: the fewest that do nearly as much as the most."""
    most = max((reading.images_per_s for reading in readings), default=0.0)
    return next((one.processes for one in readings if one.images_per_s >= ENOUGH * most), 1)


def _goes_on(readings: Sequence[Throughput]) -> bool:
    *earlier, last = readings
    if 2 * last.memory_share > _MEMORY:
        return False
    return not earlier or last.images_per_s >= GAIN * earlier[-1].images_per_s


def _together(steppers: Sequence[Connection], seconds: float) -> Throughput:
    for stepper in steppers:  # all stand ready before one begins
        stepper.send("ready?")
    for stepper in steppers:
        stepper.recv()
    for stepper in steppers:
        stepper.send(seconds)
    found = [stepper.recv() for stepper in steppers]
    return Throughput(len(steppers), sum(rate for rate, _ in found), max(share for _, share in found))


def _memory_share(device: str) -> float:
    """Return what is taken of a device's memory. For a process that uses it: it would from then on."""
    if not device.isdecimal():
        return 0.0
    import torch

    free, total = torch.cuda.mem_get_info(int(device))
    return 1 - free / total


@contextlib.contextmanager
def _stepper(model: str, settings: Mapping[str, Any], device: str, threads: int) -> Iterator[Connection]:
    ours, theirs = _SPAWN.Pipe()
    process: BaseProcess = _SPAWN.Process(target=_serve, args=(theirs, model, dict(settings), device, threads))
    with environment(OMP_NUM_THREADS=str(threads)), deaf_to_ctrl_c():
        process.start()
    theirs.close()
    try:
        yield ours
    finally:
        ours.close()
        process.join(timeout=5)
        if process.is_alive():
            process.kill()
            process.join()


def _serve(connection: Connection, model: str, settings: Mapping[str, Any], device: str, threads: int) -> None:
    """Take steps for as many seconds as the pipe says, until it is closed. Runs in a process of its own."""
    import torch

    from bench.detector.device import torch_device
    from bench.detector.step import TrainingStep

    torch.set_num_threads(threads)
    place = torch_device(device)
    with contextlib.suppress(Exception):  # out of memory, say: the pipe closes, which tells the parent enough
        step = TrainingStep(model, settings, place)
        for _ in range(_WARM):
            step()
        while True:
            wanted = connection.recv()
            if wanted == "ready?":
                connection.send("ready")
                continue
            start, steps = time.perf_counter(), 0
            while time.perf_counter() - start < wanted:
                step()
                steps += 1
            rate = steps * step.images / (time.perf_counter() - start)
            connection.send((rate, _memory_share(device)))
