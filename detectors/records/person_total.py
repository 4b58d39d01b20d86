"""Answers that do not follow the profile that the peers share."""

from __future__ import annotations

import numpy as np

from detectors.calibration.conformal import by_rank
from detectors.finding import Family, Message
from detectors.records._profile import by_stratum, person_total
from detectors.records._report import significant
from detectors.registry import Assessment, CheckInfo, Level
from detectors.table import RecordTable

__all__ = ["CHECK"]

INFO = CheckInfo(
    id="answers.person_total",
    level=Level.RECORD,
    family=Family.ANSWERS,
    kind="inconsistency",
    title=Message("Tương quan với số đông", "Person-total correlation"),
    sees=(
        "Answers that are not higher where everybody's are and lower where everybody's are: "
        "given without reading. Not judged where people of this survey share no profile."
    ),
    null_model=(
        "Rank among peers of the correlation, over items, with their mean answers. It counts "
        "through the ensemble; nobody is flagged by it alone."
    ),
    source="Donlon & Fischer (1968), personal biserial; Curran (2016)",
    innocent=(
        Message(
            "Trải nghiệm của người trả lời khác hẳn số đông.",
            "The respondent's experience was unlike that of most.",
        ),
        Message("Người hiểu nhầm chiều của thang đo.", "A person who misread the scale."),
    ),
    batch_dependent=True,
)


class PersonTotalCheck:
    """Minus the correlation with the mean answers of the stratum."""

    info = INFO

    def assess(self, subject: RecordTable, *, seed: int = 0) -> Assessment:
        """Judge every record; uses no chance, ``seed`` is there for the contract."""
        found, reasons = by_stratum(subject, person_total, "the peers share no profile of answers")
        scores = -found
        p_values = by_rank(scores, subject.stratum)

        def describe(row: int) -> tuple[Message, dict[str, object]]:
            r = float(found[row])
            usual = float(np.nanmedian(found[subject.stratum == subject.stratum[row]]))
            return (
                Message(
                    f"Có dấu hiệu trả lời không theo nội dung câu hỏi: tương quan với trung bình "
                    f"của nhóm là {r:.2f}, thường gặp {usual:.2f}.",
                    f"Signs of answers that do not follow the questions: correlation {r:.2f} with "
                    f"the mean answers of the peers, {usual:.2f} is usual.",
                ),
                {"correlation": r, "usual": usual},
            )

        return Assessment(
            scores=scores,
            p_values=p_values,
            findings=significant(subject, INFO, scores, p_values, describe),
            not_assessable=reasons,
        )


CHECK = PersonTotalCheck()
