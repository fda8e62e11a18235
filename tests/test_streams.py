"""A command whose stdout is closed, full, no longer read or in a narrow encoding ends in one line, or in silence."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from .report.html.folders import write
from .report.samples import study

ROOT = Path(__file__).resolve().parents[1]
COMMANDS = ("report", "status")
"""One that prints a text, and one that Rich draws."""


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    root = tmp_path_factory.mktemp("out")
    write(root / "main", study(l2=[0.5, 0.6, 0.55], cosine=[0.7, 0.8, 0.75]))
    return root


def shell(command, out, after="", **environment):
    """Run `python -m bench ...` in a shell, with redirections; return exit code, stdout and stderr."""
    where = "" if command == "list" else f"--out {out}"
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", f"{sys.executable} -m bench {command} {where} {after}"],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
    )
    return done.returncode, done.stdout, done.stderr.decode()


@pytest.mark.parametrize(
    ("command", "after", "why"),
    [
        ("report", "> /dev/full", "No space left on device"),
        ("status", "> /dev/full", "No space left on device"),
        ("list", ">&-", "it is closed"),
    ],
)
def test_a_stdout_that_takes_nothing_is_told_in_one_line(out, command, after, why):
    assert shell(command, out, after) == (2, b"", f"bench: stdout cannot be written to: {why}\n")


@pytest.mark.parametrize("command", COMMANDS)
def test_a_stdout_that_is_no_longer_read_is_no_error(out, command):
    reader, writer = os.pipe()
    os.close(reader)
    words = [sys.executable, "-m", "bench", command, "--out", str(out)]
    done = subprocess.run(words, cwd=ROOT, stdout=writer, stderr=subprocess.PIPE)
    os.close(writer)
    assert (done.returncode, done.stderr) == (0, b"")


def test_a_file_is_utf_8_whatever_the_encoding(out):
    code, text, error = shell("report", out, PYTHONIOENCODING="ascii")
    assert (code, error) == (0, "")
    assert "–" in text.decode("utf-8")


def test_a_closed_stderr_sends_nothing_to_stdout(out):
    assert shell("report absent", out, "2>&-") == (2, b"", "")
