"""What is wrong with a source is one line, and nothing is written for it."""

from __future__ import annotations

import base64
import errno
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

import datasets
from datasets import DataError
from tests.commands import bench, refused
from tests.datasets.formats import samples
from tests.datasets.formats.samples import SQUARE, coco, labelled, labelme, picture, pose, shape, tree, yolo
from tests.datasets.test_coco import assert_fit_for_a_terminal

TEXT = base64.b64encode(b"no picture").decode()


def with_yaml(text):
    return {**yolo(), "data.yaml": text}


def one(**changes):
    return labelme(labelled("a.png", [{**shape("x", SQUARE), **changes}]))


def without(files, *names):
    return {name: content for name, content in files.items() if name not in names}


REFUSED = [
    ({"readme.txt": "hello"}, "of no known format"),
    ({"a.json": {"hello": 1}}, "of no known format"),
    ({"data.yaml": b"\xff\xfe\x00"}, "data.yaml is no YAML"),
    (with_yaml("train: [a"), "data.yaml is no YAML"),
    (with_yaml("!!python/object/apply:os.system ['touch x']"), "is no YAML (ConstructorError)"),
    (with_yaml("just words"), "expected keys and values"),
    (with_yaml("train: images/train\nval: images/val\n"), "'names' is missing"),
    (with_yaml("train: images/train\nval: images/val\nnames: [yes, no]\n"), "name 0 is no text; put it in quotes"),
    (with_yaml("train: images/train\nval: images/val\nnames: {1: a}\n"), "must count from 0"),
    (with_yaml("train: images/train\nval: images/val\nnames: a\n"), "'names' must be a list"),
    (with_yaml("train: images/train\nval: images/val\nnames: [a]\nnc: 2\n"), "'nc' is 2, but there are 1 names"),
    (with_yaml("train: images/train\nval: images/val\nnc: many\n"), "'nc' must be the number of names"),
    (with_yaml("train: images/train\nnames: [a]\n"), "'val' must name a folder of images"),
    (with_yaml("train: images/train\nval: images/nowhere\nnames: [a]\n"), "images/nowhere' is missing; correct"),
    (with_yaml("train: images/train\nval: [images/val, nowhere]\nnames: [a, b]\n"), "is missing; correct 'val'"),
    (with_yaml("train: images/train\nval: labels\nnames: [a, b]\n"), "'val' has no images"),
    (with_yaml("train: images/train\nval: data.yaml\nnames: [a, b]\n"), "neither a folder of images nor a .txt"),
    (with_yaml("train: images/train\nval: images/train\nnames: [a, b]\n"), "train and val are the same folder"),
    (with_yaml("train: [images/train]\nval: .\\images\\train\\\nnames: [a, b]\n"), "train and val are the same folder"),
    (with_yaml("train: images/train\nval: images\nnames: [a, b]\n"), "is in both splits"),
    (with_yaml("path: 5\ntrain: images/train\nval: images/val\nnames: [a, b]\n"), "'path' must be the path"),
    (yolo(more="kpt_shape: [4]\n"), "'kpt_shape' must be [points, 2 or 3]"),
    ({"a.yaml": samples.DATA_YAML, "b.yaml": samples.DATA_YAML}, "holds 2 data set YAMLs"),
    (without(yolo(), "labels/train/a.txt"), "no image of 'train' has a label file"),
    ({**yolo(), "images/train/a.png": b"no picture"}, "'a.png' cannot be read as an image"),
    ({**yolo(more="train: lists.txt\n"), "lists.txt": "gone.png"}, "lists.txt line 1: 'gone.png' is missing"),
    (yolo(b"\xff\xfe0"), "a.txt is no text in UTF-8"),
    (yolo(""), "no annotated objects"),
    (yolo("tile 0.1 0.1 0.5 0.1 0.5 0.9"), "a.txt line 1: expected numbers alone"),
    (yolo("\n2 0.1 0.1 0.5 0.1 0.5 0.9"), "a.txt line 2: class 2 is none of 0 to 1"),
    (yolo("0.5 0.1 0.1 0.5 0.1 0.5 0.9"), "class 0.5 is none of"),
    (yolo("0 0.1 0.1 0.5 0.1 0.5"), "6 numbers; expected a class and x, y"),
    (yolo("0 0.1 0.1 0.5 0.1 0.5 nan"), "a number is not finite"),
    (yolo("0 4 2 20 2 20 18 4 18"), "20 is no share of the image's side; divide pixels"),
    (yolo("0 0.1 0.1 0.5 0.1 0.3 0.1"), "line 1: its polygon has no area"),
    (yolo("0 0.1 0.1 0.5 0.1 0.3 0.1\n0 1.1 0.1 1.5 0.1 1.3 0.9"), "halves; correct or remove it (1 more is wrong)"),
    (pose("0 0.3 0.5 0.4 0.8 0.1 0.1 2 0.5 0.1 1 0.5 0.9 2"), "14 numbers; kpt_shape [4, 3] wants"),
    (pose("0 0.3 0.5 0.4 0.8" + 4 * " 0 0 0"), "no annotated objects"),
    (labelme("{"), "a.json is no JSON"),
    (labelme({"shapes": {}, "imagePath": "a.png"}), "'shapes' must be a list"),
    (labelme({"shapes": []}), "'imagePath' is missing"),
    (labelme({"shapes": [3], "imagePath": "a.png"}), "shapes[0]: expected an object, found int"),
    (labelme(labelled("/etc/hostname")), "imagePath '/etc/hostname' is absolute"),
    (labelme(labelled("C:\\a.png")), "is absolute"),
    (labelme(labelled("../../outside.png")), "leads out of"),
    (labelme(labelled("..\\..\\outside.png")), "leads out of"),
    (labelme(labelled("C:\\x\\a.png", imageData=TEXT)), "imageData cannot be read"),
    (labelme(labelled("gone.png")), "'gone.png' is missing, and the file holds no imageData"),
    (labelme(labelled("gone.png", imageData=TEXT)), "imageData cannot be read as an image"),
    (labelme(labelled("gone.png", imageData=5)), "imageData cannot be read as an image"),
    (labelme(labelled("a\0.png")), "names no file"),
    (labelme(labelled("a.png", imageWidth=41)), "'a.png' is 40 x 20 as decoded"),
    (labelme(labelled("../val/b.png")), "'b.png' is also the image of"),
    (one(label=None), "shapes[0]: 'label' must be a text"),
    (one(points=5), "'points' must be a list of [x, y]"),
    (one(points=[[1, 2], [3, "4"]]), "'points' must be a list of [x, y]"),
    (one(points=[[1, 2], [3, 4]]), "shapes[0]: a polygon of 2 vertices"),
    (one(points=[[1, 2], [3, 4], [5, float("inf")]]), "not finite"),
    (one(group_id=[1]), "'group_id' must be"),
    (without(labelme(), "val/b.json"), "val/ holds no label file"),
    ({**labelme(), "c.json": labelled("train/a.png")}, "1 label files lie outside of train/ and val/"),
    ({"a.json": labelled("a.png"), "a.png": picture(1)}, "one labelled image; there must be two"),
    (samples.dota("4 2 20 2 20 18 4 18"), "a.txt line 1: 8 words; expected 8 numbers"),
    (samples.dota("4 2 20 2 20 18 4 x tile 0"), "the first 8 words must be numbers"),
    (samples.dota("4 2 20 2 20 18 4 1e9 tile 0"), "a coordinate is not finite, or far beyond"),
    (without(samples.dota(), "train/images/a.png"), "its image is missing in"),
    (samples.coco_2017("[]"), "expected a JSON object"),
    (samples.coco_2017("{"), "instances_train2017.json is no JSON"),
    (samples.coco_2017(coco("../a.png")), "leads out of"),
    (samples.coco_2017(coco("gone.png")), "instances_train2017.json: image 1: 'gone.png' is missing"),
    (samples.coco_2017({**coco("a.png"), "annotations": [{"id": 1}]}), "train2017.json: annotation 1: 'image_id'"),
    ({**samples.coco_2017(), "annotations/instances_train2014.json": coco("a.png")}, "2 files for train"),
    (without(samples.roboflow(), "valid/_annotations.coco.json"), "no file for val"),
    (samples.roboflow({**coco("a.png"), "categories": [{"id": 1, "name": "x"}]}), "its categories differ"),
]  # fmt: skip


