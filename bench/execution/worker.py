"""Work from task to record: train, score, write."""

from __future__ import annotations

import contextlib
import gc
import logging
import os
import shutil
import time
import traceback
from collections.abc import Callable, Iterator
from functools import lru_cache, partial

import torch

import datasets
import strategies
from bench import no_memory
from bench.detector.device import torch_device
from bench.detector.job import Diverged, Job, Outcome, StageEnd
from bench.detector.model import model_digest
from bench.detector.pretrained import weights_digest
from bench.detector.snapshot import Snapshot, UnfitSnapshot, together
from bench.detector.trainer import PolygonTrainer
from bench.errors import StorageError, UserError, brief
from bench.events import EpochDone, Event, RunEnded, RunParted, RunStarted, Warned, WorkOver
from bench.execution.lost import EXIT_CODE, answers
from bench.execution.member import Member
from bench.execution.over import without_those_that_are_over
from bench.execution.redact import redacted
from bench.execution.reservation import StillWorkedOn, working_on
from bench.execution.resume import UnreadableSnapshot, set_aside
from bench.execution.stop import Stopped, StopSignal
from bench.execution.task import Task, Work
from bench.execution.usage import Usage
from bench.files import write_atomic
from bench.history_columns import measured
from bench.metrics import FIGURE
from bench.provenance import provenance
from bench.records import RunFolder

Emit = Callable[[Event], None]


def carry_out(work: Work, emit: Emit, stop: StopSignal | None = None) -> WorkOver:
    """Train some epochs of one run or several, and write their records, whatever happens on the way.

    A run that diverges, or fails with an exception, ends with that status and its reason; the traceback goes to
    `error.log` in the run's folder. One that is told to stop leaves a snapshot, which it goes on from the next time.
    Nothing is raised: one run never takes a study down.

    Args:
        work: which runs, and how far.
        emit: takes what there is to tell.
        stop: tells the runs to stop.
    """
    for task in work.tasks:
        emit(RunStarted(task.run_id, 0))
    with _warnings_to(work.tasks[0].run_id, emit):
        try:
            with working_on(work.tasks[0].folder.parent, [task.run_id for task in work.tasks]):
                left = without_those_that_are_over(work, emit)
                over = _attempt(left, emit, stop or StopSignal()) if left.tasks else WorkOver()
                if work.tasks[0].device != "cpu":  # of an attempt that failed: the next one may need the GPU's memory
                    gc.collect()
                    torch.cuda.empty_cache()
                return over
        except StillWorkedOn as error:  # nothing is written: the run is that other process's
            for task in work.tasks:
                emit(RunEnded(task.run_id, "failed", str(error), {}, 0.0))
            return WorkOver()
        except StorageError as error:  # nothing can be written: what was there before is gone on from
            for task in work.tasks:
                emit(RunEnded(task.run_id, "interrupted", redacted(str(error)), {}, 0.0))
            return WorkOver(halt=str(error))


def _attempt(work: Work, emit: Emit, stop: StopSignal) -> WorkOver:
    """Carry out work; an error outside of training fails the run and not the process, a GPU that is gone say."""
    try:
        return _Attempt(work, emit, stop).carry_out()
    except StorageError:
        raise
    except Exception as error:
        if len(work.tasks) > 1:
            return WorkOver(apart=True)
        for task in without_those_that_are_over(work, emit).tasks:
            write_atomic(task.folder / "error.log", redacted(traceback.format_exc()))
            folder = RunFolder(task.folder)
            record = task.record("failed", redacted(_reason(error, task)), earlier=folder.read_if_any())
            folder.write(record)
            emit(RunEnded.of(record))
        return WorkOver()


