"""What there is to train, as text: the tree of shared epochs, once for all seeds that have the same."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bench.arm_name import arm_name
from bench.sharing import Segment
from bench.study import Run
from bench.text import ranges


def plan_text(segments: Sequence[Segment], runs: int) -> str:
    """Return the plan of a study.

    Args:
        segments: what there is to train.
        runs: how many runs the study has, done ones included.
    """
    left = [run for segment in segments for run in segment.runs]
    if not left:
        return f"{runs} runs: all are done"
    trees: dict[str, dict[str, set[int]]] = {}
    for segment in segments:
        lines = "\n".join(_lines(segment, 1))
        trees.setdefault(_condition(segment.runs[0]), {}).setdefault(lines, set()).add(segment.runs[0].seed)
    told = []
    for condition, by_lines in trees.items():
        seeds: dict[str, list[str]] = {}
        for lines, numbers in by_lines.items():
            seeds.setdefault(ranges(numbers), []).append(lines)
        for numbers, blocks in seeds.items():
            told += [f"{condition}; {'each of seeds' if not numbers.isdecimal() else 'seed'} {numbers}:", *blocks, ""]
    alone = sum(segment.epochs_alone for segment in segments)
    shared = sum(segment.epochs for segment in segments)
    saved = f"; sharing saves {alone - shared:,} of {alone:,}, {(alone - shared) / alone:.0%}" if alone > shared else ""
    done = f", {runs - len(left)} more are done" if runs > len(left) else ""
    return "\n".join([*told, f"{len(left)} runs to train{done}: {shared:,} epochs{saved}"])


def _lines(segment: Segment, depth: int) -> Iterator[str]:
    epochs = f"{segment.first + 1}-{segment.until}"
    names = ", ".join(dict.fromkeys(_name(run) for run in segment.runs))
    yield f"{'  ' * depth}{epochs:<8} {names}"
    for one in segment.then:
        yield from _lines(one, depth + 1)


def _name(run: Run) -> str:
    return f"{arm_name(run.label, run.form)}{', once more' if run.replicate else ''}"


def _condition(run: Run) -> str:
    settings = run.settings
    return f"{run.data['name']}, {run.model}, {settings['epochs']} epochs at {settings['imgsz']} px"
