"""Answers that exclude each other by the instrument's own words."""

from __future__ import annotations

import numpy as np

from detectors.calibration.conformal import by_rank
from detectors.finding import Family, Message
from detectors.instrument import Contradiction
from detectors.records._declared import NONE_DECLARED, declared_of
from detectors.records._report import no_answers, significant
from detectors.registry import Assessment, CheckInfo, Level
from detectors.table import RecordTable

__all__ = ["CHECK"]

INFO = CheckInfo(
    id="answers.declared_contradiction",
    level=Level.RECORD,
    family=Family.ANSWERS,
    kind="inconsistency",
    title=Message("Mâu thuẫn theo quy tắc của phiếu", "Contradiction by the form's own rules"),
    sees=(
        "Contradictions that the instrument declares, such as more than three trips, yet very "
        "satisfied with the time limit. Each weighs by how rare it is among the peers."
    ),
    null_model=(
        "Rank among the stratum's records: people make slips, and a rule that many break says "
        "little. Nobody is flagged by it alone."
    ),
    source="Cross-check items of the survey form (K1, K2)",
    innocent=(
        Message(
            "Người dân nhầm lẫn khi đánh dấu một dòng.", "A slip of the pen in one of the lines."
        ),
        Message(
            "Người dân thông cảm dù phải chờ lâu hoặc đi lại nhiều lần.",
            "People who are content in spite of delays or several trips.",
        ),
    ),
    valid_for=frozenset({"[[contradiction]] in the instrument"}),
    batch_dependent=True,
)


class DeclaredContradictionCheck:
    """Sum over rules of the surprise that each holds."""

    info = INFO

    def assess(self, subject: RecordTable, *, seed: int = 0) -> Assessment:
        """Judge every record; uses no chance, ``seed`` is there for the contract."""
        declared = declared_of(subject)
        reasons = no_answers(subject)
        scores = np.full(len(subject), np.nan)
        judged = declared.asked.any(axis=1) & (subject.answered > 0)
        for stratum in range(len(subject.stratum_names)):
            rows = np.flatnonzero(judged & (subject.stratum == stratum))
            asked, holds = declared.asked[rows].sum(axis=0), declared.holds[rows].sum(axis=0)
            weight = np.log((asked + 1.0) / (holds + 0.5))
            scores[rows] = declared.holds[rows] @ np.maximum(weight, 0.0)
        why = "no declared contradiction was asked in full" if declared.rules else NONE_DECLARED
        for row in np.flatnonzero(~judged).tolist():
            reasons.setdefault(row, why)
        p_values = by_rank(scores, subject.stratum)

        def describe(row: int) -> tuple[Message, dict[str, object]]:
            held = [declared.rules[j] for j in np.flatnonzero(declared.holds[row])]
            vi = "; ".join(_told(rule, "vi") for rule in held)
            en = "; ".join(_told(rule, "en") for rule in held)
            return (
                Message(
                    f"Có dấu hiệu trả lời mâu thuẫn: {vi} (p = {p_values[row]:.2g}).",
                    f"Signs of contradicting answers: {en} (p = {p_values[row]:.2g}).",
                ),
                {"contradictions": [_told(rule, "en") for rule in held]},
            )

        return Assessment(
            scores=scores,
            p_values=p_values,
            findings=significant(subject, INFO, scores, p_values, describe),
            not_assessable=reasons,
        )


def _told(rule: Contradiction, language: str) -> str:
    """The rule's own words, or its items."""
    text = rule.text or {}
    return text.get(language) or text.get("vi") or text.get("en") or ", ".join(rule.answers)


CHECK = DeclaredContradictionCheck()
