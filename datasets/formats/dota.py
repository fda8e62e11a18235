"""DOTA's own labels, `labelTxt/NAME.txt`: four corners in pixels, the category's name, and whether it is difficult.

Format: https://captain-whu.github.io/DOTA/dataset.html
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from datasets.annotations import polygons
from datasets.errors import DataError, wrong
from datasets.files import files_in, images_in, lines, picture_size, shown
from datasets.formats.conversion import Conversion, to_coco
from datasets.formats.labelled import Labelled, Picture, Shape
from datasets.formats.splits import divided, split_of
from datasets.notes import noted
from datasets.rings import Ring

_LABELS = "labelTxt"
_HEAD = ("imagesource:", "gsd:")


def find(source: Path) -> Path | None:
    """Return the source where `labelTxt/` lies in it or in a folder of it; None otherwise."""
    return source if source.is_dir() and _folders(source) else None


def convert(source: Path) -> Conversion:
    """Read a data set; images lie in `images/` beside `labelTxt/`. Difficult objects are taken like the others.

    Raises:
        DataError: it cannot be read whole.
    """
    where, notes = shown(source), Counter[str]()
    files = {path: folder for folder in _folders(source) for path in files_in(folder, (".txt",))}
    if not files:
        raise DataError(f"{where}: {_LABELS}/ holds no .txt; add the label files")
    by_folder = {folder: _Images(folder.parent / "images") for folder in _folders(source)}
    images = {path: by_folder[folder].of(path.relative_to(folder)) for path, folder in files.items()}
    _note_left_out(source, by_folder.values(), set(images.values()), notes)
    divisions = divided([(path.relative_to(source), path) for path in files], where, notes, _has_objects)
    read: dict[Path, tuple[Path, tuple[int, int], list[tuple[str, list[Ring]]]]] = {}
    errors: list[DataError] = []
    for path in (path for paths in divisions.values() for path in paths):
        image = images[path]
        if image is None:
            raise DataError(f"{shown(path)}: its image is missing in {shown(files[path].parent / 'images')}; add it")
        size = picture_size(image)
        read[path] = image, size, _objects(path, size, notes, errors)
    wrong(errors)
    categories = sorted({name for _, _, objects in read.values() for name, _ in objects})
    index = {name: number for number, name in enumerate(categories)}
    splits = {
        split: [
            Picture(image.name, image, size, [Shape(index[name], parts) for name, parts in objects])
            for image, size, objects in (read[path] for path in paths)
        ]
        for split, paths in divisions.items()
    }
    called = {split: f"{where}: {split}" for split in splits}
    return to_coco(Labelled(source.resolve().name, categories, splits, called, notes))


def _folders(source: Path) -> list[Path]:
    return [path for path in sorted([source / _LABELS, *source.glob(f"*/{_LABELS}")]) if path.is_dir()]


class _Images:
    """The images beside a `labelTxt/`, by what their label files are called."""

    def __init__(self, folder: Path) -> None:
        self.files = images_in(folder) if folder.is_dir() else []
        self._by_stem = {image.stem: image for image in self.files}
        self._by_path = {image.relative_to(folder).with_suffix(""): image for image in self.files}

    def of(self, label: Path) -> Path | None:
        """Return a label file's image: of the same path but for the suffix; else, of any folder, of the same name."""
        name = label.with_suffix("")
        return self._by_path.get(name) or (self._by_stem.get(name.name) if len(name.parts) == 1 else None)


def _note_left_out(source: Path, found: Iterable[_Images], used: set[Path | None], notes: Counter[str]) -> None:
    """Note the images that have no label file, and those whose label file is another image's."""
    idle, twins = [], []
    for images in found:
        stems = {image.stem for image in images.files if image in used}
        for image in images.files:
            if image not in used and split_of(image.relative_to(source)) != "test":
                (twins if image.stem in stems else idle).append(image)
    noted(notes, "images have no label file, and are left out; add an empty one for background", idle)
    noted(notes, "images have the name of another but for suffix or folder, and are left out", twins)


def _has_objects(path: Path) -> bool:
    return any(not line.split()[0].startswith(_HEAD) for _, line in lines(path))


def _objects(
    path: Path, size: tuple[int, int], notes: Counter[str], errors: list[DataError]
) -> list[tuple[str, list[Ring]]]:
    found = []
    for number, line in lines(path):
        words = line.split()
        if words[0].startswith(_HEAD):
            continue
        place = f"{shown(path)} line {number}"
        try:
            if len(words) not in (9, 10):
                raise DataError(f"{place}: {len(words)} words; expected 8 numbers, a category and, it may be, 0 or 1")
            try:
                ring = list(map(float, words[:8]))
            except ValueError:
                raise DataError(f"{place}: the first 8 words must be numbers, in pixels") from None
            found.append((words[8], polygons({"segmentation": [ring]}, size, place)))
        except DataError as error:
            errors.append(error)
            continue
        if words[9:] == ["1"]:
            notes["objects are difficult, and taken like the others"] += 1
    return found
