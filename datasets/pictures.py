"""Image files: where they lie, and what size they are once decoded, from their headers."""

from __future__ import annotations

import io
import os
import warnings
from pathlib import Path, PurePosixPath, PureWindowsPath

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image as Picture
from PIL import ImageOps

from datasets.errors import DataError

_ORIENTATION = 0x0112
_ENDS = {"PNG": (b"IDAT", b"IEND"), "JPEG": (b"\xff\xda", b"\xff\xd9")}
"""What the last of the pixels open with, and what follows them in a file that is whole. Other kinds are decoded."""


_BY_PILLOW = (".avif", ".heic", ".heif")
"""Suffixes of what Ultralytics decodes with Pillow first, and turns as Pillow reads its EXIF or XMP data."""


def locate(folder: Path, file_name: str, where: str) -> Path:
    """Return the path of an image: `folder/images/NAME`, else `folder/NAME`.

    Links are followed, wherever they lead: whoever made the folder made them, and images of a cluster often lie on
    another disk. A name may have been written by anybody.

    Raises:
        DataError: there is none, or the name leads out of the folder.
    """
    if PurePosixPath(file_name).is_absolute() or PureWindowsPath(file_name).is_absolute():
        raise DataError(f"{where}: file_name {short(file_name)} is absolute; name it from images/ on")
    for name in dict.fromkeys((file_name, file_name.replace("\\", "/"))):  # as it is written on Windows
        if ".." in PurePosixPath(name).parts:
            raise DataError(f"{where}: file_name {short(file_name)} leads out of images/; move the image in")
        for path in (folder / "images" / name, folder / name):
            if _is_file(path):
                return path
    raise DataError(f"{where}: {short(file_name)} is missing in {folder / 'images'}; add it, or remove the image")


def size_of(content: bytes, path: Path, where: str) -> tuple[int, int]:
    """Return the (width, height) that an image file's `content` has once decoded for training.

    OpenCV, which decodes, turns an image as its EXIF data say, and knows nothing of XMP.

    Raises:
        DataError: no image, one that OpenCV does not read, cut off, of numbers that are no 8 or 16 bits, in colours
            that OpenCV does not know, or too large to decode safely.
    """
    named = f"{where}: {short(path.name)}"
    # First, because Ultralytics makes Pillow install a plug-in for what it cannot identify.
    if not cv2.haveImageReader(os.fsencode(path)):  # of a text that is no UTF-8 it would make the process crash
        raise DataError(f"{named} cannot be read as an image by OpenCV; save it as PNG or JPEG, or replace it")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about metadata that is not looked at
            warnings.simplefilter("error", Picture.DecompressionBombWarning)
            with Picture.open(io.BytesIO(content)) as picture:
                width, height = picture.size
                kind = picture.format or ""
                turned = _orientation(picture, content, path) in (5, 6, 7, 8)
                # Of 32 bits and more. A PNG has 16 at most, though Pillow may call them so too.
                if picture.mode in ("I", "F") and kind != "PNG" and not _of_few_bits(content):
                    raise DataError(f"{named} has pixels of over 16 bits, which OpenCV does not show; save it in 8")
                if kind == "JPEG2000" and _in_strange_colours(picture, content):
                    raise DataError(f"{named} is JPEG 2000 in colours that OpenCV does not decode; save it as PNG")
                start, end = _ENDS.get(kind, (b"", b""))
                if content.rfind(end) <= content.rfind(start):  # cut off, or something hangs on behind: decode, to tell
                    picture.load()
    except DataError:
        raise
    except (Picture.DecompressionBombWarning, Picture.DecompressionBombError):
        raise DataError(f"{named} has over {Picture.MAX_IMAGE_PIXELS} pixels; make it smaller, or cut it up") from None
    except Exception as error:  # whatever a broken file makes Pillow run into; ImportError where there is no plug-in
        raise DataError(f"{named} cannot be read as an image ({type(error).__name__}); replace it") from None
    return (height, width) if turned else (width, height)


def decoded(path: Path) -> NDArray[np.uint8] | None:
    """Return an image as it is decoded for training, (H, W, 3) in BGR; None where it cannot be read any more."""
    try:
        if path.suffix.lower() in _BY_PILLOW:
            with Picture.open(path) as picture:
                return np.asarray(ImageOps.exif_transpose(picture).convert("RGB"))[..., ::-1].copy()
        return cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), cv2.IMREAD_COLOR)
    except (OSError, ValueError, ImportError, cv2.error):
        return None


def short(name: str) -> str:
    """Return a name fit for a message of one line."""
    return repr(name if len(name) <= 80 else f"{name[:40]}...{name[-30:]}")


def _orientation(picture: Picture.Image, content: bytes, path: Path) -> int:
    """Return how what decodes an image turns it, as EXIF numbers it; 1 where it does not, or Pillow has already."""
    if path.suffix.lower() in _BY_PILLOW:
        return picture.getexif().get(_ORIENTATION, 1)
    if picture.format == "PNG":
        if b"eXIf" not in content:
            return 1
        picture.load()  # it may lie behind the pixels
    elif picture.format not in ("JPEG", "MPO", "WEBP"):
        return 1
    exif = Picture.Exif()  # not `getexif`, which looks into XMP data too
    exif.load(picture.info.get("exif", b""))
    return exif.get(_ORIENTATION, 1)


def _in_strange_colours(picture: Picture.Image, content: bytes) -> bool:
    """Return whether a JPEG 2000 is in CMYK, or is grey and does not say so: a bare codestream, taken for RGB.

    From the header, since OpenCV would tell at length on stderr.
    """
    bare = content.startswith(b"\xff\x4f")
    return picture.mode == "CMYK" or (bare and len(picture.getbands()) < 3)


def _of_few_bits(content: bytes) -> bool:
    """Return whether OpenCV decodes an image to 8 or 16 bits."""
    found = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)
    return found is not None and found.dtype in (np.uint8, np.uint16)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # a name that no file system takes
        return False
