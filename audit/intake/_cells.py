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

__all__ = ["Cell", "to_bool", "to_date", "to_number", "to_text", "to_time"]

Cell = str | int | float | bool | dt.datetime | dt.date | None

_INVISIBLE = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u2060\ufeff\u00ad"))
_TRUE = frozenset({"true", "yes", "y", "1", "có", "co", "x", "đúng"})
_FALSE = frozenset({"false", "no", "n", "0", "không", "khong", "sai"})
_GROUPED_DOT = re.compile(r"[+-]?\d{1,3}(\.\d{3})+,\d+")
_GROUPED_COMMA = re.compile(r"[+-]?\d{1,3}(,\d{3})+\.\d+")
_PLAIN = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")


def to_text(cell: Cell) -> str | None:
    """Text in NFC without blanks at the ends; a number that Excel stored as 5.0 is ``5``."""
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
        return str(cell)
    if cell.isascii():
        return cell.strip() or None
    text = unicodedata.normalize("NFC", cell.translate(_INVISIBLE).replace("\u00a0", " ")).strip()
    return text or None


def to_number(cell: Cell) -> float | None:
    """A finite number. ``4,5`` is 4.5, ``97,71 %`` is 97.71, ``1.234,5`` is 1234.5.

    Raises:
        ValueError: If the cell is no number.
    """
    if isinstance(cell, bool | dt.date):
        raise ValueError(f"{to_text(cell)!r} is no number")
    if isinstance(cell, int | float):
        value = float(cell)
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
    if moment.tzinfo is None and source is not None:
        moment = moment.replace(tzinfo=source)
    if moment.tzinfo is not None:
        moment = moment.astimezone(zone).replace(tzinfo=None)
    if not 1900 <= moment.year <= 2200:
        raise ValueError(f"{to_text(cell)!r} lies in no year of a survey")
    return moment


def _parse_time(text: str, *, month_first: bool) -> dt.datetime:
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
    moment = to_time(cell, ZoneInfo("UTC")) if not isinstance(cell, dt.datetime) else cell
    return None if moment is None else moment.date()
