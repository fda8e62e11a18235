"""Reading COCO folders: what is accepted, and one clear line for what is not."""

from __future__ import annotations

import errno
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from PIL import Image

import datasets
from bench.evaluation import Evaluator, coco_results
from datasets import DataError
from tests.commands import refused
from tests.datasets.samples import DEL, HEIGHT, WIDTH, crowd, edit, run_lengths, twice, valid, write

fuzzed = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
RING = "annotations.0.segmentation.0"


def test_a_minimal_folder_is_read_and_filled_in(tmp_path):
    data = datasets.load(write(tmp_path))
    assert (data.categories, data.category_ids, data.vertices) == (("tile",), (3,), 4)
    (image,) = data.train.images
    assert image.objects[0].points.tolist() == [[2, 2], [20, 2], [20, 20], [2, 20]]
    annotation = data.val.coco["annotations"][0]
    assert (annotation["area"], annotation["bbox"], annotation["iscrowd"]) == (324.0, [2.0, 2.0, 18.0, 18.0], 0)
    assert data.notes == ()


def test_images_are_looked_for_in_images_and_then_beside_the_annotations(tmp_path):
    write(tmp_path, train=edit("images.0.file_name", "images/a.png")(valid()))
    assert datasets.load(tmp_path).train.images[0].path == tmp_path.resolve() / "images" / "a.png"
    write(tmp_path, train=edit("images.0.file_name", "ä b.png")(valid()))
    (tmp_path / "images" / "a.png").rename(tmp_path / "ä b.png")
    assert datasets.load(tmp_path).train.images[0].path == tmp_path.resolve() / "ä b.png"


def test_fingerprint_sees_annotations_and_pixels(tmp_path):
    before = datasets.load(write(tmp_path)).fingerprint
    assert datasets.load(tmp_path).fingerprint == before
    Image.new("RGB", (WIDTH, HEIGHT), (1, 0, 0)).save(tmp_path / "images" / "a.png")
    pixels = datasets.load(tmp_path).fingerprint
    changed = edit(f"{RING}.0", 3.0)(valid())
    assert len({before, pixels, datasets.load(write(tmp_path, train=changed)).fingerprint}) == 3


def test_of_several_parts_the_largest_is_trained_on_and_all_are_scored(tmp_path):
    train = valid()
    train["annotations"][0]["segmentation"].insert(0, [25.0, 2.0, 28.0, 2.0, 28.0, 5.0])
    data = datasets.load(write(tmp_path, train=train))
    assert [len(item.points) for item in data.train.images[0].objects] == [4]
    annotation = data.train.coco["annotations"][0]
    assert (annotation["bbox"], annotation["area"]) == ([2.0, 2.0, 26.0, 18.0], 324.0 + 4.5)


def test_a_ring_that_repeats_its_first_vertex_has_it_once(tmp_path):
    data = datasets.load(write(tmp_path, train=edit(RING, [2, 2, 20, 2, 20, 20, 2, 20, 2, 2])(valid())))
    assert data.train.images[0].objects[0].points.tolist() == [[2, 2], [20, 2], [20, 20], [2, 20]]
    assert data.vertices == 4


def test_crowds_are_kept_for_scoring_alone(tmp_path):
    region = run_lengths([3 * HEIGHT, 2 * HEIGHT, (WIDTH - 5) * HEIGHT])
    data = datasets.load(write(tmp_path, train=crowd(region)(valid())))
    assert len(data.train.images[0].objects) == 1
    kept = data.train.coco["annotations"][1]
    assert (kept["segmentation"], kept["bbox"], kept["area"]) == (region, [3.0, 0.0, 2.0, HEIGHT], 2.0 * HEIGHT)


@pytest.mark.parametrize(
    ("change", "note"),
    [
        (crowd([[1, 1, 9, 1, 9, 9]]), "1 crowd objects of train are not trained on"),
        (
            edit("annotations.0.segmentation", [[2, 2, 9, 2, 9, 9], [12, 2, 19, 2, 19, 19]]),
            "1 objects of train have several",
        ),
        (edit(f"{RING}.0", -4.0), "1 polygons of train reach outside"),
        (edit(f"{RING}.4", 33.0), "1 polygons of train reach outside"),
        (edit(RING, [2, 2, 20, 20, 20, 2, 2, 16]), "1 polygons of train cross themselves"),
        (edit("annotations.0.bbox", [20, 20, 25, 25]), "1 boxes of train are not those of their polygons"),
        (edit("annotations.0.id", 0), "1 annotations of train had id 0"),
    ],
)
def test_what_is_odd_is_counted_in_a_note(tmp_path, change, note):
    data = datasets.load(write(tmp_path, train=change(valid())))
    assert len(data.notes) == 1
    assert data.notes[0].startswith(note)


