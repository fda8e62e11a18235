"""What imports what runs one way, and as the README says; imports within functions count too."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from graphlib import TopologicalSorter
from itertools import pairwise
from pathlib import Path

import pytest

from .loaded import loaded

ROOT = Path(__file__).parents[1]
HOUSES = ("bench", "strategies", "datasets")


@cache
def imports() -> dict[str, set[str]]:
    """Return what every part imports of the others; a part is a module or package of bench, or another house."""
    found: dict[str, set[str]] = {}
    for path in (path for house in HOUSES for path in (ROOT / house).rglob("*.py")):
        module = path.relative_to(ROOT).with_suffix("").parts
        if module == ("bench", "__init__"):
            continue
        of = found.setdefault(part(module), set())
        of |= {part(name.split(".")) for name in imported(path) if name.split(".")[0] in HOUSES}
        of.discard(part(module))
    return found


def part(module) -> str:
    return module[0] if module[0] != "bench" else module[1]


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (one.name for one in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import"
            # `from bench import inspection` names the part after the `import`
            yield from (f"{node.module}.{one.name}" for one in node.names)


def reached(start: str) -> set[str]:
    """Return all that a part imports, itself or through others."""
    found, ahead = set(), [start]
    while ahead:
        new = imports()[ahead.pop()] - found
        found |= new
        ahead += new
    return found


def test_no_part_imports_itself_through_others():
    assert list(TopologicalSorter(imports()).static_order())


@pytest.mark.parametrize("house", ["strategies", "datasets"])
def test_the_other_houses_know_nothing_of_bench_or_of_each_other(house):
    assert imports()[house] == set()


@pytest.mark.parametrize("leaf", ["errors", "evenly", "margins", "metrics", "plain", "text"])
def test_leaves_import_nothing_of_the_house(leaf):
    assert imports()[leaf] == set()


def test_the_losses_can_be_used_without_the_harness():
    assert imports()["losses"] <= {"strategies"}


DATA = {"records"}
WORK = {"execution", "terminal", "tracking"}
VIEW = {"report", "claims"}


@pytest.mark.parametrize(
    ("low", "high"),
    [
        ("detector", {*DATA, *WORK, *VIEW, "study", "commands"}),
        ("evaluation", {*DATA, *WORK, *VIEW, "study", "commands", "detector"}),
        ("files", {*DATA, *WORK, *VIEW, "study", "commands", "detector"}),
        ("records", {*WORK, *VIEW, "study", "commands", "detector", "strategies", "datasets"}),
        ("study", {*DATA, *WORK, *VIEW, "commands", "detector"}),
        ("claims", {*WORK, "report", "study", "commands", "detector"}),
        ("report", {*WORK, "commands", "detector"}),
        ("execution", {"report", "commands"}),
    ],
)
def test_what_lies_low_reaches_nothing_above_it(low, high):
    assert reached(low) & high == set()


def test_the_readme_draws_the_arrows_that_there_are():
    (sentence,) = re.findall(r"The house in short: (.*?)\. Run the tests", (ROOT / "README.md").read_text(), re.DOTALL)
    chains = [chain.split(" → ") for chain in re.findall(r"`([^`]*→[^`]*)`", sentence)]
    assert chains
    for chain in chains:
        for above, below in pairwise(chain):
            assert below in imports()[above], f"{above} → {below}"


def test_looking_at_data_loads_neither_reports_nor_figures_nor_torch():
    others = {"matplotlib", "torch", "bench.report", "bench.claims"}
    assert others.isdisjoint(loaded("import bench.inspection, bench.inspection.text"))


def test_the_command_line_loads_what_a_command_needs_when_it_is_given():
    assert {"numpy", "pandas", "torch", "matplotlib", "wandb", "bench.records"}.isdisjoint(loaded("import bench.cli"))
