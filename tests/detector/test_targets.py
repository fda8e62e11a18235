"""Targets stay what they are: the object's own vertices, in one order, whatever augmentation does."""

from __future__ import annotations

import numpy as np
import psutil
import pytest
import torch
from ultralytics.cfg import get_cfg

import datasets
from bench import memory_limit
from bench.clip_vertices import of_ultralytics
from bench.detector import loaders
from bench.detector.data import PolygonDataset
from bench.geometry import canonical_order
from bench.settings import DEFAULTS


def dataset(data, vertices, augment=True, clip_vertices=False, **settings):
    args = get_cfg(overrides={**of_ultralytics(DEFAULTS), "task": "pose", **settings})
    described = {
        "nc": len(data.categories),
        "names": dict(enumerate(data.categories)),
        "channels": 3,
        "kpt_shape": [vertices, 2],
        "flip_idx": list(range(vertices)),
    }
    return PolygonDataset(
        data.train, seed=0, data=described, imgsz=96, batch_size=8, augment=augment, hyp=args, cache="ram",
        clip_vertices=clip_vertices,
    )  # fmt: skip


@pytest.mark.parametrize("name", datasets.names())
@pytest.mark.parametrize(
    "settings",
    [
        {"fliplr": 0.0, "scale": 0.0, "translate": 0.0},
        {"fliplr": 1.0, "flipud": 1.0},
        {"degrees": 180.0, "shear": 10.0, "perspective": 0.001},
        {"mosaic": 1.0, "mixup": 0.5},
    ],
    ids=["plain", "flips", "affine", "mosaic"],
)
def test_order_is_canonical_and_boxes_tight_after_augmentation(name, settings):
    data = datasets.load(name)
    items = dataset(data, data.vertices, **settings)
    for key in range(8):
        item = items[key]
        points = item["keypoints"].numpy() * [96, 96, 1]
        if not len(points):
            continue
        np.testing.assert_allclose(points[..., :2], canonical_order(points[..., :2]), atol=1e-3)
        low, high = points[..., :2].min(1), points[..., :2].max(1)
        boxes = item["bboxes"].numpy() * 96
        np.testing.assert_allclose(boxes[:, :2], (low.clip(0, 96) + high.clip(0, 96)) / 2, atol=1e-3)
        np.testing.assert_allclose(boxes[:, 2:], high.clip(0, 96) - low.clip(0, 96), atol=1e-3)


def test_unaugmented_targets_are_the_annotations():
    data = datasets.load("documents")
    items = dataset(data, 4, augment=False)
    for index, image in enumerate(data.train.images[:10]):
        points = items[index]["keypoints"].numpy()[..., :2] * 96
        expected = canonical_order(np.stack([item.points for item in image.objects])) * 96 / image.width
        np.testing.assert_allclose(points, expected, atol=0.02)


def test_a_flip_moves_vertices_where_the_image_went():
    data = datasets.load("documents")
    still = {"scale": 0.0, "translate": 0.0, "hsv_h": 0.0, "hsv_s": 0.0, "hsv_v": 0.0}
    plain, flipped = (dataset(data, 4, fliplr=share, **still) for share in (0.0, 1.0))
    for key in range(6):
        a, b = plain[key], flipped[key]
        assert torch.equal(a["img"].flip(2), b["img"])
        mirrored = a["keypoints"].numpy()[..., :2] * [-96, 96] + [96, 0]
        np.testing.assert_allclose(canonical_order(mirrored), b["keypoints"].numpy()[..., :2] * 96, atol=1e-3)


def test_augmentation_does_not_reach_the_image_in_memory():
    items = dataset(datasets.load("documents"), 4, hsv_v=0.9, hsv_s=0.9)
    before = [image.copy() for image in items.ims]
    for key in range(3 * len(items)):
        items[key]
    assert all((a == b).all() for a, b in zip(before, items.ims, strict=True))


def test_an_item_depends_on_seed_epoch_and_index_alone():
    first, second = (dataset(datasets.load("parcels"), 8, mosaic=1.0) for _ in range(2))
    a = first[5]
    for key in (99, 3, 200):
        second[key]
    b = second[5]
    assert torch.equal(a["img"], b["img"])
    assert torch.equal(a["keypoints"], b["keypoints"])
    assert not torch.equal(a["img"], first[5 + len(first)]["img"])


