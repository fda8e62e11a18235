"""What `predict` reads and writes: one result an image, whatever the images are called."""

from __future__ import annotations

import json

import cv2
import numpy as np
import pytest
import torch
from PIL import Image
from ultralytics.utils.nms import non_max_suppression

from bench.detector.checkpoint import load_detector
from bench.detector.inference import images_as_data
from bench.detector.predictions import find_images, write_predictions
from bench.errors import UserError
from bench.metrics import MAX_DETECTIONS
from datasets import DataError
from datasets.coco import COUNTED
from tests.commands import bench, refused
from tests.devices import DEVICE


def pictures(folder, *names):
    folder.mkdir(exist_ok=True)
    for shade, name in enumerate(names):
        Image.fromarray(np.full((24, 32, 3), 10 * shade, np.uint8)).save(folder / name)
    return folder


def result(image_id):
    ring = [[4.0, 4.0], [20.0, 4.0], [20.0, float(image_id + 5)]]
    flat = [value for point in ring for value in point]
    return {"image_id": image_id, "category_id": 1, "score": 0.5, "ring": flat, "segmentation": [flat]}


@pytest.mark.parametrize(
    ("names", "stems"),
    [
        (["a.jpg", "b.png"], ["a", "b"]),
        (["a.jpg", "a.png", "b.png"], ["a.jpg", "a.png", "b"]),
        (["A.jpg", "a.png"], ["A.jpg", "a.png"]),
        (["a.jpg", "a.jpg.png", "a.png"], ["a.jpg", "000001-a.jpg", "a.png"]),
        (["a.tar.jpg", "a.zip.jpg"], ["a.tar", "a.zip"]),
    ],
)
def test_every_image_has_results_of_its_own(tmp_path, names, stems):
    paths = find_images(pictures(tmp_path / "photos", *names))
    assert [path.name for path in paths] == names
    data = images_as_data(paths, {0: "x"}, tmp_path / "photos")
    write_predictions(tmp_path / "out", data, [result(image.id) for image in data.val.images])
    assert sorted(path.stem for path in (tmp_path / "out/labels").iterdir()) == sorted(stems)
    assert {path.stem for path in (tmp_path / "out/images").iterdir()} == set(stems)
    for image, stem in zip(data.val.images, stems, strict=True):
        (row,) = (tmp_path / "out/labels" / f"{stem}.txt").read_text().splitlines()
        assert float(row.split()[6]) * 24 == pytest.approx(image.id + 5, abs=1e-4)


def test_hidden_files_are_no_images(tmp_path):
    folder = pictures(tmp_path / "photos", "a.png")
    (folder / "._a.png").write_bytes(b"\0\5\x16\7")
    assert [path.name for path in find_images(folder)] == ["a.png"]


