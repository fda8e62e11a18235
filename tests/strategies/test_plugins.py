"""Loading plug-ins: each file once, whatever its name; and of one that fails nothing is left."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import strategies
from bench.commands.strategies import check
from bench.errors import UserError
from strategies import StrategyError

ROOT = Path(__file__).resolve().parents[2]
MIX = """
from strategies import Mix, register
from strategies.scheduled import Cosine

@register('{name}')
class Plugged(Mix):
    def alpha_at(self, signals):
        return 0.41 + 0.1 * signals.progress
"""


@pytest.fixture(autouse=True)
def nothing_is_left():
    before = set(strategies.names())
    yield
    for name in set(strategies.names()) - before:
        strategies.registry._registry.pop(name)


def in_a_process_of_its_own(code, *words, path=(), cwd=ROOT):
    """Run code that sees `path` first; what it prints."""
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([*map(str, path), str(ROOT)]), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, words)], cwd=cwd, env=env, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def packaged(folder, name, **files):
    """Write a package that registers its strategies through an entry point, as if it were installed in `folder`."""
    (folder / name).mkdir(parents=True)
    for file, text in files.items():
        (folder / name / f"{file}.py").write_text(text)
    info = folder / f"{name}-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n")
    (info / "entry_points.txt").write_text(f"[hybridloss.strategies]\none = {name}.one\n")


def test_files_of_one_name_in_two_folders_are_two_plugins_however_often_they_are_loaded(tmp_path):
    """A worker loads the plug-ins of every task again."""
    files = []
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        files.append(tmp_path / folder / "mine.py")
        files[-1].write_text(MIX.format(name=f"test-of-{folder}"))
    for _ in range(3):
        assert [strategies.load_plugin(str(file)) for file in files] == [["test-of-a"], ["test-of-b"]]


@pytest.mark.parametrize(
    "mishap", ["1 / 0", "import sys; sys.exit(1)", "raise KeyboardInterrupt", MIX.format(name="l2")]
)
def test_of_a_plugin_that_fails_nothing_stays_so_that_it_can_be_mended(tmp_path, mishap):
    path = tmp_path / "mine.py"
    path.write_text(MIX.format(name="test-mended") + mishap)
    for _ in range(2):
        with pytest.raises((StrategyError, KeyboardInterrupt)) as caught:
            strategies.load_plugin(str(path))
        assert "test-mended" not in str(caught.value)
        assert strategies.find("test-mended") is None
    path.write_text(MIX.format(name="test-mended") + "# mended")
    assert strategies.load_plugin(str(path)) == ["test-mended"]


def test_what_of_a_failing_package_was_imported_stays(tmp_path, monkeypatch):
    """Python keeps the parts that came in whole, and does not import them again."""
    (tmp_path / "test_package").mkdir()
    monkeypatch.syspath_prepend(tmp_path)
    init = tmp_path / "test_package" / "__init__.py"
    init.write_text("from test_package import part\n1 / 0\n")
    (tmp_path / "test_package" / "part.py").write_text(MIX.format(name="test-part"))
    with pytest.raises(StrategyError, match="ZeroDivisionError"):
        strategies.load_plugin("test_package")
    init.write_text("from test_package import part  # mended\n")
    assert strategies.load_plugin("test_package") == ["test-part"]


def test_an_entry_point_that_fails_is_told_the_same_each_time(tmp_path):
    packaged(tmp_path, "broken", one=MIX.format(name="test-broken") + "1 / 0\n")
    code = (
        "import strategies\n"
        "for _ in range(2):\n"
        "    try: strategies.names()\n"
        "    except strategies.StrategyError as error: print(error)\n"
        "print('test-broken' in strategies.registry._registry)"
    )
    first, second, left = in_a_process_of_its_own(code, path=[tmp_path]).splitlines()
    assert first == second
    assert "entry point one (broken.one) cannot be loaded: ZeroDivisionError" in first
    assert left == "False"


@pytest.mark.parametrize("word", ["kept", "kept.one", "site/kept/one.py"])
def test_what_a_package_with_entry_points_defines_is_found_though_it_is_registered_already(tmp_path, word):
    packaged(tmp_path / "site", "kept", __init__="", one=MIX.format(name="test-kept"))
    code = "import sys\nfrom bench.commands.strategies import check\ncheck(sys.argv[1:])"
    told = in_a_process_of_its_own(code, word, path=[tmp_path / "site"], cwd=tmp_path)
    assert told == "test-kept: keeps the contract\n"


def test_a_file_in_this_package_is_loaded_once_and_its_code_is_part_of_what_its_runs_are(tmp_path):
    shutil.copytree(ROOT / "strategies", tmp_path / "strategies", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "strategies" / "late.py").write_text(MIX.format(name="test-late"))
    code = (
        "import strategies\n"
        "print(strategies.load_plugin('strategies/late.py'), strategies.load_plugin('strategies.late'))\n"
        "print(*{strategies.build(name).source_digest() for name in strategies.names() if name != 'test-late'})\n"
        "print(strategies.build('test-late').source_digest())"
    )
    loaded, own, first = in_a_process_of_its_own(code, path=[tmp_path], cwd=tmp_path).splitlines()
    assert loaded == "['test-late'] ['test-late']"
    assert own == "None"
    (tmp_path / "strategies" / "late.py").write_text(MIX.format(name="test-late") + "# edited\n")
    *_, edited = in_a_process_of_its_own(code, path=[tmp_path], cwd=tmp_path).splitlines()
    assert first != edited != "None" != first


def test_a_broken_file_in_this_package_is_named_and_hides_no_other(tmp_path):
    shutil.copytree(ROOT / "strategies", tmp_path / "strategies", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "strategies" / "late.py").write_text(MIX.format(name="test-late") + "1 / 0\n")
    code = (
        "import strategies\n"
        "print(strategies.find('cosine').name, strategies.find('test-late'))\n"
        "try: strategies.build('cosine')\n"
        "except strategies.StrategyError as error: print(error)"
    )
    told = in_a_process_of_its_own(code, path=[tmp_path], cwd=tmp_path).splitlines()
    assert told == [
        "cosine None",
        "strategies/late.py cannot be imported: ZeroDivisionError: division by zero; repair or remove it",
    ]


def test_what_is_checked_is_what_the_files_register(tmp_path, capsys):
    """And not what they import, nor what another has registered before."""
    for name, start in (("one", "0.42"), ("two", "0.43")):
        (tmp_path / f"{name}.py").write_text(MIX.format(name=f"test-{name}").replace("0.41", start))
        strategies.load_plugin(str(tmp_path / f"{name}.py"))
    check([str(tmp_path / "one.py")])
    assert capsys.readouterr().out == "test-one: keeps the contract\n"
    (tmp_path / "none.py").write_text("from strategies.scheduled import Cosine\n")
    with pytest.raises(UserError, match=r"none\.py registers no strategy"):
        check([str(tmp_path / "none.py")])


def test_registered_twice_names_both_places(tmp_path):
    files = [tmp_path / "one.py", tmp_path / "two.py"]
    for file in files:
        file.write_text(MIX.format(name="test-twice"))
    strategies.load_plugin(str(files[0]))
    with pytest.raises(StrategyError) as caught:
        strategies.load_plugin(str(files[1]))
    assert f"registered twice, at {files[0]}, line 5 and at {files[1]}, line 5; rename one" in str(caught.value)
