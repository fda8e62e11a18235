"""A data set small enough to train on in seconds, and jobs on it."""

from __future__ import annotations

import pytest
import torch

import datasets
import strategies
from bench.arm import Arm
from bench.detector.job import Job
from bench.detector.model import PolygonModel, model_config
from bench.settings import DEFAULTS
from tests.devices import DEVICE
from tests.models import SMALL


@pytest.fixture(scope="session", autouse=True)
def _one_thread():
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def small(small_folder) -> datasets.DataSet:
    """Return the small set in memory."""
    return datasets.load(small_folder)


@pytest.fixture
def job(small):
    """Return a maker of jobs: `job("cosine", seed=1, epochs=2, flipud=0.5)`; several strategies are trained as one."""

    def make(
        *texts: str,
        seed: int = 0,
        data: datasets.DataSet = small,
        vertices: int = 4,
        until=None,
        pretrained=None,
        model: str = SMALL,
        **settings,
    ) -> Job:
        chosen = [one for text in texts for one in strategies.parse(text)]
        return Job(
            arms=tuple(Arm(one, one.forms[0] if one.forms else None) for one in chosen),
            data=data,
            vertices=vertices,
            seed=seed,
            model=model,
            settings={**DEFAULTS, "epochs": 2, "imgsz": 64, "batch": 4, "nbs": 4, **settings},
            device=DEVICE,
            val_every=1,
            until=until,
            pretrained=pretrained,
        )

    return make


@pytest.fixture
def detector(tmp_path):
    """Return a maker of checkpoints: detectors of some categories, all with the same weights.

    Other `args` than the image size are what `train` was told.
    """

    def make(names, **args):
        torch.manual_seed(1)
        model = PolygonModel(model_config("yolo11n-polygon.yaml", 4), ch=3, nc=len(names), verbose=False)
        for branch in model.model[-1].cv3:
            branch[-1].bias.data[-1] = 5.0  # whatever it sees is of the last class
        model.names = dict(enumerate(names))
        model.args, model.task = {"imgsz": 32, **args}, "pose"
        path = tmp_path / f"{'-'.join(names)}.pt"
        torch.save({"epoch": 1, "model": model, "train_args": model.args}, path)
        return path

    return make
