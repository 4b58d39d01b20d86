"""Marks that were changed on paper, as the checks of corrections want them. Pure.

A box that was taken back beside the one box of its item that is marked now is a change from
the one to the other. Image signs of erasure and overwriting say the same where reading alone
cannot: two marks stand open and one is in another ink, or the old mark is gone but for a
trace. One change of a box counts once, whoever tells of it; where nothing or several boxes
are marked and no sign says which came last there is no "after", and nothing is said.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from audit.pipeline.assembly import Assembly
from audit.pipeline.sheets import PageRow
from detectors.finding import Finding
from detectors.instrument import Instrument, Value

__all__ = ["COLUMNS", "changed_marks", "table_of_changes"]

COLUMNS = ("record_id", "item", "before", "after", "how")
_TAKEN_BACK = frozenset({"cancelled", "erased"})
# Kind of a finding -> how the mark was changed.
_SIGNS = {"erasure": "erased", "overwrite": "overwritten"}

Change = tuple[str, Value, Value, str]


def changed_marks(
    marks: Iterable[Any], instrument: Instrument, findings: Iterable[Finding] = ()
) -> tuple[Change, ...]:
    """Changes on one page: item, value before, value after, and how.

    Args:
        marks: Rows with ``item``, ``value`` (as text) and ``state``.
        instrument: Gives the values their types.
        findings: Image signs on the page. Those that name the box of an older mark
            (``value`` in their evidence) count, with the box that is marked now
            (``now_marked``) where reading found none or several.
    """
    states: dict[str, dict[str, str]] = {}
    for mark in marks:
        states.setdefault(mark["item"], {})[mark["value"]] = mark["state"]
    found: dict[tuple[str, str], Change] = {}
    for item_id, boxes in sorted(states.items()):
        values = _values(instrument, item_id)
        marked = [text for text, state in boxes.items() if state == "marked" and text in values]
        if len(marked) == 1:
            for text, state in sorted(boxes.items()):
                if state in _TAKEN_BACK and text in values:
                    found[item_id, text] = (item_id, values[text], values[marked[0]], state)
    for finding in findings:
        change = _told(finding, states, instrument)
        # A sign is graver than what was read: a circled mark in two inks was overwritten. Two
        # that contradict each other are one change; the first, and reading, are believed.
        if change is None:
            continue
        item_id, before, after, _ = change
        back = found.get((item_id, str(after)))
        if back is None or back[2] != before:
            found[item_id, str(before)] = change
    return tuple(found[key] for key in sorted(found))


def _values(instrument: Instrument, item_id: str) -> Mapping[str, Value]:
    item = instrument.by_id.get(item_id)
    return {} if item is None else {str(value): value for value in item.scale}


def _told(
    finding: Finding, states: Mapping[str, Mapping[str, str]], instrument: Instrument
) -> Change | None:
    """The change that an image sign tells of, if it says from which box to which."""
    how = _SIGNS.get(finding.kind)
    before = finding.evidence.get("value")
    if how is None or finding.item is None or before is None:
        return None
    values = _values(instrument, finding.item)
    boxes = states.get(finding.item, {})
    marked = [t for t, state in boxes.items() if state == "marked" and t != str(before)]
    after = marked[0] if len(marked) == 1 else finding.evidence.get("now_marked")
    if str(before) not in values or str(after) not in values or str(before) == str(after):
        return None
    return finding.item, values[str(before)], values[str(after)], how


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
