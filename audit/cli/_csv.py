"""CSV lines that no spreadsheet takes for formulas."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from audit.defused import defused

__all__ = ["csv_line"]


def csv_line(cells: Sequence[object]) -> str:
    """One line, quoted where needed."""
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerow([defused(cell) for cell in cells])
    return buffer.getvalue()
