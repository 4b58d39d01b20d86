"""What the reader of a screen should know about the table as a whole."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from detectors.finding import Message
from detectors.table import RecordTable, UnitTable
from detectors.units._register import strangers

__all__ = ["notes_of", "unit_notes_of"]


def notes_of(table: RecordTable, responses: pd.DataFrame) -> tuple[Message, ...]:
    """Items that are missing, ids that come again, one unit only."""
    notes = []
    absent = [i.id for i in table.instrument.ratings if i.id not in responses.columns]
    if absent:
        listed = ", ".join(absent)
        notes.append(
            Message(f"Bảng không có câu hỏi: {listed}.", f"Items missing from the table: {listed}.")
        )
    names, counts = np.unique(table.record_ids, return_counts=True)
    repeated = names[counts > 1]
    if repeated.size:
        listed = ", ".join(repeated[:5].tolist()) + (" …" if repeated.size > 5 else "")
        notes.append(
            Message(
                f"{repeated.size} mã phiếu xuất hiện nhiều lần, được giữ nguyên: {listed}.",
                f"{repeated.size} record ids occur more than once and are kept: {listed}.",
            )
        )
    if table.has_units and 1 <= len(table.unit_ids) < 2 and len(table):
        notes.append(
            Message(
                "Chỉ có một đơn vị: không thể so sánh giữa các đơn vị.",
                "There is one unit only: nothing can be compared between units.",
            )
        )
    return tuple(notes)


def unit_notes_of(table: UnitTable) -> tuple[Message, ...]:
    """Units that the table of units does not know, or that have no business here."""
    absent, idle = strangers(table)
    notes = []
    if absent:
        listed = _few(absent)
        notes.append(
            Message(
                f"{len(absent)} đơn vị không có trong danh mục đơn vị: {listed}.",
                f"{len(absent)} units are not in the table of units: {listed}.",
            )
        )
    if idle:
        listed = _few(idle)
        notes.append(
            Message(
                f"{len(idle)} đơn vị không có chức năng giải quyết thủ tục hành chính nhưng vẫn có "
                f"phiếu: {listed}.",
                f"{len(idle)} units do not handle procedures, yet have records: {listed}.",
            )
        )
    return tuple(notes)


def _few(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + (" …" if len(names) > 5 else "")
