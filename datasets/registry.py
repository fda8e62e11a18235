"""Names and paths to data sets: generators made on first use, what was imported, and folders of every known format."""

from __future__ import annotations

import difflib
import importlib
import os
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache as cached
from pathlib import Path

from datasets import imported
from datasets.cache import Maker, default_cache, made
from datasets.coco import read
from datasets.errors import DataError
from datasets.formats import convert, ultralytics_names
from datasets.formats.conversion import Conversion, of_data_set
from datasets.model import DataSet


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


def imported_names(cache: Path | None = None) -> list[str]:
    """Return the names of the user's own data sets."""
    return imported.names(cache or default_cache())


def load(source: str | Path, cache: Path | None = None) -> DataSet:
    """Return a data set: the same source gives the same one, in whichever process.

    Args:
        source: a registered or imported name; else the path of a COCO folder, which is read where it is, or of a
            folder or `data.yaml` of another format, which is converted into the cache; else the name of a YAML that
            Ultralytics has. `./NAME` is the folder here where NAME is also a data set; a note says so.
        cache: where generated, converted and imported sets are kept; by default `$BENCH_CACHE`, else
            `hybrid-loss-bench` in the user's cache.

    Raises:
        DataError: no such name or path, or data that cannot be used.
    """
    cache = cache or default_cache()
    text = str(source)
    if text in names():
        return _shadowing(_generated(text, cache), text, "generated")
    if folder := imported.find(text, cache):
        return _shadowing(imported.load(folder), text, "imported")
    if _is_coco(Path(source)):
        return read(Path(source), name=Path(source).resolve().name)
    return _converted(_conversion(source, cache), cache)


def import_as(source: str | Path, name: str, cache: Path | None = None, *, replace: bool = False) -> DataSet:
    """Put a data set into the cache under a name that `load` knows from then on.

    Args:
        source: what `load` takes; but a path that exists comes before a name, so that a data set can be imported anew
            where its folder has the name that it was given.
        name: a plain folder name that no generator has.
        cache: as for `load`.
        replace: take the place of another data set of this name.

    Raises:
        DataError: the name cannot be used, or the data cannot be. Nothing of it is left.
    """
    cache = cache or default_cache()
    if imported.checked(name) in names():
        raise DataError(f"--as {name}: this is the name of a generated data set; choose another")
    text = str(source)
    if _is_coco(Path(source)):
        conversion = of_data_set(read(Path(source), name=Path(source).resolve().name))
    elif not os.path.exists(source) and (text in names() or imported.find(text, cache)):
        conversion = of_data_set(load(source, cache))
    else:
        conversion = _conversion(source, cache)
    return imported.store(conversion, name, cache, replace=replace)


def _shadowing(data: DataSet, name: str, kind: str) -> DataSet:
    """Return a data set that was called by its name, with a note where something here has that name too."""
    if not os.path.exists(name):
        return data
    return data.with_notes((f"the {kind} data set of this name is used, not what lies here; for that, say ./{name}",))


def _is_coco(path: Path) -> bool:
    return any(os.path.exists(path / f"{split}.json") for split in ("train", "val"))


def _conversion(source: str | Path, cache: Path) -> Conversion:
    """Return what is to be written of a source in another format.

    Raises:
        DataError: there is no such source, it is of no known format, or it cannot be used.
    """
    text = str(source)
    if not os.path.exists(source):
        if file := ultralytics_names.find(text):
            return ultralytics_names.convert(file, cache)
        known = [*names(), *imported.names(cache)]
        near = difflib.get_close_matches(text, known, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(known)}"
        raise DataError(f"data {text!r}: neither a data set nor a folder; {hint}")
    conversion = convert(Path(source))
    if conversion is None:
        raise DataError(
            f"data {text!r}: of no known format: neither a COCO folder (train.json, val.json, images/), nor a YOLO "
            "data.yaml, nor a folder with DOTA's labelTxt/ or labelme's JSON files, which have 'shapes'"
        )
    return conversion


def _converted(conversion: Conversion, cache: Path) -> DataSet:
    """Return a converted data set, written on first use; when labels or images change, it is written anew."""
    folder = cache / "converted" / conversion.key()[:32]

    def make(new: Path) -> None:
        conversion.write(new)
        read(new, name=conversion.name, called=conversion.called)

    made(folder, make, what=f"data set {conversion.name!r}")
    try:
        data = read(folder, name=conversion.name, called=conversion.called)
    except DataError as error:
        raise DataError(f"{error}; this folder is generated: remove {folder}, and it is made again") from None
    return data.with_notes(conversion.notes)


def _generated(name: str, cache: Path) -> DataSet:
    """Return a registered data set, made on first use."""
    source = _registry[name]

    def make(new: Path) -> None:
        (new / "images").mkdir()
        source.make(new)

    folder = made(cache / f"{name}-{source.version}", make, what=f"data set {name!r}")
    try:
        return read(folder, name=name, vertices=source.vertices)
    except DataError as error:
        raise DataError(f"{error}; this folder is generated: remove {folder}, and it is made again") from None


@cached
def _discover() -> None:
    import datasets

    for module in pkgutil.iter_modules(datasets.__path__):
        importlib.import_module(f"datasets.{module.name}")
