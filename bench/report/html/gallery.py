"""The same images under every strategy, epoch by epoch, as data for the page."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import pandas as pd

from bench.evaluation.results import Result, ring_of
from bench.evaluation.samples import best_per_image, followed
from bench.geometry import Points
from bench.metrics import FIGURE
from bench.records import RecordError, RunFolder
from bench.report.figures.groups import groups_of
from bench.report.figures.pictures import pixels, predictions
from bench.report.model import Comparison, Row, Seed
from bench.report.numbers import figure, percent

if TYPE_CHECKING:
    from datasets import DataSet, Image

SIDE = 1000
"""Coordinates are whole numbers, of which an image's longer side has so many."""

MOST = 60_000
"""Shapes on a page; beyond that epochs are left out, evenly, and the page says so."""

_FAR = 3 * SIDE
_QUALITY = 80


def gallery_of(
    comparison: Comparison, folder: Path, data: DataSet, histories: Mapping[str, pd.DataFrame | None]
) -> dict[str, Any]:
    """Return what the page shows of a comparison's predictions.

    Args:
        comparison: of a report.
        folder: the study's, with a folder a run.
        data: its data set.
        histories: by run id.

    Returns:
        `images`, each with its JPEG, size and truth; `epochs` that are shown, `left_out` how many are not; and `rows`,
        each with its runs: `at` an epoch, for each image the rings that are shown, each as score in percent and
        vertices; `told` what was measured then. `final` marks a run that kept its last predictions alone.
    """
    images = followed(data.val)
    rows = [
        {"name": row.name, "group": group.what, "runs": list(_runs(row, folder, images, histories))}
        for group in groups_of(comparison)
        for row in group.rows
        if row.done or any(seed.status != "planned" for seed in row.seeds)
    ]
    runs = [run for row in rows for run in row["runs"]]
    every = sorted({epoch for run in runs for epoch in run["at"]})
    shapes = sum(len(rings) for run in runs for at in run["at"].values() for rings in at)
    kept = every
    if shapes > MOST:
        count = max(2, int(len(every) * MOST / shapes))
        kept = [every[i] for i in np.unique(np.linspace(0, len(every) - 1, count).round().astype(int))]
        for run in runs:
            last = max(run["at"], default=0)
            for part in ("at", "told"):
                run[part] = {epoch: one for epoch, one in run[part].items() if epoch in kept or epoch == last}
        kept = sorted({epoch for run in runs for epoch in run["at"]})
    return {
        "title": comparison.title,
        "images": [_image(image) for image in images],
        "of": len(data.val.images),
        "epochs": kept,
        "left_out": len(every) - len(kept),
        "rows": rows,
    }


def _runs(
    row: Row, folder: Path, images: Sequence[Image], histories: Mapping[str, pd.DataFrame | None]
) -> Iterator[dict[str, Any]]:
    for seed in sorted(row.seeds, key=lambda one: one.seed):
        if seed.status == "planned":
            continue
        history = histories.get(seed.run_id)
        at, final = _at(folder, seed, images, history)
        yield {
            "run": seed.run_id,
            "seed": seed.seed,
            "status": seed.status,
            "final": final,
            "at": at,
            "told": {epoch: _figures_at(history, epoch) for epoch in at},
        }


def _at(
    folder: Path, seed: Seed, images: Sequence[Image], history: pd.DataFrame | None
) -> tuple[dict[int, list[list[list[int]]]], bool]:
    """Return by epoch what a run predicts on each image, and whether that is its last epoch alone."""
    try:
        samples = RunFolder(folder / seed.run_id).read_samples()
    except (OSError, RecordError):
        samples = {}
    found = {epoch: shapes for epoch, results in samples.items() if (shapes := _shapes(results, images)) is not None}
    if found:
        return found, False
    results = predictions(folder, seed.run_id, images)
    if results is None:
        return {}, False
    last = int(history.index.max()) if history is not None and len(history) else 0
    return {last: [[_shape(one, image) for one in results[image.id]] for image in images]}, True


def _shapes(results: Sequence[Result], images: Sequence[Image]) -> list[list[list[int]]] | None:
    """Return the best results on each image as shapes; None where something else wrote the results."""
    try:
        best = best_per_image(results, images)
        return [[_shape(one, image) for one in best[image.id]] for image in images]
    except (KeyError, TypeError, ValueError):
        return None


def _shape(result: Result, image: Image) -> list[int]:
    return [round(100 * result["score"]), *_whole(ring_of(result), image)]


def _whole(ring: Points, image: Image) -> list[int]:
    # Vertices may be anything a broken detector says; far ones are pulled in, well off the image.
    scaled = np.nan_to_num(ring * SIDE / max(image.width, image.height), nan=-_FAR)
    return scaled.clip(-_FAR, _FAR).round().astype(int).ravel().tolist()


def _figures_at(history: pd.DataFrame | None, epoch: int) -> str:
    if history is None or epoch not in history.index:
        return ""
    row = history.loc[epoch]
    parts = (("mAP50-95", FIGURE, figure), ("full-image", "full_image", percent))
    return ", ".join(f"{what} {form(row[column])}" for what, column, form in parts if pd.notna(row.get(column)))


def _image(image: Image) -> dict[str, Any]:
    scale = SIDE / max(image.width, image.height)
    found = pixels(image)
    return {
        "id": image.id,
        "w": round(image.width * scale),
        "h": round(image.height * scale),
        "src": None if found is None else _jpeg(found),
        "truth": [_whole(item.points, image) for item in image.objects],
    }


def _jpeg(picture: np.ndarray) -> str:
    written, content = cv2.imencode(
        ".jpg", np.ascontiguousarray(picture[:, :, ::-1]), [cv2.IMWRITE_JPEG_QUALITY, _QUALITY]
    )
    if not written:
        raise ValueError(f"OpenCV cannot write a JPEG of shape {picture.shape}")
    return f"data:image/jpeg;base64,{base64.b64encode(content).decode()}"
