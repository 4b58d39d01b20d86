"""All records of one instrument, side by side with where they came from. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from audit.intake._items import is_numeric
from audit.intake.columns import META_COLUMNS, TEXT_COLUMNS, TIME_COLUMNS
from audit.intake.tables import Responses
from detectors.finding import Finding
from detectors.instrument import Instrument, Item

__all__ = ["Answer", "Assembly", "TableFile", "aligned", "answer_of", "answer_text"]

Answer = tuple[str, str, str | None]
"""Item, state and value."""


@dataclass(frozen=True)
class TableFile:
    """One response table of the round.

    Attributes:
        file_id: Key of its file.
        path: Relative to the round.
        responses: What was read from it.
    """

    file_id: int
    path: str
    responses: Responses


@dataclass
class Assembly:
    """All records of one instrument, row by row.

    Attributes:
        frame: Contract columns and items; ``record_id`` unique, index 0 to n - 1.
        source: ``scan``, ``table`` or ``both``, a row.
        file_id: Key of the file that the row came from.
        reasons: Why a row cannot be counted as it stands; codes.
        pages: Page keys of each row.
        flagged: Whether a page of the row exceeds the accepted false-flag rate.
        unread: bool ``(n, items)``: given, or possibly given, but not readable.
        multiple: ``(row, item)`` -> the several values that are marked.
        findings: With the key of the page, if about one; ``record_id`` is set.
        forms: Sheets with a serial: ``serial, sheet, state, record_id, unit_id, batch``.
        stray: Pages with findings that belong to no record.
    """

    frame: pd.DataFrame
    source: list[str]
    file_id: list[int | None]
    reasons: list[list[str]]
    pages: list[list[int]]
    flagged: list[bool]
    unread: NDArray[np.bool_]
    multiple: dict[tuple[int, str], list[Any]] = field(default_factory=dict)
    findings: list[tuple[Finding, int | None]] = field(default_factory=list)
    forms: list[dict[str, Any]] = field(default_factory=list)

    def answers(self, row: int, instrument: Instrument) -> Iterator[Answer]:
        """``(item, state, value)`` of every item that is not simply blank."""
        for column, item in enumerate(instrument.items):
            several = self.multiple.get((row, item.id))
            value: Any = self.frame[item.id].iat[row]
            if several is not None:
                yield item.id, "multiple", ";".join(str(v) for v in several)
            elif value is not None and value == value:  # not NaN
                yield answer_of(item, value)
            elif self.unread[row, column]:
                yield item.id, "undetermined", None


def answer_of(item: Item, value: Any) -> Answer:
    """A value that was given to an item, as it is stored."""
    text = answer_text(value)
    missing = item.not_applicable is not None and text == answer_text(item.not_applicable)
    return item.id, "not_applicable" if missing else "answered", text


def answer_text(value: Any) -> str:
    """An answer as it is stored: a whole number without a decimal point."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def aligned(frames: Sequence[pd.DataFrame], instrument: Instrument) -> pd.DataFrame:
    """One frame with every contract column and item, typed alike however many rows."""
    columns = [*META_COLUMNS, *(item.id for item in instrument.items)]
    files = any("_file" in frame for frame in frames)
    data: dict[str, Any] = {}
    types = _types(instrument)
    for name in [*columns, *(["_file"] if files or not frames else [])]:
        parts = [
            frame[name] if name in frame else pd.Series([None] * len(frame)) for frame in frames
        ]
        kind = types.get(name, "int64")
        if len(parts) == 1 and str(parts[0].dtype) == kind:
            data[name] = parts[0].reset_index(drop=True)
            continue
        cells = [cell for part in parts for cell in part.tolist()]
        if kind == "str":
            cells = [None if pd.isna(cell) else cell for cell in cells]
        data[name] = pd.Series(cells, dtype=kind)
    return pd.DataFrame(data)


def _types(instrument: Instrument) -> Mapping[str, str]:
    types = dict.fromkeys(TEXT_COLUMNS, "str") | dict.fromkeys(TIME_COLUMNS, "datetime64[us]")
    types["assisted"] = "boolean"
    for item in instrument.items:
        types[item.id] = "float64" if is_numeric(item) else "str"
    return types
