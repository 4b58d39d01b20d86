"""Templates, style and scripts: what pages are made of."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from reports.clean import printable
from reports.html.page import stylesheet

__all__ = ["REPORT_STYLE", "environment", "static_file", "static_url"]

REPORT_STYLE = "report.css"
"""Name under which the style of reports is served."""

_HERE = Path(__file__).parent


@cache
def environment() -> Environment:
    """The templates; everything in them is escaped and hidden characters are shown."""
    return Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_visible,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _visible(value: Any) -> Any:
    if isinstance(value, str) and not hasattr(value, "__html__"):
        return printable(value)
    return "" if value is None or isinstance(value, jinja2.Undefined) else value


@cache
def static_file(name: str) -> tuple[bytes, str] | None:
    """A file of the desk's own style or script with its media type."""
    if name == REPORT_STYLE:
        return stylesheet().encode(), "text/css"
    kinds = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
    known = {path.name: path for path in (_HERE / "static").iterdir() if path.suffix in kinds}
    path = known.get(name)
    return None if path is None else (path.read_bytes(), kinds[path.suffix])


@cache
def static_url(name: str) -> str:
    """Where a static file is, with its hash: a new version is a new place."""
    found = static_file(name)
    if found is None:
        raise KeyError(name)
    return f"/static/{name}?v={hashlib.sha256(found[0]).hexdigest()[:12]}"
