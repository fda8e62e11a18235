"""What each format comes to, and what is said of what it leaves out."""

from __future__ import annotations

import base64
import os
import shutil

import numpy as np
import pytest

import datasets
from bench.detector.data import _label
from datasets import DataError, files
from datasets.formats import labelme as labelme_format
from tests.datasets.formats import samples
from tests.datasets.formats.samples import SQUARE, TRIANGLE, labelled, labelme, picture, pose, rings, shape, tree, yolo


@pytest.fixture
def load(tmp_path):
    """Write files into a source, and load it with a cache of its own."""

    def do(files, source=""):
        return datasets.load(tree(tmp_path / "mine", files) / source, cache=tmp_path / "cache")

    return do


@pytest.mark.parametrize("form", samples.FORMATS)
def test_every_format_comes_to_the_same_data_set(load, form):
    data = load(samples.FORMATS[form])
    wanted = [("tile", SQUARE)] if form == "yolo-obb" else [("tile", SQUARE), ("gable", TRIANGLE)]
    for split in (data.train, data.val):
        found = [(data.categories[category], ring) for category, ring in rings(split)]
        assert [name for name, _ in found] == [name for name, _ in wanted]
        for (_, ring), (_, truth) in zip(found, wanted, strict=True):
            # DOTA's rows are of four corners; its triangle here has one of them twice.
            np.testing.assert_allclose(ring[: len(truth)], truth, atol=1e-6)
        assert [image.path.stem for image in split.images] == ["a" if split.name == "train" else "b"]
    assert data.name == "mine"
    again = load({})
    assert (again.fingerprint, again.root, again.notes) == (data.fingerprint, data.root, data.notes)


def test_a_yaml_can_be_the_source_and_gives_the_same(load, tmp_path):
    data = load(samples.yolo())
    same = datasets.load(tmp_path / "mine" / "data.yaml", cache=tmp_path / "cache")
    assert (same.fingerprint, same.root, same.name) == (data.fingerprint, data.root, "mine")


def test_what_a_copy_elsewhere_holds_has_the_same_fingerprint(load, tmp_path):
    data = load(samples.labelme())
    shutil.copytree(tmp_path / "mine", tmp_path / "other")
    assert datasets.load(tmp_path / "other", cache=tmp_path / "cache").fingerprint == data.fingerprint


def test_a_changed_label_or_image_is_seen(load, tmp_path):
    before = load(yolo()).fingerprint
    label = load(yolo(samples.SEGMENTS.replace("0.95", "0.9"))).fingerprint
    load(yolo())
    (tmp_path / "mine/images/train/a.png").unlink()  # a hard link: what is written over it is written over the copy
    image = load({"images/train/a.png": picture(11)}).fingerprint
    assert len({before, label, image}) == 3


@pytest.mark.parametrize(
    ("files", "note"),
    [
        (yolo("0 0.3 0.5 0.4 0.8\n"), "1 objects of train are boxes alone"),
        (yolo(samples.OBB * 2), "1 rows of train are there twice"),
        ({**yolo(), "images/train/c.png": picture(30)}, "1 images of train have no label file, and are background"),
        (pose(), "1 keypoints of train are not visible"),
        (pose(samples.POSES + "1 0.5 0.5 1 1 0 0 0 0 0 0 0.5 0.5 1 0.6 0.5 1"), "1 objects of train have fewer than 3"),
        ({**yolo(), "data.yaml": samples.DATA_YAML + "path: /content/nowhere\n"}, "1 path in data.yaml leads nowhere"),
        (yolo(more="train: [images/train, images/train/a.png.txt]\n")
         | {"images/train/a.png.txt": "./a.png\n"}, "1 images of train are named twice"),
        (labelme(labelled("a.png", (*samples.SHAPES, shape("x", [[1, 1], [2, 2]], shape_type="circle")))),
         "1 shapes are of the kind 'circle', and left out"),
        (labelme(labelled("a.png", [shape("x", SQUARE, group_id=1), shape("x", TRIANGLE, group_id=1)])),
         "1 objects are several shapes of one group_id"),
        ({**labelme(), "train/c.png": picture(30), "train/d.png": picture(40), "train/d.json": labelled("d.png", ()),
          "train/c.json": labelled("c.png", (shape("x", [[1, 1], [2, 2]], shape_type="circle"),))},
         "1 images have no shape but such as are left out, and are background"),
        ({**labelme(), "train/idle.png": picture(30)}, "1 images have no label file, and are left out"),
        ({**labelme(), "test/c.json": labelled("c.png")}, "1 images of test/ are left out"),
        ({**labelme(), "settings.json": {}}, "1 JSON files have no 'shapes'"),
        (samples.dota(), "2 objects are difficult, and taken like the others"),
        (yolo("0 0 0 0.5 0 0.5 0.5 0.5 1 0.5 0.5 0 0.5\n"), "1 polygons of train cross themselves"),
    ],
)  # fmt: skip
def test_what_is_left_out_or_taken_in_one_of_several_ways_is_noted(load, files, note):
    notes = load(files).notes
    assert any(one.startswith(note) for one in notes), notes


