"""Tensors on disk: whole or an error, and trouble of the machine is none of the file's."""

from __future__ import annotations

import dataclasses
import errno

import pytest
import torch

import bench.detector  # noqa: F401  # with it comes Ultralytics, which replaces `torch.save`
from bench.errors import StorageError
from bench.provenance import after
from bench.report.facts import facts
from bench.weights import NoTensors, load_tensors, to_bytes
from tests.report.samples import record


class Hiccup:
    """What cannot be written the first time."""

    tries = 0

    def __reduce__(self):
        type(self).tries += 1
        if self.tries == 1:
            raise RuntimeError("a loader died")
        return (int, (3,))


def test_what_cannot_be_written_is_an_error_and_no_second_try_behind_the_first():
    with pytest.raises(RuntimeError, match="a loader died"):
        to_bytes({"a": torch.ones(3), "b": Hiccup()})
    assert Hiccup.tries == 1


def test_what_is_written_is_read(tmp_path):
    (tmp_path / "a.pt").write_bytes(to_bytes({"a": torch.arange(3.0), "b": [1, "x"]}))
    found = load_tensors(tmp_path / "a.pt")
    assert (found["a"].tolist(), found["b"]) == ([0.0, 1.0, 2.0], [1, "x"])


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (OSError(errno.EMFILE, "Too many open files"), "Too many open files"),
        (OSError(errno.EIO, "Input/output error"), "Input/output error"),
        (MemoryError(), "no memory is left"),
        (RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory"), "no memory is left"),
    ],
)
def test_trouble_of_the_machine_is_no_damage(tmp_path, monkeypatch, error, why):
    path = tmp_path / "a.pt"
    path.write_bytes(to_bytes({"a": torch.ones(3)}))

    def fail(*args, **more):
        raise error

    monkeypatch.setattr(torch, "load", fail)
    with pytest.raises(StorageError, match=f"a.pt cannot be read just now: {why}; give the same command again"):
        load_tensors(path)


@pytest.mark.parametrize("content", [b"", b"PK", b"nonsense" * 99])
def test_what_holds_something_else_is_damaged(tmp_path, content):
    (tmp_path / "a.pt").write_bytes(content)
    with pytest.raises(NoTensors):
        load_tensors(tmp_path / "a.pt")


def test_a_run_that_went_on_elsewhere_keeps_where_it_was_before():
    a, b, c = ({"commit": name, "versions": {"torch": name}} for name in "abc")
    assert after(a, a) == a
    assert after({}, b) == b
    assert after(a, b) == {**b, "earlier": [a]}
    assert after(after(a, b), c) == {**c, "earlier": [a, b]}
    assert after(after(a, b), a) == {**a, "earlier": [b]}
    told = facts([record(), _made_with(after(a, b))])
    assert {"a", "b"} <= set(told["torch"])


def _made_with(source):
    return dataclasses.replace(record(seed=1), provenance=source)
