"""Marks that were changed on paper, as the checks of corrections want them. Pure.

A box that was taken back beside the one box of its item that is marked now is a change from
the one to the other. Where nothing or several boxes are marked there is no "after", and
nothing is said.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from audit.pipeline.assemble import Assembly
from audit.pipeline.sheets import PageRow
from detectors.instrument import Instrument, Value

__all__ = ["COLUMNS", "changed_marks", "table_of_changes"]

COLUMNS = ("record_id", "item", "before", "after", "how")
_TAKEN_BACK = frozenset({"cancelled", "erased"})

Change = tuple[str, Value, Value, str]


def changed_marks(marks: Iterable[Any], instrument: Instrument) -> tuple[Change, ...]:
    """Changes on one page: item, value before, value after, and how.

    Args:
        marks: Rows with ``item``, ``value`` (as text) and ``state``.
        instrument: Gives the values their types.
    """
    states: dict[str, dict[str, str]] = {}
    for mark in marks:
        states.setdefault(mark["item"], {})[mark["value"]] = mark["state"]
    found: list[Change] = []
    for item_id, boxes in sorted(states.items()):
        item = instrument.by_id.get(item_id)
        if item is None:
            continue
        values: Mapping[str, Value] = {str(value): value for value in item.scale}
        marked = [
            values[text] for text, state in boxes.items() if state == "marked" and text in values
        ]
        if len(marked) == 1:
            found += [
                (item_id, values[text], marked[0], state)
                for text, state in sorted(boxes.items())
                if state in _TAKEN_BACK and text in values
            ]
    return tuple(found)


def table_of_changes(assembly: Assembly, pages: Sequence[PageRow]) -> pd.DataFrame | None:
    """``record_id, item, before, after, how`` of all records; ``None`` if no page was read."""
    read = {page.id: page for page in pages if page.status == "read"}
    if not read:
        return None
    records = assembly.frame["record_id"].tolist()
    rows = [
        (record, *change)
        for record, own in zip(records, assembly.pages, strict=True)
        for page in own
        if page in read
        for change in read[page].changes
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS), dtype=object)
