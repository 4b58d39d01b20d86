"""Forms with erased or overwritten marks, by unit: the erasure analysis of test security."""

from __future__ import annotations

import numpy as np

from detectors.finding import Family, Message
from detectors.registry import CheckInfo, Level
from detectors.table import RecordTable
from detectors.units._changes import changes_of
from detectors.units._rate_check import Counts, Observed, RateCheck

__all__ = ["CHECK"]

INFO = CheckInfo(
    id="paper.changes",
    level=Level.UNIT,
    family=Family.IMAGE,
    kind="alteration",
    title=Message("Nhiều phiếu bị sửa chữa", "Many altered forms"),
    sees=(
        "A share of paper forms with erased or overwritten marks far above the peers', in the "
        "unit or one of its batches. Corrections as the form allows them do not count here."
    ),
    null_model=(
        "As many paper forms of the stratum drawn without replacement, widened by the spread "
        "between units measured in the round; a batch against the same peers."
    ),
    source="Georgia erasure analysis (CTB/GOSA 2010), adjusted for size; rate test: own work",
    innocent=(
        Message(
            "Người dân lớn tuổi hay đánh nhầm rồi tẩy.",
            "Elderly people who mark the wrong box and erase it.",
        ),
        Message(
            "Người dân không được hướng dẫn cách sửa hợp lệ.",
            "People who were not told how to correct a mark.",
        ),
        Message(
            "Máy quét hoặc giấy của đơn vị làm ảnh có vết.",
            "A scanner or paper that leaves traces on the image.",
        ),
    ),
    valid_for=frozenset({"marks read from images", "20 paper forms, 10 peer units"}),
    batch_dependent=True,
)


def _count(table: RecordTable) -> Counts | str:
    changes = changes_of(table)
    if isinstance(changes, str):
        return changes
    paper = np.isfinite(changes.forbidden).astype(np.float64)
    return Counts(np.where(paper > 0, changes.forbidden > 0, np.nan).astype(np.float64), paper)


def _say(seen: Observed) -> Message:
    where = seen.where
    return Message(
        f"Có dấu hiệu sửa phiếu{where.vi}: {seen.rate:.1%} số phiếu có ô bị tẩy xóa hoặc ghi đè, "
        f"đơn vị cùng khối {seen.expected:.1%} (n = {seen.n}, p = {seen.p:.2g}).",
        f"Signs of altered forms{where.en}: {seen.rate:.1%} of the forms have erased or "
        f"overwritten marks, {seen.expected:.1%} at peers (n = {seen.n}, p = {seen.p:.2g}).",
    )


CHECK = RateCheck(INFO, _count, np.positive, _say, what="paper forms")
