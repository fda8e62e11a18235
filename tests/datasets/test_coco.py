"""Reading COCO folders: what is accepted, and one clear line for what is not."""

from __future__ import annotations

import copy
import json

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

import datasets
from datasets import DataError


def valid():
    square = [2.0, 2.0, 20.0, 2.0, 20.0, 20.0, 2.0, 20.0]
    return {
        "images": [{"id": 7, "file_name": "a.png", "width": 32, "height": 24}],
        "annotations": [{"id": 1, "image_id": 7, "category_id": 3, "segmentation": [square]}],
        "categories": [{"id": 3, "name": "tile"}],
    }


def write(folder, train=None, val=None):
    (folder / "images").mkdir(exist_ok=True)
    for name, size in (("a.png", (32, 24)), ("b.png", (32, 24))):
        Image.new("RGB", size).save(folder / "images" / name)
    train, val = train or valid(), val or valid()
    if val["images"] and isinstance(val["images"][0], dict) and val["images"][0].get("file_name") == "a.png":
        val["images"][0]["file_name"] = "b.png"
    for split, content in (("train", train), ("val", val)):
        (folder / f"{split}.json").write_text(json.dumps(content))
    return folder


def test_a_minimal_folder_is_read_and_filled_in(tmp_path):
    data = datasets.load(write(tmp_path))
    assert (data.categories, data.category_ids, data.vertices) == (("tile",), (3,), 4)
    (image,) = data.train.images
    assert image.objects[0].points.tolist() == [[2, 2], [20, 2], [20, 20], [2, 20]]
    annotation = data.val.coco["annotations"][0]
    assert (annotation["area"], annotation["bbox"], annotation["iscrowd"]) == (324.0, [2.0, 2.0, 18.0, 18.0], 0)
    assert data.notes == ()


def test_fingerprint_sees_annotations_and_pixels(tmp_path):
    before = datasets.load(write(tmp_path)).fingerprint
    assert datasets.load(tmp_path).fingerprint == before
    Image.new("RGB", (32, 24), (1, 0, 0)).save(tmp_path / "images" / "a.png")
    pixels = datasets.load(tmp_path).fingerprint
    changed = valid()
    changed["annotations"][0]["segmentation"][0][0] = 3.0
    assert len({before, pixels, datasets.load(write(tmp_path, train=changed)).fingerprint}) == 3


def test_parts_crowds_and_overhang_are_noted(tmp_path):
    train = valid()
    small = [25.0, 2.0, 28.0, 2.0, 28.0, 5.0]
    train["annotations"][0]["segmentation"].insert(0, small)
    train["annotations"].append(
        {"id": 2, "image_id": 7, "category_id": 3, "iscrowd": 1, "segmentation": {"size": [24, 32], "counts": [768]}}
    )
    train["annotations"].append({"id": 3, "image_id": 7, "category_id": 3, "segmentation": [[-4, 2, 9, 2, 9, 9]]})
    data = datasets.load(write(tmp_path, train=train))
    assert [len(item.points) for item in data.train.images[0].objects] == [4, 3]
    assert len(data.train.coco["annotations"]) == 3
    assert [note.split(" ", 1)[0] for note in data.notes] == ["1", "1", "1"]
    assert "several parts" in data.notes[0]


def test_the_suggested_vertices_hold_four_polygons_in_five(tmp_path):
    train = valid()
    ring = [2.0, 2.0, 10.0, 1.0, 20.0, 2.0, 21.0, 10.0, 20.0, 20.0, 2.0, 20.0]
    for number in range(2, 6):
        train["annotations"].append(
            {"id": number, "image_id": 7, "category_id": 3, "segmentation": [ring if number == 2 else ring[:6]]}
        )
    assert datasets.load(write(tmp_path, train=train)).vertices == 4


def edit(path, value):
    """Return a change to valid annotations: `edit("images.0.width", 5)`; DEL removes."""

    def change(content):
        *parents, last = [int(key) if key.isdigit() else key for key in path.split(".")]
        target = content
        for key in parents:
            target = target[key]
        if value is DEL:
            del target[last]
        else:
            target[last] = value
        return content

    return change


DEL = object()


