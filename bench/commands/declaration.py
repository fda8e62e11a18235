"""What a command sets a study up to do, on record before its first run."""

from __future__ import annotations

from pathlib import Path


def declare(folder: Path, suite: str | None, seeds: tuple[int, int], bf16_gain: float | None) -> None:
    """Write or widen a study's manifest.

    Args:
        folder: the study's.
        suite: `core` or `claims`; None for strategies chosen one by one.
        seeds: the least and the greatest number of seeds at which verdicts may be looked at.
        bf16_gain: what bfloat16 gains here, where that was measured.
    """
    from bench.claims import CLAIMS, fingerprint, fingerprints
    from bench.manifest import Manifest, read_manifest, write_manifest
    from bench.probe import probe

    known = read_manifest(folder)
    wanted = Manifest(suite, fingerprint(CLAIMS), seeds, bf16_gain=bf16_gain, claims_by_key=fingerprints(CLAIMS))
    manifest = known.widened(wanted) if known else wanted
    if manifest.landscape is None:
        manifest = manifest.widened(Manifest(None, manifest.claims, None, probe().to_dict()))
    if manifest != known:
        write_manifest(folder, manifest)
