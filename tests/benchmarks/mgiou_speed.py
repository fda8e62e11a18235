"""How much faster `mgiou_loss` is than the `mgiou` package, forward and backward, side by side.

Run it: `python tests/benchmarks/mgiou_speed.py [--batch 4096] [--vertices 8] [--rounds 30] [--threads 1]`
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import torch
from mgiou import MGIoU2DPlus
from torch import Tensor

if __name__ == "__main__":  # run from a checkout that is not installed
    sys.path.insert(0, str(Path(__file__).parents[2]))

from bench.losses import mgiou_loss

Loss = Callable[[Tensor, Tensor], Tensor]


def ours(pred: Tensor, target: Tensor) -> Tensor:
    return mgiou_loss(pred, target, reduction="sum")


def theirs(pred: Tensor, target: Tensor) -> Tensor:
    return MGIoU2DPlus(reduction="sum")(pred, target)


def make_batch(batch: int, vertices: int, device: str = "cpu") -> tuple[Tensor, Tensor]:
    """Overlapping convex polygons, float32, (B, V, 2) each."""
    generator = torch.Generator().manual_seed(0)
    gaps = 0.3 + torch.rand(2, batch, vertices, generator=generator)
    angle = 2 * torch.pi * gaps.cumsum(2) / gaps.sum(2, keepdim=True)
    radius = 1 + 3 * torch.rand(2, batch, 1, 2, generator=generator)
    centre = 2 * torch.rand(2, batch, 1, 2, generator=generator)
    pred, target = (centre + radius * torch.stack((angle.cos(), angle.sin()), -1)).to(device)
    return pred, target


def step(loss: Loss, pred: Tensor, target: Tensor) -> Tensor:
    """Forward and backward: the gradient at the predicted vertices."""
    leaf = pred.detach().requires_grad_()
    (gradient,) = torch.autograd.grad(loss(leaf, target), leaf)
    return gradient


def seconds(loss: Loss, pred: Tensor, target: Tensor) -> float:
    """Time one step."""
    if pred.is_cuda:
        torch.cuda.synchronize()
    start = time.perf_counter()
    step(loss, pred, target)
    if pred.is_cuda:
        torch.cuda.synchronize()
    return time.perf_counter() - start


def main() -> None:
    """Print the two medians and the ratio's quartiles, taken pair by pair."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--batch", type=int, default=4096)
    parser.add_argument("--vertices", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--device", default="cpu")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    pred, target = make_batch(options.batch, options.vertices, options.device)
    pairs = []
    for number in range(options.rounds + 3):
        order = (ours, theirs) if number % 2 else (theirs, ours)
        taken = {loss: seconds(loss, pred, target) for loss in order}
        if number >= 3:  # the first rounds warm up
            pairs.append((taken[ours], taken[theirs]))
    mine, package = (1e3 * statistics.median(times) for times in zip(*pairs, strict=True))
    low, middle, high = statistics.quantiles((b / a for a, b in pairs), n=4)
    print(
        f"mgiou_loss {mine:.2f} ms, mgiou package {package:.2f} ms: {middle:.2f} times as fast "
        f"(quartiles {low:.2f} to {high:.2f}) over {len(pairs)} interleaved pairs of forward and backward; "
        f"B={options.batch} V={options.vertices} float32 {options.device}, {options.threads} threads, "
        f"torch {torch.__version__}"
    )


if __name__ == "__main__":
    main()