def test_an_image_is_drawn_as_it_is_predicted_on(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    path = tmp_path / "a.avif"
    Image.fromarray(np.full((24, 32, 3), 90, np.uint8)).save(path, exif=exif)
    data = images_as_data(find_images(path), {0: "x"}, tmp_path)
    write_predictions(tmp_path / "out", data, [])
    assert cv2.imread(str(tmp_path / "out/images/a.png")).shape == (data.val.images[0].height, 24, 3) == (32, 24, 3)


def test_pixels_that_are_no_picture_are_refused(tmp_path):
    Image.fromarray(np.ones((24, 32), np.float32)).save(tmp_path / "depth.tif")
    with pytest.raises(DataError, match=r"'depth\.tif' has pixels of over 16 bits"):
        images_as_data(find_images(tmp_path), {0: "x"}, tmp_path)


@pytest.mark.parametrize(("words", "most", "said"), [
    ((), 300, "1 images have as many polygons as --max-det allows, 300; there may be more on them"),
    (("--max-det", 150), 150, "1 images have as many polygons as --max-det allows, 150; there may be more on them"),
    (("--max-det", 900), 525, None),  # as many as the network has cells
])  # fmt: skip
def test_an_image_has_as_many_polygons_as_are_asked_for(detector, tmp_path, words, most, said):
    image = pictures(tmp_path, "a.png") / "a.png"
    told = bench("predict", detector(["x"]), image, "-o", tmp_path / "out", "--conf", 0.1, "--iou", 1, "--imgsz", 160,
                 "--device", DEVICE, *words)  # fmt: skip
    assert told.code == 0, told
    assert len(json.loads((tmp_path / "out/predictions.json").read_text())) == most > MAX_DETECTIONS
    assert (f"bench: {said}" in told.err.splitlines()) if said else ("--max-det" not in told.err)


def test_what_ap_looks_at_is_the_same_where_it_is_said_again():
    """Data sets may not import bench, and metrics load nothing: both have a word of their own."""
    assert COUNTED == MAX_DETECTIONS


@pytest.mark.parametrize("of_a_run", [False, True])
@pytest.mark.parametrize(("trained", "words", "used"), [
    ({}, (), (0.001, 0.7, False)),
    ({"conf": None}, (), (0.001, 0.7, False)),
    ({"conf": 0.01, "iou": 0.4, "agnostic_nms": True}, (), (0.01, 0.4, True)),
    ({"conf": 0.01, "iou": 0.4, "agnostic_nms": True}, ("--conf", 0, "--iou", 0.9), (0, 0.9, True)),
])  # fmt: skip
def test_val_scores_as_the_training_was_scored(detector, small, tmp_path, monkeypatch, trained, of_a_run, words, used):
    weights = detector(["document"], **trained)
    if of_a_run:
        identity = {
            "model": "yolo11n-polygon.yaml",
            "data": {"name": "x", "vertices": 4},
            "settings": {"imgsz": 32, **trained},
        }
        torch.save({"identity": identity, "state_dict": load_detector(weights).state_dict()}, tmp_path / "weights.pt")
        weights = tmp_path / "weights.pt"
    seen = []

    def spied(output, *, conf_thres, iou_thres, agnostic, **more):
        seen.append((conf_thres, iou_thres, agnostic))
        return non_max_suppression(output, conf_thres=0.5, **more)

    monkeypatch.setattr("bench.detector.predict.non_max_suppression", spied)
    assert bench("val", weights, "--data", small.root, "--device", DEVICE, *words).code == 0
    assert set(seen) == {used}


def test_folders_below_are_walked_and_keep_their_names(detector, tmp_path):
    photos = pictures(tmp_path / "photos", "a.png", "b.png")
    for place in ("one", "two", "two/deep"):
        pictures(photos / place, "a.png")
    told = bench("predict", detector(["x"]), photos, "-o", tmp_path / "out", "--device", DEVICE)
    assert told.code == 0, told
    stems = {"a", "b", "one/a", "two/a", "two/deep/a"}
    for kind, suffix in (("labels", ".txt"), ("images", ".png")):
        found = {path.relative_to(tmp_path / "out" / kind) for path in (tmp_path / "out" / kind).rglob(f"*{suffix}")}
        assert {path.with_suffix("").as_posix() for path in found} == stems
    listed = json.loads((tmp_path / "out/images.json").read_text())["images"]
    assert {entry["file_name"] for entry in listed} == {f"{stem}.png" for stem in stems}


def test_images_that_cannot_be_read_are_named_and_the_others_done(detector, tmp_path):
    photos = pictures(tmp_path / "photos", "a.png", "b.png", "spoilt.png")
    (photos / "cut.jpg").write_bytes(b"\xff\xd8\xff")
    (photos / "gone.jpg").symlink_to("nowhere.jpg")
    content = (photos / "spoilt.png").read_bytes()
    place = content.index(b"IDAT") + 6
    (photos / "spoilt.png").write_bytes(content[:place] + bytes(9) + content[place + 9 :])
    told = bench("predict", detector(["x"]), photos, "-o", tmp_path / "out", "--device", DEVICE)
    assert told.code == 1, told
    first, gone, second, *_, last = told.err.splitlines()
    assert first.startswith("bench: left out: ")
    assert "'cut.jpg' cannot be read" in first
    assert gone.endswith("gone.jpg cannot be read: No such file or directory; mend it")
    assert second == f"bench: left out: {photos / 'spoilt.png'} cannot be decoded as an image; replace it"
    assert last == "bench: 3 of 5 images cannot be read, and are left out"
    assert {path.stem for path in (tmp_path / "out/images").iterdir()} == {"a", "b"}


def test_where_no_image_can_be_read_nothing_is_written(detector, tmp_path):
    photos = pictures(tmp_path / "photos")
    for name in ("a.png", "b.png"):
        (photos / name).write_bytes(b"none")
    line = refused("predict", detector(["x"]), photos, "-o", tmp_path / "out", "--device", DEVICE)
    assert line.endswith("(1 more is wrong)")
    assert not (tmp_path / "out").exists()


def test_a_folder_that_cannot_be_read_is_one_line(tmp_path, monkeypatch):
    def refuse(*_):
        raise PermissionError(13, "Permission denied", str(tmp_path / "sealed"))

    monkeypatch.setattr("bench.detector.predictions.images_in", refuse)
    with pytest.raises(UserError, match="sealed cannot be read: Permission denied; mend its permissions"):
        find_images(tmp_path)
