"""Tables that carry more than one row of headers.

Qualtrics writes names, then the question texts, then ``{"ImportId": …}`` with the time zone.
The extra rows are taken off and kept: the texts help to guess which column is which item.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from audit.intake._cells import short_text
from audit.intake._raw import Cells, RawTable

__all__ = ["Headed", "without_extra_headers"]

_MOST = 2  # extra rows; and so many names at least make a row one of names


@dataclass(frozen=True)
class Headed:
    """A table without its extra header rows.

    Attributes:
        raw: The rows that are answers.
        texts: Column -> question text, where the file has such a row.
        timezone: Named by the file, if it is.
    """

    raw: RawTable
    texts: Mapping[str, str] = field(default_factory=dict)
    timezone: str | None = None


def without_extra_headers(raw: RawTable) -> Headed:
    """Take the extra rows off, if they are there; people delete one or the other by hand."""
    texts: dict[str, str] = {}
    imports: dict[str, str | None] = {}
    extra = 0
    for row in range(min(_MOST, len(raw))):
        cells = {name: short_text(c.distinct[c.codes[row]]) for name, c in raw.columns.items()}
        if any(cell and cell.startswith('{"ImportId"') for cell in cells.values()):
            imports = cells
        elif _names_again(cells) or (row == 0 and len(raw) > 1 and _imports_follow(raw)):
            texts = {name: text for name, text in cells.items() if text}
        else:
            break
        extra += 1
    if not extra:
        return Headed(raw)
    columns = {
        name: Cells(cells.codes[extra:], cells.distinct) for name, cells in raw.columns.items()
    }
    place = raw.place
    rest = dataclasses.replace(
        raw,
        columns=columns,
        place=lambda row, column: place(row + extra, column),
        odd_rows={row - extra: what for row, what in raw.odd_rows.items() if row >= extra},
    )
    return Headed(rest, texts, _zone(imports))


def _imports_follow(raw: RawTable) -> bool:
    """Whether the second row holds import ids, so that the first is of texts."""
    seconds = (short_text(c.distinct[c.codes[1]]) for c in raw.columns.values())
    return any(cell and cell.startswith('{"ImportId"') for cell in seconds)


def _names_again(cells: Mapping[str, str | None]) -> bool:
    """Whether a row says its columns' names once more, spelt for people: ``Start Date``."""
    alike = sum(
        "".join((cell or "").casefold().split()) == name.casefold() for name, cell in cells.items()
    )
    return alike >= _MOST


def _zone(imports: Mapping[str, str | None]) -> str | None:
    for cell in imports.values():
        try:
            told = json.loads(cell or "{}").get("timeZone")
        except (json.JSONDecodeError, AttributeError):
            continue
        if isinstance(told, str):
            return told
    return None
