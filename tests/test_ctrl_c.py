"""Ctrl-C is one line and exit code 130, whenever it comes."""

from __future__ import annotations

import re

import pytest
import typer

from bench import cli

from .commands import bench
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
