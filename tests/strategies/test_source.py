"""The code of a plug-in is part of what a run is; that of this package is not."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import strategies
from strategies.source import FAMILIES

ROOT = Path(__file__).resolve().parents[2]
PLUGIN = """
import abc
from strategies import Mix, register


class Half(Mix, abc.ABC):
    def alpha_at(self, signals):
        return {alpha}


@register("test-sourced")
class Sourced(Half):
    pass
"""
TOLD = """
import json, sys
import strategies
strategies.load_plugin(sys.argv[1])
print(json.dumps([strategies.parse(text)[0].source_digest() for text in sys.argv[2:]]))
"""
TEXTS = ("test-sourced", "rescue[by=test-sourced]", "control-average[of=test-sourced]", "control-replay[of=cosine]")


def digests(path, *texts):
    """Return the digests of strategies in a process of their own, since a name is registered once in each."""
    words = [sys.executable, "-c", TOLD, str(path), *texts]
    return json.loads(subprocess.run(words, cwd=ROOT, check=True, capture_output=True, text=True).stdout)


BUILT_IN = [name for name in strategies.names() if strategies.get(name).__module__.partition(".")[2] in FAMILIES]


@pytest.mark.parametrize("name", BUILT_IN)
def test_what_is_built_in_has_none(name):
    assert strategies.build(name).source_digest() is None


def test_an_edited_plugin_is_another_and_so_is_whatever_names_it(tmp_path):
    path = tmp_path / "plug.py"
    path.write_text(PLUGIN.format(alpha=0.5))
    before = digests(path, *TEXTS)
    assert digests(path, *TEXTS) == before
    (tmp_path / "elsewhere").mkdir()
    copied = tmp_path / "elsewhere" / "named_otherwise.py"
    copied.write_bytes(path.read_bytes())
    assert digests(copied, *TEXTS) == before  # where it lies is no part of it
    path.write_text(PLUGIN.format(alpha=0.6))
    after = digests(path, *TEXTS)
    assert before[3] is after[3] is None
    assert len(set(before[:3])) == len(set(after[:3])) == 1
    assert set(before[:3]).isdisjoint(after[:3])


def test_a_base_in_another_file_counts_too(tmp_path):
    base = tmp_path / "sourced_base.py"
    base.write_text(PLUGIN.split("@register")[0].format(alpha=0.5))
    path = tmp_path / "plug.py"
    path.write_text(
        f"import sys\nsys.path.insert(0, {str(tmp_path)!r})\nfrom sourced_base import Half\n"
        "from strategies import register\n\n\n@register('test-sourced')\nclass Sourced(Half):\n    pass\n"
    )
    before = digests(path, "test-sourced")
    base.write_text(base.read_text() + "# edited\n")
    assert digests(path, "test-sourced") != before


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_is_a_module_that_registers_something(family):
    assert any(strategies.get(name).__module__ == f"strategies.{family}" for name in BUILT_IN)
