"""Training targets: a data set's polygons as Ultralytics keypoints, in one order whatever was done to the image."""

from __future__ import annotations

import contextlib
import os
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from torch.utils.data import Sampler
from ultralytics.data.augment import Albumentations, Compose, Mosaic
from ultralytics.data.dataset import YOLODataset
from ultralytics.utils.instance import Instances

from bench import memory_limit
from bench.detector.item_memory import ItemMemory
from bench.detector.loaders import share_of_machine
from bench.geometry import canonical_permutation, resample
from datasets import DataError, Image, Split

_DECODED: WeakKeyDictionary[Split, dict[str, list[Any]]] = WeakKeyDictionary()
"""Images by split and size, as long as the split is in memory: they are read and never written to."""
_LABELS: WeakKeyDictionary[Split, dict[int, list[dict[str, Any]]]] = WeakKeyDictionary()
"""Labels by split and V, likewise: Ultralytics copies one before it augments it."""
_ABSENT = Path(os.devnull) / "absent.npy"


class PolygonDataset(YOLODataset):
    """A split of a data set, in memory, for `InfiniteDataLoader`.

    What an item looks like depends on (seed, epoch, index) alone, never on what was loaded before it: the sampler
    hands in `epoch · len + index`, and the augmentations draw from generators seeded with the three. So every
    strategy sees the same images, resuming needs no generator's state, and loader processes change nothing.

    Args:
        split: where images and polygons come from; every polygon is resampled to V vertices.
        seed: the run's seed.
        memory: where items are kept for the next run of the same seed; None to make each anew.
        clip_vertices: whether augmentation moves vertices that it takes out of the frame to the border.
        **options: those of `YOLODataset`; `data["kpt_shape"]` is [V, 2].
    """

    def __init__(
        self,
        split: Split,
        seed: int,
        memory: ItemMemory | None = None,
        clip_vertices: bool = False,
        **options: Any,
    ) -> None:
        self.split = split
        self.clip_vertices = clip_vertices
        self.seed = seed
        self.memory = memory
        super().__init__(img_path=str(split.name), task="pose", **options)
        self._no_arrays()

    def get_img_files(self, img_path: str | list[str]) -> list[str]:
        """Return the split's own image paths, in its own order."""
        return [str(image.path) for image in self.split.images]

    def get_labels(self) -> list[dict[str, Any]]:
        """Return Ultralytics label dictionaries: boxes and keypoints in image-relative units."""
        vertices = self.data["kpt_shape"][0]
        known = _LABELS.setdefault(self.split, {})
        if vertices not in known:
            known[vertices] = [_label(image, vertices) for image in self.split.images]
        return list(known[vertices])

    def load_image(self, i: int, *args: Any, **kwargs: Any) -> tuple[np.ndarray, tuple[int, int], tuple[int, int]]:
        """Return a copy of the image: an augmentation that writes in place must not reach the one in memory."""
        image, original, resized = self._decoded(i, *args, **kwargs)
        return image.copy(), original, resized

    def check_cache_ram(self, safety_margin: float = 1.0) -> bool:
        """Return whether this process's share of the memory has room for the images, and for as much again.

        Of the machine's and of a container's: every worker of a study keeps the images, and they look at the same time.
        Where there is none, an image is decoded whenever it is shown, which takes longer and changes no bit.

        Args:
            safety_margin: what has to stay free, as a share of what the images take.
        """
        if str(self.imgsz) in _DECODED.get(self.split, {}):
            return True  # they are there
        times = (1 + safety_margin) / share_of_machine()
        left = memory_limit.left()
        if left is not None and times * sum(_decoded_bytes(one, self.imgsz) for one in self.split.images) > left:
            self.cache = None  # as Ultralytics says it
            return False
        return super().check_cache_ram(times - 1)

    def cache_images(self) -> None:
        """Take every image as it was decoded for an earlier run of this process, or decode it now."""
        self._no_arrays()
        decoded = _DECODED.setdefault(self.split, {})
        key = str(self.imgsz)
        if key not in decoded:
            decoded[key] = [self._decoded(i) for i in range(self.ni)]
        for i, item in enumerate(decoded[key]):
            self.ims[i], self.im_hw0[i], self.im_hw[i] = item

    def _decoded(self, i: int, *args: Any, **kwargs: Any) -> tuple[np.ndarray, tuple[int, int], tuple[int, int]]:
        try:
            return super().load_image(i, *args, **kwargs)
        except FileNotFoundError:  # so Ultralytics says; its header and end were whole when it was looked at
            raise DataError(f"{self.im_files[i]} cannot be decoded as an image; replace it") from None

    def _no_arrays(self) -> None:
        """Never read `IMAGE.npy` in the place of an image: the fingerprint is of the images."""
        self.npy_files = [_ABSENT] * self.ni

    def build_transforms(self, hyp: Any = None) -> Compose:
        """Return Ultralytics' transforms, with the vertices put in order again after the last that moves them."""
        transforms = super().build_transforms(hyp)
        # Where the package is installed, they would draw from a generator of their own, whatever the seed.
        transforms.transforms = [one for one in transforms.transforms if not isinstance(one, Albumentations)]
        for mosaic in _mosaics(transforms):
            # Of data that do not fit the memory it would take the images that were loaded last, whatever run this is.
            mosaic.buffer_enabled = False
        transforms.insert(-1, CanonicalTargets(patches=self.augment and getattr(hyp, "cutmix", 0) > 0))
        return transforms

    def __getitem__(self, key: int) -> dict[str, Any]:
        """Return item `key % len` as epoch `key // len` shows it."""
        epoch, index = divmod(key, len(self))
        item = None if self.memory is None else self.memory.get(key)
        if item is None:
            _seed(np.random.SeedSequence((self.seed, epoch, index)).generate_state(2))
            with contextlib.nullcontext() if self.clip_vertices else vertices_where_they_are():
                item = super().__getitem__(index)
            if self.memory is not None:
                self.memory.keep(key, item)
        return item


