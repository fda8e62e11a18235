"""`--fresh`, given again after it was stopped. Nothing is trained: a stand-in for the workers writes the records."""

from __future__ import annotations

import dataclasses

import pytest

from bench.errors import StorageError
from bench.events import RunEnded
from bench.execution import session
from bench.execution.fresh import NAME, end
from bench.execution.session import Options, carry_out_study
from bench.records import RunFolder
from bench.tracking import TrackingConfig


@pytest.fixture
def carry_out(tmp_path, make_runs, monkeypatch):
    """Return what carries out a study, stops after so many runs, and returns their labels."""
    runs = make_runs("l2", "cosine", "adaptive", epochs=8)
    (called_for,) = make_runs("static", epochs=8)
    options = Options(
        folder=tmp_path, study="main", sources={runs[0].data["fingerprint"]: "x"}, device="cpu", workers=1, threads=1,
        val_every=1, snapshot_every=1, plugins=(), tracking=TrackingConfig("off", False, tmp_path), fresh=False,
    )  # fmt: skip
    counter = iter(range(1000))

    def carry(fresh=False, stop_after=99):
        done = []

        class Pool:
            def __init__(self, workers, threads):
                self.stopped = False

            def run(self, source, on_event):
                while not source.empty and (work := source.take()) is not None:
                    if len(done) == stop_after:
                        self.stopped = True
                        break
                    (task,) = work.tasks
                    record = dataclasses.replace(task.record("done"), timing={"total_s": float(next(counter))})
                    RunFolder(task.folder).write(record)
                    on_event(RunEnded.of(record))
                    done.append(task.label)
                return []

        monkeypatch.setattr(session, "LocalPool", Pool)
        ending = carry_out_study(
            runs, dataclasses.replace(options, fresh=fresh), lambda done, _: [called_for] if len(done) == 3 else []
        )
        assert ending.stopped == (len(done) == stop_after)
        return done

    return carry


ALL = ["l2", "cosine", "adaptive", "static"]


@pytest.mark.parametrize("stop_after", [0, 1, 2, 3])
def test_between_them_the_commands_of_a_repeat_carry_out_each_run_once(carry_out, tmp_path, stop_after):
    """Stopped before the first run, among those asked for, and before the one that they call for."""
    assert carry_out() == ALL
    assert carry_out() == []
    assert [*carry_out(fresh=True, stop_after=stop_after), *carry_out(fresh=True)] == ALL
    assert not (tmp_path / NAME).exists()
    assert carry_out(fresh=True) == ALL  # that one is over: the next repeats everything


def test_a_repeat_that_was_given_up_is_no_part_of_the_next(carry_out, tmp_path):
    """Who finishes a study without --fresh leaves it at that: the next --fresh repeats everything."""
    assert carry_out() == ALL
    assert carry_out(fresh=True, stop_after=1) == ALL[:1]
    carry_out()
    assert not (tmp_path / NAME).exists()
    assert carry_out(fresh=True) == ALL


def test_a_first_study_with_fresh_is_no_repeat(carry_out, tmp_path):
    assert [*carry_out(fresh=True, stop_after=2), *carry_out(fresh=True)] == ALL
    assert not (tmp_path / NAME).exists()


def test_a_list_that_cannot_be_removed_is_one_clear_line(tmp_path):
    (tmp_path / NAME).mkdir()  # stands for a disk that has turned read-only
    with pytest.raises(StorageError, match=r"fresh\.json cannot be removed"):
        end(tmp_path, [])
