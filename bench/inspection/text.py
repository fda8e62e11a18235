"""A data set's figures as text for a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from tabulate import tabulate

from bench.inspection.measure import CONVEX, FAITHFUL, MEDIAN_SIDE, SMALLEST_SIDE, Inspection, Loss
from bench.settings import DEFAULTS
from bench.text import one_line

_CATEGORIES = 20
_SIZES = 3


def as_text(found: Inspection, vertices: int | None = None) -> str:
    """Return the figures as tables, and the advice with its rules in words.

    Args:
        found: the figures.
        vertices: a V to mark; by default the one that is advised.
    """
    return "\n\n".join(
        (
            f"{one_line(found.name)}, fingerprint {found.fingerprint[:12]}",
            _table(
                ["split", "images", "without objects", "polygons", "crowds", "most on one image"],
                [[name, *map(str, numbers.values())] for name, numbers in found.splits.items()],
            ),
            _categories(found),
            _histogram(found.histogram),
            _table(
                ["of a polygon", "least", "5 %", "25 %", "median", "75 %", "95 %", "most"],
                [
                    ["area / image's area", *(f"{value:.2%}" for value in found.areas)],
                    ["shorter side / image's longer side", *(f"{value:.2%}" for value in found.sides)],
                ],
            ),
            _images_and_hulls(found),
            _table(
                ["V", "mean IoU", "5 % are under", "under 0.9", ""],
                [_loss(loss, found, vertices) for loss in found.losses],
            ),
            *_advice(found, vertices),
            *(f"note: {one_line(note)}" for note in found.notes),
        )
    )


def _categories(found: Inspection) -> str:
    rows = [[one_line(name), *map(str, numbers.values())] for name, numbers in found.categories.items()]
    rows.sort(key=lambda row: -sum(map(int, row[1:])))
    shown, rest = rows[:_CATEGORIES], rows[_CATEGORIES:]
    if rest:
        sums = (str(sum(int(row[column]) for row in rest)) for column in (1, 2))
        shown.append([f"{len(rest)} others", *sums])
    return _table(["category", "train", "val"], shown)


def _histogram(counts: dict[int, int]) -> str:
    """Return vertices one by one up to 16, from there on in ranges that double."""
    ranges: dict[str, int] = {}
    for count, number in counts.items():
        low = 1 << (count - 1).bit_length() - 1
        key = str(count) if count <= 16 else f"{low + 1}-{2 * low}"
        ranges[key] = ranges.get(key, 0) + number
    total = sum(counts.values())
    rows = [
        [key, str(number), f"{number / total:.1%}", "#" * round(40 * number / max(ranges.values()))]
        for key, number in ranges.items()
    ]
    return _table(["vertices", "polygons", "share", ""], rows, ("right", "right", "right", "left"))


def _images_and_hulls(found: Inspection) -> str:
    sizes = list(found.sizes.items())
    told = ", ".join(f"{number} of {size}" for size, number in sizes[:_SIZES])
    more = f" and {len(sizes) - _SIZES} other sizes" if len(sizes) > _SIZES else ""
    return (
        f"images: {told}{more}\n"
        f"convex: {found.convex:.1%} of the polygons fill at least {CONVEX:.0%} of their hull; their mean IoU with "
        f"their hull is {found.hull:.3f}"
    )


def _loss(loss: Loss, found: Inspection, vertices: int | None) -> list[str]:
    marks = (
        ("< asked for", loss.vertices == vertices),
        ("< advised", loss.vertices == found.advice.vertices),
        ("< default", loss.vertices == found.default),
    )
    told = " ".join(word for word, is_so in marks if is_so)
    return [str(loss.vertices), f"{loss.mean:.4f}", f"{loss.low:.4f}", f"{loss.poor:.1%}", told]


def _advice(found: Inspection, vertices: int | None) -> list[str]:
    advice = found.advice
    by_v = {loss.vertices: loss for loss in found.losses}
    sampled = f", on {found.sampled} of the polygons" if found.sampled < sum(found.histogram.values()) else ""
    if advice.faithful:
        text = (
            f"V: --vertices {advice.vertices}, the smallest at which polygons keep a mean IoU of {FAITHFUL} with "
            f"themselves resampled ({by_v[advice.vertices].mean:.3f}{sampled})"
        )
    else:
        text = (
            f"V: --vertices {advice.vertices}, and even so polygons keep a mean IoU of "
            f"{by_v[advice.vertices].mean:.3f} alone with themselves resampled, not {FAITHFUL}{sampled}"
        )
    if advice.vertices != found.default:
        text += f"; run takes {found.default} unless told"
    lines = [text]
    if vertices is not None and by_v[vertices].mean < FAITHFUL:
        lines.append(f"V = {vertices} loses more: a mean IoU of {by_v[vertices].mean:.3f}")
    text = (
        f"image size: --set imgsz={advice.imgsz}, or more (run takes {DEFAULTS['imgsz']} unless told). Rule: the "
        "shorter side of the median polygon has "
        f"{MEDIAN_SIDE} pixels (COCO's border of small objects, and 4 cells of the finest grid), that of all but the "
        f"smallest 5 % has {SMALLEST_SIDE} (one cell)"
    )
    if advice.wanted > advice.imgsz:
        text += (
            f". That would take {advice.wanted}, more than the images have: many of the objects stay small, unless "
            "larger images are cut into tiles"
        )
    return [*lines, text]


def _table(headers: Sequence[str], rows: Sequence[Sequence[str]], align: Sequence[str] | None = None) -> str:
    columns = align or ("left", *("right" for _ in headers[1:-1]), "left" if headers[-1] == "" else "right")
    return tabulate(rows, headers=headers, disable_numparse=True, colalign=columns)
