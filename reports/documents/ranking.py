"""The units of a round in order: values, tiers, ranks, and which are not firm."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from reports import charts
from reports.documents.blocks import (
    Block,
    Cell,
    Chart,
    Column,
    Heading,
    Table,
    Text,
)
from reports.documents.firmness import chances
from reports.documents.parts import (
    number,
    plain,
    severity_cell,
    share,
    shares,
)
from reports.documents.plots import scattered
from reports.documents.slices import round_slices
from reports.locale import Text as Words
from reports.views import GroupSummary, PeerPoint, RoundReport, UnitRow

__all__ = ["open_tiers", "results_part"]


def results_part(report: RoundReport, links: Mapping[str, str], words: Words) -> Iterator[Block]:
    """One table a peer group, in order of appearance; ranked units first, by rank."""
    by_group: dict[str | None, list[UnitRow]] = {}
    for row in report.units:
        by_group.setdefault(row.unit.group, []).append(row)
    spread = {summary.group: summary for summary in report.groups}
    if not by_group:
        yield Text(words("round.results.missing"))
    for code, rows in by_group.items():
        summary = spread.get(code) if code is not None else None
        name = words.or_raw("group", code) or words("group.none")
        yield Heading(name, 3)
        if summary is not None and (text := _spread(summary, words)):
            yield Text(text)
        chart = _funnel(rows, summary, name, words)
        if chart is not None:
            yield chart
        yield _unit_table(sorted(rows, key=_place), name, links, words)
    yield from open_tiers(report.units, words)
    yield from _factors(report, words)
    yield from round_slices(report.slices, words)
    yield Text(words("round.results.note"), note=True)
    if report.left_out:
        yield Text(words.count("round.left_out", report.left_out), note=True)


def _place(row: UnitRow) -> tuple[bool, int, float, str]:
    after = row.result.after_review
    value = after.value if after.value is not None else -1.0
    return (after.rank is None, after.rank or 0, -value, row.unit.name)


def _unit_table(
    rows: Sequence[UnitRow], name: str, links: Mapping[str, str], words: Words
) -> Table:
    columns = (
        Column(words("col.unit"), weight=2.2, head=True),
        Column("n", right=True, weight=0.7),
        Column(words("figure.received"), right=True),
        Column(words("figure.reviewed"), right=True, weight=1.75),
        Column(words("figure.bounds"), right=True, weight=1.75),
        Column(words("col.tier"), weight=1.3),
        Column(words("col.rank"), right=True, weight=1.35),
        Column(words("col.flagged_share"), right=True),
        Column(words("col.severity"), weight=1.1),
    )
    return Table(name, columns, tuple(_unit_line(row, links, words) for row in rows))


def _unit_line(row: UnitRow, links: Mapping[str, str], words: Words) -> tuple[Cell, ...]:
    result = row.result
    firm = row.firmness
    interval = shares(words, *firm.interval) if firm and firm.interval else ""
    values: tuple[Cell, ...] = (Cell(words("suppressed"), span=3),)
    if not result.suppressed:
        values = (
            share(words, result.as_received.value),
            share(words, result.after_review.value, interval),
            plain(shares(words, result.bound_low.value, result.bound_high.value)),
        )
    tier = result.after_review.tier
    firmness = words("tier.open") if row.tier_open else ""
    flagged = f"{words.number(row.flagged)}/{words.number(row.judged)}"
    return (
        Cell(row.unit.name, href=links.get(row.unit.id)),
        number(words, result.received),
        *values,
        plain(words("none") if tier is None else words.say(tier), firmness),
        _rank_cell(row, words),
        share(words, row.flagged_share, flagged),
        severity_cell(words, row.severity),
    )


def _rank_cell(row: UnitRow, words: Words) -> Cell:
    """Rank before and after review with its denominator; below it the range of the bounds."""
    result = row.result
    before, after = result.as_received.rank, result.after_review.rank
    if before is None and after is None:
        return Cell(words("none"))
    shown = [words("none") if rank is None else words.number(rank) for rank in (before, after)]
    text = " → ".join(shown)
    if result.ranked_units is not None:
        text += f"/{words.number(result.ranked_units)}"
    under = ""
    if result.rank_range is not None and result.rank_range[0] != result.rank_range[1]:
        best, worst = (words.number(rank) for rank in result.rank_range)
        under = words("rank.range", best=best, worst=worst)
    return Cell(text, after, "number", under=under)


def _spread(summary: GroupSummary, words: Words) -> str:
    low, median, high = summary.lowest, summary.median, summary.highest
    if low is None or median is None or high is None:
        return ""
    return words(
        "round.spread",
        low=words.percent(low),
        median=words.percent(median),
        high=words.percent(high),
        gap=words.points(high - low),
    )


def _funnel(
    rows: Sequence[UnitRow], summary: GroupSummary | None, name: str, words: Words
) -> Chart | None:
    points = [
        PeerPoint(row.result.scored, row.result.after_review.value)
        for row in rows
        if row.result.after_review.value is not None
    ]
    if len(points) < 3:
        return None
    title = words("chart.funnel", group=name)
    describe = words("chart.funnel.words", units=words.number(len(points)))
    rho = summary.rho if summary else None
    svg = charts.funnel(
        points,
        None,
        summary.pooled if summary else None,
        rho,
        (words("axis.n"), words("axis.value")),
        title,
        describe,
        lambda v: words.percent(v, 1),
    )
    note = words("funnel.legend.bare") if rho is None else words("funnel.legend.round")
    return Chart(svg, title, describe, note, scattered(points, None, words))


def open_tiers(rows: Sequence[UnitRow], words: Words) -> Iterator[Block]:
    """Units whose tier held records or sampling could still change."""
    still_open = [row for row in rows if row.tier_open]
    if not still_open:
        return
    yield Heading(words("round.heading.open_tiers"), 3)
    columns = (
        Column(words("col.unit"), weight=2.4, head=True),
        Column(words("figure.held"), right=True),
        Column(words("figure.bounds"), right=True, weight=1.5),
        Column(words("col.tier_low"), weight=1.4),
        Column(words("col.tier_high"), weight=1.4),
        Column(words("firm.tiers"), weight=2.4),
    )
    lines = []
    for row in still_open:
        low, high = row.result.bound_low, row.result.bound_high
        tiers = [words("none") if s.tier is None else words.say(s.tier) for s in (low, high)]
        lines.append(
            (
                plain(row.unit.name),
                number(words, row.result.held + row.result.not_judged),
                plain(shares(words, low.value, high.value)),
                *(plain(tier) for tier in tiers),
                plain(chances(row.firmness, words) if row.firmness else words("none")),
            )
        )
    yield Table(words("round.heading.open_tiers"), columns, tuple(lines))


def _factors(report: RoundReport, words: Words) -> Iterator[Block]:
    """Which contents were rated lower, over all units."""
    if not report.factors:
        return
    yield Heading(words("round.heading.factors"), 3)
    columns = (
        Column(words("col.factor"), weight=2.6, head=True),
        Column("n", right=True, weight=0.7),
        Column(words("col.value"), right=True),
        Column(words("col.median_units"), right=True),
        Column(words("col.units_shown"), right=True),
    )
    lines = tuple(
        (
            plain(f"{f.id}. {words.say(f.title)}"),
            number(words, f.n),
            Cell(words("suppressed.short")) if f.suppressed else share(words, f.value),
            share(words, f.peer_median),
            number(words, f.peer_units),
        )
        for f in report.factors
    )
    yield Table(words("round.heading.factors"), columns, lines)
