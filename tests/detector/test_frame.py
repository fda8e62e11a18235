"""Polygons that augmentation moves out of the frame keep their shape, unless Ultralytics' way is asked for."""

from __future__ import annotations

import numpy as np
import pytest
from ultralytics.data.augment import CutMix, RandomPerspective
from ultralytics.utils.instance import Instances

import datasets
from bench.geometry import resample

from .test_targets import dataset

SIZE = 96
MOVED = {"scale": 0.3, "translate": 0.3, "degrees": 20.0, "fliplr": 0.0}


def shown(name, items=24, **settings):
    """Return the vertices of items with their visibility, in pixels, (V, 3) each, and the data."""
    data = datasets.load(name)
    loaded = dataset(data, data.vertices, **settings)
    made = [loaded[key] for key in range(items)]
    return data, [item["keypoints"].numpy() * [SIZE, SIZE, 1] for item in made], made


def outside(points):
    return ((points[..., :2] < 0) | (points[..., :2] > SIZE)).any(-1)


@pytest.mark.parametrize("name", datasets.names())
def test_vertices_are_where_the_image_went(monkeypatch, name):
    matrices = []
    drawn = RandomPerspective.get_params

    def noted(transform, labels):
        found = drawn(transform, labels)
        matrices.append(found["M"])
        return found

    monkeypatch.setattr(RandomPerspective, "get_params", noted)
    data, found, made = shown(name, **MOVED)
    out = 0
    for index, (points, item, matrix) in enumerate(zip(found, made, matrices, strict=True)):
        image = data.train.images[index]
        assert image.width == image.height  # or letter boxes would move them, too
        true = np.stack([resample(one.points, data.vertices) for one in image.objects]) * SIZE / image.width
        true = true @ matrix[:2, :2].T + matrix[:2, 2]
        for polygon in points:
            assert min(_apart(polygon[:, :2], one) for one in true) < 0.01
        assert (points[..., 2] == ~outside(points)).all()
        out += outside(points).sum()
        boxes = item["bboxes"].numpy()
        assert (boxes[:, :2] - boxes[:, 2:] / 2 > -1e-6).all()
        assert (boxes[:, :2] + boxes[:, 2:] / 2 < 1 + 1e-6).all()
    assert out > 10


@pytest.mark.parametrize("settings", [{}, {"mixup": 1.0}, {"cutmix": 1.0}], ids=["mosaic", "mixup", "cutmix"])
@pytest.mark.parametrize("name", datasets.names())
def test_shapes_are_kept_where_images_are_put_together(name, settings):
    data, found, _ = shown(name, **MOVED, mosaic=1.0, **settings)
    known = [_sides(resample(one.points, data.vertices)) for image in data.train.images for one in image.objects]
    assert sum(outside(points).sum() for points in found) > 10
    for points in found:
        for polygon in points:
            sides = _sides(polygon[:, :2])
            turned = [np.roll(sides, turn) for turn in range(len(sides))]
            assert min(np.abs(one - other).max() for one in turned for other in known) < 1e-3


@pytest.mark.parametrize("name", datasets.names())
def test_ultralytics_way_moves_them_to_the_border(name):
    _, kept, _ = shown(name, **MOVED)
    _, clipped, _ = shown(name, **MOVED, clip_vertices=True)
    assert any(outside(points).any() for points in kept)
    for points, border in zip(kept, clipped, strict=True):
        assert not outside(border).any()
        assert (np.sort(points[..., 2]) == np.sort(border[..., 2])).all()
        for one, other in zip(points, border, strict=True):
            assert _apart(one[:, :2].clip(0, SIZE), other[:, :2]) < 1e-3


def test_boxes_end_where_a_patch_of_another_image_does(monkeypatch):
    """The vertices that the patch leaves out are kept; what they are of is not in the image."""
    patches = []
    drawn = CutMix.get_params

    def noted(transform, labels):
        patches.append(drawn(transform, labels))
        return patches[-1]

    monkeypatch.setattr(CutMix, "get_params", noted)
    _, found, made = shown("parcels", items=96, **{**MOVED, "degrees": 0.0}, cutmix=1.0)
    cut = 0
    for points, item, patch in zip(found, made, patches, strict=True):
        if patch.get("skip"):
            continue
        pasted = len(patch["indexes2"])
        x1, y1, x2, y2 = patch["area"].astype(int)
        boxes = item["bboxes"].numpy()[-pasted:] * SIZE
        low, high = points[-pasted:, :, :2].min(1), points[-pasted:, :, :2].max(1)
        np.testing.assert_allclose(boxes[:, :2] - boxes[:, 2:] / 2, low.clip((x1, y1)), atol=1e-3)
        np.testing.assert_allclose(boxes[:, :2] + boxes[:, 2:] / 2, high.clip(max=(x2, y2)), atol=1e-3)
        cut += ((low < (x1, y1)) | (high > (x2, y2))).any(1).sum()
    assert cut > 3


def test_an_object_that_is_turned_out_of_the_frame_is_no_target():
    """Ultralytics turns its box with it, whose corners may still be seen."""
    _, found, made = shown("parcels", items=96, **{**MOVED, "degrees": 45.0, "translate": 0.6})
    for points, item in zip(found, made, strict=True):
        assert len(points) == len(item["cls"]) == len(item["bboxes"])
        assert (item["bboxes"].numpy()[:, 2:] > 0).all()


def test_ultralytics_is_as_it_was_afterwards():
    clip = Instances.clip
    loaded = dataset(datasets.load("documents"), 4)
    loaded[0]
    assert Instances.clip is clip
    loaded.transforms = lambda labels: 1 / 0
    with pytest.raises(ZeroDivisionError):
        loaded[0]
    assert Instances.clip is clip


def _apart(one, other):
    """Return how far a vertex of two sets of them is from the nearest one of the other, at most."""
    distances = np.linalg.norm(one[:, None] - other[None], axis=-1)
    return max(distances.min(0).max(), distances.min(1).max())


def _sides(points):
    """Return the lengths of a polygon's sides as shares of its circumference: no turn and no scale changes them."""
    found = np.linalg.norm(np.roll(points, -1, axis=0) - points, axis=1)
    return found / found.sum()