@pytest.mark.parametrize(("files", "message"), REFUSED, ids=range(len(REFUSED)))
def test_a_wrong_source_is_one_line_and_nothing_is_written(tmp_path, monkeypatch, files, message):
    monkeypatch.setenv("BENCH_CACHE", str(tmp_path / "cache"))
    tree(tmp_path, {"outside.png": picture(1)})
    source = tree(tmp_path / "mine", files)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(DataError) as caught:
        datasets.load(source)
    assert message in str(caught.value)
    assert "cache" not in str(caught.value)  # it is about the user's own files
    assert_fit_for_a_terminal(caught.value)
    assert refused("data", "import", source, "--as", "mine") == f"bench: {caught.value}"
    left = [path for path in sorted(tmp_path.rglob("*")) if path not in before]
    assert [path for path in left if path.is_file() or path.name not in ("cache", "converted", "imported")] == []


@pytest.mark.parametrize(("rows", "last"), [
    (2, "a.txt line 2: class 7 is none of 0 to 1; correct it or 'names'"),
    (20, "a.txt line 20: class 7 is none of 0 to 1; correct it or 'names'"),
    (21, "1 more is wrong"),
    (30, "10 more are wrong"),
])  # fmt: skip
def test_inspect_names_every_row_that_is_wrong_and_counts_the_rest(tmp_path, rows, last):
    labels = "".join(f"7 0.1 0.1 0.5 0.1 0.5 0.{index}\n" for index in range(1, rows + 1))
    mine = tree(tmp_path / "mine", yolo(labels))
    said = bench("data", "inspect", mine)
    assert (said.code, said.out) == (2, "")
    told = said.err.splitlines()
    assert len(told) == min(rows, 20) + (rows > 20)
    assert all(f"a.txt line {number}: class 7 " in line for number, line in enumerate(told[:20], 1))
    assert told[-1].endswith(last)
    assert f"a.txt line 1: class 7 is none of 0 to 1; correct it or 'names' ({rows - 1} more" in refused(
        "data", "import", mine, "--as", "mine"
    )


