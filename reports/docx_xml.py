"""What python-docx has no words for: parts of the document's XML."""

from __future__ import annotations

import io
import zipfile
from typing import Any

from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm
from docx.table import Table as WordTable

__all__ = [
    "FACE",
    "WIDTH_MM",
    "add_field",
    "describe",
    "keep_whole",
    "repeat_row",
    "set_face",
    "set_widths",
    "without_times",
]

FACE = "Times New Roman"
WIDTH_MM = 163.0
"""Of the text on A4."""


_EPOCH = (1980, 1, 1, 0, 0, 0)


def without_times(archive: bytes) -> bytes:
    """The same archive with the same entries, each dated 1980."""
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(archive)) as source,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target,
    ):
        for name in source.namelist():
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            target.writestr(entry, source.read(name))
    return out.getvalue()


def set_face(element: Any) -> None:
    """One face for every script; the default template names others for headings."""
    fonts = element.get_or_add_rPr().get_or_add_rFonts()
    for name in ("asciiTheme", "hAnsiTheme", "eastAsiaTheme", "cstheme"):
        fonts.attrib.pop(qn(f"w:{name}"), None)
    for name in ("ascii", "hAnsi", "eastAsia", "cs"):
        fonts.set(qn(f"w:{name}"), FACE)


def add_field(run: Any, part: str) -> None:
    """One part of a field that the editor fills in: its begin, name, separator, text, end."""
    if part in ("begin", "separate", "end"):
        mark = OxmlElement("w:fldChar")
        mark.set(qn("w:fldCharType"), part)
        run._r.append(mark)
    elif part:
        name = OxmlElement("w:instrText")
        name.text = part
        run._r.append(name)


def repeat_row(row: Any) -> None:
    """Print a row again at the head of each page."""
    row._tr.get_or_add_trPr().append(OxmlElement("w:tblHeader"))
    keep_whole(row)


def keep_whole(row: Any) -> None:
    """A row that stays on one page."""
    row._tr.get_or_add_trPr().append(OxmlElement("w:cantSplit"))


def set_widths(table: WordTable, parts: tuple[float, ...]) -> None:
    """Give columns their shares of the text's width."""
    table.autofit = False
    for column, part in zip(table.columns, parts, strict=True):
        column.width = Mm(WIDTH_MM * part)
    for row in table.rows:
        for cell, part in zip(row._tr.tc_lst, parts, strict=False):
            cell.width = Mm(WIDTH_MM * part)


def describe(picture: Any, words: str) -> None:
    """Words for those who cannot see the picture."""
    picture._inline.docPr.set("descr", words)
