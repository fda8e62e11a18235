"""What is written for Ultralytics, and what is read of its formats, is what Ultralytics itself reads."""

from __future__ import annotations

import numpy as np
import pytest
import yaml

import bench.detector  # noqa: F401  settles how Ultralytics behaves before it is imported
import datasets
from datasets.formats.export import export
from tests.datasets.formats import samples
from tests.datasets.formats.samples import tree

FIVE = [[4, 2], [12, 1], [20, 2], [20, 18], [4, 18]]


def read_by_ultralytics(folder, split):
    """Return what Ultralytics makes of each label file: classes, segments or keypoints; none is called corrupt."""
    from ultralytics.data.utils import img2label_paths, verify_image_label

    content = yaml.safe_load((folder / "data.yaml").read_text())
    points, numbers = content.get("kpt_shape", (0, 0))
    images = sorted(str(path) for path in (folder / content[split]).iterdir())
    found = []
    for image, label in zip(images, img2label_paths(images), strict=True):
        _, rows, size, segments, keypoints, missing, _, _, corrupt, message = verify_image_label(
            (image, label, "", bool(points), len(content["names"]), points, numbers, False)
        )
        assert (missing, corrupt) == (0, 0), message
        shapes = [row[row[:, 2] > 0][:, :2] for row in keypoints] if points else segments
        found.append([(int(row[0]), shape * size[::-1]) for row, shape in zip(rows, shapes, strict=True)])
    return found


@pytest.mark.parametrize("to", ["yolo-segment", "yolo-pose", "yolo-obb"])
def test_ultralytics_reads_what_is_exported(tmp_path, to):
    files = samples.native()
    for split in ("train", "val"):
        files[f"{split}.json"]["annotations"][1]["segmentation"] = [
            [value for point in (samples.SQUARE if to == "yolo-obb" else FIVE) for value in (point[0] + 18, point[1])]
        ]
    data = datasets.load(tree(tmp_path / "mine", files))
    export(data, to, tmp_path / "out")
    for split in (data.train, data.val):
        for image, found in zip(split.images, read_by_ultralytics(tmp_path / "out", split.name), strict=True):
            for item, (category, points) in zip(image.objects, found, strict=True):
                assert item.category == category
                np.testing.assert_allclose(points, item.points, atol=1e-4)


@pytest.mark.parametrize("form", ["yolo-segment", "yolo-pose", "yolo-obb"])
def test_what_is_read_is_what_ultralytics_reads(tmp_path, form):
    source = tree(tmp_path / "mine", samples.FORMATS[form])
    data = datasets.load(source, cache=tmp_path / "cache")
    (found,) = read_by_ultralytics(source, "train")
    for item, (category, points) in zip(data.train.images[0].objects, found, strict=True):
        assert item.category == category
        np.testing.assert_allclose(points, item.points, atol=1e-4)
