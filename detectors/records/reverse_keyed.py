"""Agreement with a statement and with its opposite."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from detectors.calibration.conformal import by_rank
from detectors.finding import Family, Message
from detectors.records._report import no_answers, significant
from detectors.registry import Assessment, CheckInfo, Level
from detectors.table import RecordTable

__all__ = ["CHECK"]

INFO = CheckInfo(
    id="answers.reverse_keyed",
    level=Level.RECORD,
    family=Family.ANSWERS,
    kind="inconsistency",
    title=Message("Đồng ý cả hai chiều", "Agreement both ways"),
    sees=(
        "Items worded in reverse that are answered in the same column as the items of their "
        "factor: the boxes were marked without reading the lines."
    ),
    null_model="Rank among the stratum's records. Nobody is flagged by it alone.",
    source="Weijters, Baumgartner & Schillewaert (2013), reversed items as a check of attention",
    innocent=(
        Message(
            "Người trả lời không để ý câu hỏi đảo chiều.",
            "A respondent who did not notice that a line is reversed.",
        ),
        Message("Câu phủ định khó hiểu.", "A negative wording that is hard to understand."),
    ),
    valid_for=frozenset({"items with reverse = true"}),
    batch_dependent=True,
)

Vector = NDArray[np.float64]


class ReverseKeyedCheck:
    """Distance from the middle in the same column, for items and their reverse."""

    info = INFO

    def assess(self, subject: RecordTable, *, seed: int = 0) -> Assessment:
        """Judge every record; uses no chance, ``seed`` is there for the contract."""
        reasons = no_answers(subject)
        scores = _agreement(subject)
        reverse = any(item.reverse for item in subject.items)
        why = "no item together with its reverse was answered"
        if not reverse or all(item.reverse for item in subject.items):
            why = "the form has no reverse-keyed items beside others"
        for row in np.flatnonzero(np.isnan(scores)).tolist():
            reasons.setdefault(row, why)
        p_values = by_rank(scores, subject.stratum)

        def describe(row: int) -> tuple[Message, dict[str, object]]:
            return (
                Message(
                    f"Có dấu hiệu không đọc câu hỏi: trả lời cùng một phía cho cả câu thuận và "
                    f"câu đảo chiều, mức {scores[row]:.2f} (p = {p_values[row]:.2g}).",
                    f"Signs of lines not read: the same side for items and their reverse, extent "
                    f"{scores[row]:.2f} (p = {p_values[row]:.2g}).",
                ),
                {"extent": float(scores[row])},
            )

        return Assessment(
            scores=scores,
            p_values=p_values,
            findings=significant(subject, INFO, scores, p_values, describe),
            not_assessable=reasons,
        )


def _agreement(table: RecordTable) -> Vector:
    """``(n,)``: mean over reversed items of the smaller distance from the middle, 0 to 1.

    0 where the two stand on opposite sides, as they should; NaN without a pair of answers.
    """
    scaled = 2.0 * (table.answers - 1.0) / (table.levels - 1.0) - 1.0
    total, pairs = np.zeros(len(table)), np.zeros(len(table))
    for j, item in enumerate(table.items):
        if not item.reverse:
            continue
        mates = [
            i
            for i, other in enumerate(table.items)
            if not other.reverse and (other.factor == item.factor or item.factor is None)
        ]
        if not mates:
            continue
        known = np.isfinite(scaled[:, mates])
        count = known.sum(axis=1)
        mean = np.where(known, scaled[:, mates], 0.0).sum(axis=1) / np.maximum(count, 1)
        # positions of a reversed item are turned round: the same column has the other sign
        column = -scaled[:, j]
        both = np.isfinite(column) & (count > 0)
        same = both & (np.sign(column) == np.sign(mean))
        total += np.where(same, np.minimum(np.abs(column), np.abs(mean)), 0.0)
        pairs += both
    agreement: Vector = np.full(len(table), np.nan)
    np.divide(total, pairs, out=agreement, where=pairs > 0)
    return agreement


CHECK = ReverseKeyedCheck()