def test_the_box_of_what_reaches_out_is_that_of_the_part_on_the_image(tmp_path):
    data = datasets.load(write(tmp_path, train=edit(RING, [-40, -8, 8, -8, 8, 40, -40, 40])(valid())))
    assert data.train.coco["annotations"][0]["bbox"] == [0.0, 0.0, 8.0, HEIGHT]
    assert [note.split(",")[0] for note in data.notes] == ["1 polygons of train reach outside their image"]
    given_ = edit("annotations.0.bbox", [-40, -8, 48, 48])(edit(RING, [-40, -8, 8, -8, 8, 40, -40, 40])(valid()))
    other = datasets.load(write(tmp_path, train=given_))
    assert other.train.coco["annotations"][0]["bbox"] == [-40, -8, 48, 48]  # as it was given
    assert other.notes == data.notes


@pytest.mark.parametrize("linked", ["images", "images/a.png"])
def test_images_may_lie_elsewhere_behind_links_of_the_users_own(tmp_path, linked):
    folder = tmp_path / "mine"
    folder.mkdir()
    here = datasets.load(write(folder))
    (folder / linked).rename(tmp_path / "elsewhere")
    (folder / linked).symlink_to(tmp_path / "elsewhere")
    data = datasets.load(folder)
    assert (data.fingerprint, data.notes) == (here.fingerprint, here.notes)
    assert data.train.images[0].path == folder / "images/a.png"


def test_images_with_more_objects_than_ap_looks_at_are_noted(tmp_path):
    def crowded(number):
        content = edit("images.0.file_name", "b.png")(valid())
        for index in range(2, number + 1):
            twice("annotations", id=index)(content)
        return content

    assert datasets.load(write(tmp_path, val=crowded(100))).notes == ()
    (note,) = datasets.load(write(tmp_path, val=crowded(101))).notes
    assert note == "1 images of val have over 100 objects: AP looks at the best 100 predictions of each"


def test_a_copy_of_a_training_image_in_the_validation_split_is_noted(tmp_path):
    write(tmp_path)
    (tmp_path / "images" / "b.png").write_bytes((tmp_path / "images" / "a.png").read_bytes())
    assert [note[:41] for note in datasets.load(tmp_path).notes] == ["1 images of val are copies of images of t"]


@pytest.mark.parametrize("annotation_id", [0, -1, 5])
def test_every_annotation_can_be_matched_whatever_its_id(tmp_path, annotation_id):
    # pycocotools takes a match with annotation 0 for no match, and many tools count from 0.
    data = datasets.load(write(tmp_path, train=edit("annotations.0.id", annotation_id)(valid())))
    assert score_of_the_truth(data, data.train)["mAP50"] == pytest.approx(1.0)


def test_the_suggested_vertices_hold_four_polygons_in_five(tmp_path):
    train = valid()
    ring = [2.0, 2.0, 10.0, 1.0, 20.0, 2.0, 21.0, 10.0, 20.0, 20.0, 2.0, 20.0]
    for number in range(2, 6):
        train = twice("annotations", id=number, segmentation=[ring if number == 2 else ring[:6]])(train)
    assert datasets.load(write(tmp_path, train=train)).vertices == 4
    train = twice("annotations", id=6, segmentation=[ring])(train)
    assert datasets.load(write(tmp_path, train=train)).vertices == 6


