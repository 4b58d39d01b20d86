"""Too few unanswered items: people leave some out, who fills in for them does not."""

from __future__ import annotations

import numpy as np

from detectors.finding import Family, Message
from detectors.registry import CheckInfo, Level
from detectors.table import RecordTable
from detectors.units._rate_check import Counts, Observed, RateCheck

__all__ = ["CHECK"]

INFO = CheckInfo(
    id="answers.blanks",
    level=Level.UNIT,
    family=Family.ANSWERS,
    kind="no_gaps",
    title=Message("Quá ít câu bỏ trống", "Too few unanswered items"),
    sees=(
        "A share of unanswered items far below the peers', in the unit or one of its batches: "
        "people overlook lines, whoever fills in forms for others answers everything."
    ),
    null_model=(
        "As many records of the stratum drawn without replacement, widened by the spread "
        "between units measured in the round; a batch against the same peers."
    ),
    source="PIAAC cycle 2, missing answers by interviewer; rate test: own work",
    innocent=(
        Message(
            "Cán bộ kiểm tra phiếu khi thu và nhờ điền câu còn thiếu.",
            "Staff look forms over when they are handed in and ask for what is missing.",
        ),
        Message(
            "Biểu mẫu điện tử bắt buộc trả lời mọi câu.",
            "An electronic form that accepts no blanks.",
        ),
    ),
    valid_for=frozenset({"20 records, 10 peer units"}),
    batch_dependent=True,
)


def _count(table: RecordTable) -> Counts | str:
    blank = np.zeros(len(table))
    for item in table.items:
        blank += table.column(item.id) == ""
    tries = np.where(blank < len(table.items), float(len(table.items)), 0.0)
    return Counts(blank, tries)


def _say(seen: Observed) -> Message:
    where = seen.where
    return Message(
        f"Có dấu hiệu điền thay{where.vi}: câu bỏ trống chỉ chiếm {seen.rate:.2%}, đơn vị cùng "
        f"khối {seen.expected:.2%} (n = {seen.n}, p = {seen.p:.2g}).",
        f"Signs of forms filled in for others{where.en}: {seen.rate:.2%} of the items unanswered, "
        f"{seen.expected:.2%} at peers (n = {seen.n}, p = {seen.p:.2g}).",
    )


CHECK = RateCheck(INFO, _count, np.negative, _say)
