"""The live view fits its terminal, and the plain one says what is worth a line."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from bench import terminal
from bench.execution.events import EpochDone, RunEnded, RunStarted
from bench.terminal import LiveView, PlainView, PlannedRun, duration, open_view


@pytest.fixture
def clock(monkeypatch):
    """Return a clock that tests move by hand."""

    class Clock:
        now = 1000.0

        def __call__(self):
            return self.now

    moving = Clock()
    monkeypatch.setattr(terminal.time, "monotonic", moving)
    return moving


def planned(count, label="static[alpha=0.1]", state="planned"):
    return [PlannedRun(f"r{n}", label, "paper", n, 10, state) for n in range(count)]


def console(width=80, height=24):
    return Console(file=io.StringIO(), force_terminal=True, width=width, height=height, legacy_windows=False)


def shown(view):
    plain = Console(file=io.StringIO(), width=view.console.width, height=view.console.height)
    plain.print(view.render())
    return plain.file.getvalue().rstrip("\n").split("\n")


def advance(view, clock, run_id, epochs, seconds=2.0):
    view.update(RunStarted(run_id, 0))
    for epoch in range(1, epochs + 1):
        clock.now += seconds
        measured = {"mAP50_95": 0.25, "full_image": 0.5} if epoch == epochs else None
        view.update(EpochDone(run_id, epoch, 10, 3.5, measured, seconds))


@pytest.mark.parametrize("size", [(80, 24), (200, 50), (60, 10)])
@pytest.mark.parametrize("count", [1, 12, 200])
def test_the_view_fits_the_terminal(clock, size, count):
    view = open_view(planned(count), workers=2, console=console(*size))
    assert isinstance(view, LiveView)
    for run in range(min(count, 4)):
        advance(view, clock, f"r{run}", 3)
    if size[0] >= 80:
        assert all("running" in line and "3/10" in line for line in shown(view)[1 : 1 + min(count, 4)])
    lines = shown(view)
    assert len(lines) <= size[1]
    assert max(map(len, lines)) <= size[0]
    assert all("static[alpha=0.1]" in line for line in lines[1:2] if size[0] >= 80)
    if count == 200:
        assert "... and" in lines[-2]


def test_running_rows_are_first_and_the_rest_is_counted(clock):
    view = open_view(planned(30), workers=2, console=console(120, 12))
    advance(view, clock, "r0", 10)
    view.update(RunEnded("r0", "done", None, {"mAP50_95": 0.5, "full_image": 0.0}, 20.0))
    advance(view, clock, "r25", 4)
    lines = shown(view)
    assert all(word in lines[1] for word in ("s25", "running", "4/10", "0.250", "50%", "12 s", "3.500"))
    assert "1 done" in lines[-2]
    assert lines[-1].startswith("5% of 30 runs")


def test_time_left_is_the_epochs_left_shared_among_workers(clock):
    view = open_view(planned(4), workers=2, console=console())
    assert view.progress.seconds_left() is None
    advance(view, clock, "r0", 5, seconds=2.0)
    assert view.progress.seconds_left() == pytest.approx((5 + 30) * 2.0 / 2)
    view.update(RunEnded("r0", "failed", "boom", {}, 10.0))
    assert view.progress.seconds_left() == pytest.approx(30 * 2.0 / 2)


def test_markup_in_a_label_stays_text(clock):
    view = open_view(planned(1, "[bold]x[/] [red]"), workers=1, console=console(120))
    assert "[bold]x[/] [red]" in "\n".join(shown(view))


def test_a_failure_leaves_a_line(clock):
    view = open_view(planned(2), workers=1, console=console(120))
    with view:
        view.update(RunStarted("r0", 0))
        view.update(RunEnded("r0", "diverged", "loss is nan at the end of epoch 2", {}, 3.0))
    assert "diverged: loss is nan at the end of epoch 2" in view.console.file.getvalue()


def test_plain_lines(clock):
    out = Console(file=io.StringIO(), width=80)
    view = open_view(planned(2), workers=1, console=out)
    assert isinstance(view, PlainView)
    with view:
        advance(view, clock, "r0", 10)
        view.update(RunEnded("r0", "done", None, {"mAP50_95": 0.5, "full_image": 1.0}, 20.0))
        view.update(RunStarted("r1", 0))
        clock.now += 61
        view.update(EpochDone("r1", 1, 10, 3.0, None, 61.0))
        view.update(RunEnded("r1", "failed", "boom", {}, 62.0))
    assert out.file.getvalue().splitlines() == [
        "2 runs: 2 planned; 0 s so far",
        "static[alpha=0.1] (paper) s0: done in 20 s, mAP50-95 0.500, full-image 100%",
        "2 runs: 1 running, 1 done; 1 min 21 s so far, 1 min 06 s left",
        "static[alpha=0.1] (paper) s1: failed: boom",
        "2 runs: 1 failed, 1 done; 1 min 21 s so far",
    ]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.4, "0 s"), (59.6, "1 min 00 s"), (200, "3 min 20 s"), (3600, "1 h 00 min"), (5405, "1 h 30 min")],
)
def test_duration(seconds, text):
    assert duration(seconds) == text
