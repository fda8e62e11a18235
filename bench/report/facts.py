"""What the runs of a table were carried out with."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from bench.records import RunRecord


def facts(records: Iterable[RunRecord]) -> dict[str, tuple[str, ...]]:
    """Return each fact with every value it has among the runs that started.

    Facts are the packages by name, then `device`, `processor` and `code`.
    """
    values: dict[str, set[str]] = defaultdict(set)
    for record in records:
        for source in (record.provenance, *record.provenance.get("earlier", ())):
            for fact, value in _facts_of(source):
                values[fact].add(value)
    return {fact: tuple(sorted(found)) for fact, found in values.items()}


def _facts_of(source: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for package, version in source.get("versions", {}).items():
        yield package, str(version)
    if hardware := source.get("hardware"):
        yield "device", str(hardware.get("device"))
        counts = f"cores: {hardware.get('cores')}, threads a run: {hardware.get('threads')}"
        yield "processor", f"{hardware.get('cpu')} ({counts})"
    if "commit" in source:
        commit, dirty = source["commit"], source.get("dirty")
        changes = f" with uncommitted changes {dirty[:12]}" if dirty else ""
        yield "code", (f"commit {commit[:12]}{changes}" if commit else "no commit on record")
