"""A judged page as the public JSON object, one line of ``survey-audit check``."""

from __future__ import annotations

from typing import Any

from detectors.explained import explained
from detectors.finding import Severity
from detectors.instrument import Value
from detectors.registry import Level
from scans.page import answers_of
from scans.types import PageResult, Status
from scans.unjudged import why_unjudged

__all__ = ["page_object", "why_not_judged"]

_UNKNOWN = 0.5


def page_object(result: PageResult) -> dict[str, Any]:
    """The contract's object of a page, with the scan class and the residual added.

    An answer is a value, ``None`` for a blank, or a list where several boxes are marked. A
    page that was read and that no check of the image could judge is yellow and stands in the
    middle of the order: green is for judged pages. Why, its ``not_assessable_reasons`` say.
    """
    read = result.status is Status.READ
    unjudged = read and result.flagged is None
    marks: dict[str, dict[str, str]] = {}
    for reading in result.readings:
        marks.setdefault(reading.item, {})[str(reading.value)] = reading.state.value
    return {
        "file": result.origin.path,
        "sha256": result.origin.sha256,
        "page": result.origin.page,
        "form_page": result.form_page,
        "status": result.status.value,
        "reason": result.reason,
        "serial": result.serial,
        "answers": {item: _answer(v) for item, v in answers_of(result.readings).items()},
        "marks": marks,
        "suspicion": _UNKNOWN if unjudged else result.suspicion,
        "flagged": bool(result.flagged) if read else None,
        "severity": _severity(result, unjudged=unjudged),
        "not_assessable": sorted(result.not_assessable),
        "findings": [explained(f, (Level.PAGE, Level.PAGES)) for f in result.findings],
        "scan_class": None if result.scan_class is None else result.scan_class.value,
        "residual_mm": None if result.residual_mm is None else round(result.residual_mm, 3),
        "not_assessable_reasons": dict(sorted(result.not_assessable.items())),
    }


def _severity(result: PageResult, *, unjudged: bool) -> str | None:
    if unjudged:
        return Severity.YELLOW.value
    judged = result.status is Status.READ and result.severity is not None
    return result.severity.value if judged and result.severity is not None else None


def why_not_judged(result: PageResult) -> str:
    """Why a page that was read is neither flagged nor clean."""
    why, remedy = why_unjudged(result.not_assessable)
    return f"not judged: {'; '.join(why)}; {remedy}"


def _answer(values: tuple[Value, ...]) -> Value | list[Value] | None:
    if not values:
        return None
    return values[0] if len(values) == 1 else list(values)
