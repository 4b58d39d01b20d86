"""Answers that do not follow the profile that the peers share."""

from __future__ import annotations

from detectors.finding import Family, Message
from detectors.records._correlation_check import CorrelationCheck
from detectors.records._profile import person_total
from detectors.registry import CheckInfo, Level

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


def _message(r: float, usual: float) -> Message:
    return Message(
        f"Có dấu hiệu trả lời không theo nội dung câu hỏi: tương quan với trung bình "
        f"của nhóm là {r:.2f}, thường gặp {usual:.2f}.",
        f"Signs of answers that do not follow the questions: correlation {r:.2f} with "
        f"the mean answers of the peers, {usual:.2f} is usual.",
    )


CHECK = CorrelationCheck(INFO, person_total, "the peers share no profile of answers", _message)
