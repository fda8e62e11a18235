"""The images that a study was trained on, where they still are what they were."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from bench.commands import options


class DataOf:
    """Returns the data set of a comparison, or None where there is none any more, and says so once.

    Args:
        sources: names or folders to try before the name that the study has for them.

    Raises:
        DataError: one of the sources cannot be read.
    """

    def __init__(self, sources: list[str]) -> None:
        import datasets

        self._named = [datasets.load(source) for source in sources]
        self._found: dict[str, Any] = {}
        self._lock = threading.Lock()

    def __call__(self, comparison: Any) -> Any:
        """Return the data set whose fingerprint is the comparison's."""
        wanted = comparison.condition["data"]
        with self._lock:
            if wanted["fingerprint"] not in self._found:
                self._found[wanted["fingerprint"]] = self._load(wanted)
            return self._found[wanted["fingerprint"]]

    def _load(self, wanted: Any) -> Any:
        for loaded in (*self._named, *_by_name(wanted["name"])):
            if loaded.fingerprint == wanted["fingerprint"]:
                return loaded
        options.say(f"{wanted['name']}: the data are not here as they were; no gallery is drawn")
        return None


def _by_name(name: str) -> Iterator[Any]:
    """Yield what is called so here, if anything is."""
    import datasets

    with suppress(datasets.DataError):
        yield datasets.load(name)
