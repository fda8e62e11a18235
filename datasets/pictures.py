"""Image files: where they lie, and what size they are once decoded, from their headers."""

from __future__ import annotations

import io
import warnings
from pathlib import Path, PurePosixPath, PureWindowsPath

import cv2
from PIL import Image as Picture

from datasets.errors import DataError

_ORIENTATION = 0x0112
_ENDS = {"PNG": (b"IDAT", b"IEND"), "JPEG": (b"\xff\xda", b"\xff\xd9")}
"""What the last of the pixels open with, and what follows them in a file that is whole. Other kinds are decoded."""


def locate(folder: Path, file_name: str, where: str) -> Path:
    """Return the path of an image: `folder/images/NAME`, else `folder/NAME`.

    Raises:
        DataError: there is none, or the name or a link leads out of the folder.
    """
    if PurePosixPath(file_name).is_absolute() or PureWindowsPath(file_name).is_absolute():
        raise DataError(f"{where}: file_name {_short(file_name)} is absolute; name it from images/ on")
    if ".." in PurePosixPath(file_name).parts:
        raise DataError(f"{where}: file_name {_short(file_name)} leads out of images/; move the image in")
    for path in (folder / "images" / file_name, folder / file_name):
        if _is_file(path):
            if not path.resolve().is_relative_to(folder.resolve()):
                raise DataError(f"{where}: file_name {_short(file_name)} leads out of {folder}; copy the image in")
            return path
    raise DataError(f"{where}: {_short(file_name)} is missing in {folder / 'images'}; add it, or remove the image")


def size_of(content: bytes, path: Path, where: str) -> tuple[int, int]:
    """Return the (width, height) that an image file's `content` has once decoded, turned as its EXIF data say.

    Raises:
        DataError: no image, one that OpenCV does not read, cut off, or too large to decode safely.
    """
    named = f"{where}: {_short(path.name)}"
    # First, because Ultralytics makes Pillow install a plug-in for what it cannot identify.
    if not cv2.haveImageReader(str(path)):
        raise DataError(f"{named} cannot be read as an image by OpenCV; save it as PNG or JPEG, or replace it")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about metadata that is not looked at
            warnings.simplefilter("error", Picture.DecompressionBombWarning)
            with Picture.open(io.BytesIO(content)) as picture:
                width, height = picture.size
                kind = picture.format or ""
                # Looking for EXIF data makes Pillow decode a PNG whole; and it has turned a TIFF already.
                looked_at = kind in ("JPEG", "MPO", "WEBP") or (kind == "PNG" and b"eXIf" in content)
                turned = looked_at and picture.getexif().get(_ORIENTATION) in (5, 6, 7, 8)
                start, end = _ENDS.get(kind, (b"", b""))
                if content.rfind(end) <= content.rfind(start):  # cut off, or something hangs on behind: decode, to tell
                    picture.load()
    except (Picture.DecompressionBombWarning, Picture.DecompressionBombError):
        raise DataError(f"{named} has over {Picture.MAX_IMAGE_PIXELS} pixels; make it smaller, or cut it up") from None
    except Exception as error:  # whatever a broken file makes Pillow run into; ImportError where there is no plug-in
        raise DataError(f"{named} cannot be read as an image ({type(error).__name__}); replace it") from None
    return (height, width) if turned else (width, height)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # a name that no file system takes
        return False


def _short(name: str) -> str:
    """Return a name fit for a message of one line."""
    return repr(name if len(name) <= 80 else f"{name[:40]}...{name[-30:]}")
