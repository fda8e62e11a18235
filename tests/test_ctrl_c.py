"""Ctrl-C, or SIGTERM, is one line and exit code 130, whenever it comes."""

from __future__ import annotations

import re
import signal
import subprocess
import sys

import pytest
import typer

from bench import cli, sigterm

from .commands import bench
from .loaded import ROOT
from .pseudo_terminal import Terminal


@pytest.mark.parametrize("raised", [KeyboardInterrupt, typer.Abort])
def test_in_the_midst_of_a_command(monkeypatch, raised):
    def stop(*args, **options):
        raise raised

    monkeypatch.setattr(cli, "app", stop)
    assert bench("list") == (130, "", "bench: stopped by Ctrl-C\n")


def test_in_the_midst_of_a_command_that_typer_runs(monkeypatch):
    """Typer makes an exit code of it, which is easily lost."""

    def stop():
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "app", typer.Typer())
    cli.app.command("list")(stop)
    cli.app.command("other")(stop)
    assert bench("list") == (130, "", "bench: stopped by Ctrl-C\n")


TOLD = """
import os, signal
import typer
from bench import cli
from bench.execution.local import _listening
def command():
    with _listening() as asked:  # as long as workers run it is noted alone
        os.kill(os.getpid(), signal.SIGTERM)
        assert len(asked) == 1
    os.kill(os.getpid(), signal.SIGTERM)
    raise AssertionError
cli.app = typer.Typer()
cli.app.command("list")(command)
cli.app.command("other")(command)
cli.main()
"""


def test_sigterm_is_heard_before_and_after_workers_run():
    done = subprocess.run([sys.executable, "-c", TOLD, "list"], cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "bench: stopped by SIGTERM\n")


def test_sigterm_is_left_to_whoever_has_taken_it_and_given_back():
    before = signal.signal(signal.SIGTERM, signal.SIG_IGN)  # as it is for what is started to ignore it
    try:
        with sigterm.as_ctrl_c():
            assert signal.getsignal(signal.SIGTERM) is signal.SIG_IGN
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        with sigterm.as_ctrl_c():
            assert callable(signal.getsignal(signal.SIGTERM))
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    finally:
        signal.signal(signal.SIGTERM, before)


EARLY = """
import builtins, runpy, sys
find = builtins.__import__
def ask(name, *more, **named):
    if name == sys.argv[1]:
        print("importing", flush=True)
        sys.stdin.readline()
    return find(name, *more, **named)
builtins.__import__ = ask
runpy.run_module("bench", run_name="__main__")
"""


@pytest.mark.parametrize("module", ["bench.cli", "strategies"])
def test_while_it_is_still_being_imported(module):
    with Terminal(module, code=EARLY) as terminal:
        terminal.wait_for(lambda one: "importing" in one.text)
        terminal.press("\x03")
        assert terminal.end() == 130
    # A terminal may drop what it had not shown when Ctrl-C came, the end of the first line, say.
    assert re.fullmatch(r"importing(\r\n)?\^Cbench: stopped by Ctrl-C\r\n", terminal.text)