def test_images_are_decoded_once_a_process_and_never_taken_from_arrays_beside_them(tmp_path, small_folder):
    import shutil

    folder = tmp_path / "data"
    shutil.copytree(small_folder, folder)
    data = datasets.load(folder)
    for image in data.train.images:  # what Ultralytics would read instead of the image
        np.save(image.path.with_suffix(".npy"), np.zeros((160, 160, 3), np.uint8))
    first, second = dataset(data, 4), dataset(data, 4)
    assert all(image.any() for image in first.ims)
    assert all(a is b for a, b in zip(first.ims, second.ims, strict=True))
    first.load_image(0)[0][:] = 0
    assert second.ims[0].any()


@pytest.mark.parametrize(
    "settings",
    [{}, {"mixup": 1.0}, {"cutmix": 1.0}, {"copy_paste": 1.0, "copy_paste_mode": "mixup"}],
    ids=["mosaic", "mixup", "cutmix", "copy-paste"],
)
def test_an_item_depends_on_its_key_alone_where_the_data_do_not_fit_the_memory(monkeypatch, settings):
    """Ultralytics then refuses `cache="ram"`, and its mosaic would take what was loaded last."""
    here = psutil.virtual_memory()
    monkeypatch.setattr(psutil, "virtual_memory", lambda: here._replace(available=10_000))
    data = datasets.load("documents")
    one, other = (dataset(data, 4, mosaic=1.0, **settings) for _ in range(2))
    assert one.cache != "ram"
    first = [one[key] for key in range(12)]
    later = [other[key] for key in range(6, 12)]  # as after a resume, or where the first were remembered
    for before, after in zip(first[6:], later, strict=True):
        assert torch.equal(before["img"], after["img"])
        assert torch.equal(before["keypoints"], after["keypoints"])
    fitting = datasets_in_memory(monkeypatch, here, data, settings)
    assert all(torch.equal(item["img"], same["img"]) for item, same in zip(first, fitting, strict=True))


def datasets_in_memory(monkeypatch, here, data, settings):
    """Return the same items where the data do fit."""
    monkeypatch.setattr(psutil, "virtual_memory", lambda: here._replace(available=10**12))
    items = dataset(data, 4, mosaic=1.0, **settings)
    assert items.cache == "ram"
    return [items[key] for key in range(12)]


@pytest.mark.parametrize(("threads", "limit", "kept"), [(8, False, True), (1, False, False), (8, True, False)])
def test_images_are_kept_where_a_workers_share_of_the_memory_has_room(monkeypatch, small_folder, threads, limit, kept):
    """A worker of eight has an eighth of the machine, and a container may have less than that."""
    here = psutil.virtual_memory()
    needed = 12 * 3 * 96**2
    monkeypatch.setattr(psutil, "virtual_memory", lambda: here._replace(available=4 * needed))
    monkeypatch.setattr(loaders, "cores", lambda: 8)
    monkeypatch.setattr(torch, "get_num_threads", lambda: threads)
    monkeypatch.setattr(memory_limit, "left", lambda: 2 * needed - 1 if limit else None)
    items = dataset(datasets.load(small_folder), 4)
    assert (items.cache == "ram") == kept
    assert (items.ims[0] is not None) == kept
    monkeypatch.setattr(psutil, "virtual_memory", lambda: here._replace(available=0))
    again = dataset(datasets.load(small_folder), 4)
    assert again.cache != "ram"
    assert torch.equal(items[5]["img"], again[5]["img"])


def test_images_that_are_in_memory_are_not_asked_to_fit_again(monkeypatch, small_folder):
    data = datasets.load(small_folder)
    first = dataset(data, 4)
    here = psutil.virtual_memory()
    monkeypatch.setattr(psutil, "virtual_memory", lambda: here._replace(available=0))
    assert all(one is other for one, other in zip(first.ims, dataset(data, 4).ims, strict=True))
