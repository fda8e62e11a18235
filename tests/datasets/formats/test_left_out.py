"""Labels without images, images without labels, hidden files, and background where a hash divides."""

from __future__ import annotations

import itertools
import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import datasets
from datasets import DataError
from tests.datasets.formats import samples
from tests.datasets.formats.samples import DOTA, OBB, coco, labelled, picture, tree, yolo


@pytest.fixture
def load(tmp_path):
    """Write files into a source, and load it with a cache of its own."""
    fresh = itertools.count()

    def do(files):
        return datasets.load(tree(tmp_path / f"mine{next(fresh)}", files), cache=tmp_path / "cache")

    return do


def flat():
    return {name.removeprefix("images/"): content for name, content in samples.native().items()}


@pytest.mark.parametrize(
    ("files", "note"),
    [
        (yolo() | {"labels/train/lost.txt": OBB, "labels/train/more/b.txt": ""},
         "2 label files have no image, and are left out, such as lost.txt"),
        (yolo(more="val: val.txt\n") | {"val.txt": "./images/val/b.png", "labels/val/lost.txt": OBB},
         "1 label files have no image, and are left out, such as lost.txt"),
        (yolo() | {"images/train/a.jpg": picture(30, kind="jpeg")},
         "2 images share their label file with another of the same name, such as a.jpg"),
        (samples.dota() | {"train/images/idle.png": picture(30), "val/images/late.png": picture(40)},
         "2 images have no label file, and are left out; add an empty one for background, such as idle.png"),
        (samples.dota() | {"train/images/a.jpg": picture(30, kind="jpeg")},
         "1 images have the name of another but for suffix or folder, and are left out, such as a.jpg"),
        (yolo(more="test: images/test\n") | {"images/test/c.png": picture(30)}, "1 images of test are left out"),
        (yolo(more="test: [more.txt, images/val, nowhere]\n")
         | {"more.txt": "images/c.png\nimages/d.png\n", "images/c.png": picture(30), "images/d.png": picture(40)},
         "2 images of test are left out"),
        (samples.native() | {"test.json": coco("c.png"), "images/c.png": picture(30)}, "1 images of test are left out"),
        (samples.native() | {"images/sub/idle.png": picture(30)},
         "1 images are listed by no annotation file, and are left out, such as idle.png"),
        (flat() | {"idle.png": picture(30)},
         "1 images are listed by no annotation file, and are left out, such as idle.png"),
        (samples.roboflow() | {"test/_annotations.coco.json": coco("c.png"), "test/c.png": picture(30)},
         "1 images of test are left out"),
        (samples.roboflow() | {"train/idle.png": picture(30)},
         "1 images are listed by no annotation file, and are left out, such as idle.png"),
        (samples.coco_2017() | {"annotations/image_info_test-dev2017.json": coco("c.png")},
         "1 images of test are left out"),
        (samples.coco_2017() | {"images/more/idle.png": picture(30)},
         "1 images are listed by no annotation file, and are left out, such as idle.png"),
        (samples.labelme() | {"train/idle.png": picture(30)},
         "1 images have no label file, and are left out; save one without shapes for background, such as idle.png"),
    ],
)  # fmt: skip
def test_what_has_no_partner_is_counted_and_one_is_named(load, files, note):
    notes = load(files).notes
    assert note in notes
    assert len(notes) == len(set(notes)) == 1 + ("train/labelTxt/a.txt" in files)


@pytest.mark.parametrize(
    "files",
    [
        yolo(more="test: images/val\n"),
        yolo(more="test: {a: [1]}\n"),
        yolo(more="test: images/nowhere\n"),
        samples.native() | {"test.json": coco("b.png")},
        samples.native() | {"test.json": "{", "previews/x.png": picture(30), ".hidden.png": picture(40)},
    ],
)
def test_a_test_split_that_leaves_nothing_out_is_not_noted(load, files):
    assert load(files).notes == ()


@pytest.mark.parametrize(
    "files",
    [
        samples.labelme() | {"train/1/2/3/4/c.png": picture(30), "train/1/2/3/4/c.json": labelled("c.png")},
        samples.dota() | {"train/images/sub/c.png": picture(30), "train/labelTxt/sub/c.txt": DOTA},
        samples.dota() | {"train/images/sub/c.png": picture(30), "train/labelTxt/c.txt": DOTA},
        # The same name in two folders, each with labels of its own.
        samples.dota() | {"train/images/sub/a.png": picture(30), "train/labelTxt/sub/a.txt": DOTA},
    ],
)
def test_label_files_are_found_as_deep_as_images_are(load, files):
    data = load(files)
    assert len(data.train.images) == 2
    assert all(image.objects for image in data.train.images)
    assert not any("no label file" in note or "name of another" in note for note in data.notes)


