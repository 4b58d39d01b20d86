"""Different answers to items that nearly everybody answers alike."""

from __future__ import annotations

from detectors.finding import Family, Message
from detectors.records._correlation_check import CorrelationCheck
from detectors.records._profile import synonyms
from detectors.registry import CheckInfo, Level

__all__ = ["CHECK"]

INFO = CheckInfo(
    id="answers.synonyms",
    level=Level.RECORD,
    family=Family.ANSWERS,
    kind="inconsistency",
    title=Message("Nhất quán giữa các câu gần nghĩa", "Psychometric synonyms"),
    sees=(
        "Answers that do not go together over the pairs of items that go together most: given "
        "without reading, or made up item by item. Not judged where the pairs tell nothing."
    ),
    null_model=(
        "Rank among peers of the correlation, over as many pairs as there are items. It counts "
        "through the ensemble; nobody is flagged by it alone."
    ),
    source="Meade & Craig (2012); careless 1.2.2 psychsyn, with pairs by rank instead of r > .60",
    innocent=(
        Message(
            "Người trả lời phân biệt hai câu mà người khác coi là một.",
            "The respondent tells items apart that others take for one.",
        ),
        Message("Người trả lời đánh nhầm vài câu.", "A respondent who mismarked a few items."),
    ),
    batch_dependent=True,
)


def _message(r: float, usual: float) -> Message:
    return Message(
        f"Có dấu hiệu trả lời thiếu nhất quán ở các câu gần nghĩa: tương quan {r:.2f}, "
        f"thường gặp {usual:.2f}.",
        f"Signs of inconsistent answers to items alike: correlation {r:.2f}, {usual:.2f} is usual.",
    )


CHECK = CorrelationCheck(INFO, synonyms, "no items go together", _message)
