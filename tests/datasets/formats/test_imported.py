"""Names of the user's own, and the names that Ultralytics has."""

from __future__ import annotations

import functools
import http.server
import io
import json
import os
import re
import shutil
import subprocess
import sys
import threading
import zipfile
from pathlib import Path

import pytest

import datasets
from datasets import DataError
from datasets.formats import ultralytics_names, ultralytics_side
from tests.commands import bench, refused
from tests.datasets.formats import samples
from tests.datasets.formats.samples import tree

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """Return a cache of the test's own, which the commands use too."""
    monkeypatch.setenv("BENCH_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.mark.parametrize("form", samples.FORMATS)
def test_an_imported_set_has_a_name_and_needs_its_source_no_more(tmp_path, cache, form):
    source = tree(tmp_path / "mine", samples.FORMATS[form])
    direct = datasets.load(source)
    said = bench("data", "import", source, "--as", "own")
    assert said.code == 0, said
    shutil.rmtree(source)
    data = datasets.load("own")
    assert (data.name, data.notes) == ("own", direct.notes)
    assert [samples.rings(split) for split in (data.train, data.val)] == [
        samples.rings(split) for split in (direct.train, direct.val)
    ]
    for note in data.notes:
        assert f"bench: own: {note}" in said.err.splitlines()
    assert re.search("^imported: own;", bench("list").out, re.M)


def test_a_worker_in_a_process_of_its_own_gets_the_same(tmp_path, cache):
    source = tree(tmp_path / "mine", samples.labelme())
    datasets.import_as(source, "own")
    told = [
        subprocess.run(
            [sys.executable, "-c", "import sys, datasets; print(datasets.load(sys.argv[1]).fingerprint)", str(one)],
            cwd=ROOT, env={**os.environ}, capture_output=True, text=True, check=True,
        ).stdout.strip()
        for one in (source, "own")
    ]  # fmt: skip
    assert told == [datasets.load(one).fingerprint for one in (source, "own")]


def test_another_set_takes_a_name_only_with_replace(tmp_path, cache):
    first = tree(tmp_path / "first", samples.yolo())
    second = tree(tmp_path / "second", samples.yolo(samples.OBB))
    before = datasets.import_as(first, "own")
    assert datasets.import_as(first, "own").fingerprint == before.fingerprint
    assert "there is another data set of this name" in refused("data", "import", second, "--as", "own")
    assert datasets.load("own").fingerprint == before.fingerprint
    broken = tree(tmp_path / "broken", samples.yolo("0 1 2"))
    assert "numbers" in refused("data", "import", broken, "--as", "own", "--replace")
    assert datasets.load("own").fingerprint == before.fingerprint
    assert bench("data", "import", second, "--as", "own", "--replace").code == 0
    assert datasets.load("own").fingerprint == datasets.load(second).fingerprint != before.fingerprint
    assert [path.name for path in (cache / "imported").iterdir()] == ["own"]
    assert datasets.import_as("own", "again").fingerprint != ""
    assert datasets.imported_names() == ["again", "own"]


def test_a_disk_that_fills_up_leaves_what_was_there(tmp_path, cache, monkeypatch):
    first = tree(tmp_path / "first", samples.yolo())
    second = tree(tmp_path / "second", samples.yolo(samples.OBB))
    before = datasets.import_as(first, "own")
    write_text = Path.write_text

    def full(path, *args, **kwargs):
        if path.name == "val.json":
            raise OSError(28, "No space left on device")
        return write_text(path, *args, **kwargs)

    monkeypatch.setattr(Path, "write_text", full)
    for words in (["own", "--replace"], ["other"]):
        assert "No space left on device; set BENCH_CACHE" in refused("data", "import", second, "--as", *words)
    with pytest.raises(DataError, match="No space left on device"):
        datasets.load(second)
    monkeypatch.undo()
    monkeypatch.setenv("BENCH_CACHE", str(cache))
    assert datasets.load("own").fingerprint == before.fingerprint
    assert [path.name for path in (cache / "imported").iterdir()] == ["own"]
    assert list((cache / "converted").iterdir()) == []


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda folder: (folder / "imported.json").write_text("{"), "import the data set again, with --replace"),
        (lambda folder: (folder / "train.json").unlink(), "this folder was imported: import it again"),
    ],
)
def test_damage_to_an_imported_set_says_how_to_mend_it(tmp_path, cache, spoil, message):
    source = tree(tmp_path / "mine", samples.yolo())
    spoil(datasets.import_as(source, "own").root)
    assert message in refused("data", "inspect", "own")
    assert datasets.import_as(source, "own", replace=True).name == "own"


