"""One shape of evidence: what every check says about a page, a record or a unit.

Polarity is one and the same everywhere: a higher ``score`` is more suspicious, a
lower ``p_value`` is more surprising under honest data. A finding is a sign that a
person should look at, never a verdict; its message says so in both languages.
"""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

__all__ = ["Family", "Finding", "Message", "Severity", "vietnamese_numbers"]


class Severity(StrEnum):
    """How a finding is queued. Ordered: ``GREEN < YELLOW < ORANGE < RED``.

    ``GREEN`` is the severity of a page or record without findings; a finding itself
    is yellow (look when there is time), orange (priority) or red (held until two
    people have decided).
    """

    GREEN = "green"
    YELLOW = "yellow"
    ORANGE = "orange"
    RED = "red"

    @property
    def rank(self) -> int:
        """Position from 0 (green) to 3 (red)."""
        return ("green", "yellow", "orange", "red").index(self.value)

    @staticmethod
    def worst(severities: Sequence[Severity]) -> Severity:
        """The highest of ``severities``; green for none."""
        return max(severities, key=lambda s: s.rank, default=Severity.GREEN)


class Family(StrEnum):
    """Independent sources of evidence; red needs more than one of them."""

    IMAGE = "image"
    ANSWERS = "answers"
    CHANNEL = "channel"
    CUSTODY = "custody"
    UNIT = "unit"
    QUALITY = "quality"


@dataclass(frozen=True, slots=True)
class Message:
    """One text in the two languages of the project, Vietnamese first."""

    vi: str
    en: str

    def to_json(self) -> dict[str, str]:
        """``{"vi": …, "en": …}``."""
        return {"vi": self.vi, "en": self.en}


# A number with a decimal point that is no part of a name, a version or a date.
_NUMBER = re.compile(r"(?<![\w.,/])(?<![\w.]-)(\d+)\.(\d+)(?:e([+-]\d+))?(?!\w|\.\w)")
_WHOLE_POWER = re.compile(r"(?<![\w.,/])(?<![\w.]-)(\d+)e([+-]\d+)(?!\w|\.\w)")
_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def vietnamese_numbers(text: str) -> str:
    """A text with its numbers as Vietnamese writes them: ``0,93`` and ``1,2·10⁻⁷``.

    >>> vietnamese_numbers("lệch 0.93 mm (p = 1.2e-07), phiếu PB-23.5, bản 2023.1.4")
    'lệch 0,93 mm (p = 1,2·10⁻⁷), phiếu PB-23.5, bản 2023.1.4'
    """

    def power(exponent: str | None) -> str:
        return "" if exponent is None else f"·10{str(int(exponent)).translate(_SUPERSCRIPT)}"

    text = _NUMBER.sub(lambda m: f"{m[1]},{m[2]}{power(m[3])}", text)
    return _WHOLE_POWER.sub(lambda m: f"{m[1]}{power(m[2])}", text)


@dataclass(frozen=True, slots=True)
class Finding:
    """One sign, with the number that says how rare it is among honest data.

    Attributes:
        detector: Id of the check, dotted and lower case, e.g. ``erasure.fluid``.
        family: The independent source of evidence it belongs to.
        kind: What it is a sign of, e.g. ``erasure``, ``duplicate``, ``uniformity``.
        score: Finite; higher is more suspicious. Comparable within one detector only.
        p_value: In (0, 1]: how often honest data score this high; ``None`` for a rule
            that is broken or not (an identical file), which has no null distribution.
        severity: Yellow, orange or red.
        message: What was seen, as "signs of", with the numbers in it; Vietnamese gets its own
            decimal comma.
        item: Item of the instrument it is about.
        field: Hand-filled field of the instrument it is about.
        box_mm: ``(x, y, width, height)`` in millimetres on the instrument's page.
        record_id: The record it is about.
        unit_id: The unit it is about.
        matches: The other pages, records or units that this one is like.
        evidence: Numbers and short texts behind it; serialisable as JSON.
    """

    detector: str
    family: Family
    kind: str
    score: float
    p_value: float | None
    severity: Severity
    message: Message
    item: str | None = None
    field: str | None = None
    box_mm: tuple[float, float, float, float] | None = None
    record_id: str | None = None
    unit_id: str | None = None
    matches: tuple[str, ...] | None = None
    evidence: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse what would break a promise to the reader.

        Raises:
            ValueError: If the score is not finite, the p-value lies outside (0, 1],
                or the severity is green.
        """
        if not math.isfinite(self.score):
            raise ValueError(f"{self.detector}: score {self.score} is not finite")
        if self.p_value is not None and not 0.0 < self.p_value <= 1.0:
            raise ValueError(f"{self.detector}: p-value {self.p_value} outside (0, 1]")
        if self.severity is Severity.GREEN:
            raise ValueError(f"{self.detector}: a finding is yellow, orange or red")
        told = Message(vietnamese_numbers(self.message.vi), self.message.en)
        object.__setattr__(self, "message", told)

    def __repr__(self) -> str:
        """One line: how serious, which check, what it is about, how rare, what was seen."""
        about = " ".join(filter(None, (self.unit_id, self.record_id, self.item, self.field)))
        rare = "a rule" if self.p_value is None else f"p = {self.p_value:.2g}"
        where = f" {about}" if about else ""
        return f"<Finding {self.severity.value} {self.detector}{where} ({rare}): {self.message.en}>"

    def to_json(self) -> dict[str, Any]:
        """A JSON object valid against the contract's schema of a finding."""
        return {
            "detector": self.detector,
            "family": self.family.value,
            "kind": self.kind,
            "score": round(float(self.score), 6),
            "p_value": None if self.p_value is None else float(self.p_value),
            "severity": self.severity.value,
            "item": self.item,
            "field": self.field,
            "box_mm": None if self.box_mm is None else [round(float(v), 2) for v in self.box_mm],
            "record_id": self.record_id,
            "unit_id": self.unit_id,
            "matches": None if self.matches is None else list(self.matches),
            "message": self.message.to_json(),
            "evidence": dict(self.evidence),
        }

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> Finding:
        """The inverse of :meth:`to_json`."""
        box = data.get("box_mm")
        matches = data.get("matches")
        return Finding(
            detector=data["detector"],
            family=Family(data["family"]),
            kind=data["kind"],
            score=float(data["score"]),
            p_value=data["p_value"],
            severity=Severity(data["severity"]),
            message=Message(data["message"]["vi"], data["message"]["en"]),
            item=data.get("item"),
            field=data.get("field"),
            box_mm=None if box is None else (box[0], box[1], box[2], box[3]),
            record_id=data.get("record_id"),
            unit_id=data.get("unit_id"),
            matches=None if matches is None else tuple(matches),
            evidence=data.get("evidence") or {},
        )
