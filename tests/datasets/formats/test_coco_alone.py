"""One COCO file alone, as labelling tools write it: it is divided as sets of other formats without splits are."""

from __future__ import annotations

import pytest

import datasets
from datasets import DataError
from tests.datasets.formats.samples import coco, labelled, picture, tree

NUMBER = 20


def alone(named="{}.png", number=NUMBER, first_empty=0):
    """Return COCO content of many images, two objects each but for the first so many."""
    found = {"images": [], "annotations": [], "categories": coco("")["categories"]}
    for index in range(number):
        one = coco(named.format(index))
        found["images"].append({**one["images"][0], "id": index + 1})
        for entry in one["annotations"] if index >= first_empty else ():
            found["annotations"].append({**entry, "id": 2 * index + entry["id"], "image_id": index + 1})
    return found


def pictures(folder, number=NUMBER):
    return {f"{folder}{index}.png": picture(index) for index in range(number)}


def names(split):
    return {image.path.name for image in split.images}


@pytest.fixture
def load(tmp_path):
    """Write files into a source, and load it with a cache of its own."""

    def do(files, place="mine"):
        return datasets.load(tree(tmp_path / place, files), cache=tmp_path / "cache")

    return do


@pytest.mark.parametrize(
    "files",
    [
        {"annotations/instances_default.json": alone()} | pictures("images/default/"),
        {"annotations/instances_default.json": alone()} | pictures("images/"),
        {"result.json": alone(), "notes.json": {"hello": 1}} | pictures("images/"),
        {"_annotations.coco.json": alone()} | pictures(""),
    ],
)
def test_it_is_divided_as_the_same_images_of_labelme_are(load, files):
    data = load(files)
    labels = {f"{index}.json": labelled(f"{index}.png") for index in range(NUMBER)}
    other = load(labels | pictures(""), "other")
    assert names(data.train) | names(data.val) == {f"{index}.png" for index in range(NUMBER)}
    assert names(data.val) == names(other.val) != set()
    assert all(len(image.objects) == 2 for split in (data.train, data.val) for image in split.images)
    assert data.notes == other.notes
    assert "set aside for val by a hash" in data.notes[0]
    assert data.name == "mine"


def test_folders_in_its_names_say_the_split(load):
    content = alone("train/{}.png", 3)
    content["images"][1]["file_name"] = "val/1.png"
    content["images"][2]["file_name"] = "test\\2.png"
    data = load({"result.json": content} | {f"images/{one}.png": picture(9) for one in ("train/0", "test/2")}
                | {"images/val/1.png": picture(1)})  # fmt: skip
    assert (names(data.train), names(data.val)) == ({"0.png"}, {"1.png"})
    assert data.notes == ("1 images of test/ are left out",)


def test_both_splits_have_objects_and_background_is_kept(load):
    data = load({"result.json": alone(first_empty=NUMBER - 2)} | pictures("images/"))
    assert [sum(bool(image.objects) for image in split.images) for split in (data.train, data.val)] == [1, 1]
    assert len(data.train.images) + len(data.val.images) == NUMBER


def test_an_image_that_it_does_not_list_is_noted(load):
    data = load({"result.json": alone()} | pictures("images/", NUMBER + 1))
    assert f"1 images are listed by no annotation file, and are left out, such as {NUMBER}.png" in data.notes


def test_labels_of_other_formats_come_before_it(load):
    labels = {f"{index}.json": labelled(f"{index}.png") for index in range(3)}
    data = load(labels | pictures("", 3) | {"coco.json": alone(number=3)})
    assert "1 JSON files have no 'shapes', and are left out" in data.notes


def stray():
    content = alone()
    content["annotations"][0]["image_id"] = 99
    return content


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"a.json": alone(), "b.json": alone()}, "2 COCO files, a.json and others; give one alone"),
        ({"result.json": alone(number=1)}, "one labelled image; there must be two"),
        ({"result.json": alone(first_empty=NUMBER)}, "0 of 20 labelled images with objects; there must be two"),
        ({"result.json": stray()}, "result.json: annotation 1: there is no image 99"),
        ({"result.json": alone("gone{}.png")}, "result.json: image 1: 'gone0.png' is missing"),
        ({"result.json": alone("/data/{}.png")}, "image 1: file_name '/data/0.png' is absolute"),
        ({"result.json": alone("")}, "image 1: '' is missing"),
        ({"result.json": {**alone(), "images": 5}}, "'images' must be a list"),
    ],
)
def test_what_is_wrong_with_it_is_one_line(load, files, message):
    with pytest.raises(DataError) as caught:
        load(files | pictures("images/"))
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_of_something_else_is_of_no_known_format(load):
    with pytest.raises(DataError, match="of no known format"):
        load({"a.json": {"images": [], "annotations": []}, "annotations/b.json": "{}"})