def test_a_folder_that_has_the_name_it_was_given_can_be_imported_again(tmp_path, cache, monkeypatch):
    monkeypatch.chdir(tmp_path)
    tree(tmp_path / "own", samples.yolo())
    assert bench("data", "import", "own", "--as", "own").code == 0
    before = datasets.load("own")
    assert bench("data", "import", "own", "--as", "own").code == 0  # the same is no other
    tree(tmp_path / "own", samples.yolo(samples.OBB))
    assert "add --replace" in refused("data", "import", "own", "--as", "own")
    assert bench("data", "import", "own", "--as", "own", "--replace").code == 0
    after = datasets.load("own")
    assert after.fingerprint == datasets.load("./own").fingerprint != before.fingerprint
    (after.root / "train.json").unlink()
    assert "with --replace" in refused("data", "inspect", "own")
    assert bench("data", "import", "own", "--as", "own", "--replace").code == 0
    assert datasets.load("own").fingerprint == after.fingerprint


@pytest.mark.parametrize("files", [samples.native(), samples.labelme()])
def test_a_name_that_is_also_a_folder_here_is_the_imported_set_and_a_note_says_so(tmp_path, cache, monkeypatch, files):
    monkeypatch.chdir(tmp_path)
    imported = datasets.import_as(tree(tmp_path / "first", samples.yolo(samples.OBB)), "own")
    assert not any("not what lies here" in note for note in datasets.load("own").notes)
    tree(tmp_path / "own", files)
    said = bench("data", "inspect", "own")
    assert "the imported data set of this name is used, not what lies here; for that, say ./own" in said.out
    assert datasets.load("own").fingerprint == imported.fingerprint != datasets.load("./own").fingerprint
    assert not any("not what lies here" in note for note in datasets.load("./own").notes)
    named = datasets.import_as("own", "other")
    assert named.fingerprint == datasets.import_as("./own", "third").fingerprint
    assert not any("not what lies here" in note for note in named.notes)


def test_a_generated_set_whose_name_a_folder_here_has_is_noted_too(tmp_path, cache, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "documents").mkdir()
    assert "the generated data set of this name is used" in datasets.load("documents").notes[0]


def test_a_near_name_is_guessed(tmp_path, cache):
    datasets.import_as(tree(tmp_path / "mine", samples.yolo()), "facades")
    with pytest.raises(DataError, match="did you mean 'facades'"):
        datasets.load("facade")


# The names that Ultralytics has.


@pytest.fixture
def no_network(monkeypatch):
    monkeypatch.setattr(
        ultralytics_names.socket, "create_connection", lambda *_, **__: (_ for _ in ()).throw(OSError())
    )
    monkeypatch.setattr(ultralytics_names, "getproxies", dict)


@pytest.fixture
def ultralytics_folder(tmp_path, monkeypatch):
    """Return what Ultralytics' settings say is its folder of data sets."""
    from ultralytics.utils import SETTINGS

    monkeypatch.setitem(SETTINGS, "datasets_dir", str(tmp_path / "ultralytics"))
    return tmp_path / "ultralytics"


@pytest.mark.parametrize("name", ["coco128-seg.yaml", "coco128.yaml", "dota128.yaml"])
def test_a_set_to_try_a_training_out_is_refused_before_it_is_downloaded(tmp_path, monkeypatch, name):
    monkeypatch.setattr(ultralytics_names, "_download", lambda *_: pytest.fail("downloaded"))
    with pytest.raises(DataError) as caught:
        datasets.load(name, cache=tmp_path)
    told = "train and val are the same folder: there is nothing to measure on; name other images for val"
    assert str(caught.value) == f"data {name!r}: {told}"


