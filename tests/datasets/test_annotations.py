"""What pycocotools makes of an annotation is what was checked."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from pycocotools import mask as coco_mask

from datasets import DataError
from datasets.annotations import crowd, extent, same_box

masks = hnp.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=40).flatmap(
    lambda shape: hnp.arrays(np.uint8, shape, elements=st.integers(0, 1))
)


@settings(deadline=None)
@given(masks.filter(np.any), st.booleans())
def test_the_box_and_area_of_an_encoded_crowd_are_pycocotools_own(mask, compressed):
    height, width = mask.shape
    encoded = coco_mask.encode(np.asfortranarray(mask))
    column_wise = mask.ravel(order="F")
    edges = np.flatnonzero(np.diff(column_wise, prepend=0, append=2))
    counts = np.diff(edges, prepend=0).tolist()
    segmentation = {"size": [height, width], "counts": encoded["counts"].decode() if compressed else counts}
    found = crowd({"segmentation": segmentation, "iscrowd": 1}, (width, height), "here")
    assert found["area"] == coco_mask.area(encoded) == mask.sum()
    assert found["bbox"] == coco_mask.toBbox(encoded).tolist()
    assert found["segmentation"] == segmentation


@settings(deadline=None)
@given(st.lists(st.integers(0, 9), min_size=1, max_size=12), st.integers(1, 9))
def test_runs_of_no_length_change_neither_box_nor_area(counts, height):
    counts[-1] += -sum(counts) % height
    inside = np.repeat(np.arange(len(counts)) % 2, counts).reshape(-1, height).nonzero()
    given_ = {"segmentation": {"size": [height, sum(counts) // height], "counts": counts}}
    size = (sum(counts) // height, height)
    if not len(inside[0]):
        with pytest.raises(DataError, match="run-length encoding"):
            crowd(given_, size, "here")
        return
    pixels = np.stack(inside, axis=1)
    found = crowd(given_, size, "here")
    assert (found["area"], found["bbox"]) == (len(pixels), extent(np.concatenate((pixels, pixels + 1))))


@pytest.mark.parametrize("counts", ["o" * 20, "P", "00000", "oooo1", "d", "\0", "é", "o", "", [0, 2**32], [0, 10**30]])
def test_counts_that_would_end_the_process_are_refused(counts):
    size = (2**16, 2**16) if isinstance(counts, list) else (10, 10)
    with pytest.raises(DataError, match="here: its run-length encoding does not fit its image"):
        crowd({"segmentation": {"size": list(size), "counts": counts}}, size, "here")


boxes = hnp.arrays(np.float64, (2, 2), elements=st.floats(0, 50)).map(extent).filter(lambda box: min(box[2:]) > 0.1)


@settings(deadline=None)
@given(boxes, boxes)
def test_boxes_are_the_same_from_half_their_union_on(a, b):
    iou = coco_mask.iou(np.array([a]), np.array([b]), [0])[0, 0]
    if iou != pytest.approx(0.5, abs=1e-9):
        assert same_box(a, b) == (iou > 0.5)
