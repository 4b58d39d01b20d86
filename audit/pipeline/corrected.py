"""Answers as two people say they are, for the statistical checks. Pure.

What was read stays what the record holds; the checks of tables see the corrected answers, so
that a sheet that was misread is not tested, nor its unit, on answers that nobody gave.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from audit.intake._items import is_numeric
from audit.pipeline.assembly import Assembly, answer_text
from detectors.instrument import Instrument, Item

__all__ = ["corrected_frame"]

_BLANK = ["blank", None]


def corrected_frame(
    assembly: Assembly,
    instrument: Instrument,
    agreed: Mapping[tuple[str, str], tuple[Any, Any]],
) -> pd.DataFrame:
    """The records with the corrections that two people agree on.

    Args:
        assembly: The records as they were read.
        instrument: Their form.
        agreed: ``(record id, item)`` -> the reading that was corrected, and what is right. One
            of a reading that no longer stands is stale and changes nothing.
    """
    if not agreed:
        return assembly.frame
    frame = assembly.frame.copy()
    place = {record: row for row, record in enumerate(frame["record_id"].tolist())}
    items = instrument.by_id
    for record, name in agreed:
        was, right = agreed[record, name]
        row, item = place.get(record), items.get(name)
        if row is None or item is None:
            continue
        read = {i: [s, v] for i, s, v in assembly.answers(row, instrument)}
        if read.get(name, _BLANK) == list(was):
            frame.at[row, name] = _cell(item, right)
    return frame


def _cell(item: Item, right: Any) -> Any:
    """A corrected answer as the checks read it; nothing where none was given."""
    state, text = right
    missing = float("nan") if is_numeric(item) else None
    if state not in ("answered", "not_applicable"):
        return missing
    values = (*item.scale, *(() if item.not_applicable is None else (item.not_applicable,)))
    found = next((value for value in values if answer_text(value) == text), missing)
    return found if is_numeric(item) or found is None else str(found)
