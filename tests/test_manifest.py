"""What a study was set up to do."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from bench.manifest import Manifest, read_manifest, write_manifest
from bench.records import RecordError, RecordOutOfReach


def test_what_is_written_is_read(tmp_path):
    for manifest in (
        Manifest("claims", "abc", (3, 9), {"convexity": {"l2": {"violations": 0.5}}}),
        Manifest(None, "abc"),
        Manifest(None, "abc", claims_by_key={"l2-best": "0123456789ab"}),
    ):
        write_manifest(tmp_path, manifest)
        assert read_manifest(tmp_path) == manifest


def test_a_study_from_before_has_none(tmp_path):
    assert read_manifest(tmp_path) is None


def test_claims_stay_as_first_declared_and_looks_only_grow():
    first = Manifest("core", "declared first", (3, 6))
    later = Manifest("claims", "changed since", (2, 5), {"a": 1})
    assert first.widened(later) == Manifest("claims", "declared first", (2, 6), {"a": 1})
    assert first.widened(Manifest(None, "x", claims_by_key={"added": "since"})).claims_by_key is None
    assert first.widened(Manifest(None, "x")).suite == "core"
    assert first.widened(Manifest(None, "x")).looks == (3, 6)


@pytest.mark.parametrize(
    ("first", "more", "looks"),
    [
        ((3, 3), (3, 3), (3, 3)),
        ((3, 3), (5, 5), (3, 5)),  # seeds added by hand
        ((5, 5), (3, 3), (5, 5)),  # other strategies, with fewer seeds
        ((3, 3), (5, 8), (3, 8)),
        ((5, 5), (3, 8), (3, 8)),
        ((1, 1), (5, 5), (5, 5)),  # one seed decides nothing
        (None, (3, 3), (3, 3)),
        ((3, 6), None, (3, 6)),
    ],
)
def test_seeds_that_are_added_are_a_look_more(first, more, looks):
    assert Manifest(None, "x", first).widened(Manifest(None, "x", more)).looks == looks


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        '{"schema": 2}',
        '{"schema": 1, "suite": 3, "claims": "x", "looks": null, "landscape": null}',
        '{"schema": 1, "suite": null, "claims": "x", "looks": [1], "landscape": null}',
    ],
)
def test_anything_else_is_one_kind_of_error_that_names_the_file(tmp_path, text):
    (tmp_path / "study.json").write_text(text)
    with pytest.raises(RecordError, match=r"study\.json"):
        read_manifest(tmp_path)


def test_one_that_cannot_be_read_just_now_is_not_to_be_set_aside(tmp_path, monkeypatch):
    """It holds what was declared beforehand."""
    write_manifest(tmp_path, Manifest("claims", "abc"))

    def blink(path):
        raise OSError(errno.ESTALE, "Stale file handle")

    monkeypatch.setattr(Path, "read_bytes", blink)
    with pytest.raises(RecordOutOfReach, match=r"study\.json cannot be read just now: Stale file handle; give"):
        read_manifest(tmp_path)
