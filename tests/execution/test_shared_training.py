"""Runs that share a beginning end with the bits, rows and figures of runs that were trained alone."""

from __future__ import annotations

import pandas as pd
import pytest
import torch

from bench.events import EpochDone, RunEnded, RunParted, Warned
from bench.execution.left import segments_of
from bench.execution.resume import start_of
from bench.execution.stop import Stopped, StopSignal
from bench.execution.task import Work
from bench.execution.worker import carry_out
from bench.records import RunFolder
from bench.sharing import Start
from tests.models import USUAL


@pytest.fixture(autouse=True)
def _one_thread():
    torch.set_num_threads(1)


def work(segment, tasks) -> Work:
    return Work(
        tuple(tasks[run.id] for run in segment.runs), segment.until, tuple(work(s, tasks) for s in segment.then)
    )


def carry_out_all(runs, tasks, sharing, events=None, starts=None) -> None:
    """Carry out a study in this process."""
    starts = starts or {run.id: Start() for run in runs}
    queue = [work(segment, tasks) for segment in segments_of(runs, starts, sharing)]
    while queue:
        piece = queue.pop(0)
        over = carry_out(piece, (events if events is not None else []).append)
        assert not over.apart
        queue = [*(piece.then if over.goes_on else ()), *queue]


def left_behind(task) -> dict:
    """Return all that a run leaves, but for the clock and whom it shared with."""
    folder = RunFolder(task.folder)
    record = folder.read()
    states = {path.name: torch.load(path, weights_only=True)["state_dict"] for path in sorted(task.folder.glob("*.pt"))}
    return {
        "status": record.status,
        "metrics": {key: repr(value) for key, value in record.metrics.items()},
        "ledger": {key: repr(value) for key, value in record.ledger.items()},
        "history": folder.read_history().drop(columns="seconds"),
        "predictions": folder.read_predictions(),
        "samples": folder.read_samples(),
        "bootstrap": (task.folder / "bootstrap.json").read_text(),
        "states": states,
        "files": sorted(path.name for path in task.folder.iterdir()),
    }


def assert_same(a: dict, b: dict) -> None:
    states_a, states_b = a.pop("states"), b.pop("states")
    assert states_a.keys() == states_b.keys()
    for name in states_a:
        assert all(torch.equal(states_a[name][key], states_b[name][key]) for key in states_a[name]), name
    pd.testing.assert_frame_equal(a.pop("history"), b.pop("history"), check_exact=True)
    assert a == b


STUDY = (
    "l2",
    "two-stage-50",
    "two-stage-50[restart=true]",
    "mgiou-centred",
    "rescue[by=mgiou]",  # in the centred form the same as the one before, to the end
    "rescue[by=adaptive]",  # follows its run from where it parts
    "rescue[by=static[normalization=gradient]]",
)


def test_shared_and_alone_leave_the_same_to_the_last_bit(tmp_path, make_runs, make_tasks):
    runs = make_runs(*STUDY, forms=("centred",), epochs=4, mosaic=1.0, close_mosaic=2)
    shared, single = make_tasks(runs, tmp_path / "shared"), make_tasks(runs, tmp_path / "single")
    events = []
    carry_out_all(runs, shared, True, events)
    carry_out_all(runs, single, False)
    for run in runs:
        assert_same(left_behind(shared[run.id]), left_behind(single[run.id]))
    trained = sum(1 / event.runs for event in events if isinstance(event, EpochDone))
    assert trained == pytest.approx(2 + 3 * 2 + 2 + 3 * 2)
    assert sorted(event.run_id for event in events if isinstance(event, RunEnded)) == sorted(run.id for run in runs)
    assert len([event for event in events if isinstance(event, RunParted)]) == 3 + 4


def test_so_they_do_in_bfloat16(tmp_path, make_runs, make_tasks):
    runs = make_runs("l2", "two-stage-50", epochs=2, nbs=4, amp="bf16", model=USUAL)
    shared, single = make_tasks(runs, tmp_path / "shared"), make_tasks(runs, tmp_path / "single")
    carry_out_all(runs, shared, True)
    carry_out_all(runs, single, False)
    for run in runs:
        assert_same(left_behind(shared[run.id]), left_behind(single[run.id]))


def test_a_record_tells_whom_a_run_shared_with_and_what_that_saved(tmp_path, make_runs, make_tasks):
    runs = make_runs("l2", "two-stage-50", epochs=4)
    tasks = make_tasks(runs, tmp_path)
    carry_out_all(runs, tasks, True)
    l2, two_stage = (RunFolder(tasks[run.id].folder).read() for run in runs)
    assert l2.shared == {two_stage.id: 2}
    assert two_stage.shared == {l2.id: 2}
    for record in (l2, two_stage):
        assert 0 < record.timing["saved_s"] < record.timing["total_s"]


