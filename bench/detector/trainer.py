"""Ultralytics' trainer, driven by a strategy and scored by this harness."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer
from ultralytics.data.build import InfiniteDataLoader
from ultralytics.data.dataset import YOLODataset
from ultralytics.models.yolo.pose import PoseTrainer
from ultralytics.utils.torch_utils import unwrap_model

from bench.clip_vertices import clips, of_ultralytics
from bench.detector.data import EpochSampler, PolygonDataset
from bench.detector.item_memory import ItemMemory, memory_of
from bench.detector.job import Diverged, Job, Outcome, StageEnd
from bench.detector.loaders import AHEAD, CONTEXT, end_with_parent, loaders, spare_cores
from bench.detector.loss import PolygonLoss
from bench.detector.mixer import Mixer, SharedMixer
from bench.detector.model import PolygonModel, largest_size, model_config
from bench.detector.precision import BF16
from bench.detector.predict import predict
from bench.detector.pretrained import pretrained_weights
from bench.detector.shared_gradients import PROBE_IMAGES, SharedGradientProbe
from bench.detector.snapshot import Snapshot, restore, take
from bench.detector.stages import Warmup, begin_stage, stage_starts
from bench.errors import UserError
from bench.evaluation import Evaluator
from bench.evaluation.samples import sample_ids, sampled
from bench.metrics import MAX_DETECTIONS
from datasets import Split

_NO_RETRY = 3
"""Ultralytics' own limit of tries with a smaller batch."""


