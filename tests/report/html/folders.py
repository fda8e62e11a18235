"""Studies on disk, as runs would have left them: records, histories, samples, predictions and the data."""

from __future__ import annotations

import cv2
import numpy as np

from bench.records import RunFolder
from datasets import DataSet, Image, Object, Split

from ..samples import record, study

SQUARE = np.array([[40.0, 40.0], [200.0, 40.0], [200.0, 180.0], [40.0, 180.0]])
WHOLE = np.array([[1.0, 1.0], [319.0, 1.0], [319.0, 239.0], [1.0, 239.0]])
NASTY = "<script>alert(1)</script>"
"""What a name may hold."""


def history(one, epochs=100, every=10, until=None):
    """Return a run's history; AP is measured at every tenth epoch, as its record ends."""
    random = np.random.default_rng(int(one.id, 16) % 2**32)
    ap, full = one.metrics.get("mAP50_95", 0.3), one.metrics.get("full_image", 0.0)
    rows = []
    for epoch in range(1, (until or epochs) + 1):
        p = epoch / epochs
        rows.append(
            {
                "epoch": epoch,
                "alpha": 1 - p,
                "share_l2": 0.5,
                "loss_l2": 0.4 * (1 - 0.8 * p) + 0.01 * random.random(),
                "loss_mgiou": 0.3 * (1 - 0.7 * p) + 0.01 * random.random(),
                "grad_l2": 1e-3 * (1 + random.random()),
                "grad_mgiou": 1e-2 * (1 + random.random()),
                "grad_cosine": 0.3 + 0.1 * random.random(),
                "conflict": 0.25,
                **({"mAP50_95": ap * p, "full_image": full, "bow_tie": 0.0} if epoch % every == 0 else {}),
            }
        )
    return rows


def result(image_id, ring, score=0.9):
    """Return a COCO result as a run predicts it."""
    flat = np.asarray(ring, dtype=float).ravel().tolist()
    return {
        "image_id": image_id,
        "category_id": 1,
        "score": score,
        "bbox": [0.0, 0.0, 1.0, 1.0],
        "segmentation": [flat],
        "ring": flat,
    }


def samples(one, images, epochs=100, every=10):
    """Return what a run predicts epoch by epoch: ever nearer to the truth; the whole image where it collapses."""
    found = {}
    for epoch in range(every, epochs + 1, every):
        away = 40 * (1 - epoch / epochs) + one.seed
        ring = WHOLE if one.metrics.get("full_image", 0.0) > 0.5 else SQUARE + away
        found[epoch] = [result(image.id, ring) for image in images]
    return found


def data_set(folder, count=16, fingerprint="f" * 64, name="documents"):
    """Return images of one square each."""
    folder.mkdir(parents=True, exist_ok=True)
    images = []
    for number in range(1, count + 1):
        path = folder / f"{number}.png"
        picture = np.full((240, 320, 3), (60, 70 + 8 * number, 90), np.uint8)
        cv2.fillPoly(picture, [SQUARE.astype(np.int32)], (210, 210, 200))
        cv2.imwrite(str(path), picture)
        images.append(Image(number, path, 320, 240, (Object(0, SQUARE),)))
    coco = {"images": [{"id": image.id} for image in images]}
    split = Split("val", tuple(images), coco)
    return DataSet(name, folder, ("page",), (1,), split, split, fingerprint, 4, ())


def write(folder, records, images=(), *, epochs=100):
    """Write a study; with images, every run's samples as well."""
    for one in records:
        run = RunFolder(folder / one.id)
        run.write(one)
        if one.done:
            run.write_history(history(one, epochs))
            if images:
                run.write_samples(samples(one, images, epochs))
    return folder


def three_seeds(more=()):
    """Return a study of a few strategies, one of which collapses, one of which has a nasty name."""
    means = {"l2": 0.5, "cosine": 0.6, "linear": 0.55, NASTY: 0.45}
    found = [
        record(label, seed, ap + 0.02 * seed * (1 if label == "l2" else 0.5), None if label == "l2" else "paper")
        for label, ap in means.items()
        for seed in range(3)
    ]
    collapsed = [record("mgiou-centred", seed, 0.01 * seed, "centred", full_image=1.0) for seed in range(3)]
    return [*found, *collapsed, *more]


def held_by_holm():
    """Return records of a difference that is decided by itself, and not beside another."""
    return study(l2=[0.50, 0.52, 0.48], cosine=[0.57, 0.61, 0.61], linear=[0.40, 0.62, 0.78])


def swept():
    """Return records of two strategies with other values of a parameter, whose names sort against their ranges."""
    labels = {"static": 0.50, "static[alpha=0.5]": 0.70, "cosine": 0.50, "cosine[start=0.5]": 0.51}
    return study(l2=[0.4, 0.41], **{label: [ap, ap + 0.01] for label, ap in labels.items()})
