"""`bench export`: a trained detector as ONNX, checked."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer

from bench.commands import options
from bench.commands.val import ImageSize, Weights


def export(
    weights: Weights,
    out: Annotated[
        Optional[Path], typer.Option("-o", "--out", metavar="FILE.onnx", help="[default: beside the weights]")
    ] = None,
    imgsz: ImageSize = None,
) -> None:
    """Write a detector as ONNX; onnxruntime must then give the same polygons within 1e-3 pixels, or nothing is left."""
    from bench.detector.checkpoint import load_detector
    from bench.detector.inference import image_size
    from bench.detector.onnx_export import export_onnx

    model = load_detector(weights)
    path = out or weights.with_suffix(".onnx")
    largest = export_onnx(model, path, image_size(model, imgsz))
    options.say(f"{path}: polygons differ by at most {largest:.1g} px from those of {weights.name}")
