"""Times as survey platforms write them, beyond ISO 8601 and day-first.

``Mar 7, 2023 2:05:11 PM`` (SurveyCTO), ``2023/03/07 2:05:11 PM GMT+7`` (Google Forms),
``3/7/2023 14:05:11`` (a sheet in American English), ``07/03/2023 2:05:11 CH`` (a sheet in
Vietnamese: SA is before noon, CH after).
"""

from __future__ import annotations

import datetime as dt
import re

__all__ = ["month_first_seen", "parse_platform_time"]

_MONTHS = {
    name: number
    for number, name in enumerate(
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), 1
    )
}
_CLOCK = r"(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:\.\d+)?)?"
_HALF = r"(?:\s*(?P<half>AM|PM|SA|CH)\b)?"
_ZONE = r"(?:\s*(?:GMT|UTC)\s*(?P<zone>[+-]\d{1,2}(?::?\d{2})?)?)?"
_TIME = rf"(?:[,T\s]+(?:lúc\s+|at\s+)?{_CLOCK}{_HALF}{_ZONE})?"
_FORMS = (
    re.compile(
        rf"(?P<name>[A-Za-z]{{3}})[a-z]*\.?\s+(?P<day>\d{{1,2}}),\s*(?P<year>\d{{4}}){_TIME}", re.I
    ),
    re.compile(rf"(?P<year>\d{{4}})[/.-](?P<month>\d{{1,2}})[/.-](?P<day>\d{{1,2}}){_TIME}", re.I),
    re.compile(rf"(?P<one>\d{{1,2}})[/.-](?P<two>\d{{1,2}})[/.-](?P<year>\d{{4}}){_TIME}", re.I),
)
_SLASHED = re.compile(r"\s*(\d{1,2})/(\d{1,2})/\d{4}\b")
_NOON = 12


def parse_platform_time(text: str, *, month_first: bool = False) -> dt.datetime:
    """A moment, with an offset where the text has one.

    Raises:
        ValueError: If it is none of the forms, or no day of the calendar.
    """
    for form in _FORMS:
        match = form.fullmatch(text.strip())
        if match:
            return _moment(match.groupdict(), month_first=month_first)
    raise ValueError(f"{text!r} is no time that a known platform writes")


def _moment(parts: dict[str, str | None], *, month_first: bool) -> dt.datetime:
    if parts.get("name"):
        month = _MONTHS.get(str(parts["name"]).lower(), 0)
        day = int(parts["day"] or 0)
    elif parts.get("one"):
        one, two = int(parts["one"] or 0), int(parts["two"] or 0)
        day, month = (two, one) if month_first else (one, two)
    else:
        day, month = int(parts["day"] or 0), int(parts["month"] or 0)
    hour = int(parts["hour"] or 0)
    half = (parts["half"] or "").upper()
    if half:
        if not 1 <= hour <= _NOON:
            raise ValueError(f"hour {hour} with {half}")
        hour = hour % _NOON + (_NOON if half in ("PM", "CH") else 0)
    clock = (hour, int(parts["minute"] or 0), int(parts["second"] or 0))
    return dt.datetime(int(parts["year"] or 0), month, day, *clock, tzinfo=_offset(parts["zone"]))


def _offset(text: str | None) -> dt.tzinfo | None:
    if not text:
        return None
    digits = text[1:].replace(":", "")
    hours, minutes = (int(digits), 0) if len(digits) <= 2 else (int(digits[:-2]), int(digits[-2:]))
    delta = dt.timedelta(hours=hours, minutes=minutes)
    return dt.timezone(-delta if text[0] == "-" else delta)


def month_first_seen(texts: list[str]) -> bool | None:
    """Whether slashed days begin with the month: told by a part above 12, else ``None``."""
    first = second = False
    for text in texts:
        match = _SLASHED.match(text)
        if match:
            first |= int(match[1]) > _NOON
            second |= int(match[2]) > _NOON
    return None if first == second else second
