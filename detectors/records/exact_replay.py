"""The same answers from the same device or account within seconds."""

from __future__ import annotations

import numpy as np

from detectors.finding import Family, Finding, Message, Severity
from detectors.records._events import events_of, why_not
from detectors.records._report import unit_of
from detectors.registry import Assessment, CheckInfo, Level
from detectors.table import RecordTable

__all__ = ["CHECK"]

FASTEST_PERSON = 1.0
FEWEST_ANSWERS = 3

INFO = CheckInfo(
    id="channel.exact_replay",
    level=Level.RECORD,
    family=Family.CHANNEL,
    kind="duplicate",
    title=Message("Gửi lại y hệt", "Exact replay"),
    sees=(
        "Every answer the same, the same device or account, and less than a second an answer "
        "after the record before it, too soon for another person to fill the form in: a form "
        "sent again by a script or a double click."
    ),
    null_model=(
        "A rule: no p-value. People at a shared device answer alike, too, but the next one needs "
        "the time to read and to answer."
    ),
    source="Survey operations practice (SurveyCTO, IPA high-frequency checks)",
    innocent=(
        Message("Mạng chậm nên bấm gửi hai lần.", "A slow network, and a second click."),
        Message(
            "Máy lưu bản ghi rồi gửi lại khi có mạng trở lại.",
            "A device kept the record and sent it again when the network came back.",
        ),
    ),
    valid_for=frozenset({"device or account", "submitted_at"}),
    batch_dependent=True,
    version="2",
)


class ExactReplayCheck:
    """Groups of one device or account and one set of answers, in order of time."""

    info = INFO

    def assess(self, subject: RecordTable, *, seed: int = 0) -> Assessment:
        """Judge every record; uses no chance, ``seed`` is there for the contract.

        The score is the number of earlier records that it repeats in one chain.
        """
        n = len(subject)
        scores = np.full(n, np.nan)
        events = events_of(subject)
        times = events.when
        before = np.full(n, -1, dtype=np.intp)
        for name in ("device", "account"):
            source = events.sources[name].every
            usable = (source >= 0) & np.isfinite(times) & (subject.answered >= FEWEST_ANSWERS)
            usable &= events.grain <= FASTEST_PERSON
            scores[usable & np.isnan(scores)] = 0.0
            self._chain(subject, source, np.flatnonzero(usable), times, scores, before)
        few = subject.answered < FEWEST_ANSWERS
        reason = np.where(few, f"fewer than {FEWEST_ANSWERS} answers", "no device or time")
        reason = np.where(
            np.isfinite(times) & (events.grain > FASTEST_PERSON), "times without seconds", reason
        )
        findings = tuple(
            _finding(subject, int(row), int(before[row]), float(scores[row]), times)
            for row in np.flatnonzero(before >= 0)
        )
        missing = why_not(subject, np.isnan(scores), reason)
        return Assessment(scores, np.full(n, np.nan), findings, missing)

    @staticmethod
    def _chain(
        table: RecordTable,
        source: np.ndarray,
        rows: np.ndarray,
        times: np.ndarray,
        scores: np.ndarray,
        before: np.ndarray,
    ) -> None:
        if rows.size < 2:
            return
        # equal rows have equal sums; those that meet by chance are told apart below
        filled = np.nan_to_num(table.answers[rows], nan=0.0)
        answers = filled @ np.random.default_rng(filled.shape[1]).random(filled.shape[1])
        order = np.lexsort([rows, times[rows], answers, source[rows]])
        first, second = rows[order[:-1]], rows[order[1:]]
        alike = (answers[order[:-1]] == answers[order[1:]]) & (source[first] == source[second])
        alike[alike] = np.all(filled[order[:-1][alike]] == filled[order[1:][alike]], axis=1)
        close = times[second] - times[first] < FASTEST_PERSON * table.answered[second]
        for a, b in zip(first[alike & close], second[alike & close], strict=True):
            if before[b] < 0:
                before[b] = a
                scores[b] = scores[a] + 1.0


def _finding(table: RecordTable, row: int, other: int, score: float, times: np.ndarray) -> Finding:
    partner = str(table.record_ids[other])
    gap = float(times[row] - times[other])
    return Finding(
        detector=INFO.id,
        family=INFO.family,
        kind=INFO.kind,
        score=score,
        p_value=None,
        severity=Severity.YELLOW,
        message=Message(
            f"Có dấu hiệu gửi lại: mọi câu trả lời giống phiếu {partner}, cùng thiết bị hoặc tài "
            f"khoản, cách {gap:.0f} giây.",
            f"Signs of a replay: every answer is that of record {partner}, the same device or "
            f"account, {gap:.0f} seconds apart.",
        ),
        record_id=str(table.record_ids[row]),
        unit_id=unit_of(table, row),
        matches=(partner,),
        evidence={"seconds_apart": gap},
    )


CHECK = ExactReplayCheck()
