"""More hurried records in a unit than in its peers."""

from __future__ import annotations

import numpy as np

from detectors.finding import Family, Message
from detectors.records._events import events_of
from detectors.records._pace import pace_of
from detectors.registry import Assessment, CheckInfo, Level
from detectors.table import UnitTable
from detectors.units._report import assessment
from detectors.units._shares import hits_of, share_test

__all__ = ["CHECK"]

FASTEST_SHARE = 0.05

INFO = CheckInfo(
    id="channel.rapid_share",
    level=Level.UNIT,
    family=Family.CHANNEL,
    kind="speeding",
    title=Message("Nhiều bản ghi trả lời quá nhanh", "Many hurried records"),
    sees=(
        "Share of the unit's records among the fastest twentieth of all, for their number of "
        "answers: records filled in by a script or a practised hand, each not fast enough to "
        "stand out alone."
    ),
    null_model=(
        "Beta-binomial with the share and over-dispersion of the peer units; p-value by rank among "
        "them, far-out scores by a continued tail."
    ),
    source="Wise & Kong (2005), response-time effort; Kleinman (1973)",
    innocent=(
        Message(
            "Cán bộ đọc câu hỏi trước rồi mới mở phiếu.",
            "Staff read the questions out before the form was opened.",
        ),
        Message("Người dân trẻ, quen dùng điện thoại.", "Young people who are quick on a phone."),
    ),
    valid_for=frozenset({"started_at and submitted_at", "20 records, 10 peer units"}),
    batch_dependent=True,
)


class RapidShareCheck:
    """Share of records at or below the fastest twentieth of the stratum."""

    info = INFO

    def assess(self, subject: UnitTable, *, seed: int = 0) -> Assessment:
        """Judge every unit; uses no chance."""
        records = subject.records
        haste = -pace_of(records)
        usable = np.isfinite(haste) & events_of(records).judged
        hurried = np.zeros(len(records))
        for stratum in range(len(records.stratum_names)):
            mine = usable & (records.stratum == stratum)
            if mine.any():
                hurried[mine] = haste[mine] >= np.quantile(haste[mine], 1.0 - FASTEST_SHARE)
        result = share_test(records, usable, hurried, "no start and end times")

        def describe(unit: int) -> tuple[Message, dict[str, object]]:
            n, own = int(result.tested[unit]), float(result.observed[unit])
            usual, p = float(result.expected[unit]), float(result.p_value[unit])
            return (
                Message(
                    f"Có dấu hiệu điền vội: {own:.0%} trong {n} bản ghi thuộc nhóm nhanh nhất, các "
                    f"đơn vị cùng nhóm khoảng {usual:.0%} (p = {p:.2g}).",
                    f"Signs of hurried entry: {own:.0%} of {n} records are among the fastest, "
                    f"about {usual:.0%} in peer units (p = {p:.2g}).",
                ),
                {"observed": own, "expected": usual} | hits_of(records, usable, hurried, unit),
            )

        return assessment(subject, INFO, result, describe)


CHECK = RapidShareCheck()
