"""Importing it makes `strategies` and `datasets` mean this project's, whatever else is installed under these names.

Hugging Face's `datasets` is on many machines. From a checkout's folder Python finds the one beside `bench`; from
anywhere else an installed one stands before an editable installation. Only the command line imports this: in a
program of somebody else's, that `datasets` is theirs to have.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[1]


def _is_own(name: str) -> bool:
    spec = importlib.util.find_spec(name)
    return spec is not None and spec.origin is not None and Path(spec.origin).resolve().parent == _ROOT / name


# Of Hugging Face's. Installed into one folder, each takes the place of some of the other's files.
if (_ROOT / "datasets" / "arrow_dataset.py").exists():
    print(
        f"bench: {_ROOT} holds another package `datasets` and this one's, mixed; install this one with pip install -e, "
        "or in an environment of its own",
        file=sys.stderr,
    )
    raise SystemExit(2)

if not all(map(_is_own, ("strategies", "datasets"))):
    sys.path.insert(0, str(_ROOT))  # workers are given this path too
