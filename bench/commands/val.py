"""`bench val`: score a trained detector."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Optional

import typer

from bench.commands import options

Weights = Annotated[Path, typer.Argument(metavar="WEIGHTS", help="best.pt of a training, or weights.pt of a run.")]
ImageSize = Annotated[
    Optional[int], typer.Option("--imgsz", min=32, metavar="N", help="Image size.  [default: as it was trained]")
]
Batch = Annotated[int, typer.Option(min=1, metavar="N", help="Images at a time.")]


def val(
    weights: Weights,
    data: Annotated[str, typer.Option("--data", metavar="SOURCE", help="Data set, folder or data.yaml.")],
    conf: Annotated[
        Optional[float], typer.Option(min=0.0, max=1.0, help="Least score.  [default: as in training]")
    ] = None,
    iou: Annotated[
        Optional[float],
        typer.Option(min=0.0, max=1.0, help="Overlap of boxes at which one is dropped.  [default: as in training]"),
    ] = None,
    imgsz: ImageSize = None,
    batch: Batch = 16,
    device: options.Device = "auto",
    json_: Annotated[bool, typer.Option("--json", help="Write every figure as JSON.")] = False,
) -> None:
    """Score a detector on the validation split with pycocotools, and count degenerate shapes."""
    import datasets
    from bench.detector.checkpoint import load_detector
    from bench.detector.class_names import category_ids_of
    from bench.detector.inference import detect, image_size
    from bench.evaluation import Evaluator
    from bench.execution.hardware import resolve_device
    from bench.no_memory import as_user_error

    used_device = resolve_device(device)
    model = load_detector(weights)
    loaded = datasets.load(data)
    options.say_notes(loaded)
    if category_ids_of(model, loaded) != loaded.category_ids:
        options.say(f"{loaded.name}: the categories are in another order than the detector's, and matched by name")
    size = image_size(model, imgsz)
    with as_user_error(batch, size, prefix="--"):
        found = detect(model, loaded, imgsz=size, device=used_device, conf=conf, iou=iou, batch=batch)
    figures = Evaluator(loaded.val.coco).evaluate(found)
    if json_:
        print(json.dumps(figures, indent=2))
        return
    for name, value in figures.items():
        print(f"{name:<24} {value:.4f}")
