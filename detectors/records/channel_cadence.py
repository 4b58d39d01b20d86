"""Records that come at constant intervals, or take a constant time."""

from __future__ import annotations

import numpy as np

from detectors.finding import Family, Message
from detectors.records._cadence import FEWEST_IN_STREAM, SERIES, Cadence, cadence_of
from detectors.records._events import SOURCES, Events, events_of, why_not
from detectors.records._report import significant
from detectors.registry import Assessment, CheckInfo, Level
from detectors.table import RecordTable

__all__ = ["CHECK"]

INFO = CheckInfo(
    id="channel.cadence",
    level=Level.RECORD,
    family=Family.CHANNEL,
    kind="script",
    title=Message("Nhịp gửi hoặc thời gian điền đều như máy", "Steady as a machine"),
    sees=(
        "Gaps between the records of one device, account, network prefix or unit, or the times "
        "spent on them, that hardly vary: scripts wait a fixed delay, people never do."
    ),
    null_model=(
        "Variance of the logs in windows of 5, 10, 20 and 40 values against the steadiest honest "
        "series believed (standard deviation .25): chi-square p-value, times all windows looked "
        "at. Honest series spread two to three times as much, so p is conservative. Values below "
        "five grains of the clock are left out."
    ),
    source=(
        "Variance ratio test against a fixed variance; public form-filling scripts with fixed "
        "delays; Wagenmakers & Brown (2007) on the spread of response times"
    ),
    innocent=(
        Message(
            "Phần mềm lưu các bản ghi rồi tự gửi lần lượt khi có mạng trở lại.",
            "Software kept the records and sent them one by one when the network came back.",
        ),
        Message(
            "Giờ do hệ thống làm tròn hoặc gán khi nhập dữ liệu.",
            "Times were rounded, or given by the system when data were imported.",
        ),
    ),
    valid_for=frozenset({"started_at or submitted_at", "6 records of one source"}),
    batch_dependent=True,
)


class CadenceCheck:
    """Steadiest window of gaps and of times spent that covers a record."""

    info = INFO

    def assess(self, subject: RecordTable, *, seed: int = 0) -> Assessment:
        """Judge every record; uses no chance. The score is minus the log10 of p."""
        events = events_of(subject)
        found = cadence_of(subject, events)
        scores = np.where(np.isnan(found.p_value), np.nan, np.abs(np.log10(found.p_value)))
        few = f"fewer than {FEWEST_IN_STREAM} records with times from one source"
        reason = np.where(np.isfinite(events.when), few, "no times")

        def describe(row: int) -> tuple[Message, dict[str, object]]:
            return _describe(events, found, row)

        return Assessment(
            scores=scores,
            p_values=found.p_value,
            findings=significant(subject, INFO, scores, found.p_value, describe),
            not_assessable=why_not(subject, np.isnan(scores), reason),
        )


def _describe(events: Events, found: Cadence, row: int) -> tuple[Message, dict[str, object]]:
    names = list(SOURCES)
    kind = int(found.stream[row])
    vi, en = SOURCES[names[kind]] if kind < len(names) else ("đơn vị", "the unit")
    seconds, percent = float(found.typical[row]), 100.0 * float(found.spread[row])
    count, p = int(found.length[row]), float(found.p_value[row])
    evidence: dict[str, object] = {
        "stream": names[kind] if kind < len(names) else "unit",
        "series": SERIES[found.series[row]],
        "seconds": seconds,
        "spread_percent": percent,
        "values": count,
    }
    if kind < len(names):
        source = events.sources[names[kind]]
        evidence["source"] = source.shown(int(source.code[row]))
    if SERIES[found.series[row]] == "gap":
        return (
            Message(
                f"Có dấu hiệu gửi tự động: {count} khoảng cách liên tiếp giữa các bản ghi của {vi} "
                f"đều khoảng {seconds:.3g} giây, chỉ lệch {percent:.2g}% (p = {p:.2g}).",
                f"Signs of a script: {count} gaps in a row between records of {en} are all about "
                f"{seconds:.3g} seconds and vary by {percent:.2g}% only (p = {p:.2g}).",
            ),
            evidence,
        )
    return (
        Message(
            f"Có dấu hiệu điền tự động: {count} bản ghi liên tiếp của {vi} đều được điền trong "
            f"khoảng {seconds:.3g} giây, chỉ lệch {percent:.2g}% (p = {p:.2g}).",
            f"Signs of a script: {count} records in a row of {en} were all filled in about "
            f"{seconds:.3g} seconds and vary by {percent:.2g}% only (p = {p:.2g}).",
        ),
        evidence,
    )


CHECK = CadenceCheck()
