"""A COCO folder of one small image a split, and ways to spoil it."""

from __future__ import annotations

import copy
import json

from PIL import Image

WIDTH, HEIGHT = 32, 24
DEL = object()


def valid():
    """Return annotations of one square on one image."""
    square = [2.0, 2.0, 20.0, 2.0, 20.0, 20.0, 2.0, 20.0]
    return {
        "images": [{"id": 7, "file_name": "a.png", "width": WIDTH, "height": HEIGHT}],
        "annotations": [{"id": 1, "image_id": 7, "category_id": 3, "segmentation": [square]}],
        "categories": [{"id": 3, "name": "tile"}],
    }


def write(folder, train=None, val=None):
    """Write a folder whose splits are `valid()` where nothing else is given; `val` has an image of its own."""
    (folder / "images").mkdir(exist_ok=True)
    for name, colour in (("a.png", "black"), ("b.png", "white")):
        Image.new("RGB", (WIDTH, HEIGHT), colour).save(folder / "images" / name)
    if val is None:
        val = edit("images.0.file_name", "b.png")(valid())
    for split, content in (("train", train or valid()), ("val", val)):
        (folder / f"{split}.json").write_text(json.dumps(content))
    return folder


def edit(path, value):
    """Return a change to annotations: `edit("images.0.width", 5)`; DEL removes."""

    def change(content):
        *parents, last = [int(key) if key.isdigit() else key for key in path.split(".")]
        target = content
        for key in parents:
            target = target[key]
        if value is DEL:
            del target[last]
        else:
            target[last] = value
        return content

    return change


def twice(key, **changes):
    """Return a change that repeats the first entry of a list, with changes."""

    def change(content):
        content[key].append({**copy.deepcopy(content[key][0]), **changes})
        return content

    return change


def crowd(segmentation, **fields):
    """Return a change that adds a crowd."""
    return twice("annotations", id=2, iscrowd=1, segmentation=segmentation, **fields)


def run_lengths(counts, size=(HEIGHT, WIDTH)):
    """Return a run-length encoding as COCO has it."""
    return {"size": list(size), "counts": counts}
