"""Words of the desk: its own catalogue on top of that of the reports, in both languages."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

from reports.locale import LANGUAGES, Text, catalogue

__all__ = ["LANGUAGES", "desk_catalogue", "load_text"]


def desk_catalogue(language: str) -> Catalog:
    """The desk's own catalogue of one language as it stands in the file."""
    with (Path(__file__).parent / f"{language}.po").open("rb") as file:
        return read_po(file, locale=language, abort_invalid=True)


@cache
def load_text(language: str) -> Text:
    """The texts of the desk and of the reports, and the formats of one language."""
    merged = catalogue(language)
    for entry in desk_catalogue(language):
        if entry.id:
            merged[entry.id] = entry
    return Text(language, merged)
