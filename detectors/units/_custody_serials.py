"""Serials of the custody book: the range of a batch, and what lies in it or in two of them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["Range", "numbers_in", "span_of"]

CHECK_DIGITS = 2
# Of a running number: more than all paper of the world, and sums of it stay numbers.
MOST_DIGITS = 18


@dataclass(frozen=True, slots=True)
class Range:
    """Serials of a batch: what stands before the running number, and its two ends."""

    unit: str
    batch: str
    prefix: tuple[str, ...]
    low: int
    high: int


def span_of(row: Mapping[str, Any]) -> Range | None:
    """The range of a row; ``None`` where it is missing or cannot be understood.

    The running number is the first part in which both ends differ; behind it only check
    digits may stand.
    """
    ends = [
        re.findall(r"\d+|[^\W\d_]+", str(row.get(name) or "").casefold())
        for name in ("serial_from", "serial_to")
    ]
    low, high = ends
    if not low or len(low) != len(high):
        return None
    differ = [i for i, (a, b) in enumerate(zip(low, high, strict=True)) if a != b]
    at = differ[0] if differ else len(low) - 1
    if len(low) - at > CHECK_DIGITS or any(len(part) > CHECK_DIGITS for part in low[at + 1 :]):
        return None
    if (
        not (low[at].isdecimal() and high[at].isdecimal())
        or max(len(low[at]), len(high[at])) > MOST_DIGITS
    ):
        return None
    if int(high[at]) < int(low[at]):
        return None
    prefix = tuple(part.lstrip("0") if part.isdecimal() else part for part in low[:at])
    return Range(row["unit_id"], row.get("batch") or "?", prefix, int(low[at]), int(high[at]))


def numbers_in(span: Range, serials: Iterable[str]) -> set[int]:
    """Running numbers of those serials that lie in a range."""
    found = set()
    at = len(span.prefix)
    for serial in serials:
        parts = re.findall(r"\d+|[^\W\d_]+", serial.casefold())
        if len(parts) <= at or not parts[at].isdigit():
            continue
        prefix = tuple(part.lstrip("0") if part.isdigit() else part for part in parts[:at])
        if prefix == span.prefix and span.low <= int(parts[at]) <= span.high:
            found.add(int(parts[at]))
    return found
