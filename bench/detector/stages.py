"""The beginning of a strategy's later stages, in Ultralytics' terms: optimiser, schedule, warm-up."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR
from ultralytics.utils.torch_utils import ModelEMA, one_cycle, unwrap_model

from strategies import Stage, Strategy

if TYPE_CHECKING:
    from bench.detector.trainer import PolygonTrainer


def stage_starts(strategy: Strategy, epochs: int) -> dict[int, Stage]:
    """Return the epochs, from 0, at which a later stage begins; a stage that falls off either end has none."""
    starts = {stage.first_epoch(epochs): stage for stage in strategy.stages()}
    return {epoch: stage for epoch, stage in starts.items() if 0 < epoch < epochs}


def begin_stage(trainer: PolygonTrainer, stage: Stage) -> Warmup | None:
    """Set the trainer up for a stage that begins with the epoch under way.

    Returns:
        The warm-up to follow: that of a restart, or one that is under way.
    """
    if stage.restart:
        return _restart(trainer, stage)
    for group in trainer.optimizer.param_groups:
        group["initial_lr"] *= stage.lr
    trainer.scheduler.base_lrs = [lr * stage.lr for lr in trainer.scheduler.base_lrs]
    return trainer.warmup


def resume_stage(trainer: PolygonTrainer, warmup_done: int | None) -> None:
    """Give a trainer that goes on from `trainer.start_epoch` the optimiser, schedule and warm-up of its stage.

    Their states are for the caller to load. A stage that begins with that very epoch is begun when the epoch is.
    """
    begun = [epoch for epoch, stage in sorted(trainer.stages.items()) if stage.restart and epoch < trainer.start_epoch]
    if begun:
        trainer.warmup = _new_training(trainer, trainer.stages[begun[-1]], first=begun[-1])
        trainer.warmup.done = warmup_done or 0


class Warmup:
    """Ultralytics' warm-up for a stage that begins later: learning rates rise from 0, those of biases fall.

    So do the batches that make a step, from 1 to as many as `nbs` asks for.

    Args:
        trainer: tells the settings and the learning rate to arrive at.
        steps: how many batches it takes.
        batches: how many make a step after it.
    """

    def __init__(self, trainer: PolygonTrainer, steps: int, batches: int) -> None:
        self.trainer = trainer
        self.steps = steps
        self.batches = batches
        self.done = 0

    def step(self, optimizer: Optimizer) -> None:
        """Set the learning rates of the batch under way; without steps, they are the schedule's from the first one on.

        Call it when Ultralytics has set its own, which it does while the warm-up of the whole training would last.
        """
        if not self.steps or self.done > self.steps:
            self.trainer.accumulate = self.batches
            return
        args = self.trainer.args
        across = (0, self.steps)
        batches = np.interp(self.done, across, (1, self.batches))
        self.trainer.accumulate = max(1, int(batches.round()))
        for group in optimizer.param_groups:
            start = args.warmup_bias_lr if group.get("param_group") == "bias" else 0.0
            end = group["initial_lr"] * self.trainer.lf(self.trainer.epoch)
            group["lr"] = float(np.interp(self.done, across, (start, end)))
            if "momentum" in group:
                group["momentum"] = float(np.interp(self.done, across, (args.warmup_momentum, args.momentum)))
        self.done += 1


def _restart(trainer: PolygonTrainer, stage: Stage) -> Warmup:
    """Do what a new training from the averaged weights would do over the epochs that are left."""
    model = unwrap_model(trainer.model)
    model.load_state_dict(trainer.ema.ema.state_dict())
    criterion, model.criterion = model.criterion, None  # it belongs to the run; the average has no use for a copy
    trainer.ema = ModelEMA(trainer.model)
    model.criterion = criterion
    trainer.optimizer.zero_grad()  # of batches that waited for the rest of their step
    trainer.last_step = trainer.batches_seen
    return _new_training(trainer, stage, first=trainer.epoch)


def _new_training(trainer: PolygonTrainer, stage: Stage, first: int) -> Warmup:
    """Make the optimiser, schedule and warm-up of a training over the epochs from `first` on."""
    args, left = trainer.args, trainer.epochs - first
    images = len(trainer.train_loader.dataset)
    # Ultralytics' own: `trainer.accumulate` is on its way there in a warm-up, and after a resume it has arrived.
    batches_a_step = max(round(args.nbs / trainer.batch_size), 1)
    trainer.optimizer = trainer.build_optimizer(
        model=trainer.model,
        name=args.optimizer,
        lr=args.lr0 * stage.lr,
        momentum=trainer.momentum,
        decay=args.weight_decay * trainer.batch_size * batches_a_step / args.nbs,
        iterations=math.ceil(images / max(trainer.batch_size, args.nbs)) * left,
    )
    falling = (
        one_cycle(1, args.lrf, left) if args.cos_lr else lambda x: max(1 - x / left, 0) * (1 - args.lrf) + args.lrf
    )
    trainer.lf = lambda epoch: falling(epoch - first)
    trainer.scheduler = LambdaLR(trainer.optimizer, lr_lambda=trainer.lf)
    trainer.scheduler.last_epoch = first - 1  # the trainer steps it at the start of the epoch
    batches = len(trainer.train_loader)
    steps = round(min(args.warmup_epochs, left - 1) * batches)
    return Warmup(trainer, steps, min(batches_a_step, batches * left))
