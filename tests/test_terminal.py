"""The live view fits its terminal, and the plain one says what is worth a line."""

from __future__ import annotations

import io
import itertools
import pickle

import pytest
from rich.console import Console

from bench import terminal
from bench.commands.options import say
from bench.events import EpochDone, RunEnded, RunStarted, Warned
from bench.run_table import COLUMNS, FOLDER, RunRow, names, run_table, share_done
from bench.terminal import LiveView, PlainView, PlannedRun, duration, open_view
from bench.text import percent

from .pseudo_terminal import Terminal

ENTER, LEAVE, SHOW_CURSOR = "\x1b[?1049h", "\x1b[?1049l", "\x1b[?25h"


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
    return Console(
        file=io.StringIO(),
        force_terminal=True,
        force_interactive=True,
        width=width,
        height=height,
        legacy_windows=False,
        color_system=None,
    )


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


def end(view, run_id, status="done", reason=None):
    view.update(RunEnded(run_id, status, reason, {"mAP50_95": 0.5, "full_image": 0.0}, 20.0))


@pytest.mark.parametrize("size", [(80, 24), (200, 50), (60, 10), (40, 8), (100, 5)])
@pytest.mark.parametrize("count", [1, 12, 60, 200])
@pytest.mark.parametrize("notices", [0, 1, 9])
def test_the_view_fits_the_terminal(clock, size, count, notices):
    view = open_view(planned(count), workers=2, console=console(*size))
    for run in range(min(count, 4)):
        advance(view, clock, f"r{run}", 3)
    for _ in range(notices):
        view.update(Warned("r0", "a long story " * 20))
    lines = shown(view)
    assert len(lines) <= size[1]
    assert max(map(len, lines)) <= size[0]
    assert "running" in lines[1]
    share = "30 %" if count <= 4 else percent(12 / (10 * count))
    assert lines[-1].startswith(f"{share} of {count} runs")
    if size[0] >= 80 and size[1] >= 24:
        assert all("static[alpha=0.1] (paper)" in line and "3/10" in line for line in lines[1 : 1 + min(count, 4)])
        assert sum("a long story" in line for line in lines) == min(notices, 3)
    if count == 200:
        assert any(line.startswith("… ") and " more: " in line and "planned" in line for line in lines)


def test_every_run_is_a_row_or_counted(clock):
    view = open_view(planned(200), workers=2, console=console(80, 24))
    for run in range(30):
        advance(view, clock, f"r{run}", 10)
        end(view, f"r{run}")
    lines = shown(view)
    (folded,) = [line for line in lines if line.startswith("… ")]
    more, *counted = [int(word) for word in folded.split() if word.isdecimal()]
    assert more == sum(counted) == 200 - (lines.index(folded) - 1)


def test_what_runs_is_first_then_trouble_then_results_then_what_is_planned(clock):
    view = open_view(planned(30), workers=2, console=console(120, 10))
    for run in ("r0", "r1"):
        advance(view, clock, run, 10)
        end(view, run)
    advance(view, clock, "r2", 4)
    end(view, "r2", "failed", "boom")
    advance(view, clock, "r25", 4)
    lines = shown(view)
    assert [line.split()[2] for line in lines[1:6]] == ["s25", "s2", "s1", "s0", "s3"]
    assert all(word in lines[1] for word in ("running", "4/10", "0.250", "50 %", "12 s", "3.5"))
    assert lines[-3].startswith("… 24 more: 24 planned")
    assert "boom" in lines[-2]


def test_columns_give_way_but_never_the_state(clock):
    for width in (200, 120, 100, 90, 80, 70, 60, 50):
        view = open_view(planned(3), workers=1, console=console(width))
        advance(view, clock, "r0", 3)
        end(view, "r0", "interrupted", "Ctrl-C")
        lines = shown(view)
        assert "interrupted" in lines[1]
        assert "3/10" in lines[1]
        assert ("full-image" in lines[0]) == (width >= 110)
        assert ("loss" in lines[0]) == ("left" in lines[0]) == (width >= 80)


@pytest.mark.parametrize("width", [50, 60, 80])
def test_a_long_label_gives_way_in_its_middle(clock, width):
    label = "static[alpha=0.5,normalization=gradient,decay=0.95]"
    lines = shown(open_view(planned(12, label), workers=1, console=console(width)))
    assert [line.split("(paper) ")[1].split()[0] for line in lines[1:13]] == [f"s{seed}" for seed in range(12)]
    assert all(line.startswith("stat") and "…" in line and "] (paper)" in line for line in lines[1:13])