def test_labels_behind_a_linked_folder_are_found(load, tmp_path):
    mine = tree(
        tmp_path / "mine0",
        {"val/b.png": picture(20), "val/b.json": labelled("b.png"), ".there/a.png": picture(30)}
        | {".there/a.json": labelled("a.png")},
    )
    (mine / "train").symlink_to(".there")
    assert len(load({}).train.images[0].objects) == 2
    (mine / "train").unlink()
    (mine / ".there").rename(tmp_path / "elsewhere")
    (mine / "train").symlink_to("../elsewhere")
    with pytest.raises(DataError, match=r"is a link out of .*; copy the image in"):
        datasets.load(mine, cache=tmp_path / "cache")


@pytest.mark.parametrize("broken", ["dangling", "sealed"])
def test_a_label_file_that_cannot_be_read_is_no_background(load, tmp_path, monkeypatch, broken):
    files = yolo() | {"images/train/c.png": picture(30)}
    mine = tree(tmp_path / "mine0", files)
    label = mine / "labels/train/c.txt"
    if broken == "dangling":  # what is not fetched yet by DVC or git-annex
        label.symlink_to("nowhere.txt")
    else:
        real = os.lstat

        def refuse(path, **more):  # the system refuses root nothing
            if str(path).endswith("c.txt"):
                raise PermissionError(13, "Permission denied", str(path))
            return real(path, **more)

        monkeypatch.setattr("datasets.formats.yolo.os.lstat", refuse)
    with pytest.raises(DataError, match=r"c\.txt cannot be read: (No such file|Permission denied)"):
        load({})


@pytest.mark.parametrize(
    "files",
    [
        yolo() | {"labels/train/classes.txt": "tile\ngable\n", "labels/train/._a.txt": b"\0\5\x16"},
        # Images that no split names are not asked for; their label files have an image.
        yolo(more="train: [images/train/list.txt]\n")
        | {"images/train/list.txt": "./a.png\n", "images/train/c.png": picture(30), "labels/train/c.txt": OBB},
        {"data.yaml": "train: t.txt\nval: v.txt\nnames: [x]\n", "t.txt": "./a.png\n", "v.txt": "./b.png\n",
         "a.png": picture(1), "b.png": picture(2), "a.txt": OBB, "b.txt": OBB, "README.txt": "Taken in May\n"},
        samples.dota() | {"train/images/._a.png": b"\0\5\x16", "train/labelTxt/._a.txt": b"\0\5\x16\xff"},
        yolo() | {"._data.yaml": b"\0\5\x16\xff", "images/train/._a.png": b"\0\5\x16"},
        {("mine.yaml" if name == "data.yaml" else name): content for name, content in yolo().items()}
        | {"._mine.yaml": b"\0\5\x16\xff"},
    ],
)  # fmt: skip
def test_what_is_no_label_file_or_not_asked_for_is_not_noted(load, files):
    data = load(files)
    assert not any("no image" in note or "no label" in note for note in data.notes)
    assert len(data.train.images) == len(data.val.images) == 1


def images(form, filled):
    """Return a set without splits: by name, whether an image has an object."""
    files = {}
    for shade, (name, full) in enumerate(filled.items()):
        if form == "labelme":
            files[f"{name}.json"] = labelled(f"{name}.png", samples.SHAPES if full else ())
            files[f"{name}.png"] = picture(shade)
        else:
            files[f"labelTxt/{name}.txt"] = DOTA if full else "imagesource:GoogleEarth\n"
            files[f"images/{name}.png"] = picture(shade)
    return files


@pytest.mark.parametrize("form", ["labelme", "dota"])
@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(st.integers(0, 99).map("photo_{}".format), st.booleans(), min_size=2, max_size=8))
def test_both_splits_have_objects_wherever_two_images_have(load, form, filled):
    files = images(form, filled)
    if sum(filled.values()) < 2:
        with pytest.raises(DataError, match=r"with objects; there must be two|one labelled image|nothing to learn"):
            load(files)
        return
    first, second = load(files), load(files)
    for split in (first.train, first.val):
        assert any(image.objects for image in split.images)
    assert first.fingerprint == second.fingerprint
    assert {image.path.stem for split in (first.train, first.val) for image in split.images} == set(filled)


def test_background_that_is_added_moves_no_image_to_the_other_split(load):
    filled = {f"photo_{number}": True for number in range(5)}
    without, beside = (
        load(images("labelme", one)) for one in (filled, filled | {f"empty_{k}": False for k in range(20)})
    )
    val = {image.path.stem for image in beside.val.images}
    assert {image.path.stem for image in without.val.images} == {stem for stem in val if stem.startswith("photo")}
    assert any(stem.startswith("empty") for stem in val)


def test_a_name_that_is_no_utf_8_is_read(load, tmp_path):
    mine = tree(tmp_path / "mine0", yolo())
    for kind, suffix in (("images", b"png"), ("labels", b"txt")):
        folder = os.fsencode(mine / kind / "train")
        os.rename(os.path.join(folder, b"a." + suffix), os.path.join(folder, b"caf\xe9." + suffix))
    assert len(load({}).train.images[0].objects) == 2
