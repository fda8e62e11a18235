"""A user without a home folder, as containers have: nothing there is asked for, and nothing is a traceback."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.execution.redact import redacted
from bench.tracking.credentials import _netrc_files
from datasets.cache import default_cache
from datasets.errors import DataError


@pytest.fixture(autouse=True)
def _no_home(monkeypatch):
    def refuse(*_):
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", refuse)
    monkeypatch.setattr(Path, "expanduser", refuse)
    for name in ("BENCH_CACHE", "XDG_CACHE_HOME", "NETRC"):
        monkeypatch.delenv(name, raising=False)


def test_data_are_kept_where_one_says(monkeypatch):
    with pytest.raises(DataError, match="set BENCH_CACHE"):
        default_cache()
    monkeypatch.setenv("BENCH_CACHE", "/data")
    assert default_cache() == Path("/data")


def test_there_is_no_netrc():
    assert list(_netrc_files()) == []


def test_what_went_wrong_is_told_all_the_same():
    assert redacted("RuntimeError: out of luck") == "RuntimeError: out of luck"
