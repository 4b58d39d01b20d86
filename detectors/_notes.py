"""What the reader of a screen should know about the table as a whole."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from detectors.finding import Message
from detectors.table import RecordTable, UnitTable
from detectors.units._register import strangers

__all__ = ["notes_of", "unit_notes_of"]

FEW_ANSWERS = 20
MUCH_MISSING = 0.05


def notes_of(table: RecordTable, responses: pd.DataFrame) -> tuple[Message, ...]:
    """No records, items missing or that tell nothing, ids that come again, no or one unit."""
    notes = []
    if not len(responses):
        notes.append(Message("Bảng không có phiếu nào.", "The table holds no records."))
    absent = [i.id for i in table.instrument.ratings if i.id not in responses.columns]
    if absent:
        listed = ", ".join(absent)
        notes.append(
            Message(f"Bảng không có câu hỏi: {listed}.", f"Items missing from the table: {listed}.")
        )
    notes += _silent_items(table)
    items = [item.id for item in table.items]
    missing = float(responses[items].isna().to_numpy().mean()) if len(responses) else 0.0
    if missing >= MUCH_MISSING:
        notes.append(
            Message(
                f"{missing:.0%} câu trả lời bị bỏ trống; chỗ trống không bao giờ được coi là giống "
                "nhau.",
                f"{missing:.0%} of the answers are missing; a blank never counts as a match.",
            )
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
    if not table.has_units and len(table):
        notes.append(
            Message(
                "Bảng không có cột unit_id: không xét được đơn vị nào.",
                "The table has no unit_id: no unit can be judged.",
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


def _silent_items(table: RecordTable) -> list[Message]:
    """Items that nobody answered, or everybody alike: no check can learn anything from them."""
    empty, constant = [], []
    for item, codes in zip(table.items, table.codes.T, strict=True):
        given = codes[codes > 0]
        if given.size == 0 and len(table):
            empty.append(item.id)
        elif given.size >= FEW_ANSWERS and (given == given[0]).all():
            constant.append(item.id)
    notes = []
    if empty:
        listed = _few(empty)
        notes.append(
            Message(
                f"Không phiếu nào có câu trả lời hợp lệ cho: {listed}.",
                f"No record has a valid answer to: {listed}.",
            )
        )
    if constant:
        listed = _few(constant)
        notes.append(
            Message(
                f"Mọi phiếu trả lời giống nhau ở: {listed}; các câu này không cho biết điều gì.",
                f"Every record has the same answer to: {listed}; such items tell nothing.",
            )
        )
    return notes


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
