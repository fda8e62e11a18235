"""Where the generated and the published files lie."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "README.md"
TEXT = ROOT / "HYBRID_LOSS_RESULTS.md"
"""The report of the published study."""
STUDY = ROOT / "results" / "reference"
FIGURES = STUDY / "figures"
UNDERWAY = ROOT / "results" / "underway" / "reference"
"""Records of the runs that are over of data sets that are not published yet; so deep that they are no study there."""
