"""The anomaly report of one unit: nine numbered sections and an appendix, always all of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reports import charts
from reports.advice import innocent, recommendations
from reports.documents.blocks import (
    Block,
    Chart,
    Column,
    Document,
    Facts,
    Heading,
    Plot,
    Series,
    Table,
    Text,
    Verdict,
)
from reports.documents.custody import custody_part
from reports.documents.evidence import digital_part, image_part, statistics_part
from reports.documents.factors import factors_part
from reports.documents.follow_up import unit_follow_up
from reports.documents.index import index_sheets
from reports.documents.outcomes import unit_held_against
from reports.documents.parts import (
    frame,
    level,
    listed,
    number,
    plain,
    provenance,
    round_facts,
    severity_cell,
    standing,
    tiles,
)
from reports.locale import Text as Words
from reports.locale import load_text
from reports.summary import LEADS, unit_summary
from reports.views import FlaggedForm, UnitReport
from reports.wording import change, noun, severity_label

__all__ = ["CROPPED_FORMS", "LISTED_FORMS", "custody_part", "unit_document"]

LISTED_FORMS = 500
"""Flagged forms listed in one report; the full list is an export."""

CROPPED_FORMS = 24
"""Forms with an extract in one document; keeps it under 2 MB."""


def unit_document(report: UnitReport, language: str, *, index_href: str | None = None) -> Document:
    """One unit's report.

    Args:
        report: The unit.
        language: ``vi`` or ``en``.
        index_href: Where the page of the round lies, for web pages.

    Raises:
        UsageError: If the language is not known.
    """
    words = load_text(language)
    period = words.period(report.round.period_from, report.round.period_to)
    title = words.say(report.round.title)
    blocks: list[Block] = [
        Heading(f"1. {words('heading.general')}"),
        Facts(tuple(unit_facts(report, words)), wide=True),
        Heading(f"2. {words('heading.summary')}"),
        *_summary(report, words),
        Heading(f"3. {words('heading.custody')}"),
        *custody_part(report.custody, words),
        *factors_part(report, words),
        *unit_held_against(report, words),
        *(index_sheets(report.outcomes.index, words) if report.outcomes else ()),
        Heading(f"5. {words('heading.images')}"),
        *image_part(report.images, words),
        Heading(f"6. {words('heading.statistics')}"),
        *statistics_part(report, words),
        Heading(f"7. {words('heading.digital')}"),
        *digital_part(report.digital, words),
        *_advice(report, words),
        *unit_follow_up(report, words),
        Heading(words("heading.appendix"), fresh=True),
        *flagged_part(report.appendix.flagged, words),
        Heading(words("appendix.provenance"), 3),
        *provenance(words, report.appendix.provenance),
    ]
    return frame(
        words,
        "unit",
        report.appendix.provenance,
        blocks,
        title=report.unit.name,
        about=f"{report.unit.name} · {title}",
        under=f"{title} · {period}" if period else title,
        kicker=words("unit.title"),
        crumbs=((words("link.index"), index_href, None),) if index_href else (),
    )


def unit_facts(report: UnitReport, words: Words) -> list[tuple[str, str]]:
    """The general information: unit, version, group, round, form, sample."""
    unit, sample = report.unit, report.sample
    unknown = words("unknown")
    validity = words.period(unit.valid_from, unit.valid_to)
    procedures = {True: "yes", False: "no", None: "unknown"}[unit.handles_procedures]
    facts = [
        (words("fact.unit"), f"{unit.name} ({unit.id})"),
        (words("fact.version"), words("fact.valid", period=validity) if validity else unknown),
        (words("fact.parent"), unit.parent or unknown),
        (words("fact.group"), words.or_raw("group", unit.group) or unknown),
        (words("fact.level"), words.or_raw("level_of_unit", unit.level) or unknown),
        (words("fact.procedures"), words(procedures)),
    ]
    if unit.lineage is not None:
        facts.append((words("fact.lineage"), words.say(unit.lineage)))
    facts.extend(round_facts(report.round, words))
    form = report.instrument
    facts.append((words("fact.instrument"), f"{words.say(form.title)} ({form.id}, {form.version})"))
    records = words.number(sample.records)
    if sample.served is None or sample.minimum is None:
        facts.append((words("fact.sample"), words("fact.sample.unknown", records=records)))
    else:
        verdict = words("sample.enough" if sample.sufficient else "sample.short")
        known = words(
            "fact.sample.known",
            minimum=words.number(sample.minimum),
            records=records,
            verdict=verdict,
            served=words.number(sample.served),
            margin=words.percent(sample.margin, 0),
        )
        facts.append((words("fact.sample"), known))
    return facts


def _summary(report: UnitReport, words: Words) -> Iterator[Block]:
    sentences = unit_summary(report, words)
    label = severity_label(words, report.severity)
    yield Verdict(sentences, level(report.severity), label, tuple(map(words, LEADS)))
    flagged = len(report.appendix.flagged)
    firm = not (report.firmness and report.firmness.tier_open)
    yield tiles(words, report.result, noun(report.round), flagged=flagged, firm=firm)
    result = report.result
    if None not in (result.as_received.value, result.bound_low.value, result.bound_high.value):
        labels = [words(f"figure.{key}") for key in ("received", "reviewed", "bounds")]
        title, describe = words("chart.bounds"), sentences[2]
        svg = charts.bounds(result, labels, title, describe, lambda v: words.percent(v, 1))
        plot = Plot(
            "bar",
            (*labels[:2], words("plot.lowest"), words("plot.highest")),
            (
                Series(
                    words("col.value"),
                    (
                        result.as_received.value,
                        result.after_review.value,
                        result.bound_low.value,
                        result.bound_high.value,
                    ),
                ),
            ),
        )
        yield Chart(svg, title, describe, plot=plot)
    previous = _previous(report, words)
    if previous:
        yield Text(previous, note=True)


def _previous(report: UnitReport, words: Words) -> str:
    before, after = report.result.previous, report.result.after_review.value
    if before is None:
        return ""
    value = before.standing.value
    text = words("previous", label=before.label) + " "
    text += words("none") if value is None else words.percent(value)
    place = standing(words, before.standing, before.ranked_units)
    if place:
        text += f" ({place})"
    if not before.comparable:
        text += ". " + words("previous.not_comparable")
        if before.note is not None:
            text += f": {words.say(before.note)}"
    elif value is not None and after is not None:
        text += "; " + words("previous.change", change=change(words, after - value))
    return text + "."


def _advice(report: UnitReport, words: Words) -> Iterator[Block]:
    yield Heading(f"8. {words('heading.innocent')}")
    lines = innocent(report, words)
    if lines:
        yield Text(words("innocent.lead"), lead=True)
        yield listed(lines)
    else:
        yield Text(words("innocent.missing"))
    yield Heading(f"9. {words('heading.advice')}")
    advice = recommendations(report, words)
    yield listed(advice, numbered=True) if advice else Text(words("advice.none"))


def flagged_part(flagged: Sequence[FlaggedForm], words: Words) -> Iterator[Block]:
    """The list of flagged forms, the most serious first."""
    yield Heading(words("appendix.flagged"), 3)
    if not flagged:
        yield Text(words("appendix.flagged.none"))
        return
    yield flagged_table(flagged[:LISTED_FORMS], words)
    if len(flagged) > LISTED_FORMS:
        yield Text(words.count("appendix.more", len(flagged) - LISTED_FORMS), note=True)


def flagged_table(flagged: Sequence[FlaggedForm], words: Words) -> Table:
    """Forms with their signs, severity and where their review stands."""
    columns = (
        Column(words("col.no"), right=True, weight=0.65),
        Column(words("col.label"), weight=1.6, head=True),
        Column(words("col.place"), weight=0.9),
        Column(words("col.signs"), weight=4.2),
        Column(words("col.severity"), weight=1.0),
        Column(words("col.status"), weight=1.4),
    )
    lines = []
    for place, form in enumerate(flagged, start=1):
        where = " / ".join(
            part for part in ("" if form.page is None else str(form.page), form.item or "") if part
        )
        status = words("status.open") if form.status is None else words.say(form.status)
        lines.append(
            (
                number(words, place),
                plain(form.label),
                plain(where),
                plain("\n".join(words.say(sign) for sign in form.signs)),
                severity_cell(words, form.severity),
                plain(status),
            )
        )
    return Table(words("appendix.flagged"), columns, tuple(lines))
