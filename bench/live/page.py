"""The page of a study as its records now stand. Nothing is written."""

from __future__ import annotations

import hashlib
import os
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from markupsafe import Markup

from bench.errors import UserError, brief
from bench.report import load_report
from bench.report.html import Images, Live, render_html
from bench.run_table import counts
from bench.status import StandingRow, StudyFolder
from bench.text import one_line

_FOLLOWED = ("run.json", "history.csv", "samples.json.gz")

_SHARE = 0.1
"""Of a processor, for making pages: the study that is watched needs it more."""

_MISSED = Markup(
    '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="color-scheme" content="light dark">'
    '<meta http-equiv="refresh" content="5"><title>bench watch</title><p>{why}</p><p>This page tries again.</p></html>'
)


class LivePage:
    """A study's page, made anew when its records have changed.

    Args:
        folder: the study's.
        images: returns the data set of a comparison, to draw predictions on; None where there is none.
    """

    def __init__(self, folder: Path, images: Images | None = None) -> None:
        self._folder, self._images = folder, images
        self._study = StudyFolder(folder)
        self._lock, self._looking = threading.Lock(), threading.Lock()
        self._version, self._content = "", ""
        self._rests_until = 0.0

    def version(self) -> str:
        """Return what tells the runs as they stand from before and after; not more often anew than is cheap."""
        if self._version and time.monotonic() < self._rests_until:
            return self._version
        try:
            rows = self._standings()
        except Exception:  # which the page, made anew, tells of
            rows = []
        return fingerprint(self._folder, rows)

    def content(self) -> str:
        """Return the page as HTML. Where records cannot be read, one that says so and tries again."""
        with self._lock:
            version = self.version()
            if version != self._version:
                began = time.monotonic()
                try:
                    self._content, self._version = self._made(version), version
                except Exception as error:
                    # Whatever a record holds by accident, and whatever vanishes meanwhile: the reader need not be lost.
                    self._version = ""
                    return _MISSED.format(why=one_line(str(error) if isinstance(error, UserError) else brief(error)))
                finally:
                    ended = time.monotonic()
                    self._rests_until = ended + (ended - began) / _SHARE
            return self._content

    def _made(self, version: str) -> str:
        as_of, rows = time.time(), self._standings()
        gone = {row.run_id: row.reason for row in rows if row.state == "interrupted"}
        report = load_report(self._folder, gone)
        begun = [row for row in rows if row.state in ("running", "interrupted", "unreadable")]
        live = Live(version, as_of, counts(row.state for row in begun), tuple(map(_line, begun)))
        return render_html(self._folder, report, self._images, live)

    def _standings(self) -> list[StandingRow]:
        with self._looking:
            return self._study.standings()


def fingerprint(folder: Path, rows: Sequence[StandingRow]) -> str:
    """Return a digest of when each record was written and how long it is, and of how the runs stand.

    A process that dies changes no file, but how its run stands.

    Args:
        folder: the study's. None of its files is read.
        rows: its runs.
    """
    digest = hashlib.sha256()
    for row in rows:
        digest.update(f"{row.run_id}\0{row.state}\0".encode(errors="surrogateescape"))
    try:
        runs = sorted(entry.name for entry in os.scandir(folder) if entry.is_dir())
    except OSError:
        runs = []
    for name in ("study.json", *(os.path.join(run, file) for run in runs for file in _FOLLOWED)):
        try:
            found = os.stat(folder / name)
        except OSError:
            continue
        digest.update(f"{name}\0{found.st_mtime_ns}\0{found.st_size}\0".encode(errors="surrogateescape"))
    return digest.hexdigest()[:16]


def _line(row: StandingRow) -> tuple[str, ...]:
    return row.run_id, row.name(), row.state, f"{row.epoch}/{row.epochs}", row.reason
