"""`python -m tests.tools.regenerate`: every text in the repository that code or records make, written anew.

These are the golden report of the tests, the README's tables and first screen, and the published report. The figures of
the published report are drawn anew with `--figures` alone: their pixels depend on the version of matplotlib.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from bench.errors import UserError
from bench.files import write_atomic
from bench.report import Report, load_report, render_markdown
from bench.report.figures import Figure, describe, draw
from tests.report.golden import GOLDEN, golden_text
from tests.tools.first_screen import with_first_screen
from tests.tools.places import FIGURES, README, ROOT, STUDY, TEXT
from tests.tools.readme_tables import with_tables

COMMAND = "python -m tests.tools.regenerate"


def texts(report: Report, figures: Sequence[Figure]) -> dict[Path, str]:
    """Return every generated text by its path, as code and records have it now.

    Args:
        report: of the published study.
        figures: of that report, in their place.
    """
    return {
        GOLDEN: golden_text(),
        README: with_first_screen(with_tables(README.read_text(encoding="utf-8")), report, figures),
        TEXT: render_markdown(report, figures, ROOT),
    }


def regenerate(*, figures: bool) -> list[Path]:
    """Write every generated text, and the figures if they are asked for. Return which texts have changed."""
    report = load_report(STUDY)
    if figures:
        shutil.rmtree(FIGURES, ignore_errors=True)
    shown = (draw if figures else describe)(STUDY, report, FIGURES)
    changed = []
    for path, text in texts(report, shown).items():
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            write_atomic(path, text)
            changed.append(path)
    return changed


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(prog=COMMAND, description=__doc__.partition("\n")[0])
    parser.add_argument("--figures", action="store_true", help="draw the figures of the published report, too")
    asked = parser.parse_args()
    try:
        changed = regenerate(figures=asked.figures)
    except UserError as error:
        print(error, file=sys.stderr)
        raise SystemExit(2) from None
    for path in changed:
        print(f"changed: {path.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
