"""A list of what was not judged, short enough to be read: every file is named."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

__all__ = ["some_of_each"]

_PLACE = re.compile(r"^(.*?)(?:, (?:row|line|sheet|page|form) |: )")
_NUMBER = re.compile(r"(\d+)")


def some_of_each(lines: Iterable[str], most: int) -> Iterator[str]:
    """The first lines about each file in order of rows, and how many more there are.

    One file with a fault in every row must not hide what is said of the others.

    Args:
        lines: Each begins with its file, and the place in it.
        most: Of one file.
    """
    of: dict[str, list[str]] = {}
    for line in lines:
        found = _PLACE.match(line)
        of.setdefault(found[1] if found else line, []).append(line)
    for file, about in of.items():
        yield from sorted(about, key=_in_order)[:most]
        if len(about) > most:
            yield f"{file}: {len(about) - most} more places; all are in `survey-audit status`"


def _in_order(line: str) -> list[tuple[int, str]]:
    """Row 9 before row 10."""
    parts = _NUMBER.split(line[:300])
    return [(int(part), "") if part.isdigit() else (0, part) for part in parts]
