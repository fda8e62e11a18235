"""Which category of a data set each of a detector's classes is."""

from __future__ import annotations

from bench.detector.model import PolygonModel
from bench.errors import UserError
from datasets import DataSet


def category_ids_of(model: PolygonModel, data: DataSet) -> tuple[int, ...]:
    """Return the COCO id that each class index of a detector stands for in a data set.

    Classes are matched by name, whatever the order; those of a detector without names by their place alone.

    Args:
        model: from `load_detector`.
        data: the data set.

    Raises:
        UserError: the names differ, the numbers do where the detector has no names, or a name that is there twice
            leaves open which is which.
    """
    names = [str(model.names[index]) for index in sorted(model.names)]
    if not model.named:
        if len(names) != len(data.categories):
            raise UserError(f"the detector knows {len(names)} categories, {data.name} has {len(data.categories)}")
        return data.category_ids
    if names == list(data.categories):
        return data.category_ids
    if sorted(names) != sorted(data.categories):
        raise UserError(
            f"the detector knows {_listed(names)}, {data.name} has {_listed(data.categories)}; the names must be equal"
        )
    if len(set(names)) < len(names):
        raise UserError(f"{data.name}: two categories have one name, in another order than the detector's; rename one")
    by_name = dict(zip(data.categories, data.category_ids, strict=True))
    return tuple(by_name[name] for name in names)


def _listed(names: list[str] | tuple[str, ...], most: int = 20) -> str:
    shown = ", ".join(map(repr, names[:most]))
    return f"[{shown}, and {len(names) - most} more]" if len(names) > most else f"[{shown}]"
