"""What lies in a run's folder is read strictly."""

from __future__ import annotations

import gzip

import pytest

from bench.files import write_atomic
from bench.records import RecordError, RunFolder


def test_predictions_are_the_same_bytes_for_the_same_results(tmp_path):
    results = [{"image_id": 1, "score": 0.5, "ring": [1.0, 2.0]}]
    for name in "ab":
        RunFolder(tmp_path / name).write_predictions(results)
    a, b = ((tmp_path / name / "predictions.json.gz").read_bytes() for name in "ab")
    assert a == b
    assert a[4:8] == bytes(4)  # the time that gzip keeps
    assert RunFolder(tmp_path / "a").read_predictions() == results


def test_history_keeps_what_was_not_measured_empty(tmp_path):
    folder = RunFolder(tmp_path)
    folder.write_history([{"epoch": 1, "loss": 2.0}, {"epoch": 2, "loss": 1.0, "mAP50": 0.5}])
    history = folder.read_history()
    assert list(history.columns) == ["epoch", "loss", "mAP50"]
    assert history["mAP50"].isna().tolist() == [True, False]


@pytest.mark.parametrize("content", [b"", b"\n", b"\xff\xfe\x00", b'a,b\n1,"2'])
def test_a_history_that_is_no_table_is_named(tmp_path, content):
    write_atomic(tmp_path / "history.csv", content)
    with pytest.raises(RecordError, match=r"history\.csv: no table"):
        RunFolder(tmp_path).read_history()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        gzip.compress(b"[1, 2", mtime=0),
        gzip.compress(b"{}", mtime=0),
        gzip.compress(b"[]", mtime=0)[:-4],
        b"\x1f\x8b\x08\x00junkjunk",
    ],
)
def test_predictions_that_are_none_are_named(tmp_path, content):
    write_atomic(tmp_path / "predictions.json.gz", content)
    with pytest.raises(RecordError, match=r"predictions\.json\.gz: no COCO results"):
        RunFolder(tmp_path).read_predictions()


def test_samples_come_back_by_epoch(tmp_path):
    folder = RunFolder(tmp_path)
    folder.write_samples({10: [{"image_id": 1}], 2: []})
    assert folder.read_samples() == {10: [{"image_id": 1}], 2: []}


@pytest.mark.parametrize(
    "content", [b"", b"[]", b'{"ten": []}', b'{"10": {}}', b'{"-1": []}', b'{"' + 5000 * b"1" + b'": []}']
)
def test_samples_that_are_none_are_named(tmp_path, content):
    write_atomic(tmp_path / "samples.json.gz", gzip.compress(content))
    with pytest.raises(RecordError, match=r"samples\.json\.gz: no COCO results"):
        RunFolder(tmp_path).read_samples()
