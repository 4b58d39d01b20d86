"""Names of report files, and writing one whole or not at all."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import unicodedata
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

from detectors.errors import AccessError, UsageError
from reports.documents import Document

__all__ = ["FORMATS", "index_file", "render", "stem_of", "unit_file", "write_file"]


def _html(document: Document) -> bytes:
    from reports.html import render_html

    return render_html(document).encode("utf-8")


def _pdf(document: Document) -> bytes:
    from reports.pdf import render_pdf

    return render_pdf(document)


def _xlsx(document: Document) -> bytes:
    from reports.xlsx import render_xlsx

    return render_xlsx(document)


def _docx(document: Document) -> bytes:
    from reports.docx import render_docx

    return render_docx(document)


FORMATS: Mapping[str, Callable[[Document], bytes]] = MappingProxyType(
    {"html": _html, "pdf": _pdf, "xlsx": _xlsx, "docx": _docx}
)
"""How a document becomes a file; each library is loaded when its format is asked for."""


def render(document: Document, fmt: str) -> bytes:
    """A document in one of :data:`FORMATS`.

    Raises:
        UsageError: If there is no such format.
    """
    if fmt not in FORMATS:
        raise UsageError(f"--format {fmt} is not known", remedy=f"use {', '.join(FORMATS)}")
    return FORMATS[fmt](document)


def stem_of(unit_id: str) -> str:
    """A readable part of the id and eight hex digits of its SHA-256.

    So ids that differ only in case, accents or characters a file system refuses never share
    a file, and no id can name a place outside the folder.
    """
    plain = unicodedata.normalize("NFD", unit_id.replace("đ", "d").replace("Đ", "D"))
    readable = re.sub(r"[^a-z0-9]+", "-", plain.encode("ascii", "ignore").decode().lower())
    digest = hashlib.sha256(unit_id.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{readable.strip('-')[:40]}-{digest}".lstrip("-")


def unit_file(unit_id: str, language: str, fmt: str = "html", kind: str = "unit") -> str:
    """Address of a unit's document, relative to the folder of the round."""
    folder = "units" if kind == "unit" else kind
    return f"{folder}/{stem_of(unit_id)}.{language}.{fmt}"


def index_file(language: str, fmt: str = "html", *, first: bool = True, kind: str = "round") -> str:
    """Address of a document of the round; the page of the first language is ``index.html``."""
    if fmt == "html" and kind == "round":
        return "index.html" if first else f"index.{language}.html"
    return f"{kind}.{language}.{fmt}"


def write_file(path: Path, content: bytes) -> Path:
    """Write beside the place, flush to the disk, and rename.

    Raises:
        AccessError: If it cannot be written; what was there before stays.
    """
    partial = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with partial.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            partial.unlink()
        raise AccessError(
            f"the report cannot be written ({error.strerror})",
            where=str(path),
            remedy="check the folder, its rights and the free space",
        ) from error
    return path
