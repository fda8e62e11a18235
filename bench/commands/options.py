"""Options that several commands take, and what says something to the user."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Optional

import typer

from bench.errors import UserError
from bench.text import one_line

if TYPE_CHECKING:
    from datasets import DataSet

RESULTS = Path("results")


class Form(str, Enum):
    """Choices of `--mgiou`."""

    paper = "paper"
    centred = "centred"
    both = "both"


class Precision(str, Enum):
    """Choices of `--precision`."""

    auto = "auto"
    fp32 = "fp32"
    bf16 = "bf16"


class Suite(str, Enum):
    """Choices of `--suite`."""

    core = "core"
    claims = "claims"


# What is run.

All = Annotated[bool, typer.Option("--all", help="Every registered strategy.")]
Strategies = Annotated[
    Optional[list[str]],
    typer.Option(
        "--strategy",
        metavar="NAME[KEY=VALUE,..]",
        help="A strategy, with parameters in brackets; a list spans a grid: 'static[alpha=[0.1,0.5]]'. Repeatable.",
    ),
]
SuiteName = Annotated[
    Optional[Suite],
    typer.Option("--suite", help="core: the same as --all. claims: whatever `bench claims` judges needs."),
]
Seeds = Annotated[Optional[int], typer.Option(min=1, help="Number of seeds, 0 to N-1.  [default: 3, with --quick 1]")]
Data = Annotated[
    Optional[list[str]],
    typer.Option(
        metavar="NAME|DIR",
        help="A registered or imported data set, or your own: a folder or data.yaml. Repeatable.  [default: documents]",
    ),
]
Mgiou = Annotated[Form, typer.Option("--mgiou", help="The MGIoU form that the mixes use.")]
Vertices = Annotated[
    Optional[int], typer.Option(metavar="V", help="Vertices to predict, 3 to 16.  [default: what suits the data]")
]
Model = Annotated[
    str, typer.Option(help="yolo11n-polygon.yaml, yolov8s-polygon.yaml, ..., or a pose YAML of your own.")
]
Settings = Annotated[
    Optional[list[str]],
    typer.Option("--set", metavar="KEY=VALUE", help="An Ultralytics training setting. Repeatable."),
]
PrecisionName = Annotated[
    Precision,
    typer.Option("--precision", help="What the network computes in. auto: bf16 where it is measured to be faster."),
]
Quick = Annotated[bool, typer.Option("--quick", help="A look: few epochs, one seed. Its figures mean nothing.")]
Device = Annotated[str, typer.Option(help="cpu, or the number of a GPU.  [default: the first GPU there is]")]
Aa = Annotated[
    bool, typer.Option("--aa", help="Run the reference once more at every seed: the noise of the machine itself.")
]
Plugins = Annotated[
    Optional[list[str]],
    typer.Option("--plugin", metavar="FILE.py|MODULE", help="Registers your own strategies. Repeatable."),
]

# Where it is.

Out = Annotated[Path, typer.Option("--out", metavar="DIR", help="Where results go: one folder a study, one a run.")]
NewStudy = Annotated[
    Optional[str],
    typer.Option("--study", metavar="NAME", help="The study's name.  [default: main, with --quick quick]"),
]
Study = Annotated[Optional[str], typer.Argument(help="The study's name.  [default: main, or the only one there is]")]
Fresh = Annotated[bool, typer.Option("--fresh", help="Repeat runs that are done.")]
Sharing = Annotated[bool, typer.Option("--sharing/--no-sharing", help="Train once what several runs have in common.")]


def new_study(study: str | None, quick: bool) -> str:
    """Return the name of the study that a command is to run.

    Raises:
        UserError: it is no plain folder name.
    """
    return study_name(study or ("quick" if quick else "main"))


def study_name(name: str, said: str = "--study") -> str:
    """Return a name that can be a folder's.

    Args:
        name: as the user gave it.
        said: what was said before it, for the message.

    Raises:
        UserError: it is no plain folder name.
    """
    if not name or name != Path(name).name or name.startswith("."):
        raise UserError(f"{said} {name}: give a plain folder name; --out says where it lies")
    return name


def find_study(out: Path, study: str | None) -> Path:
    """Return the folder of the study that is meant.

    Raises:
        UserError: there is none, or several and none is named.
    """
    if study is not None:
        folder = out / study_name(study, "study")
        if not _is_study(folder):
            raise UserError(f"{out} has no study {study!r}; it has: {', '.join(_studies(out)) or 'none'}")
        return folder
    found = _studies(out)
    if "main" in found or len(found) == 1:
        return out / ("main" if "main" in found else found[0])
    if not found:
        raise UserError(f"{out} holds no study yet; start one: python -m bench run --all")
    raise UserError(f"{out} holds several studies; name one of them: {', '.join(found)}")


def writable(folder: Path, option: str = "--out DIR") -> None:
    """Make a folder that can be written to.

    Args:
        folder: where.
        option: what chooses another.

    Raises:
        UserError: it cannot be.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"cannot create {folder}: {error.strerror}; choose another with {option}") from None
    if not os.access(folder, os.W_OK):
        raise UserError(f"{folder} cannot be written to; choose another with {option}")


@contextmanager
def setting_up(folder: Path) -> Iterator[None]:
    """Let one command at a time decide how a study is set up. Where several cannot tell what each does, it says so.

    Args:
        folder: the study's; it is there.

    Raises:
        UserError: it cannot be written to.
    """
    from bench.execution import reservation

    with reservation.setting_up(folder) as refusal:
        if refusal:
            say(f"{folder} is on a file system that keeps no locks ({refusal}): give it one command at a time")
        yield


def say(text: str) -> None:
    """Tell the user something on stderr."""
    with suppress(OSError):  # nobody reads it any more, or the disk of a log is full
        print(f"bench: {one_line(text)}", file=sys.stderr)


def say_notes(data: DataSet) -> None:
    """Tell the user what was left out of a data set, or understood in one of several ways."""
    for note in data.notes:
        say(f"{data.name}: {note}")


def plain(value: Any) -> str:
    """Return a value as a user would write it."""
    return f"{value:g}" if isinstance(value, float) else str(value)


def _studies(out: Path) -> list[str]:
    return sorted(path.name for path in out.glob("*") if _is_study(path))


def _is_study(folder: Path) -> bool:
    """Whether a command has made a folder a study: it sets it up, it has a manifest, or the record of a run."""
    from bench.execution.reservation import SETTING_UP
    from bench.manifest import NAME as MANIFEST  # here, since it brings pandas, which --help needs not

    return any((folder / name).is_file() for name in (SETTING_UP, MANIFEST)) or any(folder.glob("*/run.json"))