def test_columns_give_way_before_names_do():
    headings = {}
    for length in (30, 45, 55, 70):
        row = RunRow("0123456789ab", "x" * (length - 3), None, 0, 10, "done", ap=0.5)
        drawn = Console(file=io.StringIO(), width=80)
        drawn.print(run_table([row], 80, 1, (*COLUMNS, FOLDER)))
        head, line = drawn.file.getvalue().splitlines()
        headings[length] = head.split()[1:]
        assert ("…" in line) == (length > 49)
    assert headings == {
        30: ["state", "epoch", "loss", "AP", "folder"],
        45: ["state", "epoch", "AP"],
        55: ["state", "epoch", "AP"],
        70: ["state", "epoch", "AP"],
    }


@pytest.mark.parametrize("width", [8, 12, 20, 40])
def test_names_that_are_cut_stay_unlike(width):
    labels = [f"static[alpha=0.5,normalization={middle},decay=0.95]" for middle in ("none", "gradient", "constant")]
    rows = [
        RunRow(f"{number:012x}", label, "paper", seed, 10, "done")
        for number, (label, seed) in enumerate(itertools.product(labels, range(3)), 0x1234567890)
    ]
    cut = names(rows, width)
    assert len({*cut}) == len(rows) or width < 12
    assert all(len(name) <= width for name in cut)
    assert names(rows, 80) == [row.name() for row in rows]


def test_data_sets_are_told_where_there_are_several(clock):
    plan = [PlannedRun(name, "l2", None, 0, 10, "planned", data=name) for name in ("documents", "parcels")]
    assert [line.split(" planned")[0].rstrip() for line in shown(open_view(plan, 1, console()))[1:3]] == [
        "l2 s0 on documents",
        "l2 s0 on parcels",
    ]
    out = Console(file=io.StringIO(), width=80)
    open_view(plan, 1, out).update(RunEnded("parcels", "failed", "boom", {}, 1.0))
    assert out.file.getvalue() == "l2 s0 on parcels: failed: boom\n"
    assert "on" not in shown(open_view(plan[:1], 1, console()))[1].split()


def test_runs_that_are_done_before_show_what_is_on_record(clock):
    run = PlannedRun("old", "l2", None, 0, 10, "done", done=10, metrics={"mAP50_95": 0.5, "full_image": 0.25})
    line = shown(open_view([run], 1, console(120)))[1]
    assert all(word in line for word in ("10/10", "0.500", "25 %"))


def test_a_rate_that_is_almost_nothing_or_all_is_not_told_as_if_it_were(clock):
    almost = {"mAP50_95": 0.5, "full_image": 0.002}
    over = PlannedRun("over", "l2", None, 0, 999, "done", done=999, metrics=almost)
    lines = shown(open_view([over, PlannedRun("last", "l2", None, 1, 1, "planned")], 1, console(120)))
    assert any("< 1 %" in line for line in lines[1:-1])
    assert lines[-1].startswith("> 99 % of 2 runs")
    plain = Console(file=io.StringIO(), width=80)
    open_view(planned(1), 1, plain).update(RunEnded("r0", "done", None, almost, 20.0))
    assert plain.file.getvalue().endswith("mAP50-95 0.500, full-image < 1 %\n")


def test_time_left_is_the_epochs_left_shared_among_workers(clock):
    view = open_view(planned(4), workers=2, console=console())
    assert view.progress.seconds_left() is None
    assert " left" not in shown(view)[-1]
    advance(view, clock, "r0", 5, seconds=2.0)
    assert view.progress.seconds_left() == pytest.approx((5 + 30) * 2.0 / 2)
    assert "35 s left" in shown(view)[-1]
    end(view, "r0", "failed", "boom")
    assert view.progress.seconds_left() == pytest.approx(30 * 2.0 / 2)


def test_the_last_run_is_shared_by_no_two_workers(clock):
    view = open_view(planned(1), workers=8, console=console())
    advance(view, clock, "r0", 4, seconds=3.0)
    assert view.progress.seconds_left() == pytest.approx(6 * 3.0)