def test_wrong_annotations_are_counted(tmp_path):
    train = valid()
    (good,) = train["annotations"]
    bad = [{**good, "id": 2 + number, "segmentation": [[1, 2, 3, 4]]} for number in range(3)]
    with pytest.raises(DataError, match=r"annotation 2: a polygon of 2 vertices.* \(2 more are wrong\)$"):
        datasets.load(write(tmp_path, train={**train, "annotations": [good, *bad]}))


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
        (edit("images.0.id", 10**400), "too large a number"),
        (edit("images.0.file_name", DEL), "image 7: 'file_name' is missing"),
        (edit("images.0.file_name", 5), "'file_name' must be a text"),
        (edit("images.0.file_name", "absent.png"), "image 7: 'absent.png' is missing"),
        (edit("images.0.file_name", ""), "image 7: '' is missing"),
        (edit("images.0.file_name", "a" * 5000), "aaa' is missing"),
        (edit("images.0.file_name", "a\n\0\ud800.png"), r"'a\\n\\x00\\ud800.png' is missing"),
        (edit("images.0.file_name", "../outside.png"), "leads out of"),
        (edit("images.0.file_name", "x/../../../outside.png"), "leads out of"),
        (edit("images.0.file_name", "/etc/hostname"), "is absolute"),
        (edit("images.0.file_name", "C:\\a.png"), "is absolute"),
        (edit("images.0.file_name", "dangling.png"), "'dangling.png' is missing"),
        (edit("images.0.width", DEL), "'width' is missing"),
        (edit("images.0.width", 33), "is 32 x 24 as decoded, .* not 33 x 24"),
        (edit("images.0.height", 0), "must be positive"),
        (edit("images.0.height", 24.0), "'height' must be a whole number"),
        (twice("images"), "id 7 is there twice"),
        (twice("images", id=8), "image 8: 'a.png' is also the file of another image"),
        (edit("annotations", []), "no annotated objects"),
        (edit("annotations.0", []), r"annotations\[0\]: expected an object"),
        (edit("annotations.0.id", None), "'id' must be a whole number"),
        (edit("annotations.0.image_id", 8), "annotation 1: there is no image 8"),
        (edit("annotations.0.category_id", 4), "annotation 1: there is no category 4"),
        (edit("annotations.0.iscrowd", "no"), "iscrowd must be 0 or 1"),
        (edit("annotations.0.iscrowd", 1), "no annotated objects"),
        (edit("annotations.0.area", "large"), "annotation 1: area must be a number"),
        (edit("annotations.0.area", -1), "area must be a number"),
        (edit("annotations.0.area", float("nan")), "area must be a number"),
        (edit("annotations.0.area", 1e11), "area must be a number"),
        (edit("annotations.0.bbox", {}), "annotation 1: bbox must be"),
        (edit("annotations.0.bbox", [2, 2, 18]), "bbox must be"),
        (edit("annotations.0.bbox", [2, 2, 0, 18]), "bbox must be"),
        (edit("annotations.0.bbox", [2, 2, "18", 18]), "bbox must be"),
        (edit("annotations.0.bbox", [2, 2, float("inf"), 18]), "bbox must be"),
        (twice("annotations"), "id 1 is there twice"),
        (edit("annotations.0.segmentation", DEL), "no polygon"),
        (edit("annotations.0.segmentation", []), "no polygon"),
        (edit("annotations.0.segmentation", run_lengths([768])), "run-length encoded"),
        (edit("annotations.0.segmentation", ["abc"]), "of numbers"),
        (edit("annotations.0.segmentation", [1, 2, 3, 4, 5, 6]), "of numbers"),
        (edit(RING, [1, 2, 3, 4]), "a polygon of 2 vertices"),
        (edit(RING, [1, 2, 3, 4, 5]), "odd number"),
        (edit(RING, [1, 2, 3, 4, 5, None]), "of numbers"),
        (edit(f"{RING}.0", float("nan")), "not finite"),
        (edit(f"{RING}.0", float("-inf")), "not finite"),
        (edit(f"{RING}.0", 10**400), "far beyond its image"),
        (edit(f"{RING}.0", -321), "far beyond its image"),
        (edit(RING, [1, 1, 2, 2, 3, 3]), "no area"),
        (edit(RING, [0, 0, 9, 9, 9, 0, 0, 9]), "crosses itself into equal halves"),
        (edit(RING, [40, 2, 60, 2, 60, 9]), "wholly off its image"),
        (crowd(5), "annotation 2: it has no polygon"),
        (crowd([[1, 2, 9, 4, 5, float("nan")]]), "annotation 2: a coordinate is not finite"),
        (crowd(run_lengths([760])), "annotation 2: its run-length encoding does not fit"),
        (crowd(run_lengths([768], size=(32, 24))), "does not fit"),
        (crowd(run_lengths([800, -32])), "does not fit"),
        (crowd(run_lengths("hello")), "does not fit"),
        (crowd(run_lengths([768])), "covers nothing"),
        (edit("categories", []), "no categories"),
        (edit("categories.0.name", DEL), "'name' is missing"),
        (edit("categories.0.id", 1.5), "'id' must be a whole number"),
        (twice("categories"), "id 3 is there twice"),
    ],
)
def test_a_wrong_annotation_file_is_one_clear_line(tmp_path, change, message):
    folder = tmp_path / "data"
    folder.mkdir()
    Image.new("RGB", (WIDTH, HEIGHT)).save(tmp_path / "outside.png")
    write(folder, train=change(valid()))
    (folder / "images" / "dangling.png").symlink_to(tmp_path / "nowhere.png")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(DataError, match=message) as caught:
        datasets.load(folder)
    assert str(folder / "train.json") in str(caught.value)
    assert_fit_for_a_terminal(caught.value)
    assert refused("run", "--all", "--data", folder, "--out", tmp_path / "out") == f"bench: {caught.value}"
    assert sorted(tmp_path.rglob("*")) == before


def overwrite(name, content):
    return lambda folder: (folder / name).write_text(content)


