"""A training that goes on from a snapshot ends with the bits of one that was never interrupted."""

from __future__ import annotations

import dataclasses
import io
import random

import pytest
import torch

from bench.detector.snapshot import _copied, restore
from bench.detector.trainer import PolygonTrainer
from tests.models import USUAL

from .test_pairing import equal


def stored(snapshot):
    """Return a snapshot after it has been to disk, read without running code."""
    buffer = io.BytesIO()
    torch.save(snapshot, buffer)
    buffer.seek(0)
    return torch.load(buffer, weights_only=True)


def train(job, folder, after=None, snapshot=None, cls=PolygonTrainer):
    """Return the outcome, the rows, and the snapshot taken after that many epochs."""
    rows, taken = [], []

    def on_epoch(found):
        rows.append({key: value for key, value in found[0].items() if key != "seconds"})
        if found[0]["epoch"] == after:
            taken.append(stored(trainer.snapshot()))

    trainer = cls(job, folder, on_epoch, snapshot=snapshot)
    outcome = trainer.run()
    return outcome, rows, taken[0] if taken else None


CASES = [
    ("static[normalization=loss-ema]", 3, {"optimizer": "SGD", "cos_lr": True, "flipud": 0.5, "degrees": 10.0}),
    ("adaptive", 3, {"model": USUAL}),
    ("two-stage-50", 2, {}),  # at the very moment of the switch
    ("two-stage-50[stage2_lr=0.1]", 4, {}),
    ("two-stage-50[restart=true]", 2, {}),
    ("two-stage-50[restart=true]", 4, {}),  # within the second warm-up
    ("two-stage-50[restart=true]", 5, {"nbs": 16, "warmup_epochs": 2.0}),  # there batches a step rise, and some wait
    ("cosine", 2, {"nbs": 16}),  # four batches a step, three an epoch: some wait
    ("cosine", 1, {"nbs": 8, "warmup_epochs": 3.0}),  # within the warm-up, in which batches a step rise
    ("rescue[by=two-stage-50]", 3, {}),
]


@pytest.mark.parametrize(("text", "after", "settings"), CASES, ids=[f"{c[0]}-{c[1]}-{i}" for i, c in enumerate(CASES)])
def test_a_resumed_training_is_the_same_bit_for_bit(job, tmp_path, text, after, settings):
    made = job(text, epochs=6, **settings)
    whole, rows, snapshot = train(made, tmp_path / "whole", after)
    torch.manual_seed(99)  # a new process would not have this one's generators
    resumed, later, _ = train(made, tmp_path / "resumed", snapshot=snapshot)
    assert equal(whole.state_dict, resumed.state_dict)
    assert shown(later) == shown(rows[after:])
    assert whole.predictions == resumed.predictions


class Dropping(PolygonTrainer):
    """A trainer whose network draws from torch's generator in every batch."""

    def get_model(self, *args, **kwargs):
        model = super().get_model(*args, **kwargs)
        model.model[1].act = torch.nn.Sequential(torch.nn.SiLU(), torch.nn.Dropout(0.3))
        return model


def test_dropout_is_the_same_after_a_resume_and_however_often_one_measures(job, tmp_path):
    made = job("cosine", epochs=4)
    whole, _, snapshot = train(made, tmp_path / "whole", 2, cls=Dropping)
    torch.manual_seed(99)
    resumed, *_ = train(made, tmp_path / "resumed", snapshot=snapshot, cls=Dropping)
    assert equal(whole.state_dict, resumed.state_dict)
    seldom, *_ = train(dataclasses.replace(made, val_every=4), tmp_path / "seldom", cls=Dropping)
    assert equal(whole.state_dict, seldom.state_dict)


