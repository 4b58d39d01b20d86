"""What a finding must look like for the people and programs that read it."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping
from typing import Any

from detectors.finding import Family, Severity

__all__ = ["KINDS", "finding_faults"]

KINDS = frozenset(
    {"erasure", "overwrite", "cut_paste", "reuse", "duplicate", "metadata", "quality"}
)
_ACCUSING = re.compile(r"gian lận|fraud", re.IGNORECASE)
_UNFILLED = re.compile(r"\bnan\b|\{|\}", re.IGNORECASE)
_ID = re.compile(r"[a-z0-9_]+(\.[a-z0-9_]+)*")


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_p(value: object) -> bool:
    # A number, as asked before.
    return value is None or (_is_number(value) and 0 < value <= 1)  # type: ignore[operator]  # a number by then


def _is_box(value: object) -> bool:
    return value is None or (
        isinstance(value, list) and len(value) == 4 and all(map(_is_number, value))
    )


_FIELDS: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "detector": (lambda v: bool(_ID.fullmatch(v)), "dotted lower-case words"),
    "family": (lambda v: v in {f.value for f in Family}, "one of the families of evidence"),
    "kind": (bool, "a word"),
    "score": (_is_number, "a finite number"),
    "p_value": (_is_p, "null or a number above 0 and at most 1"),
    "severity": (
        lambda v: v in {s.value for s in Severity} - {"green"},
        "yellow, orange or red",
    ),
    "box_mm": (_is_box, "null or x, y, width and height in millimetres"),
}


def finding_faults(data: Mapping[str, Any]) -> tuple[str, ...]:
    """What is wrong with a finding as JSON; empty where nothing is.

    Args:
        data: What :meth:`detectors.finding.Finding.to_json` gave.

    Returns:
        One line a fault, in English, for the author of the check.
    """
    try:
        read = json.loads(json.dumps(data, allow_nan=False))
    except ValueError as error:
        return (f"it is not plain JSON: {error}",)
    faults = [
        f"{name} is {read.get(name)!r} and must be {wanted}"
        for name, (right, wanted) in _FIELDS.items()
        if name not in read or not right(read[name])
    ]
    texts = {language: str(read["message"].get(language) or "") for language in ("vi", "en")}
    if "dấu hiệu" not in texts["vi"].lower():
        faults.append("the Vietnamese message does not speak of signs (dấu hiệu)")
    if not re.search(r"\bsigns? ", texts["en"], re.IGNORECASE):
        faults.append("the English message does not speak of signs")
    for language, text in texts.items():
        if _ACCUSING.search(text):
            faults.append(f"the message accuses ({language}): {text}")
        if "\n" in text or _UNFILLED.search(text):
            faults.append(f"the message is not one finished line ({language}): {text!r}")
    return tuple(faults)
