"""What makes two runs a pair: the seed fixes weights, order and augmentation, and the strategy none of them."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

import strategies
from bench.detector import item_memory
from bench.detector.data import EpochSampler
from bench.detector.job import Diverged
from bench.detector.trainer import PolygonTrainer
from tests.models import USUAL


class Watching(PolygonTrainer):
    """A trainer that keeps what it starts from and what it sees."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.initial = None
        self.seen = []

    def preprocess_batch(self, batch):
        if not hasattr(self, "probe"):  # the probe's own batch is no part of training
            self.initial = {k: v.clone() for k, v in self.model.state_dict().items() if "running" not in k}
            return super().preprocess_batch(batch)
        self.seen.append((tuple(batch["im_file"]), batch["img"].clone(), batch["keypoints"].clone()))
        return super().preprocess_batch(batch)


def train(job, folder, trainer=PolygonTrainer):
    rows = []
    running = trainer(job, folder, lambda found: rows.append(found[0]))
    return running.run(), rows, running


def equal(a, b):
    return a.keys() == b.keys() and all(torch.equal(a[key], b[key]) for key in a)


@pytest.mark.parametrize("settings", [{}, {"mosaic": 1.0, "close_mosaic": 1, "degrees": 20.0, "flipud": 0.5}])
def test_strategies_with_one_seed_share_weights_batches_and_order(job, tmp_path, settings):
    runs = []
    for name in ("l2", "mgiou-centred", "adaptive"):
        item_memory._MEMORIES.clear()  # each makes its images itself
        runs.append(train(job(name, **settings), tmp_path / name, Watching)[2])
    for other in runs[1:]:
        assert equal(runs[0].initial, other.initial)
        assert len(runs[0].seen) == len(other.seen) == 2 * 3
        for (files, images, points), (files_b, images_b, points_b) in zip(runs[0].seen, other.seen, strict=True):
            assert files == files_b
            assert torch.equal(images, images_b)
            assert torch.equal(points, points_b)


@pytest.mark.parametrize("limit", [0, 100_000])
def test_what_a_run_remembers_of_another_is_what_it_would_have_made(job, tmp_path, monkeypatch, limit):
    """Multi-scale draws after the images, from the generators that making them moves."""
    settings = {"mosaic": 1.0, "close_mosaic": 1, "epochs": 3, "multi_scale": 0.5}
    monkeypatch.setattr(item_memory, "_MEMORIES", {})
    monkeypatch.setattr(item_memory, "LIMIT", 0)
    alone, rows, _ = train(job("cosine", **settings), tmp_path / "alone")
    monkeypatch.setattr(item_memory, "_MEMORIES", {})
    monkeypatch.setattr(item_memory, "LIMIT", limit)
    train(job("l2", **settings), tmp_path / "l2")
    (memory,) = item_memory._MEMORIES.values()
    assert (memory.held > 0) == (limit > 0)
    again, rows_again, _ = train(job("cosine", **settings), tmp_path / "cosine")
    assert equal(alone.state_dict, again.state_dict)
    assert [row["loss"] for row in rows] == [row["loss"] for row in rows_again]


def test_another_seed_changes_all_three(job, tmp_path):
    a, b = (train(job("l2", seed=seed), tmp_path / str(seed), Watching)[2] for seed in (0, 1))
    assert not equal(a.initial, b.initial)
    assert [files for files, *_ in a.seen] != [files for files, *_ in b.seen]
    first = {file: image for files, images, _ in a.seen[:3] for file, image in zip(files, images, strict=True)}
    second = {file: image for files, images, _ in b.seen[:3] for file, image in zip(files, images, strict=True)}
    assert first.keys() == second.keys()
    assert not any(torch.equal(first[file], second[file]) for file in first)


def test_the_same_run_gives_the_same_weights_bit_for_bit(job, tmp_path):
    (a, rows_a, _), (b, rows_b, _) = (train(job("cosine", model=USUAL), tmp_path / name) for name in "ab")
    assert equal(a.state_dict, b.state_dict)
    assert a.predictions == b.predictions
    clockless = [{k: v for k, v in row.items() if k != "seconds"} for row in rows_a]
    assert clockless == [{k: v for k, v in row.items() if k != "seconds"} for row in rows_b]


def test_what_happened_before_in_the_process_changes_nothing(job, tmp_path):
    a, _, _ = train(job("l2"), tmp_path / "a")
    torch.rand(100)
    np.random.rand(100)  # noqa: NPY002
    train(job("mgiou", seed=5), tmp_path / "between")
    b, _, _ = train(job("l2"), tmp_path / "b")
    assert equal(a.state_dict, b.state_dict)


def test_measuring_changes_nothing(job, tmp_path):
    import dataclasses

    one = job("cosine")
    a, _, _ = train(one, tmp_path / "a")
    b, _, _ = train(dataclasses.replace(one, val_every=100), tmp_path / "b")
    assert equal(a.state_dict, b.state_dict)


def test_rows_hold_the_weights_that_were_used(job, tmp_path):
    outcome, rows, _ = train(job("cosine", epochs=4), tmp_path)
    assert [row["alpha"] for row in rows] == pytest.approx(
        [0.2 + 0.4 * (1 + math.cos(math.pi * e / 4)) for e in range(4)]
    )
    for row in rows:
        assert row["w_l2"] + row["w_mgiou"] == pytest.approx(1)
        assert all(math.isfinite(value) for value in row.values())
    (metrics,) = outcome.metrics
    assert {key: rows[-1][key] for key in metrics} == metrics


def test_every_registered_strategy_trains_an_epoch(job, tmp_path):
    for name in strategies.names():
        outcome, rows, _ = train(job(name, epochs=1), tmp_path / name)
        assert len(rows) == 1
        assert all(torch.isfinite(value).all() for value in outcome.state_dict.values())


def test_a_loss_that_is_not_finite_ends_the_run_as_diverged(job, tmp_path):
    @strategies.register("test-exploding")
    class Exploding(strategies.Strategy):
        def weights(self, signals):
            return (1.0, 0.0) if signals.epoch == 0 or signals.epochs == 20 else (float("nan"), 0.0)

    try:
        with pytest.raises(Diverged, match=r"epoch 2; the last finite one was \d"):
            train(job("test-exploding", epochs=3), tmp_path)
    finally:
        strategies.registry._registry.pop("test-exploding")


def test_the_order_is_new_in_every_epoch_and_complete():
    sampler = EpochSampler(10, seed=3)
    epochs = [list(sampler) for _ in range(3)]
    for number, keys in enumerate(epochs):
        assert sorted(keys) == list(range(10 * number, 10 * number + 10))
    assert len({tuple(key % 10 for key in keys) for keys in epochs}) == 3
    resumed = EpochSampler(10, seed=3, epoch=2)
    assert list(resumed) == epochs[2]