def twice(key):
    def change(content):
        content[key].append(copy.deepcopy(content[key][0]))
        return content

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (edit("images", DEL), "'images' is missing"),
        (edit("annotations", DEL), "'annotations' is missing"),
        (edit("categories", DEL), "'categories' is missing"),
        (edit("images", {}), "'images' must be a list"),
        (edit("images", []), "no images"),
        (edit("images.0", 3), r"images\[0\]: expected an object"),
        (edit("images.0.id", DEL), "'id' is missing"),
        (edit("images.0.id", "7"), "'id' must be a whole number, not str"),
        (edit("images.0.id", True), "'id' must be a whole number, not bool"),
        (edit("images.0.file_name", DEL), "image 7: 'file_name' is missing"),
        (edit("images.0.file_name", 5), "'file_name' must be a text"),
        (edit("images.0.file_name", "absent.png"), "absent.png is missing"),
        (edit("images.0.file_name", "../outside.png"), "leads out of"),
        (edit("images.0.width", DEL), "'width' is missing"),
        (edit("images.0.width", 33), "is 32 x 24, not 33 x 24"),
        (edit("images.0.height", 0), "must be positive"),
        (edit("images.0.height", 24.0), "'height' must be a whole number"),
        (twice("images"), "id 7 is there twice"),
        (edit("annotations", []), "no annotated objects"),
        (edit("annotations.0", []), r"annotations\[0\]: expected an object"),
        (edit("annotations.0.id", None), "'id' must be a whole number"),
        (edit("annotations.0.image_id", 8), "annotation 1: there is no image 8"),
        (edit("annotations.0.category_id", 4), "annotation 1: there is no category 4"),
        (edit("annotations.0.iscrowd", "no"), "iscrowd must be 0 or 1"),
        (twice("annotations"), "id 1 is there twice"),
        (edit("annotations.0.segmentation", DEL), "no polygon"),
        (edit("annotations.0.segmentation", []), "no polygon"),
        (edit("annotations.0.segmentation", {"size": [24, 32], "counts": "abc"}), "run-length encoded"),
        (edit("annotations.0.segmentation", ["abc"]), "of numbers"),
        (edit("annotations.0.segmentation.0", [1, 2, 3, 4]), "a polygon of 2 vertices"),
        (edit("annotations.0.segmentation.0", [1, 2, 3, 4, 5]), "odd number"),
        (edit("annotations.0.segmentation.0", [1, 2, 3, 4, 5, None]), "of numbers"),
        (edit("annotations.0.segmentation.0.0", float("nan")), "not finite"),
        (edit("annotations.0.segmentation.0.0", float("inf")), "not finite"),
        (edit("annotations.0.segmentation.0.0", 10**400), "beyond any image"),
        (edit("annotations.0.segmentation.0", [1, 1, 2, 2, 3, 3]), "no area"),
        (edit("categories", []), "no categories"),
        (edit("categories.0.name", DEL), "'name' is missing"),
        (edit("categories.0.id", 1.5), "'id' must be a whole number"),
        (twice("categories"), "id 3 is there twice"),
    ],
)
def test_a_wrong_annotation_file_is_one_clear_line(tmp_path, change, message):
    folder = tmp_path / "data"
    folder.mkdir()
    Image.new("RGB", (32, 24)).save(tmp_path / "outside.png")
    (folder / "outside.png").symlink_to(tmp_path / "outside.png")
    write(folder, train=change(valid()))
    before = sorted(folder.rglob("*"))
    with pytest.raises(DataError, match=message) as caught:
        datasets.load(folder)
    assert str(folder) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert sorted(folder.rglob("*")) == before


def test_files_that_are_missing_broken_or_shared(tmp_path):
    write(tmp_path)
    cases = {
        "val.json is missing": lambda: (tmp_path / "val.json").unlink(),
        "is it cut off": lambda: (tmp_path / "train.json").write_text(json.dumps(valid())[:-9]),
        "expected a JSON object": lambda: (tmp_path / "train.json").write_text("[]"),
        "cannot be read as an image": lambda: (tmp_path / "images" / "a.png").write_bytes(b"no picture"),
        "in both splits": lambda: (tmp_path / "val.json").write_text(json.dumps(valid())),
        "categories differ": lambda: (tmp_path / "val.json").write_text(
            json.dumps({**valid(), "categories": [{"id": 3, "name": "roof"}]})
        ),
        "leads out of": lambda: (
            (tmp_path / "images" / "a.png").unlink(),
            (tmp_path / "images" / "a.png").symlink_to("/etc/hostname"),
        ),
    }
    for message, break_it in cases.items():
        write(tmp_path)
        break_it()
        with pytest.raises(DataError, match=message):
            datasets.load(tmp_path)
        (tmp_path / "images" / "a.png").unlink()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.binary(max_size=300) | st.text(max_size=100).map(lambda t: json.dumps(t).encode()))
def test_any_bytes_give_data_or_the_one_error(tmp_path, content):
    write(tmp_path)
    (tmp_path / "train.json").write_bytes(content)
    with pytest.raises(DataError):
        datasets.load(tmp_path)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 50) | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["id", "segmentation", "x"]), inner),
    max_leaves=8,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.sampled_from(
        [
            "images",
            "images.0",
            "images.0.id",
            "images.0.width",
            "annotations.0",
            "annotations.0.segmentation",
            "annotations.0.segmentation.0",
            "annotations.0.category_id",
            "categories.0",
        ]
    ),
    json_values,
)
def test_any_value_anywhere_gives_data_or_the_one_error(tmp_path, path, value):
    write(tmp_path, train=edit(path, value)(valid()))
    try:
        data = datasets.load(tmp_path)
    except DataError:
        return
    assert all(np.isfinite(item.points).all() for image in data.train.images for item in image.objects)