class PolygonTrainer(PoseTrainer):
    """A `PoseTrainer` on polygons, with nothing in its loop but training and the harness's own measurements.

    It writes no checkpoint, plot, CSV or log of its own; the caller gets an epoch's rows through `on_epoch`, and the
    outcome from `run`.

    Attributes:
        eval_s: seconds spent on measuring.
        momentum: that the optimiser was built with; `optimizer=auto` has one of its own, which `args` does not tell.

    Args:
        job: what to train.
        folder: a scratch folder; Ultralytics insists on one.
        on_epoch: called with every epoch's rows of history.csv, one an arm.
        on_stage_end: called before a later stage of the strategy begins.
        snapshot: of another trainer's `snapshot`, to go on from.
    """

    _ready = False

    def __init__(
        self,
        job: Job,
        folder: Path,
        on_epoch: Callable[[list[dict[str, float]]], None],
        on_stage_end: Callable[[StageEnd], None] = lambda end: None,
        snapshot: Snapshot | None = None,
    ) -> None:
        self.job = job
        self._within_batch, self._batches_a_step = False, 1
        self.batches_seen, self.last_step = -1, -1
        self.waiting_gradients: dict[str, Tensor] = {}
        self.last_finite: float | None = None
        self._snapshot = snapshot
        epochs = job.settings["epochs"]
        self.stages_of_arms = [stage_starts(arm.strategy, epochs) for arm in job.arms]
        self.stages = self.stages_of_arms[0]
        self.warmup: Warmup | None = None
        self.mixers = [Mixer(arm.strategy, arm.form, epochs) for arm in job.arms]
        self.evaluator = Evaluator(job.data.val.coco)
        self._measured: list[dict[str, float]] = []
        self.predictions: list[dict[str, Any]] = []
        self._on_epoch = on_epoch
        self._on_stage_end = on_stage_end
        self.eval_s = 0.0
        self._start: float | None = None
        self._end: float | None = None
        overrides = {
            **of_ultralytics(job.settings),
            "model": job.model,
            "data": job.data.name,
            "seed": job.seed,
            "device": job.device,
            "save_dir": str(folder),
            "exist_ok": True,
            "cache": "ram",
            "workers": job.settings.get("workers", spare_cores(job.device)),  # nothing depends on it
            "deterministic": True,
            "pretrained": False,
            "amp": False,  # Ultralytics' own, which has no bfloat16 on the CPU and computes the losses in it as well
            "patience": 0,
            "plots": False,
            "save": False,
            "val": True,
            "verbose": False,
            "max_det": MAX_DETECTIONS,
            **self.run_folder_settings(job),
        }
        threads = torch.get_num_threads()
        super().__init__(overrides=overrides)
        torch.set_num_threads(threads)  # Ultralytics takes the machine for its own; the caller shares it out
        self._ready = True
        self.callbacks = {event: [] for event in self.callbacks}  # none of Ultralytics' integrations
        self.add_callback("on_train_epoch_start", type(self)._open_epoch)
        self.add_callback("on_train_batch_start", type(self)._open_batch)
        self.add_callback("on_train_batch_end", type(self)._close_batch)
        self.add_callback("on_fit_epoch_end", type(self)._close_epoch)

    def run_callbacks(self, event: str) -> None:
        """Run the harness's callbacks; those of Ultralytics' integrations would open an experiment of their own."""
        if self._ready:
            super().run_callbacks(event)

    def run_folder_settings(self, job: Job) -> dict[str, Any]:
        """Return settings of Ultralytics about what is left in its run folder; nothing is."""
        return {}

    def run(self) -> Outcome:
        """Train to the end.

        Raises:
            Diverged: an epoch ended with a loss that is not finite.
        """
        self._start = time.perf_counter()
        try:
            self.train()
        finally:  # Ultralytics does so where nothing went wrong
            for loader in (getattr(self, "train_loader", None), getattr(self, "test_loader", None)):
                if loader is not None:
                    loader.close()
        self._end = time.perf_counter()
        return Outcome(self._averaged_weights(), self.predictions, tuple(self._measured))

    @property
    def samples(self) -> list[dict[str, Any]]:
        """What it last predicted on the images that are followed."""
        return sampled(self.predictions, sample_ids(self.job.data.val.coco))

    @property
    def train_s(self) -> float:
        """Seconds that training took, or has taken so far, without those of measuring."""
        return 0.0 if self._start is None else (self._end or time.perf_counter()) - self._start - self.eval_s

    def snapshot(self) -> Snapshot:
        """Return the state at the end of the epoch; call it from `on_epoch`."""
        return take(self)

    # What the data, the model and the loss are.

    def get_dataset(self) -> dict[str, Any]:
        """Return Ultralytics' description of the data; splits stand where it would have paths."""
        data = self.job.data
        return {
            "train": data.train,
            "val": data.val,
            "nc": len(data.categories),
            "names": dict(enumerate(data.categories)),
            "channels": 3,
            "kpt_shape": [self.job.vertices, 2],
            "flip_idx": list(range(self.job.vertices)),  # a flip keeps the vertices; they are put in order after it
        }

    def get_model(self, cfg: Any = None, weights: Any = None, verbose: bool = True) -> PolygonModel:
        """Return the network, its initial weights fixed by the seed alone."""
        torch.manual_seed(self.job.seed)
        config = model_config(self.job.model, self.job.vertices)
        model = PolygonModel(config, ch=3, nc=self.data["nc"], verbose=False)
        model.autocast = self.job.settings.get("amp") == BF16
        if weights:
            self.set_model_names_for_load(model).load(weights)  # rows of the classes by name, as `cls_remap` says
        return model

    def build_optimizer(self, *args: Any, **kwargs: Any) -> Optimizer:
        """Return Ultralytics' optimiser, its step in one kernel where torch has one: the same formula in less time."""
        optimizer = super().build_optimizer(*args, **kwargs)
        for group in optimizer.param_groups:
            if "fused" in group and self.device.type in ("cpu", "cuda"):
                group["fused"], group["foreach"] = True, False
        first = optimizer.param_groups[0]
        self.momentum = first["betas"][0] if "betas" in first else first["momentum"]
        return optimizer

    def setup_model(self) -> None:
        """Build the network, from a file's weights where the job names one."""
        path = self.job.pretrained
        self.model = self.get_model(weights=pretrained_weights(path) if path else None)

    def _build_train_pipeline(self, *args: Any, **kwargs: Any) -> None:
        try:
            super()._build_train_pipeline(*args, **kwargs)
        except ValueError as error:  # a last batch of one image, of which BatchNorm has no spread at small sizes
            raise UserError(" ".join(str(error).split())) from None

    def build_dataset(
        self, img_path: Split, mode: str = "train", batch: int | None = None, memory: ItemMemory | None = None
    ) -> PolygonDataset:
        """Return a split as a dataset, augmented when it is for training."""
        return PolygonDataset(
            img_path,
            seed=self.job.seed,
            memory=memory,
            data=self.data,
            imgsz=self.args.imgsz,
            batch_size=batch,
            augment=mode == "train",
            hyp=self.args,
            cache=self.args.cache,
            stride=self.stride,
            clip_vertices=clips(self.job.settings),
        )

    def get_dataloader(
        self, dataset_path: Split, batch_size: int = 16, rank: int = 0, mode: str = "train"
    ) -> InfiniteDataLoader:
        """Return batches of a split; those for training in the order the seed gives.

        Unless processes of their own load them, augmented images are kept, for this run and later ones.
        """
        largest = largest_size(self.args.imgsz, self.args.multi_scale)
        workers = loaders(self.args.workers, len(dataset_path.images), batch_size, largest)
        memory = self._memory() if mode == "train" and not workers else None
        dataset = self.build_dataset(dataset_path, mode, batch_size, memory)
        return InfiniteDataLoader(
            dataset,
            batch_size=min(batch_size, len(dataset)),
            sampler=EpochSampler(len(dataset), self.job.seed) if mode == "train" else range(len(dataset)),
            num_workers=workers,
            prefetch_factor=AHEAD if workers else None,
            multiprocessing_context=CONTEXT if workers else None,
            worker_init_fn=end_with_parent,
            pin_memory=self.device.type == "cuda",  # a batch then crosses the bus while the one before is trained on
            collate_fn=YOLODataset.collate_fn,
            generator=torch.Generator(),  # or it draws from torch's, whenever it is first asked: dropout would see that
        )

    def _memory(self) -> ItemMemory:
        job = self.job
        return memory_of((job.data.fingerprint, job.vertices, job.seed, repr(sorted(job.settings.items()))))

    def get_validator(self) -> SimpleNamespace:
        """Return the little that Ultralytics asks of a validator; `validate` measures."""
        return SimpleNamespace(metrics=SimpleNamespace(keys=[]))

    def _setup_train(self) -> None:
        super()._setup_train()
        # Ultralytics does so on CUDA; it is faster on the CPU too. The average as well: its copies in a restarted stage
        # come from the model, and the same weights in another layout predict with other last bits.
        self.model.to(memory_format=torch.channels_last)
        self.ema.ema.to(memory_format=torch.channels_last)
        mixer = self.mixers[0] if len(self.mixers) == 1 else SharedMixer(self.mixers)
        self.model.criterion = PolygonLoss(unwrap_model(self.model), mixer)
        self.probe = SharedGradientProbe(self._probe_batch())
        if self._snapshot is not None:
            restore(self, self._snapshot)
            self._snapshot = None

    def _probe_batch(self) -> dict[str, Any]:
        """Return the first training images, unaugmented."""
        dataset = self.build_dataset(self.job.data.train, mode="val")
        items = [dataset[index] for index in range(min(PROBE_IMAGES, len(dataset)))]
        return self.preprocess_batch(dataset.collate_fn(items))

    # What happens in an epoch.

    def _open_epoch(self) -> None:
        for mixer in self.mixers:
            mixer.epoch = self.epoch
        # Out of memory, Ultralytics would go on with a smaller batch, which is another training; now it raises.
        self._oom_retries = _NO_RETRY
        for name, parameter in unwrap_model(self.model).named_parameters():
            if name in self.waiting_gradients:  # Ultralytics begins with none
                parameter.grad = self.waiting_gradients.pop(name).to(parameter.device)
        self._epoch_start = time.perf_counter()
        if self.epoch in self.stages:
            self.warmup = begin_stage(self, self.stages[self.epoch])

    def _open_batch(self) -> None:
        self._within_batch = True
        self.batches_seen += 1
        random.seed(self.job.seed << 32 | self.batches_seen)  # multi-scale draws next, wherever items were made

    def _close_batch(self) -> None:
        self._within_batch = False

    @property
    def accumulate(self) -> int:
        """Batches a step; within a batch 1, so that Ultralytics leaves it to `optimizer_step` whether one is due.

        It counts the batches that wait for a step by itself, and has forgotten them when a training is resumed.
        """
        return 1 if self._within_batch else self._batches_a_step

    @accumulate.setter
    def accumulate(self, batches: int) -> None:
        self._batches_a_step = batches

    def optimizer_step(self) -> None:
        """Take a step once enough batches wait for it."""
        if self.warmup is not None:  # only now: in the epochs of the first warm-up, Ultralytics has just set its own
            self.warmup.step(self.optimizer)
        if self.batches_seen - self.last_step < self._batches_a_step:
            return
        self.last_step = self.batches_seen
        super().optimizer_step()

    def _close_dataloader_mosaic(self) -> None:
        self.train_loader.sampler.epoch = self.epoch  # batches prefetched for this epoch are thrown away
        super()._close_dataloader_mosaic()

    def validate(self) -> tuple[dict[str, float], float]:
        """Score the averaged weights on the validation split, in the epochs that are due."""
        self._train_seconds = time.perf_counter() - self._epoch_start
        self._check_finite()
        done = self.epoch + 1
        always = done % self.job.val_every == 0 or done == self.epochs
        due = [always or done in stages for stages in self.stages_of_arms]
        self._measured = [{} for _ in due]
        if any(due):
            start = time.perf_counter()
            measured = self._measure(self.mixers)
            for arm, stages in enumerate(self.stages_of_arms):
                if due[arm]:
                    self._measured[arm] = measured[arm]
                if done in stages:
                    number = 1 + sorted(stages).index(done)
                    self._on_stage_end(StageEnd(arm, number, done, measured[arm], self._averaged_weights()))
            self.eval_s += time.perf_counter() - start
        return {}, 0.0

    def _measure(self, mixers: Sequence[Mixer]) -> list[dict[str, float]]:
        """Return what there is to measure at the end of an epoch, one entry a mixer."""
        self.predictions = predict(self.ema.ema, self.test_loader, self.job.data, self.args)
        scores = self.evaluator.evaluate(self.predictions)
        model = unwrap_model(self.model)
        by_form = {form: self.probe.measure(model, form) for form in dict.fromkeys(mixer.form for mixer in mixers)}
        return [scores | by_form[mixer.form] for mixer in mixers]

    def _averaged_weights(self) -> dict[str, torch.Tensor]:
        return {name: value.detach().cpu().clone() for name, value in self.ema.ema.state_dict().items()}

    def _check_finite(self) -> None:
        loss = float(self.loss.detach())
        if not math.isfinite(loss):
            known = "none" if self.last_finite is None else f"{self.last_finite:.4g}"
            raise Diverged(f"loss is {loss} at the end of epoch {self.epoch + 1}; the last finite one was {known}")
        self.last_finite = loss

    def _close_epoch(self) -> None:
        losses = {name: float(value) for name, value in self.tloss.items()}
        done = self.epoch + 1
        shared = {
            "loss": sum(losses.values()),
            "loss_box": losses["box_loss"],
            "loss_cls": losses["cls_loss"],
            "loss_dfl": losses["dfl_loss"],
            "lr": max(group["lr"] for group in self.optimizer.param_groups),
            "seconds": self._train_seconds,
        }
        rows = [
            {"epoch": done, "progress": self.epoch / self.epochs, **mixer.close_epoch(), **shared, **measured}
            for mixer, measured in zip(self.mixers, self._measured, strict=True)
        ]
        self._on_epoch(rows)
        if done == self.job.until:
            self.stop = True

    # What Ultralytics would write or do, and a study must not.

    def save_model(self) -> bool:
        """Write nothing: the caller stores the outcome."""
        return False

    def save_metrics(self, metrics: dict[str, float]) -> None:
        """Write nothing: the caller stores the rows."""

    def final_eval(self) -> None:
        """Do nothing: the last epoch has been scored, and no best one is picked."""

    def _handle_nan_recovery(self, epoch: int) -> bool:
        """Never go back in silence: `_check_finite` ends a run that diverges."""
        return False
