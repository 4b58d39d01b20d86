"""Results of a unit by factor, beside its peers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reports import charts
from reports.documents.blocks import (
    Block,
    Cell,
    Chart,
    Column,
    Heading,
    Plot,
    Series,
    Table,
    Text,
)
from reports.documents.parts import (
    number,
    plain,
    share,
    shares,
)
from reports.documents.plots import scattered
from reports.locale import Text as Words
from reports.views import FactorResult, PeerGroup, PeerPoint, UnitReport

__all__ = ["factors_part"]


def factors_part(report: UnitReport, words: Words) -> Iterator[Block]:
    """Results by factor with intervals, beside those of the peer group."""
    factors = report.factors or ()
    heading = words("heading.factors", n=len(factors)) if factors else words("heading.factors.any")
    yield Heading(f"4. {heading}")
    if not factors:
        yield Text(words("factors.missing"))
    else:
        rows = [
            charts.Row(
                f"{f.id}. {words.say(f.title)}",
                f.value,
                f.low,
                f.high,
                f.peer_median,
                _shown(f, words),
            )
            for f in factors
        ]
        describe = "; ".join(f"{row.label}: {row.shown}" for row in rows)
        svg = charts.intervals(rows, heading, describe, lambda v: words.percent(v, 1))
        plot = Plot(
            "bar",
            tuple(row.label for row in rows),
            (
                Series(words("col.value"), tuple(row.value for row in rows)),
                Series(words("col.median"), tuple(row.reference for row in rows)),
            ),
            ends=(
                Series(words("plot.low"), tuple(row.low for row in rows)),
                Series(words("plot.high"), tuple(row.high for row in rows)),
            ),
        )
        yield Chart(svg, heading, describe, words("factors.legend"), plot)
        yield _factor_table(factors, heading, words)
    yield from _peers(report, words)


def _shown(factor: FactorResult, words: Words) -> str:
    if factor.value is not None:
        return words.percent(factor.value)
    return words("suppressed.short") if factor.suppressed else words("withheld.short")


def _factor_table(factors: Sequence[FactorResult], heading: str, words: Words) -> Table:
    columns = (
        Column(words("col.factor"), weight=2.6, head=True),
        Column("n", right=True, weight=0.7),
        Column(words("col.value"), right=True),
        Column(words("col.interval"), right=True, weight=1.6),
        Column(words("col.median"), right=True),
        Column(words("col.against"), right=True),
    )
    lines = []
    for f in factors:
        hidden = words("suppressed") if f.suppressed else words("withheld")
        shown: tuple[Cell, ...] = (Cell(hidden, span=2),)
        if f.value is not None:
            shown = (share(words, f.value), plain(shares(words, f.low, f.high)))
        against = None
        if f.value is not None and f.peer_median is not None:
            against = f.value - f.peer_median
        signed = words("none") if against is None else words.signed(against)
        lines.append(
            (
                plain(f"{f.id}. {words.say(f.title)}"),
                number(words, f.n),
                *shown,
                share(words, f.peer_median),
                Cell(signed, against, "points"),
            )
        )
    return Table(heading, columns, tuple(lines))


def _peers(report: UnitReport, words: Words) -> Iterator[Block]:
    peers = report.peers
    if peers is None:
        yield Text(words("peers.missing"))
        return
    name = words.or_raw("group", peers.name) or peers.name
    values = {"group": name, "units": words.number(peers.units)}
    if peers.median is None:
        yield Text(words("peers.words.bare", **values))
    else:
        yield Text(words("peers.words", median=words.percent(peers.median), **values))
    if len(peers.points) >= 3:
        yield _funnel(report, peers, name, words)


def _funnel(report: UnitReport, peers: PeerGroup, name: str, words: Words) -> Chart:
    value = report.result.after_review.value
    here = None if value is None else PeerPoint(report.result.scored, value)
    title = words("chart.funnel", group=name)
    describe = words("chart.funnel.words", units=words.number(len(peers.points)))
    svg = charts.funnel(
        peers.points,
        here,
        peers.pooled,
        peers.rho,
        (words("axis.n"), words("axis.value")),
        title,
        describe,
        lambda v: words.percent(v, 1),
    )
    note = words("funnel.legend") if peers.rho is not None else words("funnel.legend.bare")
    return Chart(svg, title, describe, note, scattered(peers.points, here, words))
