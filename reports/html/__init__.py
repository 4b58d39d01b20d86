"""Reports as self-contained HTML pages: no script, no network, one file a page."""

from reports.html.round import render_round
from reports.html.unit import render_unit
from reports.html.write import unit_file, write_reports

__all__ = ["render_round", "render_unit", "unit_file", "write_reports"]
