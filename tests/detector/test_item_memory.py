"""What is kept of augmented images, and for whom."""

from __future__ import annotations

import torch
from ultralytics.data.dataset import YOLODataset

from bench.detector.item_memory import ItemMemory, memory_of


def item(number):
    return {
        "img": torch.full((3, 4, 4), number, dtype=torch.uint8),
        "cls": torch.full((2, 1), float(number)),
        "bboxes": torch.rand(2, 4),
        "batch_idx": torch.zeros(2),
        "im_file": f"{number}.jpg",
    }


def test_the_first_that_fit_are_kept():
    size = sum(value.nbytes for value in item(0).values() if isinstance(value, torch.Tensor))
    memory = ItemMemory(2 * size)
    for key in (5, 3, 5, 9):
        memory.keep(key, item(key))
    assert memory.held == 2 * size
    assert memory.get(9) is None
    assert memory.get(3)["im_file"] == "3.jpg"


def test_what_is_done_to_a_batch_does_not_reach_what_is_kept():
    memory = ItemMemory(10**6)
    memory.keep(1, item(1))
    for _ in range(2):
        batch = YOLODataset.collate_fn([item(0), memory.get(1)])
        assert batch["batch_idx"].tolist() == [0, 0, 1, 1]
        for value in batch.values():
            if isinstance(value, torch.Tensor):
                value.zero_()
    assert memory.get(1)["img"].unique().tolist() == [1]


def test_another_seed_has_a_memory_of_its_own_and_the_earlier_one_is_let_go():
    first = memory_of("seed 0")
    first.keep(1, item(1))
    assert memory_of("seed 0") is first
    second = memory_of("seed 1")
    assert second.get(1) is None
    assert first.get(1) is not None  # whoever still holds it is not shown the other seed's
    assert memory_of("seed 0").get(1) is None
