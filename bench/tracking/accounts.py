"""What each channel has of a run: `told.json` in the run's folder."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from bench.files import write_atomic
from bench.records import RunRecord

ONLINE = "online"
_NAME = "told.json"


@dataclass(frozen=True)
class Account:
    """What a channel has been told.

    Attributes:
        place: where it lies: `ONLINE`, or a file or folder below the study's.
        content: `digest` of what it ends with, a run's record say; empty until it has been told to the end.
    """

    place: str
    content: str = ""


def digest(text: str) -> str:
    """Return a hash of what a channel is told."""
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:16]


def digest_of(record: RunRecord) -> str:
    """Return a hash of a run's record."""
    return digest(record.to_json())


def read_accounts(folder: Path) -> dict[str, Account]:
    """Return by channel what is noted in a folder; nothing where the note cannot be read."""
    try:
        noted = json.loads((folder / _NAME).read_bytes())
        return {channel: Account(str(one["place"]), str(one["content"])) for channel, one in noted.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def note(folder: Path, channel: str, account: Account) -> None:
    """Note what a channel has been told, beside what is noted of others.

    Args:
        folder: the run's; the study's for what is told of the whole.
        channel: its name.
        account: takes the place of what was noted before.

    Raises:
        StorageError: it cannot be written.
    """
    noted: Mapping[str, Account] = {**read_accounts(folder), channel: account}
    text = json.dumps({name: asdict(one) for name, one in noted.items()}, indent=2)
    write_atomic(folder / _NAME, text + "\n")
