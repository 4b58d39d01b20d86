"""Published figures against recomputed ones (bảng so sánh số liệu)."""

from __future__ import annotations

from collections import Counter

from reports.documents.blocks import Block, Cell, Column, Document, Heading, Level, Table, Text
from reports.documents.official import official, signatures
from reports.documents.parts import number, plain
from reports.locale import Text as Words
from reports.locale import load_text
from reports.views.measures import suppress
from reports.views.papers import Compared, Comparison, Match

__all__ = ["comparison_document"]

_LEVELS: dict[Match, Level] = {
    "equal": "green",
    "truncated": "green",
    "tolerance": "green",
    "as_received": "yellow",
    "within_bounds": "yellow",
    "points_called_per_cent": "yellow",
    "relative": "yellow",
    "rounded_over_cut_off": "orange",
    "other_denominator": "yellow",
    "differs": "orange",
    "not_comparable": "none",
    "cannot_recompute": "none",
}


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
    counts = Counter(row.match for row in view.rows if not _withheld(row))
    columns = (Column(words("comparison.match"), weight=3, head=True), Column("n", right=True))
    lines = tuple(
        (Cell(words(f"match.{match}"), level=level), number(words, counts[match]))
        for match, level in _LEVELS.items()
        if counts[match]
    )
    total = (plain(words("total")), number(words, sum(counts.values())))
    return Table(words("comparison.counts"), columns, lines, total, keep=True)


def _withheld(row: Compared) -> bool:
    """Whether even the verdict would tell the result of a small cell."""
    return row.n is not None and suppress(row.n)


def _table(view: Comparison, words: Words) -> Table:
    columns = (
        Column(words("col.unit"), weight=2.0, head=True),
        Column(words("comparison.indicator"), weight=1.7),
        Column(words("comparison.published"), right=True, weight=1.2),
        Column(words("comparison.recomputed"), right=True, weight=1.2),
        Column(words("comparison.difference"), right=True, weight=1.1),
        Column("n", right=True, weight=0.7),
        Column(words("comparison.match"), weight=2.2),
        Column(words("comparison.source"), weight=1.5),
    )
    return Table(words("comparison.table"), columns, tuple(_line(row, words) for row in view.rows))


def _line(row: Compared, words: Words) -> tuple[Cell, ...]:
    withheld = _withheld(row)
    match = Cell(words(f"match.{row.match}"), level=_LEVELS[row.match])
    recomputed, difference = Cell(words("none")), Cell(words("none"))
    if withheld:
        recomputed = match = Cell(words("suppressed.short"))
    elif row.text is not None:
        recomputed = plain(words.say(row.text))
    elif row.recomputed is not None:
        recomputed = _shown(row, words)
    if row.difference is not None and not withheld:
        difference = Cell(words.signed(row.difference), row.difference, "points")
    day = "" if row.published_on is None else words.day(row.published_on)
    return (
        plain(row.unit),
        plain(words.say(row.indicator)),
        plain(row.published),
        recomputed,
        difference,
        number(words, row.n),
        match,
        plain(row.source, day),
    )


def _shown(row: Compared, words: Words) -> Cell:
    value = row.recomputed or 0.0
    if row.shown_as == "share":
        return Cell(words.percent(value), value, "share")
    if row.shown_as == "points":
        return Cell(words.signed(value), value, "points")
    return Cell(words.number(value), value, "number")
