"""Reports as tagged PDF."""

from reports.pdf.render import render_pdf, svg_to_png

__all__ = ["render_pdf", "svg_to_png"]