def test_rows_that_are_boxes_become_their_corners(load):
    data = load(yolo("1 0.3 0.5 0.4 0.8\n"))
    ((category, ring),) = rings(data.train)
    assert category == 1
    np.testing.assert_allclose(ring, SQUARE)


def test_the_box_to_score_is_of_what_lies_on_the_image_as_the_one_to_train_on_is(load):
    data = load(yolo("0 -0.5 0.1 0.5 0.1 0.5 0.9 -0.5 0.9\n"))
    assert data.train.coco["annotations"][0]["bbox"] == [0, 2, 20, 16]
    (trained,) = _label(data.train.images[0], 4)["bboxes"]
    np.testing.assert_allclose(trained, [0.25, 0.5, 0.5, 0.8])


def test_shapes_of_one_group_are_one_object_and_a_part_inside_is_said_to_be_filled(load):
    inside = [[6, 4], [10, 4], [10, 8]]
    data = load(labelme(labelled("a.png", [shape("x", SQUARE, group_id=3), shape("x", inside, group_id=3)])))
    assert [ring for _, ring in rings(data.train)] == [SQUARE]
    assert len(data.train.coco["annotations"][0]["segmentation"]) == 2
    assert any("were it a hole, it is filled" in note for note in data.notes)


def test_two_corners_make_a_rectangle_and_labels_txt_says_the_order(load):
    data = load(labelme(labelled("a.png", [shape("gable", [[20, 2], [4, 18]], shape_type="rectangle")])))
    assert data.categories == ("tile", "gable")
    ((category, ring),) = rings(data.train)
    assert category == 1
    assert sorted(map(tuple, ring)) == sorted(map(tuple, SQUARE))


def test_an_image_inside_its_label_file_is_used_where_the_file_is_missing(load):
    embedded = base64.b64encode(picture(10, kind="jpeg")).decode()
    files = labelme(labelled("..\\gone\\a.jpg", imageData=embedded))
    del files["train/a.png"]
    data = load(files)
    assert data.train.images[0].path.read_bytes() == picture(10, kind="jpeg")
    assert data.train.images[0].path.name == "a.jpeg"


def test_without_folders_of_splits_a_hash_divides_and_more_images_move_none(load, tmp_path):
    files = {f"{number}.json": labelled(f"{number}.png") for number in range(20)}
    files |= {f"{number}.png": picture(number) for number in range(20)}
    first = load(files)
    val = {image.path.name for image in first.val.images}
    assert 1 <= len(val) <= 8
    assert any("set aside for val" in note for note in first.notes)
    more = {f"{number}.json": labelled(f"{number}.png") for number in range(20, 40)}
    second = load(more | {f"{number}.png": picture(number) for number in range(20, 40)})
    assert val == {image.path.name for image in second.val.images if int(image.path.stem) < 20}


