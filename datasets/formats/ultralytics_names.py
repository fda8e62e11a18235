"""Data sets that Ultralytics knows by the name of a YAML: `dota8.yaml`, `coco8-seg.yaml`."""

from __future__ import annotations

import importlib.util
import os
import shutil
import socket
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import getproxies

from datasets.cache import made
from datasets.errors import DataError
from datasets.files import shown, yaml_of
from datasets.formats import yolo
from datasets.formats.conversion import Conversion
from datasets.formats.ultralytics_side import at_work, datasets_dir

_ARCHIVES = (".zip", ".tar", ".gz", ".tgz", ".xz", ".bz2", ".txz", ".tbz2")
_PATIENCE = 10.0
"""Seconds within which a host must answer before a download is begun."""


def find(name: str) -> Path | None:
    """Return Ultralytics' own YAML of this name; None where there is none."""
    if Path(name).name != name or Path(name).suffix not in (".yaml", ".yml"):
        return None
    package = importlib.util.find_spec("ultralytics")
    for place in (package.submodule_search_locations or []) if package else []:
        if os.path.isfile(path := Path(place) / "cfg" / "datasets" / name):
            return path
    return None


def convert(file: Path, cache: Path) -> Conversion:
    """Read the data set of such a YAML from Ultralytics' folder or the cache; it is downloaded if it is in neither.

    Raises:
        DataError: it is not here and cannot be downloaded, or cannot be used.
    """
    raw = yaml_of(file)
    yolo.entries_of(raw, f"data {file.name!r}")  # before anything is downloaded
    folder = str(raw.get("path") or file.stem)
    roots = [datasets_dir() / folder, cache / "downloads" / folder]
    if not any(root.is_dir() for root in roots):
        _download(str(raw.get("download") or ""), file.name, roots[-1])
    return yolo.convert(file, roots=[root for root in roots if root.is_dir()], name=file.stem)


def _download(url: str, name: str, folder: Path) -> None:
    advice = f"unpack it as {shown(folder)}, or give the folder of another copy: --data DIR"
    where = f"data {name!r}: not here"
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.path.lower().endswith(_ARCHIVES):
        raise DataError(f"{where}, and Ultralytics has no archive of it to download; {advice}")
    if not _answers(parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)):
        raise DataError(f"{where}, and no network to download {Path(parts.path).name} over; {advice}")

    def fetch(new: Path) -> None:
        try:
            with at_work(online=True):
                from ultralytics.utils.downloads import safe_download

                unpacked = safe_download(url, dir=new / "archive", unzip=True, delete=True, retry=0, progress=False)
            found = unpacked / folder.name if (unpacked / folder.name).is_dir() else unpacked
            for path in list(found.iterdir()):
                os.replace(path, new / path.name)
            shutil.rmtree(new / "archive")
        except Exception as error:  # whatever network and archive make Ultralytics run into
            raise DataError(f"{where}, and the download failed ({type(error).__name__}); {advice}") from None

    made(folder, fetch, what=f"data set {name}")


def _answers(host: str, port: int) -> bool:
    """Return whether a host can be reached; where a proxy stands between, that is for the download to find out."""
    if getproxies():
        return True
    try:
        with socket.create_connection((host, port), timeout=_PATIENCE):
            return True
    except OSError:
        return False
