"""The page of a round: what stands out, every unit's numbers, and what is not known."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from markupsafe import Markup

from detectors.finding import Severity
from reports import charts
from reports.clean import printable
from reports.html.page import page, round_facts
from reports.locale import Text, load_text
from reports.views import GroupSummary, PeerPoint, RoundReport, UnitRow
from reports.wording import noun, round_summary

__all__ = ["render_round"]

_NO_LINKS: Mapping[str, str] = {}


def render_round(
    report: RoundReport,
    language: str = "vi",
    *,
    links: Mapping[str, str] = _NO_LINKS,
    languages: Collection[tuple[str, str]] = (),
) -> str:
    """The round as one HTML page.

    Args:
        report: The round.
        language: ``vi`` or ``en``.
        links: Unit id to the address of its report, for units that have one.
        languages: Language and address of this page in each language.

    Raises:
        UsageError: If the language is not known.
    """
    text = load_text(language)
    first = [row for row in report.units if row.severity in (None, Severity.RED, Severity.ORANGE)]
    first.sort(key=_urgency)
    return page(
        "round.html.j2",
        text,
        report.provenance,
        r=report,
        page_title=text.say(report.round.title),
        period=text.period(report.round.period_from, report.round.period_to),
        languages=languages or ((language, ""),),
        what=noun(report.round),
        facts=_facts(report, text),
        summary=round_summary(report, text),
        urgent=first,
        groups=_groups(report, text),
        chart_bands=_bands(report.units, text),
        link=_linker(links),
    )


def _urgency(row: UnitRow) -> tuple[int, int, str]:
    """What could not be judged first, then red, orange; more held forms first."""
    return (0 if row.severity is None else 4 - row.severity.rank, -row.result.held, row.unit.name)


def _facts(report: RoundReport, text: Text) -> list[tuple[str, str]]:
    facts = round_facts(report.round, text)
    forms = [f"{text.say(f.title)} ({f.id}, {f.version})" for f in report.instruments]
    facts.append((text("fact.instrument"), "; ".join(forms) or text("unknown")))
    facts.append((text("fact.units"), text.number(len(report.units))))
    if report.provenance.as_of is not None:
        facts.append((text("fact.as_of"), text.moment(report.provenance.as_of)))
    return facts


def _linker(links: Mapping[str, str]) -> Callable[[UnitRow], Markup]:
    def link(row: UnitRow) -> Markup:
        name = Markup("<bdi>%s</bdi>") % printable(row.unit.name)
        href = links.get(row.unit.id)
        return name if href is None else Markup('<a href="%s">%s</a>') % (href, name)

    return link


def _groups(report: RoundReport, text: Text) -> list[dict[str, Any]]:
    """One entry a peer group, in order of appearance; ranked units first, by rank."""
    by_group: dict[str | None, list[UnitRow]] = {}
    for row in report.units:
        by_group.setdefault(row.unit.group, []).append(row)
    spread = {summary.group: summary for summary in report.groups}
    entries = []
    for code, rows in by_group.items():
        summary = spread.get(code) if code is not None else None
        name = text.or_raw("group", code) or text("group.none")
        entries.append(
            {
                "name": name,
                "rows": sorted(rows, key=_place),
                "words": _spread(summary, text) if summary else "",
                "chart": _funnel(rows, summary, name, text),
                "limits": summary is not None and summary.rho is not None,
            }
        )
    return entries


def _place(row: UnitRow) -> tuple[bool, int, float, str]:
    after = row.result.after_review
    value = after.value if after.value is not None else -1.0
    return (after.rank is None, after.rank or 0, -value, row.unit.name)


def _spread(summary: GroupSummary, text: Text) -> str:
    values = (summary.lowest, summary.median, summary.highest)
    if summary.lowest is None or summary.median is None or summary.highest is None:
        return ""
    low, median, high = (text.percent(v) for v in values if v is not None)
    gap = text.points(summary.highest - summary.lowest)
    return text("round.spread", low=low, median=median, high=high, gap=gap)


def _funnel(
    rows: Sequence[UnitRow], summary: GroupSummary | None, name: str, text: Text
) -> Markup | None:
    points = [
        PeerPoint(row.result.received, row.result.as_received.value)
        for row in rows
        if row.result.as_received.value is not None
    ]
    if len(points) < 3:
        return None
    return charts.funnel(
        points,
        None,
        summary.pooled if summary else None,
        summary.rho if summary else None,
        (text("axis.n"), text("axis.value")),
        text("chart.funnel", group=name),
        text("chart.funnel.words", units=text.number(len(points))),
        lambda share: text.percent(share, 1),
    )


def _bands(rows: Sequence[UnitRow], text: Text) -> Markup:
    counts = [sum(row.band == band for row in rows) for band in range(4)]
    bars = [
        charts.Band(text(f"band.{band}"), count, text.count("count.unit", count))
        for band, count in enumerate(counts)
    ]
    blind = len(rows) - sum(counts)
    bars.append(
        charts.Band(text("band.none"), blind, text.count("count.unit", blind), hatched=True)
    )
    words = "; ".join(f"{bar.label}: {bar.shown}" for bar in bars)
    return charts.bands(bars, text("round.heading.bands"), words)
