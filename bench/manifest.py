"""What a study was set up to do, written before its first run; a report takes from it what no run can tell."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from bench.files import not_now, out_of_reach, write_atomic
from bench.plain import to_plain
from bench.records import RecordError, RecordOutOfReach

SCHEMA = 1
NAME = "study.json"


@dataclass(frozen=True)
class Manifest:
    """`study.json`, key by key.

    Attributes:
        suite: `core` or `claims`; None for strategies chosen one by one.
        claims: fingerprint of the claims as they were declared when the study began.
        looks: the least and the greatest number of seeds that commands asked for, by hand or by `--until-decided`: the
            verdicts may have been looked at after each of them. Both the same: once. None: not on record.
        landscape: what `bench probe` measures; it needs no run.
        bf16_gain: how many times faster a step in bfloat16 was where the study began, when it was measured; what
            `--precision auto` goes by, so that another machine goes on in the same precision.
        claims_by_key: fingerprint of each claim when the study began; None where only that of the set is on record.
    """

    suite: str | None
    claims: str
    looks: tuple[int, int] | None = None
    landscape: Mapping[str, Any] | None = None
    bf16_gain: float | None = None
    claims_by_key: Mapping[str, str] | None = None

    def widened(self, other: Manifest) -> Manifest:
        """Return this manifest after another command on the same study.

        The claims stay those that were declared first. Looks only ever grow: what has been looked at stays looked at.
        """
        return replace(
            self,
            suite="claims" if "claims" in (self.suite, other.suite) else other.suite or self.suite,
            looks=_widened(self.looks, other.looks),
            landscape=self.landscape or other.landscape,
            bf16_gain=self.bf16_gain if self.bf16_gain is not None else other.bf16_gain,
        )


def _widened(looks: tuple[int, int] | None, more: tuple[int, int] | None) -> tuple[int, int] | None:
    """Return the looks of two commands, the second given after the first.

    A command that asks for no more seeds adds no look to what there is: it is for other strategies, or other data. A
    look at one seed, at which nothing can be decided, is none.
    """
    if looks is None or more is None:
        return looks or more
    if looks[1] < 2:
        return more
    first = min(looks[0], more[0]) if more[0] < more[1] else looks[0]
    return first, max(looks[1], more[1])


def read_manifest(folder: Path) -> Manifest | None:
    """Return a study's manifest; None when it has none, as before there were manifests.

    Raises:
        RecordOutOfReach: it cannot be read just now: what was declared beforehand is not to be set aside for that.
        RecordError: it cannot be read.
    """
    path = folder / NAME
    try:
        raw = json.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    except OSError as error:
        if why := out_of_reach(error):
            raise RecordOutOfReach(not_now(path, why)) from None
        raise RecordError(f"{path}: cannot be read: {error.strerror}; set it aside") from None
    except (ValueError, RecursionError):
        raise RecordError(f"{path}: not valid JSON; set it aside") from None
    if not _fits(raw):
        raise RecordError(f"{path}: no study of schema {SCHEMA}; set it aside")
    looks = raw["looks"]
    return Manifest(
        raw["suite"],
        raw["claims"],
        tuple(looks) if looks else None,  # type: ignore[arg-type]
        raw["landscape"],
        raw.get("bf16_gain"),
        raw.get("claims_by_key"),
    )


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write a study's manifest, beside its runs."""
    text = json.dumps(to_plain({"schema": SCHEMA, **asdict(manifest)}), indent=2, allow_nan=False)
    write_atomic(folder / NAME, text + "\n")


def _fits(raw: Any) -> bool:
    if not isinstance(raw, dict) or raw.get("schema") != SCHEMA:
        return False
    looks, landscape = raw.get("looks", 0), raw.get("landscape", 0)
    return (
        isinstance(raw.get("suite", 0), str | None)
        and isinstance(raw.get("claims"), str)
        and (looks is None or (isinstance(looks, list) and len(looks) == 2 and all(type(n) is int for n in looks)))
        and (landscape is None or isinstance(landscape, dict))
        and isinstance(raw.get("bf16_gain"), float | None)
        and isinstance(raw.get("claims_by_key"), dict | None)
    )
