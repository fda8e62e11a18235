"""Pictures show every followed image with the truth and the best predictions, whatever a detector says."""

from __future__ import annotations

import dataclasses
import logging
import math

import numpy as np
import pytest

import datasets
from bench.evaluation.samples import SAMPLES, sample_ids
from bench.tracking import trackers
from bench.tracking.pictures import Pictures

from .following import MEASURED, ROW, said

WHITE, PINK = (255, 255, 255), (232, 48, 138)


@pytest.fixture(scope="module")
def data(small_folder):
    return datasets.load(str(small_folder))


def guesses(data, move=0.0, score=0.9, ids=None):
    """Return a result on each followed image: the truth, moved."""
    wanted = sample_ids(data.val.coco) if ids is None else ids
    return [
        {"image_id": image.id, "score": score, "ring": (image.objects[0].points + move).ravel().tolist()}
        for image in data.val.images
        if image.id in wanted
    ]


def area(picture, colour):
    return int((np.abs(picture.astype(int) - colour).sum(-1) < 30).sum())


def test_the_truth_and_the_predictions_are_drawn(data):
    pictures = Pictures(lambda: data)
    bare, hit, missed = pictures.draw([]), pictures.draw(guesses(data)), pictures.draw(guesses(data, move=20.0))
    assert bare.shape == hit.shape == (*bare.shape[:2], 3)
    assert bare.dtype == np.uint8
    assert area(bare, PINK) < 10 < area(bare, WHITE)
    assert area(hit, PINK) > 200 * len(data.val.images)
    assert area(missed, WHITE) > area(hit, WHITE)  # the truth shows where it is missed


def test_every_followed_image_has_a_cell(data):
    pictures = Pictures(lambda: data)
    bare = pictures.draw([])
    for image_id in sample_ids(data.val.coco):
        one = pictures.draw(guesses(data, ids=[image_id]))
        changed = np.argwhere((one != bare).any(-1))
        assert len(changed) > 200
        assert (changed.max(0) - changed.min(0) < 212 + 1).all()
    assert len(sample_ids(data.val.coco)) == min(SAMPLES, len(data.val.images)) == 4


def test_only_the_best_are_drawn(data):
    pictures = Pictures(lambda: data)
    (first, *_) = sample_ids(data.val.coco)
    best = guesses(data, ids=[first])
    worse = guesses(data, move=15.0, score=0.1, ids=[first])
    assert (pictures.draw(worse + best) == pictures.draw(best)).all()


@pytest.mark.parametrize("value", [1e9, -1e9, math.nan, math.inf])
def test_vertices_may_be_anything(data, value):
    results = [{**one, "ring": [value] * 8} for one in guesses(data)]
    assert Pictures(lambda: data).draw(results).dtype == np.uint8


def test_an_image_that_is_gone_is_a_grey_cell(data, tmp_path):
    gone = tuple(dataclasses.replace(image, path=tmp_path / "gone.png") for image in data.val.images)
    without = dataclasses.replace(data, val=dataclasses.replace(data.val, images=gone))
    picture = Pictures(lambda: without).draw(guesses(data))
    assert area(picture, (96, 96, 96)) > picture[..., 0].size / 2


class Channel:
    """Keeps what it is told."""

    def __init__(self, told=0):
        self.told, self.place, self.rows, self.pictures = told, "", [], []

    def log_epoch(self, row):
        self.rows.append(row["epoch"])

    def log_picture(self, epoch, picture):
        self.pictures.append(epoch)


def test_a_picture_is_drawn_once_for_all_who_lack_it(data):
    loaded, channels = [], {"a": Channel(), "b": Channel(told=3)}
    tracker = trackers.Guarded(
        {name: lambda one=one: one for name, one in channels.items()}, lambda: loaded.append(1) or data
    )
    for epoch in (2, 4):
        tracker.log_epoch({**ROW, **MEASURED, "epoch": epoch})
        tracker.log_samples(epoch, guesses(data))
    assert loaded == [1]
    assert (channels["a"].rows, channels["a"].pictures) == ([2, 4], [2, 4])
    assert (channels["b"].rows, channels["b"].pictures) == ([4], [4])


def test_data_that_cannot_be_loaded_cost_the_pictures_alone(monkeypatch, caplog):
    monkeypatch.setattr(trackers, "_REPORTED", set())
    channel, asked = Channel(), []

    def load():
        asked.append(1)
        raise datasets.DataError("the data are gone")

    tracker = trackers.Guarded({"a": lambda: channel}, load)
    with caplog.at_level(logging.WARNING, "bench.tracking"):
        for epoch in (1, 2):
            tracker.log_epoch({**ROW, "epoch": epoch})
            tracker.log_samples(epoch, [])
    assert said(caplog) == ["pictures are off for this run: DataError: the data are gone"]
    assert (channel.rows, channel.pictures, asked) == ([1, 2], [], [1])


def test_where_nobody_looks_no_data_are_loaded(data):
    trackers.Guarded({}, lambda: pytest.fail("loaded")).log_samples(1, guesses(data))
