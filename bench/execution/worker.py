"""One run from task to record: train, score, write."""

from __future__ import annotations

import contextlib
import logging
import shutil
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timezone
from functools import lru_cache
from io import BytesIO
from typing import Any

import torch

import datasets
import strategies
from bench.detector.stages import stage_starts
from bench.detector.trainer import Diverged, Job, Outcome, PolygonTrainer, StageEnd
from bench.errors import UserError
from bench.evaluation.bootstrap import image_bootstrap
from bench.execution.events import EpochDone, Event, RunEnded, RunStarted, Warned
from bench.execution.resume import Progress, UnreadableSnapshot, read_progress, remove_progress, write_progress
from bench.execution.stop import Stopped, StopSignal
from bench.execution.task import Task
from bench.execution.usage import Usage
from bench.ledger import summarise
from bench.provenance import provenance
from bench.records import RunFolder, write_atomic
from bench.tracking import RunInfo, open_trackers

Emit = Callable[[Event], None]


def carry_out(task: Task, emit: Emit, stop: StopSignal | None = None) -> None:
    """Carry out one run and write its record, whatever happens on the way.

    A run that diverges, or fails with an exception, ends with that status and its reason; the traceback goes to
    `error.log` in the run's folder. One that is told to stop leaves a snapshot, which it goes on from the next time.
    Nothing is raised: one run never takes a study down.

    Args:
        task: the run.
        emit: takes what there is to tell.
        stop: tells the run to stop.
    """
    emit(RunStarted(task.run_id, 0))
    with _warnings_to(task.run_id, emit):
        emit(_Attempt(task, emit, stop or StopSignal()).carry_out())


class _Attempt:
    """One attempt at a run, the first or one that goes on from a snapshot."""

    def __init__(self, task: Task, emit: Emit, stop: StopSignal) -> None:
        self.task, self.emit, self.stop = task, emit, stop
        self.clock, self.usage, self.started = time.perf_counter(), Usage(task.device), _now()
        self.folder = RunFolder(task.folder)
        self.progress = self._earlier()
        self.before = dict(self.progress.seconds)
        self.trainer: PolygonTrainer | None = None

    def carry_out(self) -> RunEnded:
        task = self.task
        record = replace(
            task.record("running"),
            timing={"started": self.started},
            provenance=provenance(_torch_device(task.device), torch.get_num_threads()),
        )
        self.folder.write(record)
        self.tracker = open_trackers(task.tracking, _run_info(task), first_epoch=len(self.progress.rows))
        status, reason = self._train_and_score()
        rows = self.progress.rows
        if rows:
            self.folder.write_history(rows)
        record = replace(
            record,
            status=status,
            reason=reason,
            metrics=self.progress.metrics,
            timing={**record.timing, **self._seconds(), "finished": _now()},
            ledger=_ledger(task, rows),
        )
        self.folder.write(record)
        if status != "interrupted":
            remove_progress(task.folder)
        self.tracker.finish(record)
        return RunEnded(task.run_id, status, reason, record.metrics, record.timing["total_s"])

    def _train_and_score(self) -> tuple[str, str | None]:
        """Return the status and its reason."""
        try:
            with self.stop.armed():
                outcome = self._train()
            self.folder.write_predictions(outcome.predictions)
            _store_weights(self.task, "weights.pt", outcome.state_dict)
            self.progress.metrics.update(outcome.metrics, final_epoch=len(self.progress.rows))
            self.folder.write_bootstrap(_bootstrap(self.task, outcome))
        except Stopped:
            return "interrupted", self._keep()
        except Diverged as error:
            return "diverged", str(error)
        except (UserError, datasets.DataError, strategies.StrategyError) as error:
            return "failed", str(error)
        except Exception as error:
            write_atomic(self.task.folder / "error.log", traceback.format_exc())
            return "failed", f"{type(error).__name__}: {' '.join(str(error).split())}"[:500]
        return "done", None

    def _train(self) -> Outcome:
        task, identity = self.task, self.task.identity
        for plugin in task.plugins:
            strategies.load_plugin(plugin)
        data = _load(task.source)
        if data.fingerprint != identity["data"]["fingerprint"]:
            raise UserError(f"{task.source}: the data changed while the study ran; start it again")
        job = Job(
            strategy=_strategy(identity),
            form=identity["form"],
            data=data,
            vertices=identity["data"]["vertices"],
            seed=identity["seed"],
            model=identity["model"],
            settings=identity["settings"],
            device=task.device,
            val_every=task.val_every,
        )
        scratch = task.folder / "scratch"
        try:
            self.trainer = PolygonTrainer(job, scratch, self._on_epoch, self._on_stage_end, self.progress.trainer)
            return self.trainer.run()
        finally:
            shutil.rmtree(scratch, ignore_errors=True)

    def _on_epoch(self, row: dict[str, float]) -> None:
        with self.stop.held():
            self._epoch_is_over(row)

    def _epoch_is_over(self, row: dict[str, float]) -> None:
        assert self.trainer is not None
        self.progress.rows.append(row)
        self.tracker.log_epoch(row)
        done, epochs = len(self.progress.rows), self.task.identity["settings"]["epochs"]
        measured = {key: row[key] for key in ("mAP50_95", "full_image") if key in row}
        self.emit(EpochDone(self.task.run_id, done, epochs, row["loss"], measured or None, row["seconds"]))
        if done < epochs:
            self.progress.trainer = self.trainer.snapshot()
            if done % self.task.snapshot_every == 0:
                self._keep()

    def _on_stage_end(self, end: StageEnd) -> None:
        with self.stop.held():
            _store_weights(self.task, f"stage{end.number}.pt", end.state_dict)
        metrics = self.progress.metrics
        metrics.update({f"stage{end.number}_{key}": value for key, value in end.metrics.items()})
        metrics[f"stage{end.number}_epoch"] = end.epoch

    def _earlier(self) -> Progress:
        """Return what an earlier attempt came to."""
        try:
            return read_progress(self.task.folder, self.task.identity)
        except UnreadableSnapshot as error:
            self.emit(Warned(self.task.run_id, str(error)))
            return Progress()

    def _keep(self) -> str:
        """Write the snapshot of the last epoch that is over; return what becomes of the run."""
        # A stop in the midst of an epoch: what that epoch has done so far is done again.
        epoch = 0 if self.progress.trainer is None else self.progress.trainer["epoch"] + 1
        if epoch:
            kept = replace(self.progress, rows=self.progress.rows[:epoch], seconds=self._seconds())
            write_progress(self.task.folder, self.task.identity, kept)
        where = f"goes on from epoch {epoch + 1}" if epoch else "starts again"
        return f"told to stop; the same command {where}"

    def _seconds(self) -> dict[str, float]:
        """Return the times of all attempts together."""
        spent = {"total_s": time.perf_counter() - self.clock, **self.usage.so_far()}
        if self.trainer is not None:
            spent |= {"train_s": self.trainer.train_s, "eval_s": self.trainer.eval_s}
        memory = max(spent.pop("memory_mib", 0.0), self.before.get("memory_mib", 0.0))
        summed = {key: value + self.before.get(key, 0.0) for key, value in spent.items()}
        return {**summed, **({"memory_mib": memory} if memory else {})}


