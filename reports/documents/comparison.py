"""Published figures against recomputed ones (bảng so sánh số liệu)."""

from __future__ import annotations

from collections import Counter

from reports.documents.blocks import Block, Cell, Column, Document, Heading, Level, Table, Text
from reports.documents.official import official, signatures
from reports.documents.parts import number, plain
from reports.locale import Text as Words
from reports.locale import load_text
from reports.views.papers import Compared, Comparison

__all__ = ["comparison_document"]


def comparison_document(view: Comparison, language: str) -> Document:
    """The table of a round's published figures.

    Raises:
        UsageError: If the language is not known.
    """
    words = load_text(language)
    blocks: list[Block] = [Text(words("comparison.lead"))]
    if view.rows:
        blocks += [_counts(view, words), Heading(words("comparison.table"), 2), _table(view, words)]
    else:
        blocks.append(Text(words("comparison.missing")))
    blocks += [
        Text(words("comparison.note"), note=True),
        signatures(words, "paper.sign.maker", "paper.sign.approver"),
    ]
    return official(words, "comparison", "BC", view.provenance, view.round, blocks, broad=True)


def _counts(view: Comparison, words: Words) -> Table:
    counts = Counter((_level(row), words.say(row.verdict)) for row in view.rows)
    order = ("orange", "none", "green")
    columns = (Column(words("comparison.match"), weight=3, head=True), Column("n", right=True))
    lines = tuple(
        (Cell(verdict, level=level), number(words, counts[level, verdict]))
        for level, verdict in sorted(counts, key=lambda key: (order.index(key[0]), key[1]))
    )
    total = (plain(words("total")), number(words, len(view.rows)))
    return Table(words("comparison.counts"), columns, lines, total, keep=True)


def _level(row: Compared) -> Level:
    if row.agrees is None:
        return "none"
    return "green" if row.agrees else "orange"


def _table(view: Comparison, words: Words) -> Table:
    columns = (
        Column(words("col.unit"), weight=2.0, head=True),
        Column(words("comparison.indicator"), weight=1.7),
        Column(words("comparison.published"), right=True, weight=1.2),
        Column(words("comparison.recomputed"), right=True, weight=1.2),
        Column(words("comparison.difference"), right=True, weight=1.2),
        Column(words("comparison.match"), weight=2.2),
        Column(words("comparison.source"), weight=1.5),
    )
    lines = tuple(_line(row, words) for row in view.rows)
    return Table(words("comparison.table"), columns, lines)


def _line(row: Compared, words: Words) -> tuple[Cell, ...]:
    recomputed, difference = Cell(words("none")), Cell(words("none"))
    if isinstance(row.recomputed, str):
        recomputed = plain(row.recomputed)
    elif row.recomputed is not None:
        recomputed = Cell(words.percent(row.recomputed, 4), row.recomputed, "share")
    if row.difference is not None:
        difference = Cell(words.signed(row.difference), row.difference, "points")
    return (
        plain(row.unit),
        plain(words.say(row.indicator)),
        plain(row.published),
        recomputed,
        difference,
        Cell(words.say(row.verdict), level=_level(row)),
        plain(row.source),
    )
