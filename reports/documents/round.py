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
from reports.documents.parts import (
    frame,
    level,
    number,
    provenance,
    round_facts,
    tiles,
    unjudged,
)
from reports.documents.plots import counted
from reports.documents.ranking import results_part
from reports.locale import Text as Words
from reports.locale import load_text
from reports.summary import round_summary
from reports.views import RoundReport, UnitRow
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
        *results_part(report, links, words),
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
