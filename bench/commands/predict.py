"""`bench predict`: polygons on images of your own."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from bench.commands import options
from bench.commands.val import Batch, ImageSize, Weights


def predict(
    weights: Weights,
    source: Annotated[
        Path, typer.Argument(metavar="SOURCE", help="An image, or a folder of images, with all below it.")
    ],
    out: Annotated[Path, typer.Option("-o", "--out", metavar="DIR", help="Where to; it must not be there yet.")] = Path(
        "runs/predict"
    ),
    conf: Annotated[float, typer.Option(min=0.0, max=1.0, help="Least score.")] = 0.25,
    iou: Annotated[float, typer.Option(min=0.0, max=1.0, help="Overlap of boxes at which one is dropped.")] = 0.7,
    max_det: Annotated[int, typer.Option(min=1, metavar="N", help="Most polygons on an image.")] = 300,
    imgsz: ImageSize = None,
    batch: Batch = 16,
    device: options.Device = "auto",
) -> None:
    """Find polygons; write COCO JSON, YOLO text and the images with the polygons drawn."""
    from bench.detector.checkpoint import load_detector
    from bench.detector.inference import detect, image_size, images_as_data
    from bench.detector.predictions import find_images, sorted_out, write_predictions
    from bench.errors import UserError
    from bench.execution.hardware import resolve_device
    from bench.no_memory import as_user_error
    from datasets.errors import wrong

    used_device = resolve_device(device)
    if out.exists():
        raise UserError(f"-o {out}: it is there already; give a folder that is not")
    model = load_detector(weights)
    images, broken = sorted_out(find_images(source))
    if not images:
        wrong(broken)
    for error in broken:
        options.say(f"left out: {error}")
    data = images_as_data(images, model.names, source if source.is_dir() else source.parent)
    options.writable(out, "-o DIR")
    try:
        size = image_size(model, imgsz)
        with as_user_error(batch, size, prefix="--"):
            found = detect(model, data, imgsz=size, device=used_device, conf=conf, iou=iou, batch=batch, most=max_det)
        write_predictions(out, data, found)
    except BaseException:  # Ctrl-C too: nothing is left half-written
        shutil.rmtree(out, ignore_errors=True)
        raise
    if full := sum(number >= max_det for number in Counter(one["image_id"] for one in found).values()):
        options.say(f"{full} images have as many polygons as --max-det allows, {max_det}; there may be more on them")
    options.say(f"{len(found)} polygons on {len(data.val.images)} images: {out}")
    if broken:
        options.say(f"{len(broken)} of {len(broken) + len(images)} images cannot be read, and are left out")
        raise typer.Exit(1)
