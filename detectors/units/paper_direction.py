"""Corrections that go up: people correct slips both ways, whoever edits a result does not."""

from __future__ import annotations

import numpy as np

from detectors.finding import Family, Message
from detectors.registry import CheckInfo, Level
from detectors.table import RecordTable
from detectors.units._changes import changes_of
from detectors.units._rate_check import Counts, Observed, RateCheck

__all__ = ["CHECK"]

FEWEST_CHANGED = 3

INFO = CheckInfo(
    id="paper.direction",
    level=Level.UNIT,
    family=Family.IMAGE,
    kind="alteration",
    title=Message("Sửa chữa nghiêng về mức cao", "Corrections towards better answers"),
    sees=(
        "Among the forms with changed marks, allowed corrections included, more that were "
        "changed to one of the two best answers and fewer away from them than at the peers."
    ),
    null_model=(
        "As many changed forms of the stratum drawn without replacement, each with its net "
        "direction, widened by the spread between units measured in the round. How many forms "
        "were changed does not count here."
    ),
    source="Georgia erasure analysis (CTB/GOSA 2010), wrong-to-right changes; test: own work",
    innocent=(
        Message(
            "Người dân đọc nhầm chiều của thang đo rồi sửa lại.",
            "People who misread the direction of the scale and put it right.",
        ),
        Message(
            "Đơn vị chỉ có vài phiếu sửa, tình cờ cùng chiều.",
            "A unit with few corrected forms that happen to go one way.",
        ),
    ),
    valid_for=frozenset({"marks read from images", "3 changed forms, 10 peer units"}),
    batch_dependent=True,
)


def _count(table: RecordTable) -> Counts | str:
    changes = changes_of(table)
    if isinstance(changes, str):
        return changes
    return Counts(changes.net, np.nan_to_num(changes.changed))


def _say(seen: Observed) -> Message:
    where = seen.where
    return Message(
        f"Có dấu hiệu nâng mức trả lời{where.vi}: trong {seen.n} phiếu có sửa, tỷ lệ sửa lên trừ "
        f"sửa xuống là {seen.rate:+.0%}, đơn vị cùng khối {seen.expected:+.0%} "
        f"(p = {seen.p:.2g}).",
        f"Signs of answers raised{where.en}: of {seen.n} corrected forms, the share changed up "
        f"less the share changed down is {seen.rate:+.0%}, {seen.expected:+.0%} at peers "
        f"(p = {seen.p:.2g}).",
    )


CHECK = RateCheck(
    INFO, _count, np.positive, _say, fewest=FEWEST_CHANGED, what="forms with changed marks"
)