@contextlib.contextmanager
def vertices_where_they_are() -> Iterator[None]:
    """Keep Ultralytics' transforms from moving vertices outside a frame to its border, each by itself.

    That is right for keypoints, which nothing but their own position is asked of. The shape of a polygon would be
    another; what is seen of the object is what the frame shows of the true one. They stay invisible, and boxes are cut.
    """
    clip = Instances.clip

    def cut_boxes(instances: Instances, *size: Any, **options: Any) -> None:
        vertices = instances.keypoints[..., :2].copy()
        clip(instances, *size, **options)
        instances.keypoints[..., :2] = vertices

    Instances.clip = cut_boxes
    try:
        yield
    finally:
        Instances.clip = clip


class CanonicalTargets:
    """Puts every polygon's vertices in canonical order and makes its box the bounding box of its vertices.

    A flip or rotation changes which vertex comes first and which way round they run, and Ultralytics' boxes grow
    when an image is rotated.

    Args:
        patches: whether images may hold a patch of another one (`cutmix`). Boxes then also end where Ultralytics' do,
            at the patch: vertices that it leaves out are kept where they are, and nothing is to be seen of them.
    """

    def __init__(self, patches: bool = False) -> None:
        self.patches = patches

    def __call__(self, labels: dict[str, Any]) -> dict[str, Any]:
        """Rewrite `labels["instances"]`, and leave out those that nothing is to be seen of, with their `cls`."""
        instances = labels["instances"]
        if not len(instances):
            return labels
        height, width = labels["img"].shape[:2]
        instances.convert_bbox("xyxy")
        instances.denormalize(width, height)  # "nearest the corner" is about pixels, not shares of each side
        points = instances.keypoints
        order = canonical_permutation(points[..., :2])
        points[:] = np.take_along_axis(points, order[..., None], axis=1)
        low, high = points[..., :2].min(1), points[..., :2].max(1)
        size = (width, height)
        low, high = low.clip(0, size), high.clip(0, size)
        if self.patches:
            low = np.maximum(low, instances.bboxes[:, :2])
            high = np.minimum(high, instances.bboxes[:, 2:]).clip(low)
        instances.bboxes[:] = np.concatenate((low, high), axis=1)
        # Ultralytics asks that of its own boxes, which reach into the frame where a turned object does not.
        labels["cls"] = labels["cls"][instances.remove_zero_area_boxes()]
        return labels


class EpochSampler(Sampler[int]):
    """Yields `epoch · n + index` in an order that depends on (seed, epoch) alone; each pass is the next epoch.

    Args:
        n: number of items.
        seed: the run's seed.
        epoch: the epoch of the first pass; set it to move on to another.
    """

    def __init__(self, n: int, seed: int, epoch: int = 0) -> None:
        self.n = n
        self.seed = seed
        self.epoch = epoch

    def __len__(self) -> int:
        """Return the number of items in an epoch."""
        return self.n

    def __iter__(self) -> Iterator[int]:
        """Yield one epoch's keys."""
        first = self.epoch * self.n
        self.epoch += 1
        order = np.random.default_rng((self.seed, first // self.n)).permutation(self.n)
        yield from (first + int(index) for index in order)


def _seed(state: np.ndarray) -> None:
    """Seed the global generators, which Ultralytics' augmentations draw from."""
    random.seed(int(state[0]))
    np.random.seed(state[1])  # noqa: NPY002


def _mosaics(transform: Any) -> Iterator[Mosaic]:
    """Yield every mosaic among transforms, those within another's `pre_transform` too."""
    if isinstance(transform, Mosaic):
        yield transform
    for inner in (*getattr(transform, "transforms", ()), getattr(transform, "pre_transform", None)):
        if inner is not None:
            yield from _mosaics(inner)


def _decoded_bytes(image: Image, imgsz: int) -> float:
    """Return how much an image takes that is decoded and fitted into a square, in three channels of a byte."""
    return 3 * image.width * image.height * (imgsz / max(image.width, image.height)) ** 2


def _label(image: Image, vertices: int) -> dict[str, Any]:
    size = np.array([image.width, image.height], dtype=np.float64)
    points = np.zeros((len(image.objects), vertices, 2))
    for row, item in enumerate(image.objects):
        points[row] = resample(item.points, vertices)
    low, high = (points.min(1), points.max(1)) if len(points) else (points[:, 0], points[:, 0])
    low, high = low.clip(0, size) / size, high.clip(0, size) / size
    keypoints = np.concatenate((points / size, np.ones((*points.shape[:2], 1))), axis=2)
    return {
        "im_file": str(image.path),
        "shape": (image.height, image.width),
        "cls": np.array([[item.category] for item in image.objects], dtype=np.float32).reshape(-1, 1),
        "bboxes": np.concatenate(((low + high) / 2, high - low), axis=1).astype(np.float32),
        "segments": [],
        "keypoints": keypoints.astype(np.float32),
        "normalized": True,
        "bbox_format": "xywh",
    }
