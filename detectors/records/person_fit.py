"""Answers that do not hang together as those of people equally satisfied."""

from __future__ import annotations

import numpy as np

from detectors.calibration.conformal import by_rank
from detectors.finding import Family, Message
from detectors.records._classes import classes_of
from detectors.records._fit import misfit
from detectors.records._report import no_answers, significant
from detectors.registry import Assessment, CheckInfo, Level
from detectors.table import RecordTable

__all__ = ["CHECK"]

INFO = CheckInfo(
    id="answers.person_fit",
    level=Level.RECORD,
    family=Family.ANSWERS,
    kind="inconsistency",
    title=Message("Độ phù hợp cá nhân", "Person fit"),
    sees=(
        "Answers that people of the same overall satisfaction and spread rarely give: low "
        "where all are content, high where all complain. Random and invented answers."
    ),
    null_model="Rank among peers of the stratum; nobody is flagged by it alone.",
    source="Drasgow, Levine & Williams (1985), lz, with class frequencies instead of a model",
    innocent=(
        Message("Một trải nghiệm riêng về một việc cụ thể.", "One special experience."),
        Message("Người trả lời đánh nhầm vài câu.", "A respondent who mismarked a few items."),
    ),
    batch_dependent=True,
)


class PersonFitCheck:
    """Standardised log likelihood under the record's own class."""

    info = INFO

    def assess(self, subject: RecordTable, *, seed: int = 0) -> Assessment:
        """Judge every record; uses no chance, ``seed`` is there for the contract."""
        scores = misfit(subject)
        reasons = no_answers(subject)
        for row in np.flatnonzero(~np.isfinite(scores)).tolist():
            reasons.setdefault(row, "all peers of its class answer alike")
        p_values = by_rank(scores, subject.stratum)
        own = classes_of(subject).own_log_p()

        def describe(row: int) -> tuple[Message, dict[str, object]]:
            rarest = np.argsort(np.nan_to_num(own[row], nan=0.0), kind="stable")[:3]
            names = [subject.items[j].id for j in rarest]
            listed = ", ".join(names)
            return (
                Message(
                    f"Có dấu hiệu trả lời thiếu nhất quán: lệch {scores[row]:.1f} độ lệch chuẩn "
                    f"so với người cùng mức hài lòng, rõ nhất ở {listed}.",
                    f"Signs of inconsistent answers: {scores[row]:.1f} standard deviations from "
                    f"people equally satisfied, most at {listed}.",
                ),
                {"rarest_items": names},
            )

        return Assessment(
            scores=scores,
            p_values=p_values,
            findings=significant(subject, INFO, scores, p_values, describe),
            not_assessable=reasons,
        )


CHECK = PersonFitCheck()
