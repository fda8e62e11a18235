"""YOLO text labels with their `data.yaml`, as Ultralytics reads them: segments, oriented boxes, keypoints and boxes."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from datasets.errors import DataError, wrong
from datasets.files import images_in, lines, picture_size, shown, yaml_of
from datasets.formats.conversion import Conversion, to_coco
from datasets.formats.labelled import Labelled, Picture, Shape
from datasets.formats.ultralytics_side import datasets_dir
from datasets.formats.unmatched import lone_labels
from datasets.formats.yolo_rows import Keypoints, Rows
from datasets.notes import noted

_YAML = (".yaml", ".yml")


def find(source: Path) -> Path | None:
    """Return the `data.yaml` that a source is or holds; None where there is none.

    Raises:
        DataError: there are several.
    """
    if source.is_file():
        return source if source.suffix.lower() in _YAML else None
    if os.path.isfile(source / "data.yaml"):
        return source / "data.yaml"
    listed = [path for path in sorted(source.iterdir()) if not path.name.startswith(".")]
    found = [path for path in listed if path.suffix.lower() in _YAML and path.is_file()]
    found = [path for path in found if "train" in yaml_of(path)]
    if len(found) > 1:
        raise DataError(
            f"{shown(source)} holds {len(found)} data set YAMLs, {found[0].name!r} and others; give the one you mean"
        )
    return found[0] if found else None


def convert(file: Path, *, roots: Sequence[Path] = (), name: str | None = None) -> Conversion:
    """Read a data set.

    Args:
        file: its YAML.
        roots: folders to take its `path` from; by default its own, and the one the command is given in.
        name: of the data set; by default that of the folder, or of the file where it is not `data.yaml`.

    Raises:
        DataError: it cannot be read whole.
    """
    where, notes = shown(file), Counter[str]()
    raw = yaml_of(file)
    categories = _categories(raw, where)
    keypoints = _keypoints(raw, where)
    entries = entries_of(raw, where)
    root = _root(file, raw, entries, roots, notes)
    images = {split: _images(root, entry, split, where, notes) for split, entry in entries.items()}
    rows = {split: Rows(split, len(categories), keypoints, notes) for split in images}
    errors: list[DataError] = []
    splits = {split: _pictures(rows[split], listed, where, errors) for split, listed in images.items()}
    wrong(errors)
    folders = [folder for entry in entries.values() for folder in _folders(root, entry)]
    _note_unmatched([image for listed in images.values() for image in listed], folders, notes)
    _note_test(root, raw.get("test"), {image for listed in images.values() for image in listed}, notes)
    if name is None:
        stem = file.resolve().parent.name if file.stem.lower() in ("data", "dataset") else file.stem
        name = stem or file.stem
    called = {split: f"{where}: {split}" for split in splits}
    return to_coco(Labelled(name, categories, splits, called, notes))


def entries_of(raw: dict[str, Any], where: str) -> dict[str, Any]:
    """Return what a YAML has for `train` and for `val`.

    Raises:
        DataError: it is the same for both, as in some of Ultralytics' own, which are there to try a training out.
    """
    entries = {"train": raw.get("train"), "val": raw.get("val", raw.get("validation"))}
    train, val = map(_names, entries.values())
    if train and train == val:
        raise DataError(
            f"{where}: train and val are the same folder: there is nothing to measure on; name other images for val"
        )
    return entries


def _names(entry: Any) -> set[str]:
    """Return what an entry names, however it is written; nothing where it is none."""
    names = [entry] if isinstance(entry, str) else entry
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        return set()
    return {os.path.normpath(name.replace("\\", "/")) for name in names}


def _categories(raw: dict[str, Any], where: str) -> list[str]:
    found, count = raw.get("names"), raw.get("nc")
    if count is not None and (type(count) is not int or not 0 < count < 100_000):
        raise DataError(f"{where}: 'nc' must be the number of names; correct it, or leave it out")
    if found is None:
        if count is None:
            raise DataError(f"{where}: 'names' is missing; add the names of the classes")
        return [f"class_{index}" for index in range(count)]
    if isinstance(found, dict):
        found = {int(key) if isinstance(key, str) and key.isdecimal() else key: name for key, name in found.items()}
        if sorted(key for key in found if type(key) is int) != list(range(len(found))):
            raise DataError(f"{where}: the keys of 'names' must count from 0 without gaps")
        found = [found[index] for index in range(len(found))]
    if not isinstance(found, list) or not found:
        raise DataError(f"{where}: 'names' must be a list of names, or have a number for each")
    for index, name in enumerate(found):
        if isinstance(name, bool) or not isinstance(name, str | int | float):
            raise DataError(f"{where}: name {index} is no text; put it in quotes")
    if count is not None and count != len(found):
        raise DataError(f"{where}: 'nc' is {count}, but there are {len(found)} names; correct one")
    return [str(name) for name in found]


def _keypoints(raw: dict[str, Any], where: str) -> Keypoints | None:
    shape = raw.get("kpt_shape")
    if shape is None:
        return None
    if (
        not isinstance(shape, list)
        or len(shape) != 2
        or any(type(number) is not int for number in shape)
        or not 3 <= shape[0] <= 10_000
        or shape[1] not in (2, 3)
    ):
        raise DataError(f"{where}: 'kpt_shape' must be [points, 2 or 3], of at least 3 points")
    return Keypoints(*shape)


def _root(file: Path, raw: dict[str, Any], entries: dict[str, Any], roots: Sequence[Path], notes: Counter[str]) -> Path:
    """Return the folder that `train` and `val` are below.

    Ultralytics takes a relative `path` from where the command is given, else from its folder of data sets. Here the
    YAML's own folder comes before both, and it is also taken for a `path` that is from another machine.
    """
    where = shown(file)
    path = raw.get("path")
    if path is not None and not isinstance(path, str):
        raise DataError(f"{where}: 'path' must be the path of a folder")
    for split, entry in entries.items():
        if not (isinstance(entry, str) and entry) and not (
            isinstance(entry, list) and entry and all(isinstance(one, str) and one for one in entry)
        ):
            raise DataError(f"{where}: {split!r} must name a folder of images, a list of them or a .txt; add it")
    first = [entry if isinstance(entry, str) else entry[0] for entry in entries.values()]
    own = file.parent
    written = dict.fromkeys((path, path.replace("\\", "/"))) if path else ()  # as it is on Windows, too
    candidates = list(roots) or [root for one in written for root in (own / one, Path(one))] or [own]
    if (root := _with(first, candidates)) is not None:
        if not roots and not os.path.samefile(root, own) and _with(first, [own]) is not None:
            notes[f"path in {file.name} leads to {shown(root)}: that was read, and not what lies beside the file"] = 1
        return root
    if path and not roots:
        if (root := _with(first, [own])) is not None:
            notes[f"path in {file.name} leads nowhere here: the file's own folder was taken"] = 1
            return root
        if not Path(path).is_absolute() and (root := _with(first, [datasets_dir() / path])) is not None:
            return root
    missing = next(entry for entry in first if not os.path.exists(_below(candidates[0], entry)))
    raise DataError(f"{where}: {str(_below(candidates[0], missing))!r} is missing; correct 'path', 'train' and 'val'")


def _with(entries: Sequence[str], roots: Sequence[Path]) -> Path | None:
    """Return the first folder below which all entries are."""
    return next((root for root in roots if all(os.path.exists(_below(root, entry)) for entry in entries)), None)


def _below(root: Path, entry: str) -> Path:
    """Return what an entry names. As in Ultralytics, a `../` that leads nowhere is passed over (Roboflow writes it)."""
    path = root / entry
    if "\\" in entry and not os.path.exists(path):  # as it is written on Windows
        return _below(root, entry.replace("\\", "/"))
    return root / entry[3:] if entry.startswith("../") and not os.path.exists(path) else path


def _images(root: Path, entry: Any, split: str, where: str, notes: Counter[str]) -> list[Path]:
    """Return a split's image files, each once."""
    found: dict[Path, Path] = {}
    listed = 0
    for one in [entry] if isinstance(entry, str) else entry:
        path = _below(root, one)
        if not os.path.exists(path):
            raise DataError(f"{where}: {str(path)!r} is missing; correct {split!r}")
        images = images_in(path) if path.is_dir() else _listed(path, root)
        listed += len(images)
        for image in images:
            found.setdefault(image.resolve(), Path(os.path.abspath(image)))
    if not found:
        raise DataError(f"{where}: {split!r} has no images; a split needs at least one")
    if listed > len(found):
        notes[f"images of {split} are named twice, and taken once"] = listed - len(found)
    return sorted(found.values())