def test_yolo_lists_names_by_number_lists_of_folders_and_text_files(load):
    files = {
        "data.yaml": "path: .\ntrain: [one/images, two.txt]\nvalidation: ../val/images\n"
        "names: {1: gable, 0: tile}\nnc: 2\n",
        "two.txt": "two/images/a.png\n./two/images/b.png\n",
        **{f"{where}.png": picture(shade) for shade, where in enumerate(
            ("one/images/a", "two/images/a", "two/images/b", "val/images/a"))},
        **{f"{where}.txt": samples.OBB for where in ("one/labels/a", "two/labels/a", "two/labels/b", "val/labels/a")},
    }  # fmt: skip
    data = load(files)
    assert data.categories == ("tile", "gable")
    assert [image.path.name for image in data.train.images] == ["a.png", "000001-a.png", "b.png"]
    assert all(len(image.objects) == 1 for image in (*data.train.images, *data.val.images))


def test_labels_beside_their_images_are_found(load):
    files = {"data.yaml": "train: t\nval: v\nnames: [x]\n", "t/a.png": picture(1), "v/b.png": picture(2)}
    assert len(rings(load(files | {"t/a.txt": samples.OBB, "v/b.txt": samples.OBB}).train)) == 1


def test_images_that_are_links_are_read_and_copied_where_they_cannot_be_linked(load, tmp_path, monkeypatch):
    files = yolo()
    tree(tmp_path, {"store/x.png": files.pop("images/train/a.png")})
    (tmp_path / "mine/images/train").mkdir(parents=True)
    (tmp_path / "mine/images/train/a.png").symlink_to(tmp_path / "store/x.png")

    def refuse(*_):
        raise OSError(18, "Invalid cross-device link")

    linked = load(files)
    assert os.path.samefile(linked.train.images[0].path, tmp_path / "store/x.png")
    monkeypatch.setattr(os, "link", refuse)
    shutil.rmtree(tmp_path / "cache")
    copied = load(files)
    assert not os.path.samefile(copied.train.images[0].path, tmp_path / "store/x.png")
    assert copied.fingerprint == linked.fingerprint


def test_a_folder_of_links_to_folders_is_walked_once_round(load, tmp_path):
    files = yolo()
    tree(tmp_path, {"store/images/x.png": files.pop("images/train/a.png"), "store/labels/x.txt": samples.OBB})
    (tmp_path / "mine/images/train").mkdir(parents=True)
    (tmp_path / "mine/images/train/more").symlink_to(tmp_path / "store/images")
    (tmp_path / "store/images/round").symlink_to(tmp_path / "store/images")
    data = load(files)
    assert [image.path.name for image in data.train.images] == ["x.png"]
    assert samples.rings(data.train) == [(0, SQUARE)]


def test_damage_to_a_converted_set_says_how_to_mend_it(load, tmp_path):
    data = load(yolo())
    data.train.images[0].path.unlink()
    with pytest.raises(DataError, match=r"'train/a.png' is missing .* remove .*, and it is made again"):
        load({})
    shutil.rmtree(data.root)
    assert load({}).fingerprint == data.fingerprint


@pytest.mark.parametrize(
    ("name", "to"),
    [("grids", "coco"), ("grids", "yolo-segment"), ("grids", "labelme"), ("windows", "coco")],  # windows is the larger
)
def test_real_data_go_out_and_come_back(real_data, tmp_path, name, to):
    from datasets.formats.export import export

    data = datasets.load(real_data / name)
    export(data, to, tmp_path / "out")
    back = datasets.load(tmp_path / "out", cache=tmp_path / "cache")
    for before, after in ((data.train, back.train), (data.val, back.val)):
        there = {image.path.name: image for image in after.images}
        assert len(there) == len(before.images)
        for image in before.images:
            for a, b in zip(image.objects, there[image.path.name].objects, strict=True):
                np.testing.assert_allclose(a.points, b.points, atol=0.01, rtol=0)


