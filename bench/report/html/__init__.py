"""The report as one HTML file that needs no network: the same numbers and words as the markdown, and what moves."""

from bench.report.html.page import Images, Live, render_html

__all__ = ["Images", "Live", "render_html"]
