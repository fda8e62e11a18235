"""From images to polygons in COCO's results form."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
import torchvision  # noqa: F401  # Ultralytics takes its NMS once it is imported, else a loop in Python
from torch import Tensor
from ultralytics.utils.nms import non_max_suppression

from bench.evaluation import coco_results
from bench.metrics import MAX_DETECTIONS
from datasets import DataSet


def predict(
    model: torch.nn.Module,
    loader: Any,
    data: DataSet,
    args: Any,
    category_ids: Sequence[int] | None = None,
    most: int = MAX_DETECTIONS,
) -> list[dict[str, Any]]:
    """Predict every image of the validation split.

    Args:
        model: a `PolygonModel`; it is left in evaluation mode.
        loader: batches of the split, unaugmented, in its order.
        data: names the images and categories.
        args: Ultralytics' settings; `conf`, `iou` and `agnostic_nms` rule non-maximum suppression.
        category_ids: the COCO id of each class index; by default in the data set's order, as it was trained.
        most: results an image, of all categories together; by default as many as AP looks at.

    Returns:
        COCO results in the images' own pixels, the best of each image, best first. Each box stands once, with its best
        category: a polygon is one thing. Ultralytics' validator has it once for every category that scores over `conf`.
    """
    model.eval()
    device = next(model.parameters()).device
    ids = data.category_ids if category_ids is None else category_ids
    images = iter(data.val.images)
    results: list[dict[str, Any]] = []
    for batch in loader:
        with torch.no_grad():
            output = model(batch["img"].to(device).float() / 255)
        # Ultralytics gives up after a time limit by default, and a busy machine would then lose detections.
        kept = non_max_suppression(
            output,
            conf_thres=args.conf,
            iou_thres=args.iou,
            agnostic=args.agnostic_nms,
            max_det=most,
            nc=len(ids),
            max_time_img=float("inf"),
        )
        for found, ratio_pad in zip(kept, batch["ratio_pad"], strict=True):
            image = next(images)
            detections = found.cpu()  # whole: to read them one by one would wait for the device as often
            boxes, rings = _to_image(detections, ratio_pad)
            results += coco_results(
                image.id,
                image.width,
                image.height,
                [ids[int(index)] for index in detections[:, 5]],
                detections[:, 4].numpy(),
                boxes.numpy(),
                rings.numpy(),
            )
    return results


def _to_image(detections: Tensor, ratio_pad: Any) -> tuple[Tensor, Tensor]:
    """Undo the letterbox: (n, 4) boxes and (n, V, 2) rings in the image's pixels. Nothing is clipped."""
    (ratio_y, ratio_x), (pad_x, pad_y) = ratio_pad
    pad, ratio = torch.tensor([pad_x, pad_y]), torch.tensor([ratio_x, ratio_y])
    points = torch.cat((detections[:, :4], detections[:, 6:]), dim=1).unflatten(1, (-1, 2))
    points = (points - pad) / ratio
    return points[:, :2].flatten(1), points[:, 2:]
