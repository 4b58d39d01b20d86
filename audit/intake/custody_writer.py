"""The custody table of forms that were printed: who gets which serials, before any comes back."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from audit.intake.custody_book import CUSTODY_COLUMNS, read_custody
from audit.whole_file import write_whole
from detectors.errors import AccessError, UsageError

if TYPE_CHECKING:
    from scans.press.serials import Batch

__all__ = ["add_batches"]

_WRONG = frozenset({"overlap", "duplicate_batch", "bad_range"})


def add_batches(path: Path, batches: Sequence[Batch], issued_at: str | None) -> None:
    """Add a row a batch; rows that are there stay, and nothing is written if they clash.

    Args:
        path: The custody table (CSV); made if it is not there.
        batches: What was printed.
        issued_at: Day of handing out, ``2026-07-01``; ``None`` leaves it to be filled in.

    Raises:
        UsageError: If a serial or a batch's name stands in the table already.
        InputError: If the table cannot be read.
        AccessError: If it cannot be written.
    """
    rows, columns = _existing(path)
    columns = [*columns, *(c for c in CUSTODY_COLUMNS if c not in columns)]
    for batch in batches:
        row = dict.fromkeys(columns, "")
        row |= {
            "unit_id": batch.unit,
            "batch": batch.name,
            "serial_from": batch.serials[0],
            "serial_to": batch.serials[-1],
            "issued": str(len(batch.serials)),
            "issued_at": issued_at or "",
        }
        rows.append(row)
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    data = text.getvalue().encode("utf-8-sig")
    part = path.with_name(f".{path.name}.checking.csv")
    write_whole(part, data, "the custody table")
    try:
        problems = [p for p in read_custody(part).problems if p.code in _WRONG]
    finally:
        part.unlink(missing_ok=True)
    if problems:
        raise UsageError(
            f"the new batches do not go with what stands there: {problems[0].what}",
            where=str(path),
            remedy="print other serials, or name another table",
        )
    write_whole(path, data, "the custody table")


def _existing(path: Path) -> tuple[list[dict[str, str]], list[str]]:
    if not path.exists():
        return [], []
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise AccessError(
            "the custody table cannot be read as UTF-8 text",
            where=str(path),
            remedy="name another table, and join the two by hand",
        ) from error
    first = text.partition("\n")[0]
    mark = max(",;\t", key=first.count)
    reader = csv.DictReader(io.StringIO(text), delimiter=mark)
    return [{k: v or "" for k, v in row.items() if k} for row in reader], list(
        reader.fieldnames or []
    )
