"""A detector as ONNX, held against itself before it is handed out."""

from __future__ import annotations

import copy
import tempfile
import warnings
from pathlib import Path

import numpy as np
import torch
from ultralytics.engine.exporter import Exporter

from bench.detector.model import PolygonModel, network_size
from bench.errors import UserError
from bench.files import write_named

TOLERANCE = 1e-3
"""Pixels by which a vertex may differ."""
_LEAST_SCORE = 1e-3
_TRIALS = 4


def export_onnx(model: PolygonModel, path: Path, imgsz: int) -> float:
    """Write a detector as ONNX with Ultralytics' metadata, so that `YOLO("best.onnx", task="pose")` reads it.

    Args:
        model: from `load_detector`.
        path: of the file, which appears only when it has passed.
        imgsz: side of the images it takes, in pixels, rounded up as `network_size` does.

    Returns:
        The largest difference of a vertex, in pixels, between onnxruntime and torch on random images, among the
        predictions that have any score to speak of; all where none has.

    Raises:
        UserError: onnx or onnxruntime is missing, the folder cannot be written, or the difference is above `TOLERANCE`.
    """
    if path.is_dir():
        raise UserError(f"-o {path}: is a folder; give FILE.onnx")
    try:
        import onnx  # noqa: F401  # what the exporter would try to install
        import onnxruntime
    except ImportError as error:
        raise UserError(f"export needs {error.name}; pip install 'hybrid-loss-bench[export]'") from None
    side = network_size(imgsz, model)
    with tempfile.TemporaryDirectory() as scratch:
        plain = copy.deepcopy(model).cpu().float().eval()
        plain.pt_path = str(Path(scratch) / "detector.pt")  # the exporter writes beside it
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch's, about tracing
            made = Exporter(
                overrides={"format": "onnx", "imgsz": side, "batch": 1, "device": "cpu", "simplify": False}
            )(model=copy.deepcopy(plain))
        content = Path(str(made)).read_bytes()
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    largest = max(_difference(plain, session, side, seed) for seed in range(_TRIALS))
    if not largest <= TOLERANCE:
        raise UserError(f"the exported detector differs by {largest:.3g} px, above {TOLERANCE:g}; nothing is written")
    write_named(path, content)
    return largest


def _difference(model: PolygonModel, session: object, side: int, seed: int) -> float:
    image = np.random.default_rng(seed).random((1, 3, side, side), dtype=np.float32)
    (theirs,) = session.run(None, {session.get_inputs()[0].name: image})  # type: ignore[attr-defined]
    with torch.no_grad():
        ours = model(torch.from_numpy(image))
    found = (ours[0] if isinstance(ours, (list, tuple)) else ours).numpy()
    classes = found.shape[1] - 4 - 2 * model.kpt_shape[0]
    scored = found[0, 4 : 4 + classes].max(0) >= _LEAST_SCORE
    chosen = scored if scored.any() else np.ones_like(scored)
    return float(np.abs(found - theirs)[0, 4 + classes :, chosen].max())
