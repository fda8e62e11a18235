"""The comparison of a study, as a pure function of its records."""

from bench.report.build import build
from bench.report.load import load_report
from bench.report.markdown import render_markdown
from bench.report.model import Report
from bench.report.render import FORMATS, render

__all__ = ["FORMATS", "Report", "build", "load_report", "render", "render_markdown"]
