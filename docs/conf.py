"""How the documentation becomes a site: ``make site``, read and searched without a network."""

from __future__ import annotations

from importlib.metadata import version as _version
from typing import Any

project = "survey-audit"
copyright = "the survey-audit authors"  # noqa: A001 - the name Sphinx reads
release = _version("survey-audit")
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
myst_heading_anchors = 3
myst_enable_extensions = ["colon_fence"]
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = "survey-audit"
html_copy_source = False
html_show_sphinx = False
# Dates of a build would make two builds of one tree differ.
html_last_updated_fmt = None
autodoc_typehints = "description"
autodoc_member_order = "bysource"
napoleon_google_docstring = True
# Estimators take what scikit-learn calls array-like; its own pages are not built here.
nitpicky = False


def _readme(_: Any, name: str, source: list[str]) -> None:
    # On the site the README is the first page; in the repository it stands a folder higher.
    source[0] = source[0].replace("](../README.md", "](index.md")


def setup(app: Any) -> None:
    """Called by Sphinx."""
    app.connect("source-read", _readme)
