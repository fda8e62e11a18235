"""What a training has come to at the end of an epoch, so that it can go on from there as if nothing had happened."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import torch
from ultralytics.utils.torch_utils import unwrap_model

from bench.detector.stages import resume_stage
from bench.errors import brief

if TYPE_CHECKING:
    from bench.detector.trainer import PolygonTrainer

_CPU = torch.device("cpu")

Snapshot = dict[str, Any]
"""Nested dictionaries and lists of tensors and plain values: what `torch.load(weights_only=True)` reads."""


def take(trainer: PolygonTrainer) -> Snapshot:
    """Return the state at the end of the epoch under way, in memory of its own.

    What a batch looks like depends on (seed, epoch, index) alone (`bench.detector.data`), so that the loader's position
    is the epoch's number. Torch's generators are kept for models that draw from them (dropout).
    """
    model = unwrap_model(trainer.model)
    return _copied(
        {
            "epoch": trainer.epoch,
            "batch": trainer.batches_seen,
            "last_step": trainer.last_step,
            "model": model.state_dict(),
            # Of batches that wait for the rest of their step; where each batch is a step there are none.
            "gradients": {name: p.grad for name, p in model.named_parameters() if p.grad is not None},
            "ema": trainer.ema.ema.state_dict(),
            "ema_updates": trainer.ema.updates,
            "optimizer": trainer.optimizer.state_dict(),
            "scheduler": {k: v for k, v in trainer.scheduler.state_dict().items() if k in ("base_lrs", "last_epoch")},
            "scaler": trainer.scaler.state_dict(),
            "warmup_done": None if trainer.warmup is None else trainer.warmup.done,
            "mixers": [mixer.state_dict() for mixer in trainer.mixers],
            "last_finite": trainer.last_finite,
            "generator": torch.get_rng_state(),
            # Of the device that trains alone: another machine may have more of them, or fewer.
            "device_generator": torch.cuda.get_rng_state(trainer.device) if trainer.device.type == "cuda" else None,
        }
    )


class UnfitSnapshot(Exception):
    """A snapshot that a trainer cannot be put into: another version's, say."""


def restore(trainer: PolygonTrainer, snapshot: Snapshot) -> None:
    """Put a trainer that has been set up, and has not begun, where the snapshot was taken, by as many arms.

    The snapshot stays as it is: on the CPU an optimiser would go on to write into the tensors it was given.

    Raises:
        UnfitSnapshot: it is of something else than this trainer trains.
    """
    try:
        _restore(trainer, _copied(snapshot))
    except (KeyError, ValueError, TypeError, AttributeError, RuntimeError) as error:
        if isinstance(error, RuntimeError) and (type(error) is not RuntimeError or "CUDA" in str(error)):
            raise  # out of memory, or the device is gone: no fault of the snapshot's
        raise UnfitSnapshot(brief(error, 200)) from error


def _restore(trainer: PolygonTrainer, snapshot: Snapshot) -> None:
    model = unwrap_model(trainer.model)
    trainer.start_epoch = snapshot["epoch"] + 1
    resume_stage(trainer, snapshot["warmup_done"])
    model.load_state_dict(snapshot["model"])
    trainer.ema.ema.load_state_dict(snapshot["ema"])
    trainer.ema.updates = snapshot["ema_updates"]
    trainer.optimizer.load_state_dict(snapshot["optimizer"])
    trainer.scheduler.load_state_dict({**trainer.scheduler.state_dict(), **snapshot["scheduler"]})
    trainer.scaler.load_state_dict(snapshot["scaler"])
    trainer.batches_seen, trainer.last_step = snapshot["batch"], snapshot["last_step"]
    trainer.waiting_gradients = snapshot["gradients"]
    for mixer, state in zip(trainer.mixers, snapshot["mixers"], strict=True):
        mixer.load_state_dict(_copied(state, trainer.device))  # a strategy may mix what it remembers with what it sees
    trainer.last_finite = snapshot["last_finite"]
    trainer.train_loader.sampler.epoch = trainer.start_epoch
    trainer.train_loader.reset()
    torch.set_rng_state(snapshot["generator"].cpu())
    generator = snapshot.get("device_generator")  # none in a snapshot of the CPU's, or of an earlier version
    if generator is not None and trainer.device.type == "cuda":
        torch.cuda.set_rng_state(generator, trainer.device)


def of_arm(snapshot: Snapshot, arm: int) -> Snapshot:
    """Return what one of several arms would have left, had it been trained alone. Tensors are not copied."""
    return {**snapshot, "mixers": [snapshot["mixers"][arm]]}


def together(snapshots: Sequence[Snapshot]) -> Snapshot:
    """Return the snapshot of several arms from what `of_arm` made of it."""
    return {**snapshots[0], "mixers": [state for one in snapshots for state in one["mixers"]]}


def _copied(value: Any, device: torch.device = _CPU) -> Any:
    """Return a copy that training cannot write to; by default on the CPU: a snapshot must not hold a GPU's memory."""
    if isinstance(value, torch.Tensor):
        return value.detach().to(device, copy=True)
    if isinstance(value, dict):
        return {key: _copied(item, device) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_copied(item, device) for item in value)
    return value
