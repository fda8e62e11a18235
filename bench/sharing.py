"""Which runs are one training for a while: a plan that trains what they have in common once.

Two runs on the same seed, data, model and settings are the same training as long as their weights are the same, and are
known before: up to there it is trained once, and each run goes on from a snapshot of it as if it had been alone.

Source: Shin et al. 2022, Hippo: sharing computations in hyper-parameter optimization, PVLDB 15(5); their stage tree.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from bench.detector.stages import stage_starts
from bench.study import Run
from strategies import open_loop_prefix

WORTH = 0.02
"""Share of a run that two must have in common for it to be worth a snapshot."""


class Start(NamedTuple):
    """What a run has behind it.

    Attributes:
        epochs: that are done.
        shared: by run id, how many of its first epochs were those of another run too.
    """

    epochs: int = 0
    shared: Mapping[str, int] = {}


@dataclass(frozen=True)
class Segment:
    """Epochs that are trained in one go, for one run or for several.

    Attributes:
        runs: whose epochs they are.
        first: epochs that are done before it.
        until: epochs that are done after it; where they are those of a whole run, its runs are over.
        then: what begins where it ends; empty where its runs are over.
    """

    runs: tuple[Run, ...]
    first: int
    until: int
    then: tuple[Segment, ...] = ()

    @property
    def epochs(self) -> int:
        """Epochs to train, those of what follows included."""
        return self.until - self.first + sum(segment.epochs for segment in self.then)

    @property
    def length(self) -> int:
        """Epochs on the longest way from its beginning to the end of a run."""
        return self.until - self.first + max((segment.length for segment in self.then), default=0)

    @property
    def epochs_alone(self) -> int:
        """Epochs that its runs would take, each trained alone."""
        return sum(run.settings["epochs"] - self.first for run in self.runs)

    def all(self) -> Iterator[Segment]:
        """Yield it and what follows, each before what follows it."""
        yield self
        for segment in self.then:
            yield from segment.all()


def alone(run: Run, start: Start) -> Segment:
    """Return the segment of a run that shares nothing."""
    return Segment((run,), start.epochs, run.settings["epochs"])


def share(runs: Sequence[Run], starts: Mapping[str, Start] | None = None) -> list[Segment]:
    """Return what to train, in the order of the runs: a forest whose leaves are the runs.

    Args:
        runs: to carry out. A replicate shares with nothing, since it is there to show what a second training changes.
        starts: by run id, what some of them have behind them.
    """
    starts = starts or {}
    groups: dict[str, list[Run]] = {}
    for run in runs:
        # The same in every respect but the strategy; those that are partly done must have come as far together.
        identity = {key: value for key, value in run.identity.items() if key not in ("strategy", "form")}
        start = starts.get(run.id, Start())
        key = [identity, start.epochs, run.id if run.replicate else ""]
        groups.setdefault(json.dumps(key, sort_keys=True), []).append(run)
    found = [
        segment
        for group in groups.values()
        for together in _trained_together(group, starts)
        for segment in _grow([_Course(run) for run in together], starts.get(together[0].id, Start()).epochs)
    ]
    place = {run.id: number for number, run in enumerate(runs)}
    return sorted(found, key=lambda segment: place[segment.runs[0].id])


def _trained_together(runs: Sequence[Run], starts: Mapping[str, Start]) -> list[list[Run]]:
    """Return those runs together whose epochs so far were one training; the same as all where there are none."""
    groups: list[list[Run]] = []
    for run in runs:
        start = starts.get(run.id, Start())
        for group in groups:
            other = starts.get(group[0].id, Start())
            if min(start.shared.get(group[0].id, 0), other.shared.get(run.id, 0)) >= start.epochs:
                group.append(run)
                break
        else:
            groups.append([run])
    return groups


class _Course:
    """What tells a run's training from another's, epoch by epoch."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.epochs: int = run.settings["epochs"]
        self.known = open_loop_prefix(run.strategy, self.epochs)
        stages = stage_starts(run.strategy, self.epochs)
        self.stages = {epoch: stage for epoch, stage in stages.items() if not stage.only_marks}

    def at(self, epoch: int) -> object:
        """Return what an epoch depends on beside the seed; two runs with the same value train it the same."""
        if epoch >= len(self.known):
            return self.run.id  # its weights depend on what happens, and its memory of that is its own
        w_l2, w_mgiou = self.known[epoch]
        return w_l2, w_mgiou, self.run.form if w_mgiou else None, self.stages.get(epoch)


def _grow(courses: Sequence[_Course], first: int) -> list[Segment]:
    """Return the trees of runs that are the same up to `first`."""
    epochs = courses[0].epochs
    least = min(epochs, first + max(2, round(WORTH * epochs)))
    groups: dict[tuple[object, ...], list[_Course]] = {}
    for course in courses:
        groups.setdefault(tuple(course.at(epoch) for epoch in range(first, least)), []).append(course)
    segments = []
    for group in groups.values():
        runs = tuple(course.run for course in group)
        if len(group) == 1:
            segments.append(Segment(runs, first, epochs))
            continue
        until = least
        while until < epochs and len({course.at(until) for course in group}) == 1:
            until += 1
        segments.append(Segment(runs, first, until, tuple(_grow(group, until)) if until < epochs else ()))
    return segments