def _listed(path: Path, root: Path) -> list[Path]:
    """Return the images that a text file lists: below its own folder after `./`, else below the root or its own."""
    if path.suffix.lower() != ".txt":
        raise DataError(f"{shown(path)}: neither a folder of images nor a .txt that lists them")
    found = []
    for number, line in lines(path):
        written = line.strip()
        image = next((one for one in _meant(written, path, root) if os.path.isfile(one)), None)
        if image is None:
            raise DataError(f"{shown(path)} line {number}: {written[:80]!r} is missing; add it, or remove the line")
        found.append(image)
    return found


def _meant(written: str, path: Path, root: Path) -> Iterator[Path]:
    """Yield what a line of a list may mean, with the slashes of Windows second."""
    for name in dict.fromkeys((written, written.replace("\\", "/"))):
        for base in (path.parent,) if name.startswith("./") else (root, path.parent):
            yield base / name


def _pictures(rows: Rows, images: Sequence[Path], where: str, errors: list[DataError]) -> list[Picture]:
    """Return a split's images with their objects; what is wrong with a row goes to `errors`."""
    pictures = []
    unlabelled = 0
    for image in images:
        label = _label_file(image)
        unlabelled += label is None
        size = picture_size(image)
        shapes: list[Shape] = rows.read(label, size, errors) if label else []
        pictures.append(Picture(image.name, image, size, shapes))
    if unlabelled == len(images):
        raise DataError(
            f"{where}: no image of {rows.split!r} has a label file; the first was looked for as "
            f"{str(next(iter(_label_files(images[0]))))!r}"
        )
    if unlabelled:
        rows.notes[f"images of {rows.split} have no label file, and are background"] += unlabelled
    return pictures


