"""The report of one unit: nine numbered sections and an appendix, always all of them."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import TypedDict

from markupsafe import Markup

from reports import charts
from reports.html.page import page, round_facts
from reports.locale import Text, load_text
from reports.views import (
    CustodyRow,
    Direction,
    FactorResult,
    ImageExample,
    ImageSection,
    PeerGroup,
    PeerPoint,
    SignCount,
    UnitReport,
    wilson,
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

CROP_BYTES = 1_200_000
"""Crops on one page, before base64; keeps a page under 2 MB. The strongest come first."""

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
        **_images(report.images, text),
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


def _images(images: ImageSection | None, text: Text) -> dict[str, object]:
    if images is None:
        return {"examples": (), "chart_rates": None, "chart_direction": None}
    values = {"judged": text.number(images.judged), "pages": text.number(images.pages)}
    if not images.judged:
        words = text("images.blind", **values)
    elif any(count.forms for count in images.counts):
        words = text("images.signs", **values)
    elif any(count.judged for count in images.counts):
        words = text("images.quiet", **values)
    else:
        words = text("images.unchecked", **values)
    seen = any(count.forms for count in images.counts)
    direction = images.direction
    return {
        "images_words": words,
        "chart_rates": _rates(images.counts, text) if seen else None,
        "direction_words": _direction_words(direction, text) if direction else "",
        "chart_direction": _direction(direction, text) if direction else None,
        "examples": _examples(images.examples),
    }


def _rates(counts: Sequence[SignCount], text: Text) -> Markup:
    rows = []
    for count in counts:
        low, high = wilson(count.rate, count.judged) if count.rate is not None else (None, None)
        shown = text("level.none") if count.rate is None else text.percent(count.rate)
        label = text.say(count.title)
        rows.append(charts.Rate(label, count.rate, low, high, count.force_rate, shown))
    words = "; ".join(f"{row.label}: {row.shown}" for row in rows)
    return charts.rates(rows, text("chart.rates"), words, lambda share: text.percent(share, 1))


def _direction_words(direction: Direction, text: Text) -> str:
    if not direction.readable:
        return text("direction.unreadable", n=text.number(direction.unknown))
    words = text(
        "direction.words",
        up=text.number(direction.up),
        readable=text.number(direction.readable),
        share=text.percent(direction.up / direction.readable),
    )
    if direction.force_up_share is not None:
        words += " " + text("direction.force", share=text.percent(direction.force_up_share))
    return words


def _direction(direction: Direction, text: Text) -> Markup | None:
    if not direction.readable:
        return None
    rows = [
        charts.Band(text(f"direction.{key}"), count, text.number(count), hatched=key == "unknown")
        for key, count in (
            ("up", direction.up),
            ("down", direction.down),
            ("same", direction.same),
            ("unknown", direction.unknown),
        )
    ]
    words = "; ".join(f"{row.label}: {row.shown}" for row in rows)
    return charts.bands(rows, text("direction.title"), words)


def _examples(examples: Sequence[ImageExample]) -> list[tuple[ImageExample, str]]:
    """Each example with its picture as a data address, until the page has its fill."""
    shown, used = [], 0
    for example in examples:
        source = ""
        kind = _media_type(example.crop)
        if example.crop and kind and used + len(example.crop) <= CROP_BYTES:
            used += len(example.crop)
            source = f"data:{kind};base64,{base64.b64encode(example.crop).decode('ascii')}"
        shown.append((example, source))
    return shown


def _media_type(crop: bytes | None) -> str | None:
    """PNG or JPEG by content; anything else is not shown."""
    if crop is None:
        return None
    if crop.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    return "image/jpeg" if crop.startswith(b"\xff\xd8\xff") else None
