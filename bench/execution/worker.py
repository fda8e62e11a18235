"""One run from task to record: train, score, write."""

from __future__ import annotations

import contextlib
import logging
import shutil
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timezone
from functools import lru_cache
from io import BytesIO

import torch

import datasets
import strategies
from bench.detector.trainer import Diverged, Job, Outcome, PolygonTrainer, StageEnd
from bench.errors import UserError
from bench.execution.events import EpochDone, Event, RunEnded, RunStarted, Warned
from bench.execution.task import Task
from bench.provenance import provenance
from bench.records import RunFolder, write_atomic
from bench.tracking import RunInfo, open_trackers

Emit = Callable[[Event], None]


def carry_out(task: Task, emit: Emit) -> None:
    """Carry out one run and write its record, whatever happens on the way.

    A run that diverges, or fails with an exception, ends with that status and its reason; the traceback goes to
    `error.log` in the run's folder. Nothing is raised: one run never takes a study down.
    """
    emit(RunStarted(task.run_id, 0))
    with _warnings_to(task.run_id, emit):
        emit(_carried_out(task, emit))


def _carried_out(task: Task, emit: Emit) -> RunEnded:
    clock = time.perf_counter()
    folder = RunFolder(task.folder)
    record = replace(
        task.record("running"),
        timing={"started": _now()},
        provenance=provenance(_torch_device(task.device), torch.get_num_threads()),
    )
    folder.write(record)
    rows: list[dict[str, float]] = []
    metrics: dict[str, float] = {}
    tracker = open_trackers(task.tracking, _run_info(task))

    def on_epoch(row: dict[str, float]) -> None:
        rows.append(row)
        tracker.log_epoch(row)
        measured = {key: row[key] for key in ("mAP50_95", "full_image") if key in row}
        epochs = task.identity["settings"]["epochs"]
        emit(EpochDone(task.run_id, len(rows), epochs, row["loss"], measured or None, row["seconds"]))

    def on_stage_end(end: StageEnd) -> None:
        _store_weights(task, f"stage{end.number}.pt", end.state_dict)
        metrics.update({f"stage{end.number}_{key}": value for key, value in end.metrics.items()})
        metrics[f"stage{end.number}_epoch"] = end.epoch

    status, reason, timing = "done", None, {}
    try:
        outcome = _train(task, on_epoch, on_stage_end)
        folder.write_predictions(outcome.predictions)
        _store_weights(task, "weights.pt", outcome.state_dict)
        metrics.update(outcome.metrics, final_epoch=len(rows))
        timing = {"train_s": outcome.train_s, "eval_s": outcome.eval_s}
    except Diverged as error:
        status, reason = "diverged", str(error)
    except (UserError, datasets.DataError, strategies.StrategyError) as error:
        status, reason = "failed", str(error)
    except Exception as error:
        status, reason = "failed", f"{type(error).__name__}: {' '.join(str(error).split())}"[:500]
        write_atomic(task.folder / "error.log", traceback.format_exc())
    if rows:
        folder.write_history(rows)
    timing = {**record.timing, **timing, "finished": _now(), "total_s": time.perf_counter() - clock}
    record = replace(record, status=status, reason=reason, metrics=metrics, timing=timing)
    folder.write(record)
    tracker.finish(record)
    return RunEnded(task.run_id, status, reason, metrics, timing["total_s"])


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


def _train(
    task: Task, on_epoch: Callable[[dict[str, float]], None], on_stage_end: Callable[[StageEnd], None]
) -> Outcome:
    identity = task.identity
    for plugin in task.plugins:
        strategies.load_plugin(plugin)
    data = _load(task.source)
    if data.fingerprint != identity["data"]["fingerprint"]:
        raise UserError(f"{task.source}: the data changed while the study ran; start it again")
    job = Job(
        strategy=strategies.build(identity["strategy"]["name"], identity["strategy"]["parameters"]),
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
        return PolygonTrainer(job, scratch, on_epoch, on_stage_end).run()
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


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
