"""Keeps every library's settings, caches and files out of the user's home, for the whole session."""

from __future__ import annotations

import atexit
import gc
import os
import shutil
import signal
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.devices import DEVICE

_SCRATCH = Path(tempfile.mkdtemp(prefix="hybrid-loss-bench-tests-"))
atexit.register(shutil.rmtree, _SCRATCH, ignore_errors=True)

# What the user's own environment says is not what is tested.
for _variable in [name for name in os.environ if name.startswith("WANDB_")]:
    del os.environ[_variable]
for _variable in ("FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE", "http_proxy", "all_proxy"):
    os.environ.pop(_variable, None)
    os.environ.pop(_variable.upper(), None)
os.environ["WANDB_MODE"] = "offline"

# Before any of the libraries is imported: they read these once. Worker processes inherit them.
for _variable in (
    "BENCH_CACHE",
    "MPLCONFIGDIR",
    "WANDB_CACHE_DIR",
    "WANDB_CONFIG_DIR",
    "WANDB_DATA_DIR",
    "WANDB_DIR",
    "YOLO_CONFIG_DIR",
):
    _folder = _SCRATCH / _variable.lower()
    _folder.mkdir()
    os.environ[_variable] = str(_folder)
if DEVICE == "cpu":  # `--device auto` would take a GPU where there is one, with other last digits
    os.environ["CUDA_VISIBLE_DEVICES"] = ""
# Test processes share the cores: threads of several that wait for each other would cost more than they do.
os.environ.setdefault("OMP_NUM_THREADS", "1")
# Started in the background of a script, this process ignores Ctrl-C, and what it starts would too: tests press it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
# How long a test takes says nothing on a machine that does other things.
settings.register_profile(
    "house",
    settings.default,
    deadline=None,
    suppress_health_check=[*settings.default.suppress_health_check, HealthCheck.too_slow],
)
settings.load_profile("house")


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Return one process more than there are cores: some test always waits for a process that it has started."""
    return (os.cpu_count() or 1) + 1


_LONGEST = (
    "execution/test_shared_training.py",
    "test_cli.py",
    "execution/test_torture.py",
    "detector/test_snapshot.py",
    "execution/test_local.py",
    "detector/test_pairing.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the files that take longest first: one that is begun last would run alone while the other processes wait."""
    here = Path(__file__).parent
    places = {here / name: place for place, name in enumerate(_LONGEST)}
    items.sort(key=lambda item: places.get(item.path, len(places)))


def pytest_collection_finish(session: pytest.Session) -> None:
    """Take what the imports have left out of the garbage collector's rounds: a training asks for one at its end."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Return the folder of real data sets, or skip."""
    folder = os.environ.get("BENCH_REAL_DATA")
    if not folder:
        pytest.skip("BENCH_REAL_DATA is not set")
    return Path(folder)


@pytest.fixture(scope="session")
def small_folder(tmp_path_factory) -> Path:
    """Return a COCO folder of 12 training and 4 validation documents: a run on it takes seconds."""
    from datasets import documents
    from datasets.drawing import write_coco

    folder = tmp_path_factory.mktemp("small")
    (folder / "images").mkdir()
    write_coco(folder, ["document"], {"train": 12, "val": 4}, documents.draw, seed=1)
    return folder