@pytest.mark.parametrize("name", ["dota8.yaml", "coco8-seg.yaml", "tiger-pose.yaml", "coco.yaml"])
def test_without_network_it_says_what_to_unpack_where_and_writes_nothing(
    tmp_path, cache, ultralytics_folder, no_network, name
):
    line = refused("data", "import", name, "--as", "own")
    assert f"unpack it as {cache / 'downloads' / name.removesuffix('.yaml')}, or give" in line
    assert "--data DIR" in line
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("place", ["ultralytics", "cache/downloads"])
def test_an_unpacked_copy_is_used_wherever_it_lies(tmp_path, cache, ultralytics_folder, no_network, place):
    files = {
        name: content for name, content in samples.yolo(samples.OBB, "", samples.OBB).items() if "yaml" not in name
    }
    tree(tmp_path / place / "dota8", files)
    data = datasets.load("dota8.yaml")
    assert (data.name, data.categories[:2], len(data.categories)) == ("dota8", ("plane", "ship"), 15)
    assert samples.rings(data.train) == [(0, samples.SQUARE)]


def test_a_file_of_that_name_is_meant_before_ultralytics_own(tmp_path, cache, monkeypatch, no_network):
    monkeypatch.chdir(tree(tmp_path / "here", {**samples.yolo(), "dota8.yaml": samples.DATA_YAML}))
    assert datasets.load("dota8.yaml").categories == ("tile", "gable")


@pytest.fixture
def server(tmp_path):
    """Serve a folder on this machine; return it and its address."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    folder = tmp_path / "served"
    folder.mkdir()
    made = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder)))
    thread = threading.Thread(target=made.serve_forever)
    thread.start()
    yield folder, f"http://127.0.0.1:{made.server_port}"
    made.shutdown()
    thread.join()
    made.server_close()


@pytest.fixture
def served(server, tmp_path, monkeypatch):
    """Return an Ultralytics YAML whose archive lies on this machine."""
    folder, address = server
    monkeypatch.setattr(ultralytics_names, "getproxies", dict)
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    yaml = tmp_path / "tiny8.yaml"
    yaml.write_text(f"path: tiny8\n{samples.DATA_YAML}download: {address}/tiny8.zip\n")
    monkeypatch.setattr(ultralytics_names, "find", lambda name: yaml if name == "tiny8.yaml" else None)
    return folder


def test_with_a_network_ultralytics_downloads_it_whatever_the_process_was_told(
    tmp_path, cache, ultralytics_folder, served, monkeypatch
):
    monkeypatch.setenv("YOLO_OFFLINE", "true")
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, data in samples.yolo().items():
            archive.writestr(f"tiny8/{name}", data)
    (served / "tiny8.zip").write_bytes(content.getvalue())
    data = datasets.load("tiny8.yaml")
    assert data.name == "tiny8"
    assert len(samples.rings(data.train)) == 2
    assert os.environ["YOLO_OFFLINE"] == "true"
    assert sorted(path.name for path in (cache / "downloads").iterdir()) == ["tiny8"]
    assert sorted(path.name for path in (cache / "downloads/tiny8").iterdir()) == ["data.yaml", "images", "labels"]
    (served / "tiny8.zip").unlink()
    assert datasets.load("tiny8.yaml").fingerprint == data.fingerprint
    assert not ultralytics_folder.exists()


@pytest.mark.parametrize("content", [None, b"no archive"])
def test_a_download_that_fails_is_one_line_and_leaves_nothing(cache, ultralytics_folder, served, content):
    if content:
        (served / "tiny8.zip").write_bytes(content)
    assert "and the download failed (" in refused("data", "import", "tiny8.yaml", "--as", "own")
    assert [path for path in cache.rglob("*") if path.name != "downloads"] == []


def test_ultralytics_folder_serves_a_yaml_of_ones_own(tmp_path, cache, ultralytics_folder):
    tree(ultralytics_folder / "shop", samples.yolo())
    yaml = tmp_path / "shop.yaml"
    yaml.write_text(f"path: shop\n{samples.DATA_YAML}")
    data = datasets.load(yaml)
    assert (data.name, len(samples.rings(data.train))) == ("shop", 2)
    assert ultralytics_side.datasets_dir() == ultralytics_folder
    assert json.loads((data.root / "train.json").read_text())["images"][0]["file_name"] == "train/a.png"
