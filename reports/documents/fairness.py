"""The fairness table: whether some groups of people, places or devices are flagged more often."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reports.documents.blocks import Block, Cell, Column, Heading, Table, Text
from reports.documents.parts import equals, number, plain, share, shares
from reports.locale import Text as Words
from reports.views.fairness import FairnessTable

__all__ = ["fairness_part"]


def fairness_part(tables: Sequence[FairnessTable], words: Words) -> Iterator[Block]:
    """One table a property, with intervals."""
    if not tables:
        yield Text(words("fairness.missing"))
        return
    yield Text(words("fairness.lead"), note=True)
    for table in tables:
        yield Heading(words.say(table.by), 3)
        yield _table(table, words)
        if table.p_value is not None:
            yield Text(words("fairness.test", p=equals(words, table.p_value)), note=True)


def _table(table: FairnessTable, words: Words) -> Table:
    columns = (
        Column(words("col.group"), weight=2.6, head=True),
        Column(words("col.judged"), right=True),
        Column(words("col.flagged"), right=True),
        Column(words("col.rate"), right=True),
        Column(words("col.interval"), right=True, weight=1.6),
    )
    lines = []
    for row in table.rows:
        shown: tuple[Cell, ...] = (Cell(words("withheld"), span=3),)
        if not row.judged:
            shown = (Cell(words("level.none"), span=3),)
        elif row.interval is not None:
            ends = plain(shares(words, *row.interval))
            shown = (number(words, row.flagged), share(words, row.rate), ends)
        lines.append((plain(words.say(row.group)), number(words, row.judged), *shown))
    return Table(words.say(table.by), columns, tuple(lines), keep=len(lines) <= 12)