def _ledger(task: Task, rows: Sequence[Mapping[str, float]]) -> dict[str, float]:
    if not rows:
        return {}
    epochs = task.identity["settings"]["epochs"]
    starts = stage_starts(_strategy(task.identity), epochs)
    return summarise(rows, epochs, [starts[epoch] for epoch in sorted(starts)])


def _bootstrap(task: Task, outcome: Outcome) -> list[float]:
    """Return mAP50-95 under the resamples of the validation images that all runs on these data share."""
    data = _load(task.source)
    return image_bootstrap(data.val.coco, outcome.predictions, data.fingerprint).tolist()


@contextlib.contextmanager
def _warnings_to(run_id: str, emit: Emit) -> Iterator[None]:
    """Send what the harness logs as a warning to the parent, whose view of the study owns the terminal."""

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            emit(Warned(run_id, record.getMessage()))

    logger, handler = logging.getLogger("bench"), Handler(logging.WARNING)
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)


def _strategy(identity: Mapping[str, Any]) -> strategies.Strategy:
    chosen = identity["strategy"]
    return strategies.build(chosen["name"], {**chosen["parameters"], **chosen.get("drawn", {})})


@lru_cache(maxsize=1)
def _load(source: str) -> datasets.DataSet:
    return datasets.load(source)


def _store_weights(task: Task, name: str, state_dict: dict[str, torch.Tensor]) -> None:
    buffer = BytesIO()
    torch.save({"identity": dict(task.identity), "state_dict": state_dict}, buffer)
    write_atomic(task.folder / name, buffer.getvalue())


def _run_info(task: Task) -> RunInfo:
    identity = task.identity
    return RunInfo(
        id=task.run_id,
        study=task.study,
        label=task.label,
        form=identity["form"],
        seed=identity["seed"],
        strategy=identity["strategy"]["name"],
        parameters=identity["strategy"]["parameters"],
        data=identity["data"]["name"],
        model=identity["model"],
        settings=identity["settings"],
    )


def _torch_device(device: str) -> str:
    return f"cuda:{device}" if device.isdecimal() else device


def _now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="seconds")