def replace_by_folder(name):
    return lambda folder: ((folder / name).unlink(), (folder / name).mkdir())


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda folder: (folder / "val.json").unlink(), "val.json is missing"),
        (replace_by_folder("train.json"), "train.json cannot be read"),
        (replace_by_folder("images/a.png"), "'a.png' is missing"),
        (overwrite("train.json", json.dumps(valid())[:-9]), "is it cut off"),
        (overwrite("train.json", "[" * 100_000), "is no JSON"),
        (overwrite("train.json", "[]"), "expected a JSON object"),
        (overwrite("val.json", json.dumps(valid())), "'.*/images/a.png' is in both splits|in both splits"),
        (overwrite("val.json", json.dumps(edit("categories.0.name", "roof")(valid()))), "categories differ"),
        (overwrite("images/a.png", "no picture"), "'a.png' cannot be read as an image"),
    ],
)
def test_a_spoilt_folder_is_one_clear_line(tmp_path, spoil, message):
    spoil(write(tmp_path))
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(DataError, match=message) as caught:
        datasets.load(tmp_path)
    assert_fit_for_a_terminal(caught.value)
    assert refused("run", "--all", "--data", tmp_path, "--out", tmp_path / "out") == f"bench: {caught.value}"
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("name", ["train.json", "a.png"])
def test_a_file_without_permission_is_one_clear_line(tmp_path, monkeypatch, name):
    read_bytes = Path.read_bytes

    def refuse(path):  # the system refuses root nothing
        if path.name == name:
            raise PermissionError(errno.EACCES, "Permission denied")
        return read_bytes(path)

    write(tmp_path)
    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(DataError, match=f"{name}.* cannot be read: Permission denied"):
        datasets.load(tmp_path)


@fuzzed
@given(st.binary(max_size=300) | st.text(max_size=100).map(lambda t: json.dumps(t).encode()))
def test_any_bytes_give_data_or_the_one_error(tmp_path, content):
    write(tmp_path)
    (tmp_path / "train.json").write_bytes(content)
    with pytest.raises(DataError) as caught:
        datasets.load(tmp_path)
    assert_fit_for_a_terminal(caught.value)


numbers = st.integers(-5, 50) | st.integers() | st.floats() | st.sampled_from([0, 1, 3, 7, WIDTH, HEIGHT])
ringlike = st.lists(st.floats(-40, 40) | numbers, min_size=4, max_size=12)
json_values = st.recursive(
    st.none() | st.booleans() | numbers | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["id", "counts", "size"]), inner),
    max_leaves=8,
)
encodings = st.fixed_dictionaries({"size": st.just([HEIGHT, WIDTH]), "counts": st.text(max_size=8) | json_values})


@settings(fuzzed, max_examples=400)
@given(
    st.sampled_from(
        [
            *("images", "images.0", "images.0.id", "images.0.file_name", "images.0.width"),
            *("annotations", "annotations.1", "categories", "categories.0", "categories.0.id", "categories.0.name"),
            *(f"annotations.1.{key}" for key in ("id", "iscrowd", "area", "bbox", "category_id", "segmentation")),
            *("annotations.1.segmentation.0", "annotations.1.segmentation.0.3"),
        ]
    ),
    json_values | ringlike | ringlike.map(lambda ring: [ring]) | encodings,
    st.sampled_from([0, 1]),
)
@example("annotations.1.segmentation", [[2, 2, 9, 9, 9, float("nan")]], 1)  # took all of a machine's memory once
@example("annotations.1.bbox", [2, 2, 1e5, 1e5], 0)
def test_whatever_is_read_can_be_scored_and_all_else_is_the_one_error(tmp_path, path, value, is_crowd):
    train = twice("annotations", id=2, iscrowd=is_crowd)(valid())
    write(tmp_path, train=edit(path, value)(train))
    try:
        data = datasets.load(tmp_path)
    except DataError as error:
        assert_fit_for_a_terminal(error)
        return
    assert all(np.isfinite(item.points).all() for image in data.train.images for item in image.objects)
    metrics = score_of_the_truth(data, data.train)
    assert all(0 <= value <= 1 for value in metrics.values())  # NaN, were the object left out, is not


def score_of_the_truth(data, split):
    """Return the scores of a split's own objects as predictions."""
    results = []
    for image in split.images:
        for item in image.objects:
            box = np.concatenate((item.points.min(0), item.points.max(0)))[None]
            category = data.category_ids[item.category]
            results += coco_results(image.id, image.width, image.height, [category], np.ones(1), box, item.points[None])
    return Evaluator(split.coco).evaluate(results)


def assert_fit_for_a_terminal(error):
    text = str(error)
    assert text.isprintable()
    assert len(text) < 600
