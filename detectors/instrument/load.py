"""From an instrument's file to an :class:`~detectors.instrument.types.Instrument`."""

from __future__ import annotations

import hashlib
from pathlib import Path

from detectors.errors import InputError
from detectors.instrument._geometry import read_pages
from detectors.instrument._questions import (
    read_contradictions,
    read_factors,
    read_items,
    read_marks,
)
from detectors.instrument._reader import Reader
from detectors.instrument.types import Instrument
from detectors.toml_file import read_toml

__all__ = ["load_instrument"]


def load_instrument(path: str | Path) -> Instrument:
    """Read and check an instrument file.

    Args:
        path: The TOML file; ``blank`` paths in it are relative to its folder.

    Raises:
        InputError: If the file cannot be read as TOML or breaks a rule; the message names
            the table and key.
    """
    path = Path(path)
    raw, data = read_toml(path, InputError, "the instrument", "check the path")
    read = Reader(path)
    known = ("id", "version", "title", "factors", "item", "marks", "page", "contradiction")
    read.table(data, "top level", known)
    items = read_items(read, data.get("item", []))
    marks = read_marks(read, data.get("marks", {}))
    pages = read_pages(read, data.get("page", []), {item.id: item for item in items}, marks)
    digest = hashlib.sha256(raw)
    for page in pages:
        digest.update(page.blank.read_bytes())
    return Instrument(
        id=read.text(data, "id", "top level"),
        version=str(data.get("version", "1")),
        title=read.texts(data, "title", "top level") or {},
        items=items,
        marks=marks,
        pages=pages,
        sha256=digest.hexdigest(),
        path=path,
        contradictions=read_contradictions(read, data.get("contradiction", []), items),
        factor_names=read_factors(read, data.get("factors", {}), items),
    )