def test_runs_that_are_done_before_cost_no_time(clock):
    plan = [*planned(5, state="done"), PlannedRun("new", "l2", None, 0, 10, "planned")]
    view = open_view(plan, workers=1, console=console())
    assert share_done(view.progress.rows.values()) == pytest.approx(50 / 60)
    advance(view, clock, "new", 5, seconds=1.0)
    assert view.progress.seconds_left() == pytest.approx(5.0)


@pytest.mark.parametrize("label", ["[bold]x[/] [red]", "static[alpha=0.1]", "[/]", "[link=http://x]y"])
def test_markup_in_a_label_stays_text(clock, label):
    view = open_view(planned(1, label), workers=1, console=console(120))
    end(view, "r0", "failed", "[red]boom[/]")
    lines = shown(view)
    assert lines[1].startswith(f"{label} (paper) s0 ")
    assert lines[-2] == f"{label} (paper) s0: failed: [red]boom[/]"


def test_what_steers_a_terminal_is_not_passed_on(clock):
    view = open_view(planned(1, "a\x1b[2Jb\nc"), workers=1, console=console(120))
    view.update(Warned("r0", "x\r\x1b]0;title\x07y"))
    end(view, "r0", "failed", "one\ntwo")
    text = "\n".join(shown(view))
    assert not set("\x1b\x07\r") & set(text)
    assert "a\N{REPLACEMENT CHARACTER}[2Jb c (paper) s0" in text
    assert "failed: one two" in text


def test_it_leaves_the_screen_as_it_was_and_the_table_below(clock):
    view = open_view(planned(12), workers=1, console=console(120))
    assert isinstance(view, LiveView)
    with view:
        view.update(Warned("r1", "W&B is not reached"))
        advance(view, clock, "r1", 10)
        end(view, "r1")
        advance(view, clock, "r0", 10)
        end(view, "r0")
        view.update(RunStarted("r2", 0))
        end(view, "r2", "diverged", "loss is nan at the end of epoch 2")
    text = view.console.file.getvalue()
    assert text.count(ENTER) == text.count(LEAVE) == 1
    assert text.rindex(SHOW_CURSOR) > text.index(ENTER)
    lines = text[text.index(LEAVE) + len(LEAVE) :].rstrip("\n").split("\n")
    assert "\x1b" not in "".join(lines)
    # Trouble first, then as planned.
    assert [line.split()[2] for line in lines[1:4]] == ["s2", "s0", "s1"]
    assert lines[-3:] == [
        "static[alpha=0.1] (paper) s1: W&B is not reached",
        "static[alpha=0.1] (paper) s2: diverged: loss is nan at the end of epoch 2",
        "12 runs, 3 min 00 s left: 1 diverged, 2 done, 9 planned; 40 s so far",
    ]


def test_ctrl_c_leaves_the_screen_too(clock):
    view = open_view(planned(2), workers=1, console=console(120))
    view.progress.update(RunStarted("r0", 0))
    with pytest.raises(KeyboardInterrupt), view:
        raise KeyboardInterrupt
    text = view.console.file.getvalue()
    assert text.index(ENTER) < text.index(LEAVE)
    assert text.endswith("2 runs: 1 running, 1 planned; 0 s so far\n")


def test_stdout_stays_clean(clock, capsys, monkeypatch):
    monkeypatch.setenv("TTY_INTERACTIVE", "0")
    with open_view(planned(1), workers=1) as view:
        advance(view, clock, "r0", 10)
        end(view, "r0")
    out, err = capsys.readouterr()
    assert out == ""
    assert "1 done" in err


@pytest.mark.parametrize("variables", [{}, {"FORCE_COLOR": "1"}, {"TTY_COMPATIBLE": "1"}, {"TERM": "dumb"}])
def test_only_a_terminal_gets_the_live_view(monkeypatch, variables):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert isinstance(open_view(planned(1), workers=1), PlainView)


@pytest.mark.parametrize(("term", "view"), [("xterm-256color", LiveView), ("dumb", PlainView)])
def test_a_terminal_that_cannot_move_its_cursor_gets_lines(monkeypatch, term, view):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    for name in ("FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", term)
    monkeypatch.setattr("sys.stderr", Terminal())
    assert isinstance(open_view(planned(1), workers=1), view)


