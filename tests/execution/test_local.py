"""Worker processes: they divide the work, and one that dies takes down its run alone."""

from __future__ import annotations

import dataclasses
import errno
import multiprocessing
import os
import signal
from types import SimpleNamespace

import pytest

import strategies
from bench.errors import StorageError
from bench.events import EpochDone, RunEnded, RunStarted, Warned, WorkOver
from bench.execution import local
from bench.execution.hardware import resolve_device, share_out
from bench.execution.local import LocalPool
from bench.execution.task import Work
from bench.records import RunFolder, load_study

from .conftest import Queue, alone


def named(make_tasks, runs, folder, plugin):
    return list(make_tasks(runs, folder, (str(plugin),)).values())


def test_a_worker_that_is_killed_takes_down_its_run_alone(tmp_path, make_runs, make_tasks):
    plugin = tmp_path / "killing.py"
    plugin.write_text(
        "import multiprocessing, os, signal\n"
        "from strategies import Strategy, register\n"
        "@register('test-killing')\n"
        "class Killing(Strategy):\n"
        "    def weights(self, signals):\n"
        "        if multiprocessing.parent_process():\n"
        "            os.kill(os.getpid(), signal.SIGKILL)\n"
        "        return 1.0, 0.0\n"
    )
    strategies.load_plugin(str(plugin))
    try:
        planned = named(make_tasks, make_runs("test-killing", "l2", "mgiou", "cosine", epochs=1), tmp_path, plugin)
        events = []
        assert LocalPool(workers=2, threads=1).run(alone(planned), events.append) == []
    finally:
        strategies.registry._registry.pop("test-killing")
    assert {r.label: r.status for r in load_study(tmp_path)} == {
        "test-killing": "failed",
        "l2": "done",
        "mgiou": "done",
        "cosine": "done",
    }
    (failed,) = [r for r in load_study(tmp_path) if r.status == "failed"]
    assert failed.reason.startswith("its worker process was ended by SIGKILL, twice")
    assert len([e for e in events if isinstance(e, RunEnded)]) == 4
    assert [e.run_id for e in events if isinstance(e, Warned)] == [failed.id]
    assert {e.worker for e in events if isinstance(e, RunStarted)} == {0, 1}
    assert not list(tmp_path.rglob("*.tmp"))


def test_deaths_with_a_snapshot_between_them_are_not_held_against_a_run(tmp_path, make_runs, make_tasks):
    """It is killed once in each of three epochs; two deaths in one of them would be the end of it."""
    plugin = tmp_path / "killing.py"
    plugin.write_text(
        "import multiprocessing, os, signal\n"
        "from pathlib import Path\n"
        "from strategies import Strategy, register\n"
        "@register('test-killing')\n"
        "class Killing(Strategy):\n"
        "    def weights(self, signals):\n"
        "        flag = Path(__file__).with_name(f'killed-{signals.epoch}')\n"
        "        if multiprocessing.parent_process() and signals.epochs == 4 and signals.epoch and not flag.exists():\n"
        "            flag.touch()\n"
        "            os.kill(os.getpid(), signal.SIGKILL)\n"
        "        return 1.0, 0.0\n"
    )
    strategies.load_plugin(str(plugin))
    try:
        tasks = make_tasks(make_runs("test-killing", epochs=4), tmp_path / "study", (str(plugin),), snapshot_every=1)
        events = []
        assert LocalPool(workers=1, threads=1).run(alone(tasks.values()), events.append) == []
    finally:
        strategies.registry._registry.pop("test-killing")
    assert len([event for event in events if isinstance(event, Warned)]) == 3
    (record,) = load_study(tmp_path / "study")
    assert record.status == "done"
    assert [event.epoch for event in events if isinstance(event, EpochDone)] == [1, 2, 3, 4]


def test_a_worker_whose_gpu_no_longer_answers_ends_and_another_goes_on_with_its_run(tmp_path, make_runs, make_tasks):
    """It would fail run after run with it, as fast as it is given them."""
    plugin = tmp_path / "losing.py"
    plugin.write_text(
        "import multiprocessing\n"
        "from pathlib import Path\n"
        "from strategies import Strategy, register\n"
        "@register('test-losing')\n"
        "class Losing(Strategy):\n"
        "    def weights(self, signals):\n"
        "        flag = Path(__file__).with_name('lost')\n"
        "        there = (signals.epoch, signals.epochs) == (2, 4)\n"
        "        if multiprocessing.parent_process() and there and not flag.exists():\n"
        "            flag.touch()\n"
        "            import bench.execution.worker\n"
        "            bench.execution.worker.answers = lambda device: False\n"
        "            raise RuntimeError('CUDA error: an illegal memory access was encountered')\n"
        "        return 1.0, 0.0\n"
    )
    strategies.load_plugin(str(plugin))
    try:
        planned = named(make_tasks, make_runs("test-losing", "mgiou", epochs=4), tmp_path / "study", plugin)
        events = []
        assert LocalPool(workers=1, threads=1).run(alone(planned), events.append) == []
    finally:
        strategies.registry._registry.pop("test-losing")
    assert {r.label: r.status for r in load_study(tmp_path / "study")} == {"test-losing": "done", "mgiou": "done"}
    (warned,) = [event for event in events if isinstance(event, Warned)]
    assert warned.text.startswith("the GPU no longer answered its worker process")
    of_it = [event.epoch for event in events if isinstance(event, EpochDone) and event.run_id == warned.run_id]
    assert of_it == [1, 2, 3, 4]
    assert "illegal memory access" in (tmp_path / "study" / warned.run_id / "error.log").read_text()


