"""Texts of somebody else that must steer neither the spreadsheet nor the terminal they come to.

Only texts are defused; a negative number stays a number (OWASP, CSV injection; ASVS 1.2.10).
"""

from __future__ import annotations

import json
import re
from typing import Any

__all__ = ["defused", "json_words"]

# What begins a formula; the wide forms too, which some spreadsheets take for the narrow ones.
_FORMULA = "=+\\-@\uff1d\uff0b\uff0d\uff20"
_FIRST = re.compile(f"[{_FORMULA}\\t\\n\\0]|[ \u00a0]+[{_FORMULA}]")
# A file whose separator is another where it is opened: what follows it begins a cell there.
_AFTER = re.compile(f'([;\\t\\n][ \u00a0"]*)(?=[{_FORMULA}])')


def defused(cell: object) -> object:
    """``cell``, with an apostrophe before whatever a spreadsheet would compute in a text."""
    if not isinstance(cell, str):
        return cell
    # A bare carriage return is not quoted, and what follows it would begin a row.
    plain = cell.replace("\r\n", "\n").replace("\r", "\n")
    inside = _AFTER.sub(r"\1'", plain)
    return "'" + inside if _FIRST.match(plain) else inside


# Beyond ASCII, which JSON itself spells out: C1 controls, marks of direction, ends of lines.
_STEERING = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]")


def json_words(value: object, **how: Any) -> str:
    """JSON in UTF-8, what would steer a terminal spelled out as JSON's own escapes: the same data.

    Args:
        value: What :func:`json.dumps` takes.
        **how: Its options.
    """
    text = json.dumps(value, ensure_ascii=False, **how)
    return _STEERING.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