def test_plain_lines(clock):
    out = Console(file=io.StringIO(), width=80)
    view = open_view(planned(2), workers=1, console=out)
    assert isinstance(view, PlainView)
    with view:
        advance(view, clock, "r0", 10)
        view.update(RunEnded("r0", "done", None, {"mAP50_95": 0.5, "full_image": 1.0}, 20.0))
        view.update(RunStarted("r1", 0))
        view.update(Warned("r1", "W&B is not reached; runs are kept in a folder whose name is long enough to wrap"))
        clock.now += 61
        view.update(EpochDone("r1", 1, 10, 3.0, None, 61.0))
        view.update(EpochDone("r1", 2, 10, 3.0, None, 0.0))
        view.update(RunEnded("r1", "failed", "boom", {}, 62.0))
    assert out.file.getvalue().splitlines() == [
        "2 runs: 2 planned; 0 s so far",
        "static[alpha=0.1] (paper) s0: done in 20 s, mAP50-95 0.500, full-image 100 %",
        "static[alpha=0.1] (paper) s1: W&B is not reached; runs are kept in a folder whose name is long enough to wrap",
        "2 runs, 1 min 06 s left: 1 running, 1 done; 1 min 21 s so far",
        "static[alpha=0.1] (paper) s1: failed: boom",
        "2 runs: 1 failed, 1 done; 1 min 21 s so far",
    ]


@pytest.mark.parametrize(
    "event",
    [
        RunStarted("r0", 1),
        EpochDone("r0", 1, 10, 3.0, {"mAP50_95": 0.5}, 1.0),
        RunEnded("r0", "done", None, {"mAP50_95": 0.5}, 1.0),
        Warned("r0", "text"),
    ],
)
def test_events_survive_the_trip_and_are_small(event):
    sent = pickle.dumps(event)
    assert pickle.loads(sent) == event
    assert len(sent) < 300


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.4, "0 s"), (59.6, "1 min 00 s"), (200, "3 min 20 s"), (3600, "1 h 00 min"), (5405, "1 h 30 min")],
)
def test_duration(seconds, text):
    assert duration(seconds) == text


# In a terminal

VIEW = """
import sys
from bench.events import EpochDone, RunStarted
from bench.terminal import PlannedRun, open_view
plan = [PlannedRun(f"r{n}", "static[alpha=0.1]", "paper", n, 10, "planned") for n in range(int(sys.argv[1]))]
with open_view(plan, workers=2) as view:
    for run in ("r7", "r11"):
        view.update(RunStarted(run, 0))
        view.update(EpochDone(run, 1, 10, 3.5, {"mAP50_95": 0.25, "full_image": 0.5}, 2.0))
    sys.stdin.readline()
"""


@pytest.mark.parametrize("count", [12, 200])
def test_the_view_follows_a_terminal_that_is_resized(count):
    def redrawn(terminal):
        frames = terminal.frames()
        return frames and (len(frames[-1][0]), len(frames[-1])) == terminal.size

    with Terminal(count, code=VIEW, size=(80, 24)) as terminal:
        for size in ((80, 24), (120, 40), (50, 8), (200, 60), (40, 5)):
            terminal.resize(*size)
            terminal.wait_for(redrawn)
            lines = terminal.frames()[-1]
            assert {len(line) for line in lines} == {size[0]}
            running = [line for line in lines if "running" in line and "1/10" in line]
            assert running == lines[1 : 1 + len(running)]
            assert len(running) == min(2, size[1] - 3)
            room = size[1] - 3
            assert any(line.startswith(f"… {count - room} more: ") for line in lines) == (count > room)
            assert any(line.startswith(f"2 % of {count} runs"[: size[0]]) for line in lines) or count != 12
        terminal.press("\n")
        assert terminal.end() == 0
    assert terminal.left()[-1].startswith(f"{count} runs")
    assert "Traceback" not in terminal.text


class Gone(io.StringIO):
    """A stream that nobody reads any more, or whose disk is full."""

    def __init__(self, error):
        super().__init__()
        self.error = error

    def write(self, text):
        raise self.error


@pytest.mark.parametrize("error", [BrokenPipeError(32, "Broken pipe"), OSError(28, "No space left on device")])
def test_a_study_goes_on_when_nobody_reads_what_it_says(monkeypatch, error):
    monkeypatch.setattr("sys.stderr", Gone(error))
    with open_view([], 1) as view:
        view._say("still here")
    say("and here")
