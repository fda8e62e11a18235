"""One COCO file with all images, as labelling tools write it: `annotations/instances_default.json`, `result.json`."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from datasets.errors import DataError
from datasets.fields import by_id, field
from datasets.files import json_of, shown
from datasets.formats.coco_layouts import ANNOTATIONS, content_of, located, moved
from datasets.formats.conversion import Conversion
from datasets.formats.splits import divided
from datasets.notes import as_lines
from datasets.unlisted import note_unlisted

_KEYS = {"images", "annotations", "categories"}


def find(source: Path) -> Path | None:
    """Return the COCO file that a folder or its `annotations/` holds; None where there is none.

    Raises:
        DataError: there are several.
    """
    if not source.is_dir():
        return None
    listed = (path for folder in (source / ANNOTATIONS, source) for path in sorted(folder.glob("*.json")))
    found = [path for path in listed if not path.name.startswith(".") and _is_coco(path)]
    if len(found) > 1:
        raise DataError(
            f"{shown(source)}: {len(found)} COCO files, {found[0].name} and others; give one alone, which is divided, "
            "or one for each split, such as annotations/instances_train2017.json and instances_val2017.json"
        )
    return found[0] if found else None


def convert(path: Path) -> Conversion:
    """Divide a file's images, as folders in their names say or else by a hash. The reader checks what the file says.

    Raises:
        DataError: it cannot be divided, or an image is missing.
    """
    where, notes = shown(path), Counter[str]()
    source = path.parent.parent if path.parent.name == ANNOTATIONS else path.parent
    raw = content_of(path)
    entries, objects = by_id(raw, "images", where), by_id(raw, "annotations", where)
    image_of = {key: field(one, "image_id", int, f"{where}: annotation {key}") for key, one in objects.items()}
    origins = located(entries, "", path, source)
    full = {image_of[key] for key, one in objects.items() if not one.get("iscrowd")}
    items = [(Path(entry["file_name"].replace("\\", "/")), key) for key, entry in entries.items()]
    divisions = divided(items, where, notes, full.__contains__)
    note_unlisted(source, origins.values(), notes)
    annotations: dict[str, dict[str, Any]] = {}
    images: dict[str, Path] = {}
    strays = set(image_of.values()) - entries.keys()  # which the reader refuses
    for split, chosen in divisions.items():
        own = {*chosen, *strays}
        content = {**raw, "annotations": [one for key, one in objects.items() if image_of[key] in own]}
        annotations[split], named = moved(content, split, {key: entries[key] for key in chosen}, origins)
        images.update(named)
    return Conversion(source.resolve().name, annotations, images, dict.fromkeys(divisions, where), as_lines(notes))


def _is_coco(path: Path) -> bool:
    try:
        raw = json_of(path)
    except DataError:
        return False
    return isinstance(raw, dict) and raw.keys() >= _KEYS
