"""CSV lines that no spreadsheet takes for formulas.

Only texts are defused; a negative number stays a number (OWASP, CSV injection).
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

__all__ = ["csv_line", "defused"]

_DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n", "\0")


def defused(cell: object) -> object:
    """``cell``, with an apostrophe before a text that a spreadsheet would compute."""
    if isinstance(cell, str):
        # A bare carriage return is not quoted, and what follows it would begin a row.
        plain = cell.replace("\r\n", "\n").replace("\r", "\n")
        return "'" + plain if cell.startswith(_DANGEROUS) else plain
    return cell


def csv_line(cells: Sequence[object]) -> str:
    """One line, quoted where needed."""
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerow([defused(cell) for cell in cells])
    return buffer.getvalue()
