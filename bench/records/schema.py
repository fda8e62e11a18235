"""The form of `run.json`, key by key, and where JSON differs from it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_NUMBER = (int, float, type(None))
_TEXT = (str, type(None))

FIGURES = ("metrics", "ledger")
"""The tables of a record that hold numbers, or null for what is not one."""
_COUNTS = ("shared", "images")
"""The tables of whole numbers."""
_ID = re.compile(r"[0-9a-f]{12}")

_REQUIRED: dict[str, Any] = {
    "id": str,
    "study": str,
    "identity": {
        "strategy": {"name": str, "parameters": dict},
        "form": _TEXT,
        "data": {"name": str, "fingerprint": str, "vertices": int},
        "seed": int,
        "model": str,
        "settings": dict,
    },
    "status": str,
    "reason": _TEXT,
    "label": str,
    "metrics": dict,
    "timing": dict,
    "provenance": dict,
}
_OPTIONAL: dict[str, Any] = {
    # What not every run has: one that has not started lacks most of it, a built-in strategy has no source.
    "identity": {"strategy": {"source": str}, "model_digest": str},
    "ledger": dict,
    "shared": dict,
    "images": dict,
    "timing": {
        "started": _TEXT,
        "finished": _TEXT,
        "train_s": _NUMBER,
        "eval_s": _NUMBER,
        "total_s": _NUMBER,
        "cpu_s": _NUMBER,
        "memory_mib": _NUMBER,
        "saved_s": _NUMBER,
    },
    "provenance": {
        "versions": dict,
        "commit": _TEXT,
        "dirty": _TEXT,
        "hardware": {"cpu": _TEXT, "cores": _NUMBER, "device": _TEXT, "threads": _NUMBER},
        "deterministic": bool,
    },
}


def misfit(raw: Mapping[str, Any]) -> str | None:
    """Return in words where a record as parsed first differs from the form, or None. Keys of no form are passed over.

    Args:
        raw: of `run.json`.
    """
    return (
        _differs(raw, _REQUIRED, "", required=True)
        or _differs(raw, _OPTIONAL, "", required=False)
        or _no_number(raw)
        or _no_epochs(raw)
        or _no_id(raw["id"])
    )


def _no_number(raw: Mapping[str, Any]) -> str | None:
    for table, fits in (*((name, _is_figure) for name in FIGURES), *((name, _is_count) for name in _COUNTS)):
        for key, value in raw.get(table, {}).items():
            if not fits(value):
                return f"{table}.{key:.40} is no number"
    return None


def _no_epochs(raw: Mapping[str, Any]) -> str | None:
    """Tell of epochs, where there are any, that nothing can be counted by."""
    for where, table, key in (
        ("identity.settings", raw["identity"]["settings"], "epochs"),
        ("metrics", raw["metrics"], "final_epoch"),
    ):
        if key in table and not _is_count(table[key]):
            return f"{where}.{key} is no whole number"
    return None


def _no_id(found: str) -> str | None:
    """Tell of an id that is no run's: it names a folder, and a byte of the file of locks."""
    return None if _ID.fullmatch(found) else f"id is {found!r:.40}, not 12 hexadecimal digits"


def _differs(values: Any, shape: Mapping[str, Any], prefix: str, required: bool) -> str | None:
    """Return what first differs from a shape, or None."""
    for key, wanted in shape.items():
        name = f"{prefix}{key}"
        if key not in values:
            if required:
                return f"{name} is missing"
            continue
        nested = isinstance(wanted, dict)
        value, kind = values[key], dict if nested else wanted
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            return f"{name} is of the wrong type"
        if nested and (wrong := _differs(value, wanted, f"{name}.", required)):
            return wrong
    return None


def _is_figure(value: Any) -> bool:
    """Whether a value is null, or a number that a float can hold."""
    if value is None or isinstance(value, float):
        return True
    return type(value) is int and abs(value) < 2**63


def _is_count(value: Any) -> bool:
    return type(value) is int and 0 <= value < 2**31
