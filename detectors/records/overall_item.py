"""The overall item against all the others: does the sum fit the parts?"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from detectors.calibration.conformal import by_rank
from detectors.finding import Family, Message
from detectors.records._report import no_answers, significant
from detectors.registry import Assessment, CheckInfo, Level
from detectors.table import RecordTable

__all__ = ["CHECK"]

FEWEST_RECORDS = 100
FEWEST_OTHERS = 3
RECORDS_A_BAND = 50
MOST_BANDS = 20

INFO = CheckInfo(
    id="answers.overall_item",
    level=Level.RECORD,
    family=Family.ANSWERS,
    kind="inconsistency",
    title=Message("Câu hỏi chung lệch với các câu khác", "Overall item against the others"),
    sees=(
        "An answer to the overall item (a rating without a factor, where others have one) that "
        "is rare among records with the same mean of the other items, in either direction: one "
        "of the two was changed, and the other was left as it was."
    ),
    null_model="Rank among the stratum's records. Nobody is flagged by it alone.",
    source="Cross-check item G of the survey form; surprise given the mean: own work",
    innocent=(
        Message(
            "Một việc duy nhất quyết định ấn tượng chung của người dân.",
            "A single matter decided a person's overall impression.",
        ),
        Message("Đánh nhầm ô ở câu cuối.", "A slip of the pen in the last line."),
    ),
    valid_for=frozenset({"an overall item", "100 records in the stratum"}),
    batch_dependent=True,
)

Vector = NDArray[np.float64]


class OverallItemCheck:
    """Surprise of the overall answer given the mean of the others."""

    info = INFO

    def assess(self, subject: RecordTable, *, seed: int = 0) -> Assessment:
        """Judge every record; uses no chance, ``seed`` is there for the contract."""
        scores = np.full(len(subject), np.nan)
        reasons = no_answers(subject)
        overall = [j for j, item in enumerate(subject.items) if item.factor is None]
        why = "the form has no overall item, or more than one"
        rest = np.full(len(subject), np.nan)
        if len(overall) == 1 and len(subject.items) > FEWEST_OTHERS:
            why = "the overall item or most of the others have no answer, or too few peers"
            answer = subject.answers[:, overall[0]]
            rest = _mean_of_others(subject, overall[0])
            for stratum in range(len(subject.stratum_names)):
                mine = (subject.stratum == stratum) & np.isfinite(answer) & np.isfinite(rest)
                rows = np.flatnonzero(mine)
                if rows.size >= FEWEST_RECORDS:
                    steps = answer[rows].astype(np.intp) - 1
                    scores[rows] = _surprise(steps, rest[rows], int(subject.levels[overall[0]]))
        for row in np.flatnonzero(np.isnan(scores)).tolist():
            reasons.setdefault(row, why)
        p_values = by_rank(scores, subject.stratum)

        def describe(row: int) -> tuple[Message, dict[str, object]]:
            item = subject.items[overall[0]]
            seen = float((subject.answers[row, overall[0]] - 1) / (len(item.scale) - 1))
            return (
                Message(
                    f"Có dấu hiệu trả lời mâu thuẫn: câu chung {item.id} ở mức {seen:.2f} (thang "
                    f"0–1), trung bình các câu khác {rest[row]:.2f} (p = {p_values[row]:.2g}).",
                    f"Signs of contradicting answers: overall item {item.id} at {seen:.2f} (on 0 "
                    f"to 1), mean of the others {rest[row]:.2f} (p = {p_values[row]:.2g}).",
                ),
                {"overall": seen, "others": float(rest[row])},
            )

        return Assessment(
            scores=scores,
            p_values=p_values,
            findings=significant(subject, INFO, scores, p_values, describe),
            not_assessable=reasons,
        )


def _mean_of_others(table: RecordTable, overall: int) -> Vector:
    """Mean level of the other items on 0..1; NaN where fewer than half have an answer."""
    others = np.delete(np.arange(len(table.items)), overall)
    scaled = (table.answers[:, others] - 1.0) / (table.levels[others] - 1.0)
    count = np.isfinite(scaled).sum(axis=1)
    mean: Vector = np.full(len(table), np.nan)
    np.divide(np.nansum(scaled, axis=1), count, out=mean, where=2 * count >= others.size)
    return mean


def _surprise(steps: NDArray[np.intp], rest: Vector, levels: int) -> Vector:
    """Minus log of how often records of like mean give this overall answer."""
    bands = int(np.clip(steps.size // RECORDS_A_BAND, 1, MOST_BANDS))
    edges = np.unique(np.quantile(np.round(rest, 9), np.linspace(0, 1, bands + 1)[1:-1]))
    band = np.searchsorted(edges, np.round(rest, 9), side="right")
    counts = np.zeros((edges.size + 1, levels))
    np.add.at(counts, (band, steps), 1.0)
    usual = counts.sum(axis=0) / steps.size
    shares = (counts + usual) / (counts.sum(axis=1, keepdims=True) + 1.0)
    surprise: Vector = -np.log(shares[band, steps])
    return surprise


CHECK = OverallItemCheck()
