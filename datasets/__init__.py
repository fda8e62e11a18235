"""Data sets: one small file a source, all of them COCO folders in the end. Imports nothing of bench."""

from datasets.errors import DataError
from datasets.model import DataSet, Image, Object, Split
from datasets.registry import import_as, imported_names, load, names, register

__all__ = [
    "DataError",
    "DataSet",
    "Image",
    "Object",
    "Split",
    "import_as",
    "imported_names",
    "load",
    "names",
    "register",
]