def _folders(root: Path, entry: Any) -> list[Path]:
    """Return those of a split's entries that are folders."""
    found = [_below(root, one) for one in ([entry] if isinstance(entry, str) else entry)]
    return [Path(os.path.abspath(path)) for path in found if path.is_dir()]


def _note_unmatched(images: Sequence[Path], folders: Sequence[Path], notes: Counter[str]) -> None:
    """Note the label files that no image has, and the images that share one."""
    used = {image: label.resolve() for image in images if (label := _label_file(image))}
    times = Counter(used.values())
    twins = [image for image, label in used.items() if times[label] > 1]
    noted(notes, "images share their label file with another of the same name", twins)
    # Also below a folder of images where none is left, for which labels may still be there.
    places = {image.parent for image in images} | set(folders)
    lone = lone_labels([(_swapped(place), place) for place in sorted(places)], times)
    noted(notes, "label files have no image, and are left out", lone)


def _note_test(root: Path, entry: Any, used: Collection[Path], notes: Counter[str]) -> None:
    """Note the images of `test` that are in no other split. What of them cannot be read is left out: nobody asks."""
    known = {image.resolve() for image in used}
    found: set[Path] = set()
    for one in (one for one in (entry if isinstance(entry, list) else [entry]) if isinstance(one, str)):
        with suppress(DataError, OSError, ValueError):
            path = _below(root, one)
            listed = images_in(path) if path.is_dir() else _listed(path, root)
            found.update(image.resolve() for image in listed)
    if left := len(found - known):
        notes["images of test are left out"] += left


def _label_file(image: Path) -> Path | None:
    """Return an image's label file, also one that cannot be read: that is for who reads it to say.

    Raises:
        OSError: there is no looking whether there is one.
    """
    return next((path for path in _label_files(image) if _is_there(path)), None)


def _is_there(path: Path) -> bool:
    try:
        os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return False
    return True


def _label_files(image: Path) -> list[Path]:
    """Return where an image's labels may lie: the last `images` of its path is `labels`; links are followed second."""
    return [(_swapped(path.parent) / path.name).with_suffix(".txt") for path in (image, image.resolve())]


def _swapped(folder: Path) -> Path:
    """Return where the labels of a folder of images lie."""
    parts = list(folder.parts)
    if "images" in parts:
        parts[len(parts) - 1 - parts[::-1].index("images")] = "labels"
    return Path(*parts)
