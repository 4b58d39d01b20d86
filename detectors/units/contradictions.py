"""More declared contradictions in a unit than at its peers."""

from __future__ import annotations

import numpy as np

from detectors.finding import Family, Message
from detectors.records._declared import NONE_DECLARED, declared_of
from detectors.registry import CheckInfo, Level
from detectors.table import RecordTable
from detectors.units._rate_check import Counts, Observed, RateCheck

__all__ = ["CHECK"]

INFO = CheckInfo(
    id="answers.unit_contradictions",
    level=Level.UNIT,
    family=Family.ANSWERS,
    kind="inconsistency",
    title=Message("Nhiều phiếu tự mâu thuẫn", "Many self-contradicting records"),
    sees=(
        "A share of records with a contradiction that the instrument declares far above the "
        "peers': answers raised afterwards, while the facts beside them were left as they were."
    ),
    null_model=(
        "As many records of the stratum drawn without replacement, widened by the spread "
        "between units measured in the round; a batch against the same peers."
    ),
    source="Cross-check items of the survey form (K1, K2); rate test: own work",
    innocent=(
        Message(
            "Nhiều người phải đi lại nhiều lần vì lý do ngoài đơn vị nhưng vẫn hài lòng.",
            "Many people made several trips for reasons outside the unit and are content.",
        ),
        Message("Câu hỏi dễ gây hiểu nhầm.", "The question is easily misread."),
    ),
    valid_for=frozenset({"[[contradiction]] in the instrument", "20 records, 10 peer units"}),
    batch_dependent=True,
)


def _count(table: RecordTable) -> Counts | str:
    declared = declared_of(table)
    if not declared.rules:
        return NONE_DECLARED
    held, asked = declared.holds.sum(axis=1), declared.asked.sum(axis=1)
    return Counts(np.minimum(held, 1).astype(np.float64), np.minimum(asked, 1).astype(np.float64))


def _say(seen: Observed) -> Message:
    where = seen.where
    return Message(
        f"Có dấu hiệu sửa câu trả lời{where.vi}: {seen.rate:.1%} số phiếu tự mâu thuẫn, đơn vị "
        f"cùng khối {seen.expected:.1%} (n = {seen.n}, p = {seen.p:.2g}).",
        f"Signs of changed answers{where.en}: {seen.rate:.1%} of the records contradict "
        f"themselves, {seen.expected:.1%} at peers (n = {seen.n}, p = {seen.p:.2g}).",
    )


CHECK = RateCheck(INFO, _count, np.positive, _say)
