"""Too little memory is one line."""

from __future__ import annotations

import pytest
import torch

from bench.errors import UserError
from bench.no_memory import as_user_error


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20 MiB"),
        RuntimeError("DefaultCPUAllocator: can't allocate memory"),
    ],
)
def test_it_names_what_it_depends_on_and_what_to_give(error):
    told = "^out of memory with batch=16 at imgsz=640: give a smaller --batch or --imgsz$"
    with pytest.raises(UserError, match=told), as_user_error(16, 640, prefix="--"):
        raise error


@pytest.mark.parametrize(
    "words",
    [
        "CUDA error: all CUDA-capable devices are busy or unavailable\nhints",
        "DataLoader worker (pid 5) is killed by signal: Killed. ",
    ],
)
def test_a_device_that_others_use_and_a_loader_that_was_killed_are_one_line(words):
    with pytest.raises(UserError) as caught, as_user_error(16, 640):
        raise RuntimeError(words)
    assert str(caught.value) == f"RuntimeError: {' '.join(words.split())}"


def test_what_is_no_trouble_of_the_machine_keeps_its_traceback():
    with pytest.raises(RuntimeError, match="shapes"), as_user_error(16, 640):
        raise RuntimeError("shapes do not fit")
