"""Records and reports as artifacts of W&B: what a report rests on is its input, and each run's output."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from bench.files import write_atomic

_RECORD = ("run.json", "history.csv")
"""What a report reads of a run."""
_LONGEST = 64
"""Of the 128 characters of an id, those left to a study's name."""


def wandb_id(run_id: str, study: str) -> str:
    """Return W&B's id of a run: a project may hold the same run of several studies."""
    return f"{run_id}-{plain_name(study)}" if study else run_id


def plain_name(text: str) -> str:
    """Return text with letters, digits, `-` and `_` alone, as W&B takes it for ids and names of artifacts.

    Two texts never become one: what had to be changed ends in digits of its hash.
    """
    plain = re.sub(r"[^A-Za-z0-9_-]+", "-", text)[:_LONGEST]
    if plain == text:
        return plain
    digits = hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:8]
    return f"{plain[: _LONGEST - len(digits) - 1]}-{digits}"


def log_record(run: Any, folder: Path, run_id: str, study: str) -> None:
    """Log a run's record as its output; nothing where there is none.

    Args:
        run: W&B's.
        folder: the study's.
        run_id: of the record.
        study: its name.
    """
    if (folder / run_id / "run.json").exists():
        run.log_artifact(_record(folder, run_id, study))


def use_records(run: Any, folder: Path, run_ids: Iterable[str], study: str) -> None:
    """Declare runs' records as what a report rests on.

    The content tells W&B which of its artifacts is meant, so that it need not be asked now. `Run.use_artifact` does the
    same, but waits for the server for each, and refuses to offline, where this is kept for `wandb sync`. The runs are
    to be synced before the report: an artifact is the output of whoever brings it first.
    """
    for run_id in run_ids:
        run._log_artifact(_record(folder, run_id, study), is_user_created=True, use_after_commit=True)


def log_report(run: Any, folder: Path, run_ids: Iterable[str], study: str, files: Mapping[str, str]) -> None:
    """Log a report and the records that it was made from.

    Args:
        run: W&B's.
        folder: the study's.
        run_ids: of the records.
        study: its name.
        files: the report's, content by name.
    """
    import wandb

    artifact = wandb.Artifact(f"{plain_name(study)}-report", type="report", metadata={"study": study})
    for name, content in files.items():
        path = folder / "wandb" / "report" / name
        write_atomic(path, content)
        _add(artifact, path, name)
    for run_id in run_ids:
        _add_record(artifact, folder, run_id, f"records/{run_id}/")
    run.log_artifact(artifact)


def _record(folder: Path, run_id: str, study: str) -> Any:
    import wandb

    artifact = wandb.Artifact(f"record-{wandb_id(run_id, study)}", type="record", metadata={"study": study})
    _add_record(artifact, folder, run_id, "")
    return artifact


def _add_record(artifact: Any, folder: Path, run_id: str, prefix: str) -> None:
    for name in _RECORD:
        if (folder / run_id / name).exists():
            _add(artifact, folder / run_id / name, prefix + name)


def _add(artifact: Any, path: Path, name: str) -> None:
    """Add a file as it lies. W&B would copy it, once for each artifact that it is in, and keep the copies."""
    artifact.add_file(str(path), name=name, policy="immutable")
