"""The result by group, level, unit above, channel, respondent kind and field."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reports.documents.blocks import Block, Cell, Column, Heading, Table, Text
from reports.documents.parts import number, plain, share, shares
from reports.locale import Text as Words
from reports.views import suppress
from reports.views.outcomes import ResultSlice

__all__ = ["round_slices", "slices_table"]

_CROSSED = ("group", "level")


def round_slices(slices: Sequence[ResultSlice], words: Words) -> Iterator[Block]:
    """Slices of a round: one table of all units together, one a scope that is cut again."""
    if not slices:
        return
    plain_ones = [one for one in slices if one.scope == "all" or one.dimension is None]
    yield Heading(words("slice.heading"), 3)
    yield slices_table(plain_ones, words("slice.heading"), words)
    for scope in _CROSSED:
        crossed = [one for one in slices if one.scope == scope and one.dimension is not None]
        # One group alone is all units, which the first table shows.
        if len({one.where for one in crossed}) > 1:
            title = words(f"slice.crossed.{scope}")
            yield Heading(title, 3)
            yield slices_table(crossed, title, words)
    yield Text(words("slice.note"), note=True)


def slices_table(slices: Sequence[ResultSlice], name: str, words: Words) -> Table:
    """Results by slice; factors stand beside them where they are known."""
    factors = list(dict.fromkeys(factor for one in slices for factor, _ in one.factors))
    crossed = any(one.where and one.dimension is not None for one in slices)
    columns = (
        *((Column(words("slice.where"), weight=1.8),) if crossed else ()),
        Column(words("slice.by"), weight=1.5),
        Column(words("slice.which"), weight=2.0, head=True),
        Column("n", right=True, weight=0.8),
        Column(words("col.value"), right=True, weight=1.1),
        Column(words("col.interval"), right=True, weight=2.1),
        *(Column(factor, right=True, weight=0.9) for factor in factors),
    )
    return Table(
        name, columns, tuple(_line(one, factors, words, crossed=crossed) for one in slices)
    )


def _line(
    one: ResultSlice, factors: Sequence[str], words: Words, *, crossed: bool
) -> tuple[Cell, ...]:
    where: str | None = one.where
    if one.scope in ("group", "level"):
        kind = "group" if one.scope == "group" else "level_of_unit"
        where = words.or_raw(kind, one.where)
    if one.dimension is None:
        head: tuple[Cell, ...] = (plain(words(f"slice.{one.scope}")), plain(where or one.where))
    else:
        which = words.or_raw("channel", one.category) or one.category
        if one.label is not None:
            which = words.say(one.label)
        head = (plain(words.say(one.dimension)), plain(which))
    head = (*head, number(words, one.n))
    if crossed:
        head = (plain(where or one.where), *head)
    if one.value is None:
        gone = words("withheld.short") if not suppress(one.n) else words("suppressed.short")
        return (*head, Cell(gone, span=2 + len(factors)))
    by_factor = dict(one.factors)
    return (
        *head,
        share(words, one.value),
        plain(shares(words, one.low, one.high)),
        *(
            Cell(words("withheld.short"))
            if by_factor.get(factor) is None
            else share(words, by_factor[factor])
            for factor in factors
        ),
    )
