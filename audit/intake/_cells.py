"""One cell of a table at a time: text, number, day and time as people and programs write them.

Every function answers ``None`` for a blank cell and raises ``ValueError`` with a few
words for what it cannot read, so that the caller can name the place.
"""

from __future__ import annotations

import datetime as dt
import math
import re
import unicodedata
from zoneinfo import ZoneInfo

from audit.intake._moments import parse_platform_time

__all__ = [
    "LONGEST_TEXT",
    "Cell",
    "short_text",
    "to_bool",
    "to_date",
    "to_number",
    "to_text",
    "to_time",
]

Cell = str | int | float | bool | dt.datetime | dt.date | None

_LONGEST_TIME = 100
LONGEST_TEXT = 100_000
"""Characters of a cell: three times what a spreadsheet's cell can hold."""

# What nobody sees must not make two ids of one: zero width, soft hyphen, marks and overrides
# of direction, language tags.
_INVISIBLE: dict[int, str | None] = dict.fromkeys(
    [
        *map(ord, "\u200b\u200c\u200d\u2060\ufeff\u00ad\u061c\u180e\u200e\u200f"),
        *range(0x202A, 0x202F),
        *range(0x2061, 0x206A),
        *range(0xE0000, 0xE0080),
    ]
)
# Half a character (only JSON can spell one) and zero, which no store keeps.
_INVISIBLE |= dict.fromkeys([0, *range(0xD800, 0xE000)], "\ufffd")
_TRUE = frozenset({"true", "yes", "y", "1", "có", "co", "x", "đúng"})
_FALSE = frozenset({"false", "no", "n", "0", "không", "khong", "sai"})
_GROUPED_DOT = re.compile(r"[+-]?\d{1,3}(\.\d{3})+,\d+")
_GROUPED_COMMA = re.compile(r"[+-]?\d{1,3}(,\d{3})+\.\d+")
_PLAIN = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")


def to_text(cell: Cell) -> str | None:
    """Text in NFC without blanks at the ends; a number that Excel stored as 5.0 is ``5``.

    Raises:
        ValueError: If it is longer than :data:`LONGEST_TEXT`.
    """
    if cell is None:
        return None
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        if math.isnan(cell):
            return None
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
    if isinstance(cell, dt.datetime | dt.date):
        return cell.isoformat()
    if isinstance(cell, int):
        return _digits(cell)
    if len(cell) > LONGEST_TEXT:
        raise ValueError(f"{len(cell)} characters in one cell, more than {LONGEST_TEXT}")
    if cell.isascii() and "\0" not in cell:
        return cell.strip() or None
    text = unicodedata.normalize("NFC", cell.translate(_INVISIBLE).replace("\u00a0", " ")).strip()
    return text or None


def short_text(cell: Cell) -> str | None:
    """The same, ``None`` for a cell that is too long: for looking at what a table is like."""
    try:
        return to_text(cell)
    except ValueError:
        return None


def _digits(number: int) -> str:
    try:
        return str(number)
    except ValueError as error:  # thousands of digits: turning them to text takes for ever
        raise ValueError("a number of thousands of digits") from error


def to_number(cell: Cell) -> float | None:
    """A finite number. ``4,5`` is 4.5, ``97,71 %`` is 97.71, ``1.234,5`` is 1234.5.

    Raises:
        ValueError: If the cell is no number.
    """
    if isinstance(cell, bool | dt.date):
        raise ValueError(f"{to_text(cell)!r} is no number")
    if isinstance(cell, int | float):
        try:
            value = float(cell)
        except OverflowError:
            value = math.inf
        if math.isnan(value):
            return None
    else:
        text = to_text(cell)
        if text is None:
            return None
        value = _parse_number(text)
    if not math.isfinite(value):
        raise ValueError(f"{to_text(cell)!r} is no finite number")
    return value


def _parse_number(text: str) -> float:
    plain = text.removesuffix("%").replace("\u2212", "-").replace(" ", "")
    if _GROUPED_DOT.fullmatch(plain):
        plain = plain.replace(".", "").replace(",", ".")
    elif _GROUPED_COMMA.fullmatch(plain):
        plain = plain.replace(",", "")
    elif plain.count(",") == 1 and "." not in plain:
        plain = plain.replace(",", ".")
    if not _PLAIN.fullmatch(plain):
        raise ValueError(f"{text!r} is no number")
    return float(plain)


def to_bool(cell: Cell) -> bool | None:
    """``true/false``, ``yes/no``, ``1/0``, ``có/không``.

    Raises:
        ValueError: If the cell is none of them.
    """
    text = to_text(cell)
    if text is None:
        return None
    word = text.casefold()
    if word in _TRUE:
        return True
    if word in _FALSE:
        return False
    raise ValueError(f"{text!r} is neither true nor false")


def to_time(
    cell: Cell, zone: ZoneInfo, *, source: ZoneInfo | None = None, month_first: bool = False
) -> dt.datetime | None:
    """Local wall-clock time without an offset.

    ISO 8601, day first as Vietnamese tables write it (``07/03/2023 14:05``), or as survey
    platforms write it (:mod:`audit.intake._moments`). A time with an offset is brought to
    ``zone``; one without is of ``source``, or local already.

    Args:
        cell: The cell.
        zone: Where times are brought to.
        source: Whose clock a time without an offset is.
        month_first: ``03/07/2023`` is the 7th of March.

    Raises:
        ValueError: If the cell is no point in time.
    """
    if isinstance(cell, dt.datetime):
        moment = cell
    elif isinstance(cell, dt.date):
        moment = dt.datetime.combine(cell, dt.time())
    else:
        text = to_text(cell)
        if text is None:
            return None
        moment = _parse_time(text, month_first=month_first)
    # Years first: at both ends of the calendar no zone can be reckoned.
    if 1900 <= moment.year <= 2200:
        if moment.tzinfo is None and source is not None:
            moment = moment.replace(tzinfo=source)
        if moment.tzinfo is not None:
            moment = moment.astimezone(zone).replace(tzinfo=None)
        if 1900 <= moment.year <= 2200:
            return moment
    raise ValueError(f"{to_text(cell)!r} lies in no year of a survey")


def _parse_time(text: str, *, month_first: bool) -> dt.datetime:
    if len(text) > _LONGEST_TIME:
        raise ValueError(f"{len(text)} characters are no date")
    try:
        return dt.datetime.fromisoformat(text)
    except ValueError:
        pass
    try:
        return parse_platform_time(text, month_first=month_first)
    except ValueError as error:
        raise ValueError(f"{text!r} is no date (write 2026-07-31 or 2026-07-31T14:05)") from error


def to_date(cell: Cell) -> dt.date | None:
    """A day, read as :func:`to_time` reads it.

    Raises:
        ValueError: If the cell is no date.
    """
    if isinstance(cell, dt.datetime):
        cell = cell.replace(tzinfo=None)  # the day as it is written
    moment = to_time(cell, ZoneInfo("UTC"))
    return None if moment is None else moment.date()
