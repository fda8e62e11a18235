"""What `bench data inspect` says of a data set."""

from __future__ import annotations

import io
import json

import numpy as np
import pytest
from PIL import Image

import datasets
from bench.geometry import resample
from bench.inspection import inspect
from bench.inspection import measure as inspection
from bench.inspection.measure import FAITHFUL, image_size, overlap
from bench.inspection.preview import preview
from bench.inspection.text import as_text
from tests.commands import bench
from tests.datasets.formats import samples
from tests.datasets.formats.samples import SQUARE, TRIANGLE, coco, tree


@pytest.fixture
def small(tmp_path):
    """Return a set of a square and a triangle an image, a crowd, and an image without objects."""
    train = coco("a.png")
    train["images"].append({"id": 2, "file_name": "c.png", "width": 40, "height": 20})
    train["annotations"].append({**train["annotations"][0], "id": 3, "iscrowd": 1})
    files = {**samples.native(), "train.json": train, "images/c.png": samples.picture(30)}
    return datasets.load(tree(tmp_path / "mine", files))


def test_counts_and_shares_are_those_of_the_polygons(small):
    found = inspect(small)
    assert found.splits == {
        "train": {"images": 2, "empty": 1, "objects": 2, "crowds": 1, "most": 2},
        "val": {"images": 1, "empty": 0, "objects": 2, "crowds": 0, "most": 2},
    }
    assert found.categories == {"tile": {"train": 1, "val": 1}, "gable": {"train": 1, "val": 1}}
    assert found.histogram == {3: 2, 4: 2}
    assert found.sizes == {"40 x 20": 3}
    assert found.areas[0] == pytest.approx(128 / 800)
    assert found.areas[-1] == pytest.approx(256 / 800)
    assert (found.convex, found.hull) == (1.0, pytest.approx(1.0))
    assert found.sides[-1] == pytest.approx(16 / 40)
    assert found.notes == small.notes


def test_the_loss_is_that_of_the_vertices_that_are_trained_on(small):
    found = inspect(small)
    assert [loss.vertices for loss in found.losses] == list(range(3, 17))
    halved = overlap(np.array(SQUARE), resample(np.array(SQUARE), 3))
    assert halved == pytest.approx(0.5)
    assert found.losses[0].mean == pytest.approx((1 + halved) / 2)
    assert found.losses[0].poor == 0.5
    assert all(loss.mean == pytest.approx(1) for loss in found.losses[1:])
    assert (found.advice.vertices, found.advice.faithful) == (4, True)


def test_advice_on_v_is_the_smallest_that_is_faithful(monkeypatch):
    monkeypatch.setattr(inspection, "MOST", 60)
    data = datasets.load("parcels")
    found = inspect(data)
    means = {loss.vertices: loss.mean for loss in found.losses}
    assert means[found.advice.vertices] >= FAITHFUL > means[found.advice.vertices - 1]
    assert all(means[v + 1] > means[v] - 1e-9 for v in range(3, 16))
    text = as_text(found)
    assert "on 60 of the polygons" in text
    assert "; run takes 8 unless told" in text


def test_a_star_that_no_v_holds_is_said_to_be_one(tmp_path):
    angles = np.arange(80) * 2 * np.pi / 80
    radii = np.where(np.arange(80) % 2, 4.0, 9.0)
    star = np.column_stack((np.cos(angles), np.sin(angles))) * radii[:, None] + 10
    files = samples.native()
    for split in ("train", "val"):
        files[f"{split}.json"]["annotations"] = [
            {"id": 1, "image_id": 1, "category_id": 1, "segmentation": [star.ravel().tolist()]}
        ]
    found = inspect(datasets.load(tree(tmp_path / "mine", files)))
    assert (found.advice.vertices, found.advice.faithful) == (16, False)
    assert found.convex == 0
    assert found.hull < 0.6
    text = as_text(found, 5)
    assert "--vertices 16, and even so polygons keep a mean IoU of" in text
    assert "V = 5 loses more" in text
    assert "65-128" in text


@pytest.mark.parametrize(
    ("sides", "longest", "size", "wanted"),
    [
        ([0.5] * 10, 160, 64, 64),  # 32 pixels for the median take 64
        ([0.1] * 10, 640, 320, 320),
        ([0.1] * 10, 200, 224, 320),  # no larger than the images, to the next multiple of 32
        ([0.5] * 99 + [0.001], 2000, 64, 64),  # the smallest 5 % have no say
        ([0.5] * 8 + [0.02] * 2, 2000, 416, 416),  # 8 pixels for the small ones take 400
        ([0.0] * 4, 640, 640, 32_000_000),
    ],
)
def test_image_sizes_follow_the_rule(sides, longest, size, wanted):
    assert image_size(np.array(sides), longest) == (size, wanted)


def test_the_preview_is_a_picture_whatever_the_names(tmp_path):
    files = samples.labelme(samples.labelled("a.png", [samples.shape("$x_$\\frac", TRIANGLE)]))
    data = datasets.load(tree(tmp_path / "m$^$", files), cache=tmp_path / "cache")
    drawn = preview(data, 3)
    with Image.open(io.BytesIO(drawn)) as picture:
        assert picture.format == "PNG"
        red = (np.asarray(picture.convert("RGB")) == (255, 0, 0)).all(-1)
    assert red.any()  # the vertices


def test_inspect_tells_and_draws(tmp_path):
    mine = tree(tmp_path / "mine", samples.yolo())
    said = bench("data", "inspect", mine, "--preview", tmp_path / "p.png", "--json")
    assert said.code == 0
    assert json.loads(said.out)["advice"]["vertices"] == 4
    assert (tmp_path / "p.png").read_bytes().startswith(b"\x89PNG")
    said = bench("data", "inspect", mine, "-V", 3)
    for word in ("0.7500", "< asked for", "< advised", "--set imgsz=", "V = 3 loses more"):
        assert word in said.out
