"""Out to a format and back, and in from a format and out again: no coordinate moves by 0.01 px."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

import datasets
from datasets import DataError
from datasets.formats.export import WRITERS, _shares, export
from tests.datasets.formats.samples import picture, tree

WITHIN = 0.01
NAMES = ("tile", "gable: 2", "größer", "yes", "- 7")


COUNTS = st.integers(3, 12)


@st.composite
def polygons(draw, vertices=COUNTS):
    """Return a size, and objects on an image of it: a category and parts, each around a centre of its own."""
    size = draw(st.tuples(st.integers(16, 200), st.integers(16, 200)))
    objects = []
    for _ in range(draw(st.integers(1, 4))):
        parts = []
        for _ in range(draw(st.sampled_from([1, 1, 1, 2]))):
            count = draw(vertices)
            centre = np.array([draw(st.floats(3, side - 3)) for side in size])
            angles = np.sort(draw(st.lists(st.floats(0, 0.9), min_size=count, max_size=count))) + np.arange(count)
            radii = draw(st.lists(st.floats(1.5, 40), min_size=count, max_size=count))
            turned = angles * 2 * np.pi / count
            parts.append(centre + np.column_stack((np.cos(turned), np.sin(turned))) * np.array(radii)[:, None])
        parts.sort(key=lambda ring: -shapely.Polygon(ring).area)
        objects.append((draw(st.integers(0, len(NAMES) - 1)), parts))
    return size, objects


def coco(image, size, objects):
    return {
        "images": [{"id": 5, "file_name": image, "width": size[0], "height": size[1]}],
        "annotations": [
            {
                "id": number,
                "image_id": 5,
                "category_id": category * 3,
                "segmentation": [p.ravel().tolist() for p in parts],
            }
            for number, (category, parts) in enumerate(objects, 1)
        ],
        "categories": [{"id": number * 3, "name": name} for number, name in enumerate(NAMES)],
    }


def parts_of(split):
    """Return every object's category name and parts, in order."""
    return [
        (entry["category_id"], [np.reshape(part, (-1, 2)) for part in entry["segmentation"]])
        for entry in split.coco["annotations"]
    ]


@pytest.mark.parametrize("to", WRITERS)
@settings(max_examples=20, deadline=None)
@given(st.data())
def test_from_coco_to_a_format_and_back(to, data):
    size, objects = data.draw(polygons(st.just(4)) if to == "yolo-obb" else polygons())
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        files = {"train.json": coco("a.png", size, objects), "val.json": coco("b.png", size, objects)}
        pictures = {"images/a.png": picture(1, size), "images/b.png": picture(2, size)}
        try:
            before = datasets.load(tree(folder / "mine", files | pictures))
        except DataError:  # a star so thin that it has no area
            return
        export(before, to, folder / "out")
        after = datasets.load(folder / "out", cache=folder / "cache")
        assert after.categories == NAMES
        for a, b in ((before.train, after.train), (before.val, after.val)):
            for one, other in zip(a.images[0].objects, b.images[0].objects, strict=True):
                assert one.category == other.category
                np.testing.assert_allclose(other.points, one.points, atol=WITHIN, rtol=0)
            if to in ("coco", "labelme"):
                for (_, one), (_, other) in zip(parts_of(a), parts_of(b), strict=True):
                    for ring, same in zip(one, other, strict=True):
                        np.testing.assert_allclose(same, ring, atol=WITHIN, rtol=0)


@settings(max_examples=20, deadline=None)
@given(polygons(), st.sampled_from(["yolo-segment", "yolo-pose", "labelme"]))
def test_from_a_format_to_coco_and_out_again(drawn, to):
    size, objects = drawn
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        files = {"train.json": coco("a.png", size, objects), "val.json": coco("b.png", size, objects)}
        pictures = {"images/a.png": picture(1, size), "images/b.png": picture(2, size)}
        try:
            data = datasets.load(tree(folder / "mine", files | pictures))
        except DataError:
            return
        export(data, to, folder / "first")
        export(datasets.load(folder / "first", cache=folder / "cache"), to, folder / "second")
        names = sorted(path.relative_to(folder / "first") for path in (folder / "first").rglob("*") if path.is_file())
        assert names == sorted(p.relative_to(folder / "second") for p in (folder / "second").rglob("*") if p.is_file())
        for name in names:
            if name.suffix in (".txt", ".json"):
                one, other = (numbers((folder / which / name).read_text()) for which in ("first", "second"))
                scale = 1 if to == "labelme" else max(size)
                np.testing.assert_allclose(np.array(other) * scale, np.array(one) * scale, atol=WITHIN, rtol=0)


def numbers(text):
    """Return the coordinates in a label file of either kind."""
    if text.startswith("{"):
        return [value for shape in json.loads(text)["shapes"] for point in shape["points"] for value in point]
    return [float(word) for word in text.split()] if text[:1].isdigit() else []


@settings(deadline=None)
@given(st.floats(-100_000, 100_000), st.integers(1, 10_000))
def test_shares_hold_a_hundredth_of_a_pixel_on_ten_thousand(value, side):
    (word, _) = _shares(np.array([[value, 0.0]]), (side, 1))
    if abs(value) <= 10 * side:
        assert abs(float(word) * side - value) < WITHIN / 10
