"""More ratings without a sound case than in peer units."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from detectors.finding import Family, Message
from detectors.records._cases import FAULTS, faults_of, untold
from detectors.records._events import events_of
from detectors.registry import Assessment, CheckInfo, Level
from detectors.table import UnitTable
from detectors.units._report import assessment
from detectors.units._several import smallest_of
from detectors.units._shares import hits_of, share_test

__all__ = ["CHECK"]

PRACTICE = 0.02

INFO = CheckInfo(
    id="channel.case_share",
    level=Level.UNIT,
    family=Family.CHANNEL,
    kind="case",
    title=Message("Nhiều đánh giá không gắn với hồ sơ", "Many ratings without their case"),
    sees=(
        "Share of the unit's ratings with one fault: no case, or one without a transaction or of "
        "another unit; rated before the case was finished; a case rated three times or more."
    ),
    null_model=(
        "Beta-binomial for each fault with the share and over-dispersion of the peer units; "
        "p-value by rank among them, far-out scores by a continued tail. Asking people when they "
        "hand a case in is a practice, so early ratings count for .02 at most. Times the faults "
        "that could be looked at."
    ),
    source="Custody identities of the survey plan; Kleinman (1973)",
    innocent=(
        Message(
            "Danh sách giao dịch của đơn vị chưa đủ hoặc cập nhật chậm.",
            "The unit's list of transactions is incomplete or late.",
        ),
        Message(
            "Đơn vị mời người dân đánh giá ngay khi nộp hồ sơ.",
            "The unit invites people to rate when they hand the case in.",
        ),
    ),
    valid_for=frozenset({"case_id", "20 records, 10 peer units"}),
    batch_dependent=True,
)


class CaseShareCheck:
    """Share of faulty ratings, fault by fault."""

    info = INFO

    def assess(self, subject: UnitTable, *, seed: int = 0) -> Assessment:
        """Judge every unit; uses no chance."""
        records = subject.records
        judged = events_of(records).judged
        faults = faults_of(records)
        tests = {}
        for name, fault in faults.items():
            known = judged & np.isfinite(fault)
            tests[name] = share_test(records, known, np.nan_to_num(fault), "no case_id")
            if name == "early":
                tests[name].p_value[:] = np.maximum(tests[name].p_value, PRACTICE)
        several = smallest_of(tests, len(records.unit_ids))

        def describe(unit: int) -> tuple[Message, dict[str, object]]:
            seen = several.decisive(unit)
            vi, en = FAULTS[seen.name]
            return (
                Message(
                    f"Có dấu hiệu đánh giá không gắn với giao dịch: {seen.observed:.0%} trong "
                    f"{seen.n} bản ghi ({vi}), các đơn vị cùng nhóm khoảng {seen.expected:.1%} "
                    f"(p = {seen.p:.2g}).",
                    f"Signs of ratings without their transactions: {seen.observed:.0%} of "
                    f"{seen.n} records ({en}), about {seen.expected:.1%} in peer units "
                    f"(p = {seen.p:.2g}).",
                ),
                {"fault": seen.name}
                | seen.evidence
                | hits_of(records, judged, np.nan_to_num(faults[seen.name]), unit),
            )

        return replace(assessment(subject, INFO, several.result, describe), info=untold(records))


CHECK = CaseShareCheck()
