"""What every registered data set must be, and what the synthetic ones promise."""

from __future__ import annotations

import hashlib
import json

import numpy as np
import pytest
import shapely

import datasets
from datasets import DataError, documents
from datasets import registry as registered
from datasets.drawing import fill, write_coco


@pytest.fixture(params=datasets.names())
def data(request):
    return datasets.load(request.param)


def rings(split):
    return [(image, item) for image in split.images for item in image.objects]


def test_both_splits_have_images_and_objects(data):
    for split in (data.train, data.val):
        assert len(split.images) >= 32
        assert all(image.objects for image in split.images)
        assert [image.id for image in split.images] == sorted({image.id for image in split.images})


def test_polygons_are_convex_simple_and_on_their_image(data):
    for image, item in rings(data.train) + rings(data.val):
        polygon = shapely.Polygon(item.points)
        assert polygon.is_valid
        assert polygon.convex_hull.area == pytest.approx(polygon.area, rel=1e-3)
        assert (item.points >= 0).all()
        assert (item.points <= (image.width, image.height)).all()
        assert 3 <= len(item.points) <= data.vertices


def test_every_category_occurs_in_both_splits(data):
    for split in (data.train, data.val):
        assert {item.category for _, item in rings(split)} == set(range(len(data.categories)))


def test_a_set_made_twice_is_the_same(data, tmp_path):
    again = datasets.load(data.name, cache=tmp_path)
    assert again.fingerprint == data.fingerprint
    assert again.root.is_relative_to(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [again.root.name]  # nothing half-made is left


@pytest.mark.parametrize(
    ("name", "digest"),
    [
        ("documents", "11d35f189d3f0c13ac2c82d6501469d4cc9bfe3c466009673444f45b6c8098b3"),
        ("parcels", "4b85e3a2919c086d28d913810cb28066740220d4a3f8e9c00cb84d94cd00d67c"),
    ],
)
def test_what_is_drawn_changes_with_the_version_alone(name, digest):
    """Of the annotations: the bytes of the images depend on OpenCV's version."""
    root = datasets.load(name).root
    written = b"".join((root / f"{split}.json").read_bytes() for split in ("train", "val"))
    assert hashlib.sha256(written).hexdigest() == digest


def test_a_ring_is_filled_alike_in_every_number_of_channels():
    ring = np.array([[3.3, 2.1], [20.7, 5.2], [14.0, 18.9]])
    one, three = np.zeros((24, 24), np.uint8), np.zeros((24, 24, 3), np.uint8)
    fill(one, ring, (255,))
    fill(three, ring, (255, 255, 255))
    assert (one[..., None] == three).all()
    assert (one[5, 6], one[20, 3]) == (255, 0)


def test_two_processes_that_make_a_set_at_once_both_get_it(tmp_path):
    loaded = []

    @datasets.register("test-race", version=1)
    def make(folder):
        if not loaded:  # as if another process came in now, and was done first
            loaded.append(None)
            loaded[0] = datasets.load("test-race", cache=tmp_path)
        write_coco(folder, ["document"], {"train": 1, "val": 1}, documents.draw, seed=3)

    try:
        late = datasets.load("test-race", cache=tmp_path)
    finally:
        registered._registry.pop("test-race")
    assert (late.fingerprint, late.root) == (loaded[0].fingerprint, loaded[0].root)
    assert [path.name for path in tmp_path.iterdir()] == [late.root.name]


def test_damage_to_a_generated_set_says_how_to_mend_it(tmp_path):
    folder = datasets.load("documents", cache=tmp_path).root
    (folder / "images" / "val_0003.png").unlink()
    with pytest.raises(DataError, match=f"'val_0003.png' is missing .* remove {folder}, and it is made again"):
        datasets.load("documents", cache=tmp_path)


def test_documents_fill_what_they_promise():
    data = datasets.load("documents")
    shares = [shapely.Polygon(i.points).area / (im.width * im.height) for im, i in rings(data.train) + rings(data.val)]
    assert 0.2999 < min(shares) < 0.4  # vertices are rounded to hundredths of a pixel
    assert 0.7 < max(shares) < 0.8001
    assert (len(data.train.images), len(data.val.images), data.vertices) == (96, 64, 4)


def test_parcels_are_many_small_and_apart():
    data = datasets.load("parcels")
    assert data.categories == ("striped", "dotted")
    assert {len(item.points) for _, item in rings(data.train)} == {4, 5, 6, 7, 8}
    for image in data.train.images + data.val.images:
        polygons = [shapely.Polygon(item.points) for item in image.objects]
        assert 4 <= len(polygons) <= 12
        for index, polygon in enumerate(polygons):
            assert 0.009 < polygon.area / (image.width * image.height) < 0.061
            assert all(polygon.distance(other) > 1.9 for other in polygons[:index])


def test_a_wrong_name_is_one_clear_line(tmp_path):
    with pytest.raises(DataError, match="did you mean 'documents'"):
        datasets.load("document")
    with pytest.raises(DataError, match="neither a data set nor a folder"):
        datasets.load(tmp_path / "absent")


def test_a_taken_name_is_refused():
    with pytest.raises(DataError, match="registered twice"):
        datasets.register("documents", version=1)(lambda folder: None)


def test_a_set_that_cannot_be_made_leaves_nothing(tmp_path):
    @datasets.register("test-broken", version=1)
    def make(folder):
        (folder / "train.json").write_text("{}")
        raise OSError(28, "No space left on device")

    try:
        with pytest.raises(DataError, match="No space left on device"):
            datasets.load("test-broken", cache=tmp_path)
        assert list(tmp_path.iterdir()) == []
    finally:
        registered._registry.pop("test-broken")


@pytest.mark.parametrize(
    ("name", "images", "polygons", "vertices"),
    [("grids", (128, 74), (128, 74), 4), ("windows", (476, 122), (10764, 2819), 4)],
)
def test_real_data_are_read_whole(real_data, name, images, polygons, vertices):
    data = datasets.load(real_data / name)
    assert tuple(len(split.images) for split in (data.train, data.val)) == images
    assert tuple(len(rings(split)) for split in (data.train, data.val)) == polygons
    assert data.vertices == vertices
    raw = json.loads((real_data / name / "val.json").read_text())["annotations"][0]
    points = next(i.points for im, i in rings(data.val) if im.id == raw["image_id"])
    np.testing.assert_array_equal(points, np.reshape(raw["segmentation"][0], (-1, 2)))
