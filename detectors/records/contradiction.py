"""Answers that seldom go together, though each is usual by itself."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from detectors.calibration.conformal import by_rank
from detectors.finding import Family, Message
from detectors.records._pairs_of_items import Pair, pairs_by_stratum, surprise
from detectors.records._report import no_answers, significant
from detectors.registry import Assessment, CheckInfo, Level
from detectors.table import RecordTable

__all__ = ["CHECK"]

MOST_NAMED = 3

INFO = CheckInfo(
    id="answers.contradiction",
    level=Level.RECORD,
    family=Family.ANSWERS,
    kind="inconsistency",
    title=Message("Các câu trả lời mâu thuẫn", "Contradicting answers"),
    sees=(
        "Pairs of answers that are far rarer together than each alone would make them, for "
        "items that go together among the peers: made up, or marked without reading. Facts "
        "about the service (trips made, delay) take part beside ratings."
    ),
    null_model="Rank among the stratum's records. Nobody is flagged by it alone.",
    source="Meade & Craig (2012), psychometric synonyms; surprise of learned pairs: own work",
    innocent=(
        Message(
            "Người trả lời có trải nghiệm khác nhau ở từng khâu.",
            "A respondent who fared differently at each step.",
        ),
        Message("Đánh nhầm dòng hoặc đọc nhầm câu hỏi.", "A wrong line, or a misread question."),
    ),
    valid_for=frozenset({"100 records in the stratum"}),
    batch_dependent=True,
)


class ContradictionCheck:
    """Mean surprise over learned pairs of items."""

    info = INFO

    def assess(self, subject: RecordTable, *, seed: int = 0) -> Assessment:
        """Judge every record; uses no chance, ``seed`` is there for the contract."""
        scores = np.full(len(subject), np.nan)
        reasons = no_answers(subject)
        told: dict[int, tuple[NDArray[np.float64], tuple[Pair, ...]]] = {}
        for rows, pairs in pairs_by_stratum(subject):
            if not pairs:
                few = "no two items go together strongly enough, or fewer than 100 records"
                reasons.update(dict.fromkeys(rows.tolist(), few))
                continue
            parts = [surprise(subject, pair, rows) for pair in pairs]
            values = np.column_stack([value for value, _ in parts])
            asked = np.column_stack([both for _, both in parts]).sum(axis=1)
            scores[rows] = np.where(asked > 0, values.sum(axis=1) / np.maximum(asked, 1), np.nan)
            none = "no pair of items that go together was answered"
            reasons.update(dict.fromkeys(rows[asked == 0].tolist(), none))
            told.update({int(row): (own, pairs) for row, own in zip(rows, values, strict=True)})
        p_values = by_rank(scores, subject.stratum)

        def describe(row: int) -> tuple[Message, dict[str, object]]:
            own, pairs = told[row]
            worst = [int(j) for j in np.argsort(-own, kind="stable")[:MOST_NAMED] if own[j] > 0]
            names = [f"{pairs[j].first.id}–{pairs[j].second.id}" for j in worst]
            listed = ", ".join(names)
            return (
                Message(
                    f"Có dấu hiệu trả lời mâu thuẫn: các cặp câu hiếm khi đi cùng nhau {listed} "
                    f"(p = {p_values[row]:.2g}).",
                    f"Signs of contradicting answers: pairs that seldom go together {listed} "
                    f"(p = {p_values[row]:.2g}).",
                ),
                {"pairs": names, "surprise": float(scores[row])},
            )

        return Assessment(
            scores=scores,
            p_values=p_values,
            findings=significant(subject, INFO, scores, p_values, describe),
            not_assessable=reasons,
        )


CHECK = ContradictionCheck()