def test_a_shared_beginning_that_kills_its_worker_is_tried_run_by_run(tmp_path, make_runs, make_tasks):
    plugin = tmp_path / "killing.py"
    plugin.write_text(
        "import multiprocessing, os, signal\n"
        "import strategies\n"
        "@strategies.register('test-killing')\n"
        "class Killing(strategies.Strategy):\n"
        "    def observe(self, signals):\n"
        "        if multiprocessing.parent_process() and signals.epochs == 1:\n"
        "            os.kill(os.getpid(), signal.SIGKILL)\n"
        "        return {}\n"
        "    def weights(self, signals):\n"
        "        return 1.0, 0.0\n"
    )
    strategies.load_plugin(str(plugin))
    try:
        planned = named(make_tasks, make_runs("l2", "test-killing", epochs=1), tmp_path, plugin)
        together = Queue([Work(tuple(planned), 1)])
        assert LocalPool(workers=2, threads=1).run(together, lambda event: None) == []
    finally:
        strategies.registry._registry.pop("test-killing")
    assert {r.label: r.status for r in load_study(tmp_path)} == {"test-killing": "failed", "l2": "done"}


def test_ctrl_c_stops_what_is_under_way_and_leaves_no_process(tmp_path, make_runs, make_tasks):
    planned = list(make_tasks(make_runs("l2", "mgiou", epochs=1), tmp_path).values())
    running, ended = [], []

    def interrupt(event):
        if isinstance(event, RunStarted):
            running.append(event.run_id)
            os.kill(os.getpid(), signal.SIGINT)
        if isinstance(event, RunEnded):
            ended.append((event.run_id, event.status))

    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job inherits "ignore"
    try:
        lost = LocalPool(workers=1, threads=1).run(alone(planned), interrupt)
    finally:
        signal.signal(signal.SIGINT, before)
    assert lost == []
    assert running == [planned[0].run_id]
    assert ended == [(planned[0].run_id, "interrupted")]
    assert [record.status for record in load_study(tmp_path)] == ["interrupted"]
    import multiprocessing

    assert multiprocessing.active_children() == []


def test_the_cpu_is_shared_out_a_thread_a_run():
    assert share_out("cpu", 2, 1) == (1, 1)
    assert share_out("cpu", 5, 3) == (3, 1)
    assert share_out("cpu", 5, 0) == (1, 1)
    assert share_out("0", 4, 10)[0] == 4
    assert resolve_device("cpu") == "cpu"


def test_a_worker_that_the_system_tells_to_stop_is_replaced_and_its_run_gone_on_with(tmp_path, make_runs, make_tasks):
    import multiprocessing

    (run,) = make_runs("l2", epochs=4)
    planned = make_tasks([run], tmp_path)
    ended = []

    def stop_twice(event):
        if isinstance(event, EpochDone) and event.epoch in (1, 2):
            for worker in multiprocessing.active_children():
                worker.terminate()
        if isinstance(event, RunEnded):
            ended.append(event.status)

    assert LocalPool(workers=1, threads=1).run(alone(planned.values()), stop_twice) == []
    assert ended == ["interrupted", "interrupted", "done"]
    (record,) = load_study(tmp_path)
    assert (record.status, record.metrics["final_epoch"]) == ("done", 4)


def test_a_worker_is_dead_when_its_process_is_whoever_else_holds_its_pipe():
    """The processes that load images for it do, and may hang when it was killed."""
    ours, theirs = multiprocessing.Pipe()
    dead = SimpleNamespace(is_alive=lambda: False)
    worker = local._Worker(0, dead, ours, Work((), 1))
    theirs.send("its last word")
    assert list(local._events([worker], 0.01)) == [(worker, "its last word")]
    assert list(local._events([worker], 0.01)) == [(worker, None)]
    theirs.close()
    assert list(local._events([worker], 0.01)) == [(worker, None)]


