"""A trained detector on images: of a data set, or any."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from torch.utils.data import DataLoader
from ultralytics.cfg import get_cfg
from ultralytics.data.dataset import YOLODataset

from bench.detector.class_names import category_ids_of
from bench.detector.data import PolygonDataset
from bench.detector.device import torch_device
from bench.detector.model import PolygonModel, network_size
from bench.detector.predict import predict
from bench.evaluation.results import Result
from bench.metrics import MAX_DETECTIONS, MIN_CONFIDENCE
from datasets import DataSet, Image, Split
from datasets.files import picture_size


def detect(
    model: PolygonModel,
    data: DataSet,
    *,
    imgsz: int,
    device: str = "cpu",
    conf: float | None = None,
    iou: float | None = None,
    batch: int = 16,
    most: int = MAX_DETECTIONS,
) -> list[Result]:
    """Return what a detector finds on the validation split of a data set, as a study measures it.

    Args:
        model: from `load_detector`.
        data: the images, and the categories, which the detector's classes are matched with by name.
        imgsz: side in pixels that images are fitted into.
        device: `cpu`, or the number of a GPU.
        conf: least score; by default the one that the detector's training was scored with.
        iou: overlap of boxes above which the lesser one is dropped; likewise. Whether that goes for boxes of different
            classes too (`agnostic_nms`) is as in training.
        batch: images at a time.
        most: polygons on an image, the best ones.

    Raises:
        UserError: its categories are not those of the data set.
    """
    ids = category_ids_of(model, data)
    place = torch_device(device)
    settings = get_cfg(overrides={"task": "pose", "imgsz": imgsz, **_suppression(model, conf, iou)})
    vertices = model.kpt_shape[0]
    dataset = PolygonDataset(
        data.val,
        seed=0,
        data={"kpt_shape": [vertices, 2], "flip_idx": list(range(vertices)), "nc": len(data.categories)},
        imgsz=imgsz,
        batch_size=batch,
        augment=False,
        hyp=settings,
        cache=False,
        stride=int(model.stride.max()),
    )
    loader: Any = DataLoader(dataset, batch_size=batch, shuffle=False, collate_fn=YOLODataset.collate_fn)
    return predict(model.to(place), loader, data, settings, ids, most)


def image_size(model: PolygonModel, wanted: int | None) -> int:
    """Return the image size to predict at: what is wanted, else the one that a detector was trained at, rounded up."""
    return network_size(wanted or int(_args(model).get("imgsz", 640)), model)


def images_as_data(paths: Sequence[Path], names: dict[int, str], below: Path) -> DataSet:
    """Return images that nobody has annotated as the validation split of a data set.

    Args:
        paths: of the images, in the order of their ids, from 1 on.
        names: of the categories by class index, whose COCO ids are one higher.
        below: a folder that all of them are in; their names are their paths from there on.

    Raises:
        DataError: an image cannot be read.
    """
    images, entries = [], []
    for number, path in enumerate(paths, 1):
        width, height = picture_size(path)
        images.append(Image(number, path, width, height, ()))
        name = path.relative_to(below).as_posix()
        entries.append({"id": number, "file_name": name, "width": width, "height": height})
    categories = tuple(names[index] for index in sorted(names))
    ids = tuple(index + 1 for index in sorted(names))
    coco = {
        "images": entries,
        "annotations": [],
        "categories": [{"id": number, "name": name} for number, name in zip(ids, categories, strict=True)],
    }
    split = Split("val", tuple(images), coco)
    return DataSet("images", Path(), categories, ids, split, split, "", 0, ())


def _args(model: PolygonModel) -> dict[str, Any]:
    """Return what a detector's training was told."""
    return model.args if isinstance(model.args, dict) else vars(model.args)


def _suppression(model: PolygonModel, conf: float | None, iou: float | None) -> dict[str, Any]:
    """Return the settings of non-maximum suppression: what is wanted, else those of the training."""
    trained = {key: _args(model).get(key) for key in ("conf", "iou", "agnostic_nms")}
    layers = ({"conf": MIN_CONFIDENCE}, trained, {"conf": conf, "iou": iou})
    return {key: value for layer in layers for key, value in layer.items() if value is not None}
