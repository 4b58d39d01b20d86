"""What became of the forms of a unit: issued, returned, valid."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reports.documents.blocks import (
    Block,
    Column,
    Table,
    Text,
)
from reports.documents.parts import (
    number,
    plain,
)
from reports.locale import Text as Words
from reports.views import CustodyRow

__all__ = ["custody_part"]

_COLUMNS = (
    "issued",
    "returned",
    "valid",
    "invalid",
    "lost",
    "spoilt",
    "unaccounted",
    "unsorted",
    "scanned",
)


def custody_part(rows: Sequence[CustodyRow] | None, words: Words) -> Iterator[Block]:
    """Batches with what came back, their total, and whether the numbers agree."""
    if rows is None:
        yield Text(words("custody.missing"))
        return
    if not rows:
        yield Text(words("custody.empty"))
        return
    columns = (
        Column(words("col.batch"), weight=2.0, head=True),
        *(Column(words(f"col.{key}"), right=True) for key in _COLUMNS),
    )
    lines = tuple(
        (
            plain(row.batch, row.serials or ""),
            *(number(words, getattr(row, key)) for key in _COLUMNS),
        )
        for row in rows
    )
    total = None
    if len(rows) > 1:
        sums = (_sum([getattr(row, key) for row in rows]) for key in _COLUMNS)
        total = (plain(words("total")), *(number(words, value) for value in sums))
    yield Table(words("heading.custody"), columns, lines, total, keep=len(rows) <= 15)
    yield Text(words("custody.note"), note=True)
    yield Text(_custody_words(rows, words))
    for row in rows:
        facts = _custody_facts(row, words)
        if facts:
            yield Text(f"{row.batch}: {'; '.join(facts)}.")
    for row in rows:
        for note in row.notes:
            yield Text(f"{row.batch}: {words.say(note)}", level="yellow")


def _custody_facts(row: CustodyRow, words: Words) -> list[str]:
    """What the book holds of a batch beside the columns of the table."""
    facts = [
        words(f"custody.fact.{name}", n=words.number(value))
        for name in ("printed", "unissued", "handed_out", "taken_home", "outstanding")
        if (value := getattr(row, name)) is not None
    ]
    if row.scanned_at is not None:
        facts.append(words("custody.fact.scanned_at", day=words.day(row.scanned_at)))
    if row.invalid_reasons:
        facts.append(words("custody.fact.reasons", reasons=row.invalid_reasons.replace("; ", ", ")))
    return facts


def _custody_words(rows: Sequence[CustodyRow], words: Words) -> str:
    silent = any(row.unaccounted is None or row.unsorted is None for row in rows)
    gap = sum(abs(row.unaccounted or 0) for row in rows)
    loose = sum(abs(row.unsorted or 0) for row in rows)
    found = []
    if gap:
        found.append(words("custody.gap", gap=words.number(gap)))
    if loose:
        found.append(words("custody.loose", loose=words.number(loose)))
    if silent:
        found.append(words("custody.silent"))
    return " ".join(found) or words("custody.even")


def _sum(values: Sequence[int | None]) -> int | None:
    """The sum; ``None`` if one value is missing, since a partial sum looks like a gap."""
    return None if None in values else sum(v for v in values if v is not None)
