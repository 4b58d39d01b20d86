"""A document as PDF, set by Typst.

The document goes to the template as data (JSON, pictures as files beside it), never as
markup, so no text in it can be read as a command. Nothing of the machine goes in: the one
face is the DejaVu Sans that matplotlib brings, which has every Vietnamese letter, fonts of
the system are left out, and the time in the file is that of the state that the report
shows, or ``SOURCE_DATE_EPOCH``. The same document is the same bytes. Files are tagged
(PDF/UA-1): headings, tables, lists and words for every drawing.
"""

from __future__ import annotations

import importlib.util
import json
import tempfile
from dataclasses import fields, is_dataclass
from functools import cache
from pathlib import Path
from typing import Any

import typst
from markupsafe import Markup

from detectors.errors import MissingComponent
from reports.documents.blocks import Document
from reports.moment import stamp

__all__ = ["render_pdf", "svg_to_png"]

_TEMPLATE = Path(__file__).with_name("document.typ")
_FACE = ' font-family="DejaVu Sans"'


def render_pdf(document: Document) -> bytes:
    """The PDF of a document.

    Raises:
        MissingComponent: If the face is not there.
    """
    pictures: dict[str, bytes] = {}
    data = _packed(document, pictures)
    data["blocks"] = [
        {"block": type(block).__name__, **_packed(block, pictures)} for block in document.blocks
    ]
    with tempfile.TemporaryDirectory(prefix="survey-audit-") as folder:
        root = Path(folder)
        (root / "data.json").write_text(json.dumps(data, ensure_ascii=False), encoding="utf-8")
        for name, content in pictures.items():
            (root / name).write_bytes(content)
        pdf = _compiler().compile(
            _template(),
            root=str(root),
            format="pdf",
            pdf_standards=["ua-1"],
            timestamp=stamp(document.as_of),
        )
    assert isinstance(pdf, bytes)
    return pdf


def svg_to_png(svg: Markup, width_mm: float, ppi: float = 160.0) -> bytes:
    """A drawing as PNG, for formats that cannot hold SVG.

    Args:
        svg: One of the charts.
        width_mm: How wide it is on paper.
        ppi: Pixels an inch.
    """
    source = (
        f"#set page(width: {width_mm}mm, height: auto, margin: 0pt)\n"
        '#image(bytes(sys.inputs.svg), format: "svg", width: 100%)'
    )
    png = _compiler().compile(
        source.encode(), sys_inputs={"svg": _with_face(svg)}, format="png", ppi=ppi
    )
    return png if isinstance(png, bytes) else png[0]  # type: ignore[index]  # else a list of pages


def _packed(value: Any, pictures: dict[str, bytes]) -> Any:
    """What JSON can hold; pictures become names of files."""
    if isinstance(value, Markup):
        return _with_face(value)
    if isinstance(value, bytes):
        kind = "png" if value.startswith(b"\x89PNG") else "jpg"
        name = f"{len(pictures)}.{kind}"
        pictures[name] = value
        return name
    if isinstance(value, tuple):
        return [_packed(part, pictures) for part in value]
    if is_dataclass(value) and not isinstance(value, type):
        return {
            field.name: _packed(getattr(value, field.name), pictures)
            for field in fields(value)
            if field.name not in ("blocks", "as_of", "crumbs") or not isinstance(value, Document)
        }
    return value


def _with_face(svg: Markup) -> str:
    """The drawing with the face named, which a web page takes from its style sheet."""
    return str(svg).replace("<svg ", f"<svg{_FACE} ", 1)


@cache
def _template() -> bytes:
    return _TEMPLATE.read_bytes()


@cache
def _compiler() -> typst.Compiler:
    fonts = typst.Fonts(
        include_system_fonts=False, include_embedded_fonts=False, font_paths=[_fonts()]
    )
    return typst.Compiler(_template(), font_paths=fonts, ignore_system_fonts=True)


def _fonts() -> Path:
    """The folder of DejaVu Sans; found without importing matplotlib, which takes long."""
    found = importlib.util.find_spec("matplotlib")
    folder = Path(found.origin).parent / "mpl-data/fonts/ttf" if found and found.origin else None
    if folder is None or not (folder / "DejaVuSans.ttf").is_file():
        raise MissingComponent(
            "the face DejaVu Sans is not there", remedy="install matplotlib again"
        )
    return folder