class StopAfter(StopSignal):
    """Is told to stop in the midst of an epoch."""

    def __init__(self, epochs) -> None:
        super().__init__()
        self.left = epochs

    def heard(self, event) -> None:
        if isinstance(event, EpochDone):
            self.left -= 1
            self.asked = self.left <= 0


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory, make_runs, make_tasks):
    """Return two runs and their tasks, trained alone and to the end."""
    runs = make_runs("l2", "two-stage-50", epochs=6)
    tasks = make_tasks(runs, tmp_path_factory.mktemp("undisturbed"))
    carry_out_all(runs, tasks, False)
    return runs, tasks


@pytest.mark.parametrize("after", [2, 7])
def test_a_shared_beginning_that_is_stopped_is_gone_on_with_together(tmp_path, make_tasks, undisturbed, after):
    """Stopped in the first epoch (2 runs tell of each), in the second, and after the runs have parted."""
    runs, alone = undisturbed
    tasks = make_tasks(runs, tmp_path)
    stop, queue = StopAfter(after), [work(one, tasks) for one in segments_of(runs, {}, True)]
    while queue and not stop.asked:
        piece = queue.pop(0)
        over = carry_out(piece, stop.heard, stop)
        queue = [*(piece.then if over.goes_on else ()), *queue]
    left = [run for run in runs if RunFolder(tasks[run.id].folder).read().status != "done"]
    starts = {run.id: start_of(tasks[run.id].folder, run.identity) for run in left}
    assert {RunFolder(tasks[run.id].folder).read().status for run in left} <= {"interrupted", "planned"}
    segments = segments_of(left, starts, True)
    assert segments[0].first == min(3, after // 2) or after == 7
    carry_out_all(left, tasks, True, starts=starts)
    for run in runs:
        assert_same(left_behind(tasks[run.id]), left_behind(alone[run.id]))


def test_a_member_whose_snapshot_is_older_goes_on_by_itself_and_no_other_loses_its_own(
    tmp_path, make_tasks, undisturbed
):
    """A worker was killed after it had kept one and before it kept the other."""
    runs, alone = undisturbed
    tasks = make_tasks(runs, tmp_path)
    (segment,) = segments_of(runs, {}, True)
    shared, first, second = work(segment, tasks), *(tasks[run.id] for run in runs)
    stop = StopAfter(2)
    carry_out(shared, stop.heard, stop)
    older = (second.folder / "snapshot.pt").read_bytes()
    stop = StopAfter(2)
    carry_out(shared, stop.heard, stop)
    newer = [start_of(task.folder, task.identity).epochs for task in (first, second)]
    (second.folder / "snapshot.pt").write_bytes(older)
    assert carry_out(shared, lambda event: None).apart
    kept = [start_of(task.folder, task.identity).epochs for task in (first, second)]
    assert (newer, kept) == ([2, 2], [2, 1])
    for piece in shared.apart():
        carry_out(piece, lambda event: None)
    for run in runs:
        assert_same(left_behind(tasks[run.id]), left_behind(alone[run.id]))


def test_a_shared_beginning_that_fails_is_left_to_each_run_alone(tmp_path, make_runs, make_tasks, monkeypatch):
    runs = make_runs("l2", "two-stage-50", epochs=4)
    tasks = make_tasks(runs, tmp_path)
    (segment,) = segments_of(runs, {}, True)
    monkeypatch.setattr("bench.execution.worker.PolygonTrainer.run", lambda self: 1 / 0)
    events = []
    over = carry_out(work(segment, tasks), events.append)
    assert over.apart
    assert [event.text for event in events if isinstance(event, Warned)] == [
        "ZeroDivisionError: division by zero; it is tried alone, as those that share with it are"
    ]
    assert {RunFolder(task.folder).read().status for task in tasks.values()} == {"running"}


def test_out_of_memory_is_a_failure_with_advice_not_another_batch_size(tmp_path, make_runs, make_tasks, monkeypatch):
    tries = []

    def full(self, *args, **kwargs):
        tries.append(1)
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20 MiB")

    monkeypatch.setattr("bench.detector.model.PolygonModel.loss", full)
    (run,) = make_runs("l2")
    tasks = make_tasks([run], tmp_path)
    carry_out_all([run], tasks, True)
    record = RunFolder(tasks[run.id].folder).read()
    assert record.status == "failed"
    assert record.reason.startswith("out of memory with batch=4 at imgsz=64: try fewer --workers")
    assert tries == [1]


@pytest.fixture
def own_sigchld(monkeypatch):
    """Let this process keep torch's watch on the processes that load images, which a signal takes away."""
    monkeypatch.setattr("bench.execution.stop._SIGCHLD", None)


@pytest.mark.usefixtures("own_sigchld")
def test_a_signal_is_heard_between_epochs_only_where_it_costs_nothing():
    stop = StopSignal()
    stop._handle(15, None)  # between the files of a record: kept for later
    with pytest.raises(Stopped), stop.armed():
        pytest.fail("it had been asked before")
    stop, written = StopSignal(), []

    def write():
        stop._handle(15, None)
        written.append("whole")

    with pytest.raises(Stopped), stop.armed(), stop.held():
        write()
    assert written == ["whole"]


@pytest.mark.usefixtures("own_sigchld")
def test_a_stop_in_the_first_epoch_after_a_resume_leaves_the_snapshot_that_was_resumed(tmp_path, make_runs, make_tasks):
    """On the CPU an optimiser goes on to write into the state that it was given."""
    (run,) = make_runs("cosine", epochs=4, nbs=16)
    tasks, undisturbed = make_tasks([run], tmp_path / "a"), make_tasks([run], tmp_path / "b")
    task = tasks[run.id]
    stop = StopAfter(2)
    carry_out(Work((task,), 4), stop.heard, stop)
    before = torch.load(task.folder / "snapshot.pt", weights_only=True)["trainer"]

    class StopWithin(StopSignal):
        """Is told to stop when the second batch of the epoch begins."""

    again = StopWithin()
    steps = []

    def counted(self):
        steps.append(1)
        if len(steps) == 2:
            again._handle(15, None)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("bench.detector.trainer.PolygonTrainer._close_batch", counted)
        carry_out(Work((task,), 4), lambda event: None, again)
    assert len(steps) == 2
    after = torch.load(task.folder / "snapshot.pt", weights_only=True)["trainer"]
    assert flat(before) == flat(after)
    carry_out(Work((task,), 4), lambda event: None)
    carry_out_all([run], undisturbed, False)
    assert_same(left_behind(task), left_behind(undisturbed[run.id]))


def flat(value) -> object:
    if isinstance(value, dict):
        return {key: flat(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [flat(item) for item in value]
    return value.numpy().tobytes() if isinstance(value, torch.Tensor) else repr(value)


def test_a_shared_beginning_that_is_over_is_not_trained_past_its_end(tmp_path, make_runs, make_tasks, monkeypatch):
    """Its worker died between the last snapshot and saying so."""
    runs = make_runs("l2", "two-stage-50", epochs=4)
    tasks = make_tasks(runs, tmp_path)
    (segment,) = segments_of(runs, {}, True)
    piece = work(segment, tasks)
    assert carry_out(piece, lambda event: None).goes_on
    monkeypatch.setattr("bench.execution.worker.PolygonTrainer", lambda *_: 1 / 0)
    events = []
    assert carry_out(piece.again(), events.append).goes_on
    assert [type(event) for event in events[-2:]] == [RunParted, RunParted]
    assert [start_of(task.folder, task.identity).epochs for task in tasks.values()] == [2, 2]


def test_a_run_that_is_over_is_not_begun_again_by_the_worker_that_takes_over(tmp_path, make_runs, make_tasks):
    runs = make_runs("mgiou-centred", "rescue[by=mgiou]", epochs=4)
    tasks = make_tasks(runs, tmp_path)
    carry_out_all(runs, tasks, True)
    one, other = (tasks[run.id] for run in runs)
    text = (one.folder / "run.json").read_text()
    folder = RunFolder(other.folder)
    folder.write(other.record("running"))
    events = []
    carry_out(Work((one, other), 4, attempts=1), events.append)
    assert (one.folder / "run.json").read_text() == text
    assert folder.read().status == "done"
    assert sorted(event.run_id for event in events if isinstance(event, RunEnded)) == sorted((one.run_id, other.run_id))


def test_runs_taken_for_one_training_that_are_not_are_parted_and_end_as_if_alone(tmp_path, make_runs, make_tasks):
    runs = make_runs("l2", "two-stage-50", epochs=4)
    tasks, undisturbed = make_tasks(runs, tmp_path / "a"), make_tasks(runs, tmp_path / "b")
    mistaken = Work(tuple(tasks[run.id] for run in runs), 4)  # they part after two epochs
    events = []
    assert carry_out(mistaken, events.append).apart
    (told,) = [event.text for event in events if isinstance(event, Warned)]
    assert told.startswith("Disagreement: one training so far, they part in epoch 3: l2 (1, 0), two-stage-50 (0, 1)")
    for piece in mistaken.apart():
        carry_out(piece, events.append)
    carry_out_all(runs, undisturbed, False)
    for run in runs:
        assert_same(left_behind(tasks[run.id]), left_behind(undisturbed[run.id]))
