"""What is imported is declared, and has a range that it was run with."""

from __future__ import annotations

import ast
import re
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
OURS = {"bench", "datasets", "strategies", "tests", *sys.stdlib_module_names}
DISTRIBUTIONS = packages_distributions()


def plain(name):
    """Return the name of a distribution as the index spells it."""
    return re.sub(r"[-_.]+", "-", re.match(r"[\w.-]+", name)[0]).lower()


def quoted(text):
    return {plain(name) for name in re.findall(r'"([^"]+)"', text)}


# By hand: Python 3.10 has no tomllib.
PROJECT = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
DEPENDENCIES = quoted(re.search(r"^dependencies = \[(.*?)^\]", PROJECT, re.S | re.M)[1])
EXTRAS = {name: quoted(listed) for name, listed in re.findall(r"^(export|test) = \[(.*)\]$", PROJECT, re.M)}


def imported(folder):
    """Return the distributions that the modules of a folder import, anywhere in them, by the import's name."""
    names = set()
    for path in (ROOT / folder).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names |= {one.name.partition(".")[0] for one in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level:
                names.add(node.module.partition(".")[0])
    return {name: {plain(one) for one in DISTRIBUTIONS.get(name, [name])} for name in names - OURS}


@pytest.mark.parametrize(
    ("folder", "declared"),
    [
        ("bench", DEPENDENCIES | EXTRAS["export"]),
        ("datasets", DEPENDENCIES),
        ("strategies", DEPENDENCIES),
        ("tests", DEPENDENCIES | EXTRAS["export"] | EXTRAS["test"]),
    ],
)
def test_what_is_imported_is_declared(folder, declared):
    assert {name for name, found in imported(folder).items() if not found & declared} == set()


def test_what_is_declared_has_a_range():
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    ranges = {plain(line) for line in lines if not line.startswith("#")}
    assert (DEPENDENCIES | EXTRAS["export"] | EXTRAS["test"]) - ranges - {"hybrid-loss-bench"} == set()