class _Attempt:
    """One attempt at some work, the first or one that goes on from a snapshot."""

    def __init__(self, work: Work, emit: Emit, stop: StopSignal) -> None:
        self.work, self.emit, self.stop = work, emit, stop
        self.first = work.tasks[0]
        self.clock, self.usage = time.perf_counter(), Usage(self.first.device)
        self.members = [Member(task) for task in work.tasks]
        self.trainer: PolygonTrainer | None = None
        self.snapshot = self._earlier()

    def carry_out(self) -> WorkOver:
        if self.apart:  # a worker died between their snapshots: each goes on from its own, and none is thrown away
            return WorkOver(apart=True)
        told = provenance(str(torch_device(self.first.device)), torch.get_num_threads())
        for member in self.members:
            member.begin(told)
        if len(self.members) == 1:
            self.members[0].track(partial(_load, self.first.source))
        if self.work.final or len(self.members[0].progress.rows) < self.work.until:
            try:
                status, reason = self._train_and_score()
            except UnfitSnapshot as error:
                return self._start_again(error)
        else:  # another worker got as far, and died before it could say so
            status, reason = "done", None
        if status == "failed" and len(self.members) > 1:
            told = redacted(f"{reason}; it is tried alone, as those that share with it are")
            self.emit(Warned(self.first.run_id, told))
            return WorkOver(apart=True)
        parted = status == "done" and not self.work.final
        for member in self.members:
            if len(self.members) > 1 and status != "interrupted" and not parted:
                member.track(partial(_load, self.first.source))
            if parted:
                self._part(member)
            else:
                self._end(member, status, reason)
        return WorkOver(goes_on=parted, stopped=status == "interrupted")

    def _start_again(self, error: UnfitSnapshot) -> WorkOver:
        """Set aside what cannot be gone on from; each run starts again, alone."""
        for member in self.members:
            self.emit(Warned(member.task.run_id, f"{set_aside(member.task.folder)} ({error})"))
            member.forget()
            member.close("planned", None, self._spent(), ())
        return WorkOver(apart=True)

    def _part(self, member: Member) -> None:
        until, others = self.work.until, self._others(member)
        member.close("planned", f"its first {until} epochs are done, with those of others", self._spent(), others)
        self.emit(RunParted(member.task.run_id))

    def _end(self, member: Member, status: str, reason: str | None) -> None:
        record = member.close(status, reason, self._spent(), self._others(member))
        self.emit(RunEnded.of(record))

    def _train_and_score(self) -> tuple[str, str | None]:
        """Return the status and its reason."""
        try:
            with self.stop.armed():
                outcome = self._train()
            if self.work.final:
                for arm, member in enumerate(self.members):
                    member.score(outcome, arm, _load(self.first.source))
        except Stopped:
            return "interrupted", self._keep_all()
        except Diverged as error:
            return "diverged", str(error)
        except (StorageError, UnfitSnapshot):
            raise
        except (UserError, datasets.DataError, strategies.StrategyError) as error:
            return "failed", str(error)
        except Exception as error:
            if self.stop.asked:  # whatever it brought down first
                return "interrupted", self._keep_all()
            lost = not answers(self.first.device)
            if lost or len(self.members) == 1:
                self._keep_all()  # what it failed of may be mended, and nothing is lost then
                write_atomic(self.first.folder / "error.log", redacted(traceback.format_exc()))
            if lost:
                os._exit(EXIT_CODE)  # another worker goes on from there, as from one that died
            return "failed", _reason(error, self.first)
        return "done", None

    def _train(self) -> Outcome:
        task, identity = self.first, self.first.identity
        for plugin in task.plugins:
            strategies.load_plugin(plugin)
        for member in self.members:
            member.check_code()
        data = _load(task.source)
        if data.fingerprint != identity["data"]["fingerprint"]:
            raise UserError(f"{task.source}: the data changed while the study ran; start it again")
        if model_digest(identity["model"]) != identity.get("model_digest"):
            raise UserError(f"{identity['model']}: the model changed while the study ran; start it again")
        if task.pretrained and weights_digest(task.pretrained) != identity["settings"]["pretrained"]:
            raise UserError(f"{task.pretrained}: the weights changed while the study ran; start it again")
        job = Job(
            arms=tuple(member.arm() for member in self.members),
            data=data,
            vertices=identity["data"]["vertices"],
            seed=identity["seed"],
            model=identity["model"],
            settings=identity["settings"],
            device=task.device,
            val_every=task.val_every,
            pretrained=task.pretrained,
            until=self.work.until,
        )
        scratch = task.folder / "scratch"
        try:
            self.trainer = PolygonTrainer(job, scratch, self._on_epoch, self._on_stage_end, self.snapshot)
            return self.trainer.run()
        finally:
            shutil.rmtree(scratch, ignore_errors=True)

    def _on_epoch(self, rows: list[dict[str, float]]) -> None:
        with self.stop.held():
            self._epoch_is_over(rows)

    def _epoch_is_over(self, rows: list[dict[str, float]]) -> None:
        assert self.trainer is not None
        epochs = self.first.epochs
        for member, row in zip(self.members, rows, strict=True):
            member.epoch_is_over(row, self.trainer.samples if measured(row) else None)
            figures = {key: row[key] for key in (FIGURE, "full_image")} if measured(row) else None
            done = len(member.progress.rows)
            self.emit(
                EpochDone(member.task.run_id, done, epochs, row["loss"], figures, row["seconds"], len(self.members))
            )
        if done < epochs:
            self.snapshot = self.trainer.snapshot()
            if done % self.first.snapshot_every == 0 or done == self.work.until:
                self._keep_all()

    def _on_stage_end(self, end: StageEnd) -> None:
        with self.stop.held():
            self.members[end.arm].stage_is_over(end)

    def _earlier(self) -> Snapshot | None:
        """Return the snapshot that an earlier attempt left, if all runs have one of the same epoch."""
        for member in self.members:
            try:
                member.resume()
            except UnreadableSnapshot as error:
                self.emit(Warned(member.task.run_id, str(error)))
        self.apart = len({len(member.progress.rows) for member in self.members}) > 1
        snapshots = [member.progress.trainer for member in self.members if member.progress.trainer is not None]
        return together(snapshots) if snapshots and not self.apart else None

    def _keep_all(self) -> str:
        """Write the snapshot of the last epoch that is over for every run; return what becomes of them."""
        # A stop in the midst of an epoch: what that epoch has done so far is done again.
        if self.snapshot is None:
            return "told to stop; the same command starts again"
        for arm, member in enumerate(self.members):
            member.keep(self.snapshot, arm, self._spent(), self._others(member))
        return f"told to stop; the same command goes on from epoch {self.snapshot['epoch'] + 2}"

    def _others(self, member: Member) -> list[str]:
        return [other.task.run_id for other in self.members if other is not member]

    def _spent(self) -> dict[str, float]:
        """Return what this attempt has cost so far.

        A run is charged with the whole of it, as if it had been alone; `saved_s` is what others account for.
        """
        total = time.perf_counter() - self.clock
        spent = {"total_s": total, "saved_s": total * (1 - 1 / len(self.members)), **self.usage.so_far()}
        if self.trainer is not None:
            spent |= {"train_s": self.trainer.train_s, "eval_s": self.trainer.eval_s}
        return spent


def _reason(error: Exception, task: Task) -> str:
    """Return an exception in one line, with advice where there is some to give."""
    if no_memory.is_no_memory(error):
        settings = task.identity["settings"]
        tried = no_memory.size_of(settings.get("batch"), settings.get("imgsz"))
        return f"out of memory with {tried}: try fewer --workers, or a smaller --set batch=N or --set imgsz=N"
    return brief(error, 500)


@contextlib.contextmanager
def _warnings_to(run_id: str, emit: Emit) -> Iterator[None]:
    """Send what the harness logs as a warning to the parent, whose view of the study owns the terminal."""

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            emit(Warned(run_id, redacted(record.getMessage())))

    logger, handler = logging.getLogger("bench"), Handler(logging.WARNING)
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)


@lru_cache(maxsize=4)
def _load(source: str) -> datasets.DataSet:
    return datasets.load(source)