def test_backslashes_are_read_as_on_windows(load):
    lists = {"train.txt": ".\\images\\train\\a.png\r\n", "val.txt": "images\\val\\b.png\r\n"}
    names = "names: [tile, gable]\n"
    for yaml in (f"train: train.txt\nval: val.txt\n{names}", f"train: images\\train\nval: .\\images\\val\n{names}"):
        data = load({**yolo(), **lists, "data.yaml": yaml})
        assert [len(one.objects) for one in (*data.train.images, *data.val.images)] == [2, 2]


def test_a_coco_name_with_backslashes_is_found_below_images(tmp_path):
    mine = tree(tmp_path / "mine", samples.native())
    (mine / "images/sub").mkdir()
    (mine / "images/a.png").rename(mine / "images/sub/a.png")
    text = (mine / "train.json").read_text()
    (mine / "train.json").write_text(text.replace('"a.png"', '"sub\\\\a.png"'))
    assert datasets.load(mine).train.images[0].path == mine / "images/sub/a.png"
    (mine / "train.json").write_text(text.replace('"a.png"', '"sub\\\\..\\\\..\\\\a.png"'))
    with pytest.raises(DataError, match="leads out of images"):
        datasets.load(mine)


def test_names_may_have_numbers_in_quotes(load):
    quoted = "train: images/train\nval: images/val\nnames: {'0': tile, '1': gable}\n"
    assert load({**yolo(), "data.yaml": quoted}).categories == ("tile", "gable")


def test_data_elsewhere_are_told_where_there_are_some_beside_the_file(load, tmp_path):
    orig = tree(tmp_path / "orig", yolo(more=f"path: {tmp_path / 'orig'}\n"))
    shutil.copytree(orig, tmp_path / "mine")
    (note,) = [note for note in load({}).notes if "path" in note]
    assert note == f"1 path in data.yaml leads to {orig}: that was read, and not what lies beside the file"
    assert not any("path" in note for note in datasets.load(orig, cache=tmp_path / "cache").notes)


@pytest.mark.parametrize("path", ["../imgs/a.jpg", "C:\\x\\a.jpg", "/x/a.jpg"])
def test_an_image_inside_its_file_is_taken_where_its_path_is_another_machines(load, path):
    inside = base64.b64encode(picture(10)).decode()
    data = load(labelme(labelled(path, imageData=inside)))
    assert len(data.train.images[0].objects) == 2


@pytest.mark.parametrize("kind", ["rotation", "oriented_rectangle"])
def test_a_turned_box_is_a_polygon(load, kind):
    turned = shape("tile", [[10, 2], [18, 10], [10, 18], [2, 10]], shape_type=kind)
    assert len(load(labelme(labelled("a.png", (turned,)))).train.images[0].objects) == 1


def test_copies_are_counted_by_image(load):
    files = {**yolo(), "images/val/b.png": picture(10), "images/val/c.png": picture(10), "labels/val/c.txt": ""}
    assert "2 images of val are copies of images of train, and flatter the scores" in load(files).notes


def test_labelme_is_told_by_the_first_file_that_is_its_own(tmp_path, monkeypatch):
    source = tree(tmp_path, {"a.json": labelled("a.png"), "other.json": {"hello": 1}})

    def one_folder(top, **_):
        yield str(top), ["below"], ["other.json", "a.json"]
        pytest.fail("it walked on")

    monkeypatch.setattr(files.os, "walk", one_folder)
    assert labelme_format.find(source) == source


def test_json_of_others_is_not_labelme(tmp_path):
    assert labelme_format.find(tree(tmp_path, {"a.json": {"hello": 1}, "b.json": [1]})) is None
    assert labelme_format.find(tree(tmp_path, {"c/d/e/x.json": labelled("x.png")})) == tmp_path
    assert labelme_format.find(tree(tmp_path / "deeper", {"b/c/d/e/x.json": labelled("x.png")})) is None
