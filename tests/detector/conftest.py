"""A data set small enough to train on in seconds, and jobs on it."""

from __future__ import annotations

import dataclasses

import pytest
import torch

import datasets
import strategies
from bench.detector.trainer import Job
from bench.settings import DEFAULTS


@pytest.fixture(scope="session", autouse=True)
def _one_thread():
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def small() -> datasets.DataSet:
    """Return `documents` with 12 training and 4 validation images."""
    whole = datasets.load("documents")
    splits = {}
    for name, count in (("train", 12), ("val", 4)):
        split = getattr(whole, name)
        images = split.images[:count]
        kept = {image.id for image in images}
        coco = {
            **split.coco,
            "images": [image for image in split.coco["images"] if image["id"] in kept],
            "annotations": [a for a in split.coco["annotations"] if a["image_id"] in kept],
        }
        splits[name] = dataclasses.replace(split, images=images, coco=coco)
    return dataclasses.replace(whole, **splits)


@pytest.fixture
def job(small):
    """Return a maker of jobs: `job("cosine", seed=1, epochs=2, flipud=0.5)`."""

    def make(text: str, seed: int = 0, data: datasets.DataSet = small, vertices: int = 4, **settings) -> Job:
        (strategy,) = strategies.parse(text)
        return Job(
            strategy=strategy,
            form=strategy.forms[0] if strategy.forms else None,
            data=data,
            vertices=vertices,
            seed=seed,
            model="yolo11n-polygon.yaml",
            settings={**DEFAULTS, "epochs": 2, "imgsz": 64, "batch": 4, "nbs": 4, **settings},
            device="cpu",
            val_every=1,
        )

    return make
