"""Answers given faster than people can read the questions."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from detectors.calibration.tail import HonestDistribution
from detectors.finding import Family, Finding, Message, Severity
from detectors.records._events import events_of, why_not
from detectors.records._pace import FEWEST_TIMES, pace_of
from detectors.records._report import Describe, significant, unit_of
from detectors.registry import Assessment, CheckInfo, Level
from detectors.table import RecordTable

__all__ = ["CHECK"]

FAR_OUT = 3.0
FASTEST_HAND = 0.2

INFO = CheckInfo(
    id="channel.response_time",
    level=Level.RECORD,
    family=Family.CHANNEL,
    kind="speeding",
    title=Message("Trả lời quá nhanh", "Answered too fast"),
    sees=(
        "Time spent far below that of peers on the same channel who gave as many answers: "
        "scripts, and people who click without reading."
    ),
    null_model=(
        "Log of the time for the number of answers, in the stratum without far-out values (3 "
        "interquartile ranges, Tukey): conformal p-value, the fast tail continued conservatively. "
        "Below 0.2 seconds an answer, a simple human reaction, it is a rule: no hand did it. A "
        "channel whose start is written on sending is not judged."
    ),
    source="Wise & Kong (2005), response-time effort; Tukey (1977)",
    innocent=(
        Message(
            "Người đã quen phiếu hoặc được đọc câu hỏi trước.",
            "A person who knows the form or had read it before.",
        ),
        Message(
            "Giờ bắt đầu do máy ghi sai hoặc ghi lúc gửi.",
            "The start time was recorded wrongly or only on sending.",
        ),
    ),
    valid_for=frozenset({"started_at and submitted_at"}),
    batch_dependent=True,
    version="2",
)


class ResponseTimeCheck:
    """Fast tail of log seconds, for the number of answers."""

    info = INFO

    def assess(self, subject: RecordTable, *, seed: int = 0) -> Assessment:
        """Judge every record; uses no chance, ``seed`` is there for the contract."""
        events = events_of(subject)
        seconds = events.spent / np.maximum(subject.answered, 1)
        scores = -pace_of(subject)
        p_values = np.full(len(subject), np.nan)
        medians = np.full(len(subject), np.nan)
        for stratum in range(len(subject.stratum_names)):
            timed = np.flatnonzero((subject.stratum == stratum) & np.isfinite(scores))
            if timed.size:
                p_values[timed] = _honest(scores[timed]).p_value(scores[timed])
                medians[timed] = np.median(seconds[timed])
        few = f"fewer than {FEWEST_TIMES} timed peers"
        reason = np.where(np.isfinite(seconds), few, "no times")

        def describe(row: int) -> tuple[Message, dict[str, object]]:
            own, usual = float(seconds[row]), float(medians[row])
            return (
                Message(
                    f"Có dấu hiệu trả lời quá nhanh: {own:.2f} giây mỗi câu, trung vị cùng nhóm "
                    f"{usual:.2f} giây.",
                    f"Signs of answering too fast: {own:.2f} seconds an answer, the median of "
                    f"the peers is {usual:.2f}.",
                ),
                {"seconds_per_answer": own, "median_of_peers": usual},
            )

        return Assessment(
            scores=scores,
            p_values=p_values,
            findings=_findings(subject, scores, p_values, seconds, describe),
            not_assessable=why_not(subject, np.isnan(scores), reason),
        )


def _findings(
    table: RecordTable,
    scores: NDArray[np.float64],
    p_values: NDArray[np.float64],
    seconds: NDArray[np.float64],
    describe: Describe,
) -> tuple[Finding, ...]:
    """Rows that no hand can have answered, then those that are rare among peers."""
    impossible = np.isfinite(scores) & (np.nan_to_num(seconds, nan=1.0) < FASTEST_HAND)
    rare = significant(table, INFO, scores, np.where(impossible, np.nan, p_values), describe)
    ruled = []
    for row in np.flatnonzero(impossible):
        message, evidence = describe(int(row))
        ruled.append(
            Finding(
                detector=INFO.id,
                family=INFO.family,
                kind=INFO.kind,
                score=float(scores[row]),
                p_value=None,
                severity=Severity.YELLOW,
                message=message,
                record_id=str(table.record_ids[row]),
                unit_id=unit_of(table, int(row)),
                evidence=evidence,
            )
        )
    return (*ruled, *rare)


def _honest(scores: NDArray[np.float64]) -> HonestDistribution:
    low, high = np.quantile(scores, [0.25, 0.75])
    return HonestDistribution.fit(scores[scores <= high + FAR_OUT * (high - low)])


CHECK = ResponseTimeCheck()