class InProcesses(PolygonTrainer):
    """A trainer whose images are loaded by a process of their own, as on a GPU, and that tells their sizes."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.args.workers = 1
        self.sizes = []

    def preprocess_batch(self, batch):
        batch = super().preprocess_batch(batch)
        if self._within_batch:
            self.sizes.append(batch["img"].shape[-1])
        return batch


def test_sizes_drawn_by_multi_scale_are_the_same_after_a_resume_of_a_training_with_loaders(job, tmp_path):
    made, sizes = job("cosine", epochs=3, multi_scale=0.5, imgsz=96), []

    class Told(InProcesses):
        def run(self):
            outcome = super().run()
            sizes.append(self.sizes)
            return outcome

    whole, _, snapshot = train(made, tmp_path / "whole", 1, cls=Told)
    random.seed(5)
    resumed, *_ = train(made, tmp_path / "resumed", snapshot=snapshot, cls=Told)
    assert len(set(sizes[0])) > 1
    assert sizes[0][-len(sizes[1]) :] == sizes[1]
    assert equal(whole.state_dict, resumed.state_dict)


def shown(rows):
    """Return rows to the last bit, in a form in which NaN equals NaN."""
    return [{key: repr(value) for key, value in row.items()} for row in rows]


def test_what_a_snapshot_holds_is_its_own(job, tmp_path):
    taken = []
    trainer = PolygonTrainer(job("cosine", epochs=3), tmp_path, lambda row: taken.append(trainer.snapshot()))
    trainer.run()
    first, last = taken[0], taken[-1]
    assert first["epoch"] == 0
    assert not equal(first["model"], last["model"])
    assert {t.device.type for t in first["model"].values()} == {"cpu"}


def test_a_run_takes_over_another_strategys_beginning(job, tmp_path):
    """What prefix sharing rests on: l2 and a two-stage run are the same training up to the switch."""
    *_, snapshot = train(job("l2", epochs=6), tmp_path / "l2", 3)
    alone, *_ = train(job("two-stage-50", epochs=6), tmp_path / "alone")
    forked, *_ = train(job("two-stage-50", epochs=6), tmp_path / "forked", snapshot=snapshot)
    assert equal(alone.state_dict, forked.state_dict)


def test_of_the_generators_of_gpus_that_of_the_device_that_trains_is_kept(job, tmp_path, monkeypatch):
    """Taken on the second of two GPUs, a snapshot is gone on from on a machine with one."""
    states = {1: torch.arange(16, dtype=torch.uint8)}
    monkeypatch.setattr(torch.cuda, "get_rng_state", lambda device: states[device.index])
    monkeypatch.setattr(torch.cuda, "get_rng_state_all", lambda: [torch.zeros(16), states[1]])
    taken = []

    def on_epoch(rows):
        here, trainer.device = trainer.device, torch.device("cuda:1")
        taken.append(stored(trainer.snapshot()))
        trainer.device = here

    made = dataclasses.replace(job("l2", epochs=2, until=1), device="cpu")
    trainer = PolygonTrainer(made, tmp_path / "two", on_epoch)
    trainer.run()

    def set_state(state, device):
        if device.index >= 1:
            raise IndexError(device.index)
        put[device.index] = state

    put = {}
    monkeypatch.setattr(torch.cuda, "set_rng_state", set_state)
    monkeypatch.setattr(
        torch.cuda,
        "set_rng_state_all",
        lambda all_: [set_state(one, torch.device("cuda", i)) for i, one in enumerate(all_)],
    )
    later = PolygonTrainer(made, tmp_path / "one", lambda rows: None)
    later._setup_train()
    snapshot = {**taken[0], "mixers": [{"strategy": {}, "alpha": None}]}
    later.device = torch.device("cuda:0")
    restore(later, snapshot)
    assert put.keys() == {0}
    assert torch.equal(put[0], states[1])


def test_what_a_strategy_remembers_is_put_on_the_device_that_trains():
    where = _copied({"strategy": {"r": torch.tensor(1.0)}, "alpha": 0.5}, torch.device("meta"))
    assert where["strategy"]["r"].device.type == "meta"
    assert where["alpha"] == 0.5
