"""How results show themselves in a notebook: a few lines, where a dump has thousands."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence

__all__ = ["html_table", "number"]


def html_table(caption: str, head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table as HTML, every cell escaped.

    >>> html_table("a < b", ["x"], [[1]])[:40]
    '<p>a &lt; b</p><table><thead><tr><th>x</'
    """
    heads = "".join(f"<th>{html.escape(word)}</th>" for word in head)
    cells = (
        "".join(f"<td>{html.escape('' if cell is None else str(cell))}</td>" for cell in row)
        for row in rows
    )
    body = "".join(f"<tr>{row}</tr>" for row in cells)
    table = f"<table><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>" if body else ""
    return f"<p>{html.escape(caption)}</p>{table}"


def number(value: float | None) -> str:
    """A p-value or a share in three figures; a dash where there is none.

    >>> number(0.04321), number(None)
    ('0.0432', '–')
    """
    return "–" if value is None else f"{value:.3g}"