def test_all_that_a_worker_has_said_is_heard_at_once_up_to_the_end_of_its_work():
    """An event a turn, and a turn may take a while: the command would fall behind its workers."""
    ours, theirs = multiprocessing.Pipe()
    worker = local._Worker(0, SimpleNamespace(is_alive=lambda: True), ours, Work((), 1))
    said = [RunStarted("a", 0), Warned("a", "one"), WorkOver(), Warned("b", "of the work that follows")]
    for event in said:
        theirs.send(event)
    assert list(local._events([worker], 0.01)) == [(worker, event) for event in said[:3]]
    theirs.close()
    assert list(local._events([worker], 0.01)) == [(worker, said[3]), (worker, None)]


def test_trouble_of_the_command_itself_stops_workers_that_leave_a_snapshot(tmp_path, make_runs, make_tasks):
    class Failing(Queue):
        def take(self):
            if not self and any(isinstance(event, EpochDone) for event in events):
                raise StorageError("run.json cannot be read just now: Stale file handle")
            return super().take()

        empty = False

    events = []
    tasks = make_tasks(make_runs("l2", epochs=200), tmp_path)
    with pytest.raises(StorageError, match="Stale file handle"):
        LocalPool(workers=2, threads=1).run(Failing(alone(tasks.values())), events.append)
    (record,) = load_study(tmp_path)
    assert record.status == "interrupted"
    assert "goes on from epoch" in record.reason
    assert (tmp_path / record.id / "snapshot.pt").exists()


@pytest.fixture
def dead(make_runs, make_tasks, tmp_path):
    """Return a worker that SIGKILL has ended, as it was for the second time, with a run of each of these records."""

    def make(**statuses):
        tasks = make_tasks(make_runs(*statuses), tmp_path)
        for task, status in zip(tasks.values(), statuses.values(), strict=True):
            figures = {"mAP50_95": 0.5} if status == "done" else {}
            told = {"metrics": figures, "provenance": {"commit": f"of {task.label}"}}
            RunFolder(task.folder).write(dataclasses.replace(task.record(status), **told))
        process = SimpleNamespace(join=lambda: None, exitcode=-signal.SIGKILL)
        return local._Worker(0, process, None, Work(tuple(tasks.values()), 2, attempts=1))

    return make


def test_a_run_whose_worker_died_behind_its_end_is_done_whichever_death_it_was(dead, tmp_path):
    events, worker = [], dead(l2="done")
    (worker.work.tasks[0].folder / "snapshot.pt").touch()  # it had no time to remove it
    assert local._bury(worker, events.append) == []
    assert not list(tmp_path.rglob("snapshot.pt"))
    (record,) = load_study(tmp_path)
    assert (record.status, record.metrics) == ("done", {"mAP50_95": 0.5})
    assert events == [RunEnded.of(record)]


def test_of_several_runs_of_a_dead_worker_those_that_are_not_over_are_tried_again(dead, tmp_path):
    events = []
    (left,) = local._bury(dead(l2="done", cosine="running"), events.append)
    assert ([task.label for task in left.tasks], left.until) == (["cosine"], 2)
    assert {record.label: record.status for record in load_study(tmp_path)} == {"l2": "done", "cosine": "running"}
    assert [type(event) for event in events] == [RunEnded, Warned]


def test_what_trained_a_run_that_its_worker_died_of_stays_on_record(dead, tmp_path):
    assert local._bury(dead(l2="running"), lambda event: None) == []
    (record,) = load_study(tmp_path)
    assert (record.status, record.provenance) == ("failed", {"commit": "of l2"})


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (OSError(errno.EMFILE, "Too many open files"), "cannot go on: Too many open files; mend that, and give the"),
        (OSError(errno.EROFS, "Read-only file system", "a/run.json"), "on: a/run.json: Read-only file system; mend"),
    ],
)
def test_an_error_of_the_machine_lets_busy_workers_leave_a_snapshot_and_is_one_line(monkeypatch, error, told):
    ours, theirs = multiprocessing.Pipe()
    done = []

    def stop():
        done.append("told to stop")
        theirs.send(WorkOver(stopped=True))

    process = SimpleNamespace(
        is_alive=lambda: not done, terminate=stop, join=lambda timeout=None: None, kill=lambda: done.append("killed")
    )

    def start(pool, number):
        if number:
            raise error
        return local._Worker(number, process, ours)

    monkeypatch.setattr(LocalPool, "_start", start)
    with pytest.raises(StorageError, match=told):
        LocalPool(workers=2, threads=1).run(Queue([Work((), 1), Work((), 1)]), lambda event: None)
    assert done == ["told to stop"]
