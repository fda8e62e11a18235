"""A live page follows its records, is read by this machine alone, and changes nothing."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from bench.execution.reservation import COMMANDS
from bench.live import LivePage, LiveServer
from bench.records import RunFolder

from ..commands import refused
from ..report.html.folders import write
from ..report.samples import record, study
from ..test_status import HOLD

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def page(tmp_path):
    """Return the page of a study, which may be made anew at once."""
    write(tmp_path, study(l2=[0.5, 0.6], cosine=[0.7, 0.8]))
    return Eager(tmp_path)


class Eager(LivePage):
    """A page that does not rest."""

    def version(self):
        self._rests_until = 0.0
        return super().version()


@contextlib.contextmanager
def serving(page):
    """Serve a page from a thread, which ends with the block, whatever ends that."""
    with LiveServer(page, 0) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def ask(page):
    """Return what asks a server: answers with status, body and headers."""
    with serving(page) as server:

        def answer(path, method="GET", host=None):
            connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=60)
            headers = {"Host": host.format(port=server.server_port)} if host else {}
            connection.request(method, path, headers=headers)
            found = connection.getresponse()
            content = found.read().decode()
            connection.close()
            return found.status, content, found.headers

        yield answer


def test_it_serves_the_page_and_its_version(ask):
    status, content, headers = ask("/")
    assert status == 200
    assert headers["Content-Type"] == "text/html; charset=utf-8"
    assert headers["Cache-Control"] == "no-store"
    status, state, _ = ask("/state")
    assert status == 200
    assert f'data-version="{json.loads(state)["version"]}"' in content


def test_it_follows_the_records(ask, tmp_path):
    _, before, _ = ask("/state")
    assert ask("/state")[1] == before
    write(tmp_path, [record("step", 0, form="paper", status="running")])
    _, after, _ = ask("/state")
    assert after != before
    _, content, _ = ask("/")
    assert "5 runs: 4 done, 1 interrupted" in content, "nobody is at it"
    assert "Begun and not over: 1 interrupted" in content
    assert "0/100" in content, "how far it is"
    assert json.loads(after)["version"] in content


def test_a_process_that_dies_changes_the_page_though_no_file(page, tmp_path):
    one = record("step", 0, form="paper", status="running")
    write(tmp_path, [one, record("step", 1, form="paper", status="planned")])
    command = [sys.executable, "-c", HOLD, str(tmp_path / COMMANDS), one.id]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout.readline() == "taken\n"
        version, content = page.version(), page.content()
        assert page.version() == version
        assert "6 runs: 1 planned, 1 running, 4 done" in content
        assert "Begun and not over: 1 running" in content
        holder.kill()
    assert page.version() != version
    content = page.content()
    assert "6 runs: 1 planned, 4 done, 1 interrupted" in content
    assert "no process works on it any more" in content
    assert ">running<" not in content


def test_it_says_when_its_records_were_read(page, tmp_path):
    before = time.time()
    content = page.content()
    (told,) = re.findall(r'data-as-of="(\d+)"', content)
    assert int(1000 * before) <= int(told) <= 1000 * time.time()
    assert page.content() == content, "it was not read again"


def test_data_sets_are_told_where_there_are_several(page, tmp_path):
    write(tmp_path, [record("step", 0, form="paper", data=name, status="interrupted") for name in ("grids", "parcels")])
    content = page.content()
    assert "step (paper) s0 on grids" in content
    assert "step (paper) s0 on parcels" in content


@pytest.mark.parametrize("host", ["evil.example", "evil.example:{port}", "127.0.0.1:1", "localhost.evil:{port}"])
@pytest.mark.parametrize("path", ["/", "/state"])
def test_another_name_for_this_machine_is_refused(ask, path, host):
    status, content, _ = ask(path, host=host)
    assert status == 421
    assert "version" not in content


def test_localhost_is_this_machine(ask):
    assert ask("/state", host="localhost:{port}")[0] == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_nothing_can_be_changed(ask, method):
    assert ask("/", method)[0] == 501


def test_head_has_no_body(ask):
    status, content, headers = ask("/", "HEAD")
    assert (status, content) == (200, "")
    assert int(headers["Content-Length"]) > 1000


@pytest.mark.parametrize("path", ["/run.json", "/../study.json", "/%2e%2e/etc/passwd", "/state/"])
def test_there_is_nothing_else(ask, path):
    assert ask(path)[0] == 404


def test_it_listens_to_this_machine_alone(page):
    with LiveServer(page, 0) as server:
        assert server.server_address[0] == "127.0.0.1"


def test_a_record_that_cannot_be_read_is_told_and_recovered_from(page, tmp_path):
    assert "4 runs: 4 done" in page.content()
    path = next(tmp_path.glob("*/run.json"))
    good = path.read_text()
    path.write_text("<b>no</b>")
    broken = page.content()
    assert "not valid JSON" in broken
    assert 'http-equiv="refresh"' in broken
    path.write_text(good)
    assert "4 runs: 4 done" in page.content()


@pytest.mark.parametrize("part", ["bench.live.page.load_report", "bench.status.StudyFolder.standings"])
def test_what_nobody_thought_of_is_told_and_recovered_from(page, monkeypatch, part):
    good = page.version()
    monkeypatch.setattr(part, lambda *_: 1 / 0)
    assert (page.version() != good) == ("standings" in part), "a page that is open is loaded anew"
    broken = page.content()
    assert "ZeroDivisionError: division by zero" in broken
    assert 'http-equiv="refresh"' in broken
    monkeypatch.undo()
    assert "4 runs: 4 done" in page.content()


def test_what_cannot_be_read_is_quoted_and_not_obeyed(tmp_path):
    one = record("l2")
    RunFolder(tmp_path / "a<b>").write(one)
    RunFolder(tmp_path / "b").write(one)
    assert "a<b>" not in LivePage(tmp_path).content()


def test_making_pages_leaves_the_processor_to_the_study(tmp_path):
    write(tmp_path, study(l2=[0.5]))
    page = LivePage(tmp_path)
    content, version = page.content(), page.version()
    write(tmp_path, study(cosine=[0.5]))
    assert page.version() == version
    assert page.content() == content
    page._rests_until = 0.0
    assert page.version() != version
    assert page.content() != content


def test_nothing_is_written(page, tmp_path):
    def files():
        return {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.is_file()}

    before = files()
    page.content()
    page.version()
    assert files() == before


def test_a_port_that_is_taken_is_refused(page, tmp_path):
    write(tmp_path / "main", study(l2=[0.5]))
    with LiveServer(page, 0) as server:
        line = refused("watch", "--out", tmp_path, "--port", server.server_port)
    assert f"--port {server.server_port}: " in line


def test_ctrl_c_ends_it_well(tmp_path):
    write(tmp_path / "main", study(l2=[0.5]))
    command = [sys.executable, "-m", "bench", "watch", "--out", str(tmp_path), "--port", "0"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=ROOT, env=environment) as process:
        said = process.stderr.readline()
        assert "watching at http://127.0.0.1:" in said
        process.send_signal(signal.SIGINT)
        rest = process.stderr.read()
    assert process.returncode == 0
    assert rest == "bench: no longer watching\n"
