"""Reports as self-contained HTML pages: no script, no network, one file a page."""

from reports.html.page import render_html

__all__ = ["render_html"]