def test_rows_of_both_splits_are_named_at_once(tmp_path):
    said = bench("data", "inspect", tree(tmp_path / "mine", yolo("7 0.1 0.1 0.5 0.1 0.5 0.9", val="x")))
    assert ["train/a.txt line 1: " in said.err, "val/b.txt line 1: " in said.err] == [True, True]
    assert len(said.err.splitlines()) == 2


def test_one_place_says_what_the_known_formats_are(tmp_path):
    told = set()
    for name in ("readme.txt", "a.json"):
        source = tree(tmp_path / name, {name: "{}"})
        with pytest.raises(DataError, match="of no known format") as caught:
            datasets.load(source)
        told.add(str(caught.value).replace(str(source), "it"))
    assert len(told) == 1


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["import", "{mine}"], "'--as'"),
        (["import", "{mine}", "--as", ""], "plain folder name"),
        (["import", "{mine}", "--as", "../x"], "plain folder name"),
        (["import", "{mine}", "--as", ".x"], "plain folder name"),
        (["import", "{mine}", "--as", "x" * 101], "plain folder name"),
        (["import", "{mine}", "--as", "documents"], "the name of a generated data set"),
        (["import", "{mine}/nowhere", "--as", "x"], "neither a data set nor a folder"),
        (["import", "grid", "--as", "x"], "neither a data set nor a folder"),
        (["inspect", "nowhere"], "neither a data set nor a folder"),
        (["inspect", "a\0b"], "neither a data set nor a folder"),
        (["inspect", "a\0b.yaml"], "neither a data set nor a folder"),
        (["inspect", "x" * 300 + ".yaml"], "neither a data set nor a folder"),
        (["inspect", "{mine}", "-V", "17"], "-V"),
        (["inspect", "{mine}", "--preview", "{tmp}/x.jpg"], "name it FILE.png"),
        (["inspect", "{mine}", "--preview", "/proc/x/y.png"], "cannot be written"),
        (["export", "{mine}", "--to", "voc", "-o", "{tmp}/out"], "--to"),
        (["export", "{mine}", "--to", "yolo-obb", "-o", "{tmp}/out"], "2 of 4 polygons have not 4 vertices"),
        (["export", "{mine}", "--to", "coco", "-o", "{mine}"], "it is there already"),
        (["export", "{mine}", "--to", "coco", "-o", "/proc/out"], "cannot be made in /proc"),
        (["export", "{mine}", "--to", "coco", "-o", "{tmp}/" + "x" * 300], "File name too long; choose another"),
        (["import", "{mine}/data.yaml/x", "--as", "x"], "neither a data set nor a folder"),
        (["nonsense"], "No such command"),
        ([], "Missing command"),
    ],
)
def test_a_wrong_command_is_one_line_and_writes_nothing(tmp_path, monkeypatch, words, message):
    monkeypatch.setenv("BENCH_CACHE", str(tmp_path / "cache"))
    mine = tree(tmp_path / "mine", samples.native())
    before = sorted(tmp_path.rglob("*"))
    assert message in refused("data", *(word.format(mine=mine, tmp=tmp_path) for word in words))
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda raw: raw["categories"].__setitem__(1, {"id": 2, "name": "tile"}), "two categories have one name"),
        (lambda raw: raw["categories"].__setitem__(1, {"id": 2, "name": "a\nb"}), "fits on no line"),
    ],
)
def test_what_labelme_cannot_hold_is_refused(tmp_path, change, message):
    train, val = coco("a.png"), coco("b.png")
    change(train), change(val)
    mine = tree(tmp_path / "mine", {**samples.native(), "train.json": train, "val.json": val})
    assert message in refused("data", "export", mine, "--to", "labelme", "-o", tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("files", [yolo(), labelme()])
def test_a_folder_without_permission_is_one_line(tmp_path, monkeypatch, files):
    mine = tree(tmp_path / "mine", without(files, "data.yaml"))

    def refuse(path):  # the system refuses root nothing
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(Path, "iterdir", refuse)
    assert f"{mine} cannot be read: Permission denied" in refused("data", "inspect", mine)


def test_what_a_format_cannot_hold_is_told(tmp_path):
    train = coco("a.png")
    train["annotations"][0]["segmentation"].append([30, 2, 32, 2, 32, 4])
    train["annotations"].append({**train["annotations"][1], "id": 9, "iscrowd": 1})
    train["annotations"][1]["segmentation"] = [[22, 2, 44, 2, 30, 18]]
    mine = tree(tmp_path / "mine", {**samples.native(), "train.json": train})
    said = bench("data", "export", mine, "--to", "yolo-segment", "-o", tmp_path / "out")
    assert said.code == 0
    for note in (
        "1 objects of train have several parts: the largest alone is written",
        "1 crowd objects of train are left out: the format has none",
        "1 images have a polygon that reaches out of them",
    ):
        assert note in said.err


fuzzed = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
words = st.lists(
    st.sampled_from(
        ["0", "1", "0.5", "-0.2", "1e9", "nan", "x", "\n", "\u2028", "0.1 0.1 0.5 0.1 0.5 0.9", "1_0", "\0"]
    )
).map(" ".join)
label_bytes = st.binary(max_size=80) | words.map(str.encode)


@pytest.mark.parametrize(
    ("files", "name"),
    [
        (yolo(), "labels/train/a.txt"),
        (yolo(), "data.yaml"),
        (pose(), "labels/train/a.txt"),
        (samples.dota(), "train/labelTxt/a.txt"),
        (labelme(), "train/a.json"),
        (labelme(), "labels.txt"),
        (samples.roboflow(), "train/_annotations.coco.json"),
    ],
)
@fuzzed
@given(label_bytes)
@example(b"a: &a [x, x]\nb: &b [*a, *a]\ntrain: *b\nval: *b\nnames: *b")
@example(b"train: 2001-99-99")
@example(b"train: &a [*a]\nval: &b [*b]")
@example(b"[" * 5000)
def test_any_bytes_give_data_or_the_one_error(tmp_path, files, name, content):
    source = tree(tmp_path / "mine", {**files, name: content})
    loaded(source, tmp_path / "cache")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5).filter(lambda text: "/" not in text),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["points", "label"]), inner),
    max_leaves=6,
)
fields = ("shapes", "imagePath", "imageData", "imageHeight")
shape_fields = ("label", "points", "group_id", "shape_type")


@fuzzed
@given(st.sampled_from(fields + shape_fields), json_values)
def test_any_labelme_value_gives_data_or_the_one_error(tmp_path, key, value):
    label = labelled("a.png")
    if key in fields:
        label[key] = value
    else:
        label["shapes"][0] = {**label["shapes"][0], key: value}
    loaded(tree(tmp_path / "mine", labelme(label)), tmp_path / "cache")


@fuzzed
@given(st.sampled_from(["path", "train", "val", "names", "nc", "kpt_shape"]), json_values)
def test_any_yaml_value_gives_data_or_the_one_error(tmp_path, key, value):
    import yaml

    content = {**yaml.safe_load(samples.DATA_YAML), key: value}
    loaded(tree(tmp_path / "mine", with_yaml(yaml.safe_dump(content))), tmp_path / "cache")


def loaded(source, cache):
    try:
        datasets.load(source, cache=cache)
    except DataError as error:
        assert_fit_for_a_terminal(error)
