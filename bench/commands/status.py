"""`bench status`."""

from __future__ import annotations

from bench.commands import options


def status(study: options.Study = None, out: options.Out = options.RESULTS) -> None:
    """Show every run of a study: planned, running, done, diverged, failed or interrupted, how far it is, and why."""
    from bench.status import status_text

    print(status_text(options.find_study(out, study)))
