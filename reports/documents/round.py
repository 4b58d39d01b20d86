"""The report of a round: what stands out, every unit's numbers, and what is not known."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from detectors.finding import Severity
from reports import charts
from reports.documents.against import held_against
from reports.documents.blocks import (
    Block,
    Cell,
    Chart,
    Column,
    Document,
    Facts,
    Heading,
    Mark,
    Table,
    Text,
    Verdict,
)
from reports.documents.fairness import fairness_part
from reports.documents.firmness import chances
from reports.documents.parts import (
    frame,
    level,
    number,
    plain,
    provenance,
    round_facts,
    severity_cell,
    share,
    shares,
    tiles,
    unjudged,
)
from reports.documents.plots import counted, scattered
from reports.documents.slices import round_slices
from reports.locale import Text as Words
from reports.locale import load_text
from reports.summary import round_summary
from reports.views import GroupSummary, PeerPoint, RoundReport, UnitRow
from reports.wording import noun

__all__ = ["round_document"]

_NO_LINKS: Mapping[str, str] = {}


def round_document(
    report: RoundReport,
    language: str,
    *,
    links: Mapping[str, str] = _NO_LINKS,
    languages: Collection[tuple[str, str]] = (),
    runs_href: str | None = None,
) -> Document:
    """The round.

    Args:
        report: The round.
        language: ``vi`` or ``en``.
        links: Unit id to the address of its report, for units that have one.
        languages: Language and address of this page in each language, for web pages.
        runs_href: Address of the page about the runs.

    Raises:
        UsageError: If the language is not known.
    """
    words = load_text(language)
    title = words.say(report.round.title)
    period = words.period(report.round.period_from, report.round.period_to)
    blocks: list[Block] = [
        Heading(f"1. {words('heading.general')}"),
        Facts(tuple(_facts(report, words)), wide=True),
        Heading(f"2. {words('heading.summary')}"),
        Verdict(round_summary(report, words)),
        tiles(
            words,
            report.result,
            noun(report.round),
            tiers=False,
            flagged=sum(row.flagged for row in report.units),
        ),
        Heading(f"3. {words('round.heading.first')}"),
        *_first(report, links, words),
        Heading(f"4. {words('round.heading.results')}"),
        *_results(report, links, words),
        Heading(f"5. {words('round.heading.bands')}"),
        *_bands(report.units, words),
        Heading(f"6. {words('round.heading.unjudged')}"),
        *_unjudged(report, words),
        Heading(f"7. {words('round.heading.detectors')}"),
        *_detectors(report, words),
        Heading(f"8. {words('round.heading.fairness')}"),
        *fairness_part(report.fairness, words),
        Heading(f"9. {words('round.heading.against')}"),
        *held_against(report.outcomes, words),
        Heading(words("heading.appendix"), fresh=True),
        *provenance(words, report.provenance),
    ]
    crumbs: tuple[tuple[str, str | None, str | None], ...] = tuple(
        (words(f"language.{code}"), None if code == language else href, code)
        for code, href in languages
    )
    if runs_href is not None:
        crumbs = ((words("link.runs"), runs_href, None), *crumbs)
    return frame(
        words,
        "round",
        report.provenance,
        blocks,
        title=title,
        about=title,
        under=period or words("unknown.period"),
        kicker=words("round.title"),
        broad=True,
        crumbs=crumbs,
    )


def _facts(report: RoundReport, words: Words) -> list[tuple[str, str]]:
    facts = round_facts(report.round, words)
    forms = [f"{words.say(f.title)} ({f.id}, {f.version})" for f in report.instruments]
    facts.append((words("fact.instrument"), "; ".join(forms) or words("unknown")))
    facts.append((words("fact.units"), words.number(len(report.units))))
    if report.provenance.as_of is not None:
        facts.append((words("fact.as_of"), words.moment(report.provenance.as_of)))
    return facts


def _first(report: RoundReport, links: Mapping[str, str], words: Words) -> Iterator[Block]:
    urgent = [row for row in report.units if row.severity in (None, Severity.RED, Severity.ORANGE)]
    if not urgent:
        yield Text(words("round.first.none"))
        return
    yield Text(words("round.first.note"), note=True)
    for row in sorted(urgent, key=_urgency):
        rest = []
        if row.result.held:
            held = words.count(noun(report.round), row.result.held)
            rest.append(words("round.first.held", records=held))
        if row.tier_open:
            rest.append(words("tier.open"))
        severity = level(row.severity)
        label = words(f"level.{severity}")
        yield Mark(severity, label, row.unit.name, links.get(row.unit.id), tuple(rest))


def _urgency(row: UnitRow) -> tuple[int, int, str]:
    """What could not be judged first, then red, orange; more held forms first."""
    return (0 if row.severity is None else 4 - row.severity.rank, -row.result.held, row.unit.name)


def _results(report: RoundReport, links: Mapping[str, str], words: Words) -> Iterator[Block]:
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
    yield from _open_tiers(report.units, words)
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


def _open_tiers(rows: Sequence[UnitRow], words: Words) -> Iterator[Block]:
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


def _bands(rows: Sequence[UnitRow], words: Words) -> Iterator[Block]:
    if not rows:
        yield Text(words("round.results.missing"))
        return
    counts = [sum(row.band == band for row in rows) for band in range(4)]
    bars = [
        charts.Band(words(f"band.{band}"), count, words.count("count.unit", count))
        for band, count in enumerate(counts)
    ]
    blind = len(rows) - sum(counts)
    shown = words.count("count.unit", blind)
    bars.append(charts.Band(words("band.none"), blind, shown, hatched=True))
    title = words("round.heading.bands")
    describe = "; ".join(f"{bar.label}: {bar.shown}" for bar in bars)
    svg = charts.bands(bars, title, describe)
    yield Chart(svg, title, describe, words("bands.note"), counted(bars, words))


def _unjudged(report: RoundReport, words: Words) -> Iterator[Block]:
    if report.not_judged:
        yield from unjudged(words, report.not_judged)
    elif report.result.not_judged:
        records = words.count(noun(report.round), report.result.not_judged)
        yield Text(words("unjudged.count", records=records))
    else:
        yield Text(words("unjudged.none"))


def _detectors(report: RoundReport, words: Words) -> Iterator[Block]:
    if not report.detectors:
        yield Text(words("detectors.missing"))
        return
    columns = (
        Column(words("col.check"), weight=3.2, head=True),
        *(
            Column(words(f"col.{key}"), right=True)
            for key in ("judged", "not_judged", "findings", "confirmed", "cleared")
        ),
    )
    lines = tuple(
        (
            Cell(words.say(d.title), code=d.id),
            number(words, d.judged),
            number(words, d.not_judged),
            number(words, d.findings) if d.judged else Cell(words("level.none")),
            number(words, d.confirmed),
            number(words, d.cleared),
        )
        for d in report.detectors
    )
    yield Table(words("round.heading.detectors"), columns, lines)
