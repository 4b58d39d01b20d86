"""The report of one unit: nine numbered sections and an appendix, always all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypedDict

from markupsafe import Markup

from reports import charts
from reports.html.images import image_part
from reports.html.page import page, round_facts
from reports.locale import Text, load_text
from reports.views import (
    CustodyRow,
    FactorResult,
    PeerGroup,
    PeerPoint,
    UnitReport,
)
from reports.wording import (
    change,
    innocent,
    noun,
    recommendations,
    severity_label,
    unit_summary,
)

__all__ = ["render_unit"]

LISTED_FORMS = 500
"""Flagged forms listed on one page; the full list is an export."""

_CUSTODY = (
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


def render_unit(
    report: UnitReport, language: str = "vi", *, index_href: str = "../index.html"
) -> str:
    """One unit's report as one HTML page without any outside part.

    Args:
        report: The unit.
        language: ``vi`` or ``en``.
        index_href: Where the page of the round lies, relative to this page.

    Raises:
        UsageError: If the language is not known.
    """
    text = load_text(language)
    flagged = report.appendix.flagged
    return page(
        "unit.html.j2",
        text,
        report.appendix.provenance,
        r=report,
        page_title=f"{report.unit.name} · {text.say(report.round.title)}",
        index_href=index_href,
        period=text.period(report.round.period_from, report.round.period_to),
        what=noun(report.round),
        noun_short=noun(report.round).removeprefix("count."),
        facts=_facts(report, text),
        severity_label=severity_label(text, report.severity),
        summary=unit_summary(report, text),
        innocent=innocent(report, text),
        advice=recommendations(report, text),
        previous_change=_previous_change(report, text),
        flagged=flagged[:LISTED_FORMS],
        flagged_more=max(0, len(flagged) - LISTED_FORMS),
        **_result(report, text),
        **_custody(report.custody, text),
        **_factors(report, text),
        **image_part(report.images, text),
        records_seen=any(c.forms for c in report.statistics.counts) if report.statistics else False,
        digital_total=sum(c.records for c in report.digital.channels) if report.digital else 0,
    )


def _facts(report: UnitReport, text: Text) -> list[tuple[str, str]]:
    unit, sample = report.unit, report.sample
    unknown = text("unknown")
    validity = text.period(unit.valid_from, unit.valid_to)
    procedures = {True: "yes", False: "no", None: "unknown"}[unit.handles_procedures]
    facts = [
        (text("fact.unit"), f"{unit.name} ({unit.id})"),
        (text("fact.version"), text("fact.valid", period=validity) if validity else unknown),
        (text("fact.parent"), unit.parent or unknown),
        (text("fact.group"), text.or_raw("group", unit.group) or unknown),
        (text("fact.level"), text.or_raw("level_of_unit", unit.level) or unknown),
        (text("fact.procedures"), text(procedures)),
    ]
    if unit.lineage is not None:
        facts.append((text("fact.lineage"), text.say(unit.lineage)))
    facts.extend(round_facts(report.round, text))
    form = report.instrument
    facts.append((text("fact.instrument"), f"{text.say(form.title)} ({form.id}, {form.version})"))
    records = text.number(sample.records)
    if sample.served is None or sample.minimum is None:
        facts.append((text("fact.sample"), text("fact.sample.unknown", records=records)))
    else:
        verdict = text("sample.enough" if sample.sufficient else "sample.short")
        words = text(
            "fact.sample.known",
            minimum=text.number(sample.minimum),
            records=records,
            verdict=verdict,
            served=text.number(sample.served),
            margin=text.percent(sample.margin, 0),
        )
        facts.append((text("fact.sample"), words))
    return facts


class _ResultPart(TypedDict):
    chart_bounds: Markup | None


def _result(report: UnitReport, text: Text) -> _ResultPart:
    result = report.result
    low, high = result.bound_low.value, result.bound_high.value
    if result.as_received.value is None or low is None or high is None:
        return {"chart_bounds": None}
    labels = [text(f"figure.{key}") for key in ("received", "reviewed", "bounds")]
    chart = charts.bounds(
        result,
        labels,
        text("chart.bounds"),
        " ".join(unit_summary(report, text)[2:4]),
        lambda share: text.percent(share, 1),
    )
    return {"chart_bounds": chart}


def _previous_change(report: UnitReport, text: Text) -> str:
    before, after = report.result.previous, report.result.after_review.value
    if before is None or before.standing.value is None or after is None:
        return ""
    return change(text, after - before.standing.value)


class _CustodyPart(TypedDict):
    custody_columns: tuple[str, ...]
    custody_total: Mapping[str, int | None]
    custody_words: str


def _custody(rows: Sequence[CustodyRow] | None, text: Text) -> _CustodyPart:
    rows = rows or ()
    total = {key: _sum([getattr(row, key) for row in rows]) for key in _CUSTODY}
    silent = any(row.unaccounted is None or row.unsorted is None for row in rows)
    gap = sum(abs(row.unaccounted or 0) for row in rows)
    loose = sum(abs(row.unsorted or 0) for row in rows)
    words = []
    if gap:
        words.append(text("custody.gap", gap=text.number(gap)))
    if loose:
        words.append(text("custody.loose", loose=text.number(loose)))
    if silent:
        words.append(text("custody.silent"))
    return {
        "custody_columns": _CUSTODY,
        "custody_total": total,
        "custody_words": " ".join(words) or text("custody.even"),
    }


def _sum(values: Sequence[int | None]) -> int | None:
    """The sum; ``None`` if one value is missing, since a partial sum looks like a gap."""
    return None if None in values else sum(v for v in values if v is not None)


def _against(factor: FactorResult, text: Text) -> str:
    if factor.value is None or factor.peer_median is None:
        return text("none")
    return text.signed(factor.value - factor.peer_median)


def _factors(report: UnitReport, text: Text) -> dict[str, object]:
    factors = report.factors or ()
    heading = text("heading.factors", n=len(factors)) if factors else text("heading.factors.any")
    rows = [
        charts.Row(
            f"{f.id}. {text.say(f.title)}",
            f.value,
            f.low,
            f.high,
            f.peer_median,
            text("suppressed.short") if f.value is None else text.percent(f.value),
        )
        for f in factors
    ]
    chart = charts.intervals(
        rows,
        heading,
        "; ".join(f"{row.label}: {row.shown}" for row in rows),
        lambda share: text.percent(share, 1),
    )
    return {
        "factor_heading": heading,
        "chart_factors": chart if rows else None,
        "against": lambda factor: _against(factor, text),
        **_peers(report, text),
    }


def _peers(report: UnitReport, text: Text) -> dict[str, object]:
    peers = report.peers
    if peers is None:
        return {"peers_words": "", "chart_funnel": None}
    name = text.or_raw("group", peers.name) or peers.name
    if peers.median is None:
        words = text("peers.words.bare", group=name, units=text.number(peers.units))
    else:
        words = text(
            "peers.words",
            group=name,
            units=text.number(peers.units),
            median=text.percent(peers.median),
        )
    return {"peers_words": words, "chart_funnel": _funnel(report, peers, name, text)}


def _funnel(report: UnitReport, peers: PeerGroup, name: str, text: Text) -> Markup | None:
    value = report.result.as_received.value
    if len(peers.points) < 3:
        return None
    here = None if value is None else PeerPoint(report.result.received, value)
    return charts.funnel(
        peers.points,
        here,
        peers.pooled,
        peers.rho,
        (text("axis.n"), text("axis.value")),
        text("chart.funnel", group=name),
        text("chart.funnel.words", units=text.number(len(peers.points))),
        lambda share: text.percent(share, 1),
    )
