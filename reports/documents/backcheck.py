"""The report of back-checks (báo cáo hậu kiểm): what those said who were asked again."""

from __future__ import annotations

from collections.abc import Iterator

from reports.documents.blocks import Block, Cell, Column, Document, Facts, Heading, Table, Text
from reports.documents.official import official, signatures
from reports.documents.parts import listed, number, plain, share, shares
from reports.locale import Text as Words
from reports.locale import load_text
from reports.views.backcheck import ArmResult, BackcheckReport, ShareRange
from reports.views.measures import suppress
from reports.views.papers import BackcheckPaper

__all__ = ["backcheck_document"]


def backcheck_document(view: BackcheckPaper, language: str) -> Document:
    """The report of one draw.

    Raises:
        UsageError: If the language is not known.
    """
    words = load_text(language)
    report = view.report
    confidence = words.percent(report.confidence, 0)
    precision = words.percent(report.precision, 0)
    blocks: list[Block] = [
        Heading(f"1. {words('backcheck.draw')}"),
        Facts(
            (
                (words("backcheck.number"), words.number(report.number)),
                (words("backcheck.seed"), report.seed),
                (words("backcheck.drawn_at"), words.moment(report.drawn_at)),
                (words("fact.instrument"), report.instrument_id),
            )
        ),
        Facts(((words("backcheck.population"), report.population_sha256),), code=True),
        Heading(f"2. {words('backcheck.arms')}"),
        _arms(view, words),
        Text(words("backcheck.arms.note", confidence=confidence), note=True),
        Text(words(f"backcheck.flags.{report.flags}", precision=precision)),
        Text(words("backcheck.tell" if report.flags_tell else "backcheck.tell.open")),
        Heading(f"3. {words('backcheck.tiers')}"),
        *_tiers(view, words),
        Heading(f"4. {words('backcheck.escalate')}"),
        *_escalate(view, words),
        Text(words(f"backcheck.{_ending(report)}")),
        signatures(words, "paper.sign.maker", "paper.sign.approver"),
    ]
    return official(words, "backcheck", "BC", view.provenance, view.round, blocks, broad=True)


def _ending(report: BackcheckReport) -> str:
    if report.enough:
        return "enough"
    return "exhausted" if report.exhausted else "more"


def _arms(view: BackcheckPaper, words: Words) -> Table:
    columns = (
        Column(words("backcheck.arm"), weight=2.2, head=True),
        *(
            Column(words(f"backcheck.{key}"), right=True)
            for key in ("of", "drawn", "stands", "altered", "unclear", "missing", "open")
        ),
        Column(words("backcheck.share"), right=True, weight=1.1),
        Column(words("col.interval"), right=True, weight=1.6),
        Column(words("backcheck.worst"), right=True, weight=1.6),
    )
    return Table(
        words("backcheck.arms"), columns, tuple(_arm(arm, words) for arm in view.report.arms)
    )


def _arm(arm: ArmResult, words: Words) -> tuple[Cell, ...]:
    counts = (
        *(arm.population, arm.drawn, arm.stands, arm.altered),
        *(arm.unclear, arm.missing, arm.open),
    )
    return (
        plain(words(f"backcheck.arm.{arm.arm}")),
        *(number(words, count) for count in counts),
        share(words, arm.share.value),
        plain(_range(arm.anytime, words)),
        plain(_range(arm.worst, words)),
    )


def _range(range_: ShareRange, words: Words) -> str:
    return shares(words, range_.low, range_.high)


def _tiers(view: BackcheckPaper, words: Words) -> Iterator[Block]:
    if not view.report.tiers:
        yield Text(words("backcheck.tiers.none"))
        return
    names, tiers = dict(view.unit_names), dict(view.tier_names)
    columns = (
        Column(words("col.unit"), weight=2.2, head=True),
        Column(words("col.tier"), weight=1.3),
        Column(words("col.value"), right=True),
        Column("n", right=True, weight=0.7),
        Column(words("backcheck.asked"), right=True),
        Column(words("backcheck.altered"), right=True),
        Column(words("backcheck.risk"), right=True),
        Column(words("backcheck.left"), right=True),
        Column(words("backcheck.verdict"), weight=1.4),
    )
    lines = []
    for tier in view.report.tiers:
        name = tiers.get(tier.tier or "")
        shown = share(words, tier.value)
        if suppress(tier.records):
            shown = Cell(words("suppressed.short"))
        verdict = "backcheck.sure" if tier.enough else "backcheck.unsure"
        lines.append(
            (
                plain(names.get(tier.unit_id, tier.unit_id)),
                plain(words("none") if name is None else words.say(name)),
                shown,
                number(words, tier.records),
                number(words, tier.asked),
                number(words, tier.altered),
                share(words, tier.risk),
                number(words, tier.more),
                plain(words(verdict)),
            )
        )
    yield Table(words("backcheck.tiers"), columns, tuple(lines))
    limit = words.percent(view.report.risk_limit, 0)
    yield Text(words("backcheck.tiers.note", limit=limit), note=True)


def _escalate(view: BackcheckPaper, words: Words) -> Iterator[Block]:
    rows = view.report.escalate
    if not rows:
        yield Text(words("backcheck.escalate.none"))
        return
    names = dict(view.unit_names)
    yield listed(
        [
            words(
                f"backcheck.escalate.{row.kind}",
                name=names.get(row.name, row.name),
                altered=words.number(row.altered),
                asked=words.number(row.asked),
            )
            for row in rows
        ]
    )
