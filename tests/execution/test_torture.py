"""A study that is killed again and again ends as if nothing had happened.

    python -m pytest tests/execution/test_torture.py -m slow

kills one 30 times; the suite has a short version.
"""

from __future__ import annotations

import random
import subprocess
import time

import pytest

from bench.records import load_study

from .study import Study, group_of, kill, wait_until_gone, workers_of


@pytest.fixture(scope="module")
def first(tmp_path_factory, small_folder):
    """Return what a study leaves that nothing happens to, and the seconds that it took."""
    began = time.monotonic()
    return carried_out(Study(tmp_path_factory.mktemp("undisturbed"), small_folder)), time.monotonic() - began


@pytest.fixture
def undisturbed(first):
    return first[0]


def wait_for(moment):
    deadline = time.monotonic() + 600
    while not moment():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.1)


def carried_out(study):
    """Return what a study leaves that nothing happens to."""
    status, said = study.run()
    assert status == 0, said
    return study.left_behind()


def test_three_kills_at_random_moments_change_nothing(tmp_path, small_folder, first):
    undisturbed, seconds = first
    assert tortured(Study(tmp_path / "study", small_folder), 3, seconds) == undisturbed


@pytest.mark.slow
def test_thirty_kills_at_random_moments_change_nothing(tmp_path, small_folder):
    began = time.monotonic()
    undisturbed = carried_out(Study(tmp_path / "undisturbed", small_folder, seeds=16))
    seconds = min(32.0, time.monotonic() - began)  # half of it is the longest pause, of which there are thirty
    assert tortured(Study(tmp_path / "study", small_folder, seeds=16), 30, seconds) == undisturbed


def tortured(study, kills, seconds):
    """Return what a study leaves whose workers and command are killed, whatever they are at.

    They start, train, write snapshots, measure and write records. It takes so many seconds when nothing happens to it.
    """
    rng = random.Random(kills)
    done: dict[str, str] = {}
    for number in range(kills):
        process = study.start("--workers", 2)
        # The longer a study has been going, the later its workers get to work: half of the kills come early.
        pause = seconds * (rng.uniform(0.05, 0.3) if number % 2 else rng.uniform(0.25, 0.5))
        deadline = time.monotonic() + pause
        while time.monotonic() < deadline and process.poll() is None:
            time.sleep(0.05)
        assert process.poll() is None, f"the study was over after {number} kills"
        workers = workers_of(process)
        victim = rng.choice([process.pid, *workers])
        kill(victim)
        if victim != process.pid:
            time.sleep(rng.uniform(0, 3))  # the command is already trying again
            kill(process.pid)
        process.communicate()
        assert wait_until_gone(process) == []
        assert done.items() <= study.done().items(), "what was done has been done again"
        done = study.done()
    for _ in range(3):  # a run of which two workers were killed is failed, and the next command's to repeat
        status, said = study.run("--workers", 2)
        assert done.items() <= study.done().items()
        done = study.done()
        if status == 0:
            break
    assert status == 0, said
    return study.left_behind()


def test_two_commands_divide_the_work(tmp_path, small_folder, undisturbed):
    """Every step of every run is taken once, and each command says in the end that all runs are done."""
    study = Study(tmp_path / "study", small_folder)
    pair = [study.start("--workers", 1) for _ in range(2)]
    said = [process.communicate(timeout=600)[1] for process in pair]
    assert [process.returncode for process in pair] == [0, 0], said
    assert all("4 done; records in" in text for text in said)
    assert study.left_behind() == undisturbed
    steps: dict[str, list[str]] = {}
    for path in study.counts.iterdir():
        steps.setdefault(path.name.partition("-")[0], []).extend(path.read_text().split())
    for taken in steps.values():
        assert len(taken) == 6 * 3  # epochs, batches
    assert len({path.name.partition("-")[2] for path in study.counts.iterdir()}) <= 2


def test_a_command_takes_over_what_another_one_leaves(tmp_path, small_folder, undisturbed):
    study = Study(tmp_path / "study", small_folder)
    first, second = (study.start("--workers", 1) for _ in range(2))
    wait_for(lambda: workers_of(first) and any(study.counts.iterdir()))
    for pid in group_of(first):
        kill(pid)
    first.communicate()
    _, said = second.communicate(timeout=600)
    assert second.returncode == 0, said
    assert study.left_behind() == undisturbed


def test_ctrl_c_leaves_a_snapshot_and_no_process(tmp_path, small_folder):
    import os
    import signal

    study = Study(tmp_path / "study", small_folder)
    process = study.start("--workers", 2, "--snapshot-every", 100)
    wait_for(lambda: any("1" in path.read_text().split() for path in study.counts.iterdir()))  # an epoch is over
    os.killpg(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=120)
    assert process.returncode == 130, said
    assert "Traceback" not in said
    assert wait_until_gone(process) == []
    statuses = {record["status"] for record in study.records().values()}
    assert statuses <= {"interrupted", "planned", "done"}
    assert "interrupted" in statuses
    assert list((study.out / "main").glob("*/snapshot.pt"))


def test_a_full_disk_stops_the_study_in_one_line_and_costs_nothing(small_disk, small_folder, undisturbed):
    study = Study(small_disk / "study", small_folder)
    status, said = study.run("--workers", 2)
    assert status == 2
    assert "Traceback" not in said
    (last,) = [line for line in said.splitlines() if line.startswith("bench: ")]
    assert last.endswith("cannot be written: No space left on device; mend that, and give the same command again")
    assert not list(small_disk.rglob("*.tmp"))
    assert {record.status for record in load_study(study.out / "main")} <= {"planned", "running", "interrupted"}
    subprocess.run(["mount", "-o", "remount,size=400m", small_disk], check=True)
    status, said = study.run("--workers", 2)
    assert status == 0, said
    assert study.left_behind() == undisturbed
