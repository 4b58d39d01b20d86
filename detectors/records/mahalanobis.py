"""Answers that are far from the others together, though each may be usual alone."""

from __future__ import annotations

import numpy as np

from detectors.calibration.conformal import by_rank
from detectors.finding import Family, Message
from detectors.indices import mahalanobis
from detectors.records._report import no_answers, significant
from detectors.registry import Assessment, CheckInfo, Level
from detectors.table import RecordTable

__all__ = ["CHECK"]

FEWEST_PEERS = 20

INFO = CheckInfo(
    id="answers.mahalanobis",
    level=Level.RECORD,
    family=Family.ANSWERS,
    kind="inconsistency",
    title=Message("Khoảng cách Mahalanobis", "Mahalanobis distance"),
    sees=(
        "A combination of answers far from the centre of the peers, items weighted by how "
        "they go together: answers given at random or without reading."
    ),
    null_model=(
        "Rank among peers; the chi-squared law is not used, as it flags honest rows of "
        "discrete, skewed answers. Nobody is flagged by it alone."
    ),
    source="Mahalanobis (1936); covariance shrunk after Schäfer & Strimmer (2005)",
    innocent=(
        Message(
            "Người trả lời có trải nghiệm thực sự khác thường.",
            "A respondent with a really unusual experience.",
        ),
        Message("Người hiểu nhầm chiều của thang đo.", "A person who misread the scale."),
    ),
    batch_dependent=True,
)


class MahalanobisCheck:
    """Squared distance within the stratum."""

    info = INFO

    def assess(self, subject: RecordTable, *, seed: int = 0) -> Assessment:
        """Judge every record; uses no chance, ``seed`` is there for the contract."""
        scores = np.full(len(subject), np.nan)
        reasons = no_answers(subject)
        for stratum in range(len(subject.stratum_names)):
            mine = np.flatnonzero((subject.answered > 0) & (subject.stratum == stratum))
            if mine.size >= FEWEST_PEERS:
                scores[mine] = mahalanobis(subject.answers[mine])
            for row in mine[~np.isfinite(scores[mine])].tolist():
                few = mine.size < FEWEST_PEERS
                reasons[row] = f"fewer than {FEWEST_PEERS} peers" if few else "items do not vary"
        p_values = by_rank(scores, subject.stratum)

        def describe(row: int) -> tuple[Message, dict[str, object]]:
            return (
                Message(
                    f"Có dấu hiệu tổ hợp trả lời khác thường: khoảng cách D² = {scores[row]:.1f} "
                    f"với {len(subject.items)} câu.",
                    f"Signs of an unusual combination of answers: distance D² = "
                    f"{scores[row]:.1f} over {len(subject.items)} items.",
                ),
                {"d2": float(scores[row]), "items": len(subject.items)},
            )

        return Assessment(
            scores=scores,
            p_values=p_values,
            findings=significant(subject, INFO, scores, p_values, describe),
            not_assessable=reasons,
        )


CHECK = MahalanobisCheck()
