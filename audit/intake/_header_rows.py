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

_EXTRA = 2


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
    """Take the extra rows off, if they are there."""
    if len(raw) < _EXTRA:
        return Headed(raw)
    imports = {
        name: short_text(cells.distinct[cells.codes[1]]) for name, cells in raw.columns.items()
    }
    if not any(cell and cell.startswith('{"ImportId"') for cell in imports.values()):
        return Headed(raw)
    texts = {
        name: text
        for name, cells in raw.columns.items()
        if (text := short_text(cells.distinct[cells.codes[0]]))
    }
    columns = {
        name: Cells(cells.codes[_EXTRA:], cells.distinct) for name, cells in raw.columns.items()
    }
    place = raw.place
    rest = dataclasses.replace(
        raw,
        columns=columns,
        place=lambda row, column: place(row + _EXTRA, column),
        odd_rows={row - _EXTRA: what for row, what in raw.odd_rows.items() if row >= _EXTRA},
    )
    return Headed(rest, texts, _zone(imports))


def _zone(imports: Mapping[str, str | None]) -> str | None:
    for cell in imports.values():
        try:
            told = json.loads(cell or "{}").get("timeZone")
        except (json.JSONDecodeError, AttributeError):
            continue
        if isinstance(told, str):
            return told
    return None
