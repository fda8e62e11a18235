"""Names to data sets: generators made on first use, and COCO folders by path."""

from __future__ import annotations

import difflib
import importlib
import os
import pkgutil
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache as cached
from pathlib import Path

from datasets.coco import read
from datasets.errors import DataError
from datasets.model import DataSet

Maker = Callable[[Path], None]


@dataclass(frozen=True)
class _Source:
    make: Maker
    version: int
    vertices: int | None


_registry: dict[str, _Source] = {}


def register(name: str, *, version: int, vertices: int | None = None) -> Callable[[Maker], Maker]:
    """Put a generator under `name`. It writes a COCO folder: `train.json`, `val.json`, `images/`; the same every time.

    Args:
        name: what `--data` takes.
        version: raised whenever what it draws changes, so that a folder made before is not taken for the new one.
        vertices: the V that suits it; by default the reader chooses.

    Raises:
        DataError: the name is taken.
    """

    def wrap(make: Maker) -> Maker:
        if name in _registry:
            taken = _registry[name].make.__module__
            raise DataError(f"data set {name!r} is registered twice, by {taken} and {make.__module__}; rename one")
        _registry[name] = _Source(make, version, vertices)
        return make

    return wrap


def names() -> list[str]:
    """Return the registered names."""
    _discover()
    return list(_registry)


def load(source: str | Path, cache: Path | None = None) -> DataSet:
    """Return a registered data set, made on first use, or the COCO folder at a path.

    Args:
        source: a registered name, else the path of a folder with `train.json`, `val.json` and `images/`.
        cache: where generated sets are kept; by default `$BENCH_CACHE`, else `hybrid-loss-bench` in the user's cache.

    Raises:
        DataError: no such name or folder, or data that cannot be used.
    """
    _discover()
    text = str(source)
    if text in _registry:
        made = _made(text, cache or _cache())
        try:
            return read(made, name=text, vertices=_registry[text].vertices)
        except DataError as error:
            raise DataError(f"{error}; this folder is generated: remove {made}, and it is made again") from None
    folder = Path(source)
    if folder.is_dir():
        return read(folder, name=folder.resolve().name)
    near = difflib.get_close_matches(text, _registry, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(_registry)}"
    raise DataError(f"--data {text}: neither a data set nor a folder; {hint}")


def _made(name: str, cache: Path) -> Path:
    """Return the folder of a generated set, made now if it is not there."""
    source = _registry[name]
    folder = cache / f"{name}-{source.version}"
    if folder.is_dir():
        return folder
    try:
        cache.mkdir(parents=True, exist_ok=True)
        beside = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=cache))
    except OSError as error:
        raise DataError(f"data set {name!r} cannot be made in {cache}: {error.strerror}; set BENCH_CACHE") from None
    try:
        (beside / "images").mkdir()
        source.make(beside)
        os.replace(beside, folder)
    except OSError as error:
        if not folder.is_dir():  # otherwise another process was first, and made the same
            raise DataError(f"data set {name!r} cannot be made in {cache}: {error.strerror}; set BENCH_CACHE") from None
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return folder


def _cache() -> Path:
    if chosen := os.environ.get("BENCH_CACHE"):
        return Path(chosen)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "hybrid-loss-bench"


@cached
def _discover() -> None:
    import datasets

    for module in pkgutil.iter_modules(datasets.__path__):
        importlib.import_module(f"datasets.{module.name}")
