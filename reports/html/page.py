"""A document as one self-contained HTML page: no script, no network.

Everything from outside passes three gates on its way into a page: hidden characters are
made visible (:mod:`reports.clean`), markup is escaped, and the page itself forbids all
scripts, frames and remote content by its content security policy.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from reports.clean import printable
from reports.documents.blocks import Block, Document, Letterhead

__all__ = ["css_string", "render_html", "stylesheet"]

_TEMPLATES = Path(__file__).parent / "templates"


def stylesheet() -> str:
    """What every page looks like; for whoever serves it beside the page."""
    return _stylesheet()


def render_html(document: Document, *, style: str | None = None) -> str:
    """The page of a document.

    Args:
        document: What it says.
        style: Where :func:`stylesheet` is served; then the page holds no style of its own,
            as a server with a strict policy wants it. In the page without.
    """
    title = document.title if document.formal else document.running[0]
    head = [block for block in document.blocks if isinstance(block, Letterhead)]
    rest = [block for block in document.blocks if not isinstance(block, Letterhead)]
    return _template().render(
        d=document,
        head=list(_named(head)),
        blocks=list(_named(rest)),
        page_title=title,
        css=Markup(_stylesheet()),
        style=style,
        running_left=css_string(document.running[0]),
        running_right=css_string(document.running[1]),
        running_foot=css_string(" · ".join(document.foot)),
    )


def css_string(text: str) -> Markup:
    """``text`` as a CSS string that can end neither the string nor the style element."""
    shown = (c if c.isalnum() else f"\\{ord(c):06x}" for c in printable(text))
    return Markup('"' + "".join(shown) + '"')


def _named(blocks: Iterable[Block]) -> Iterator[tuple[str, Block]]:
    return ((type(block).__name__, block) for block in blocks)


def _data_address(picture: bytes) -> str:
    """A PNG or JPEG as a data address; nothing else gets this far, see the documents."""
    kind = "png" if picture.startswith(b"\x89PNG\r\n\x1a\n") else "jpeg"
    return f"data:image/{kind};base64,{base64.b64encode(picture).decode('ascii')}"


@cache
def _template() -> Template:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.globals["data_address"] = _data_address
    return environment.get_template("document.html.j2")


@cache
def _stylesheet() -> str:
    return (_TEMPLATES / "style.css").read_text(encoding="utf-8")
