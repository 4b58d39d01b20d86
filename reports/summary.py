"""The summary of a report: three to five sentences about its own numbers.

Pure functions from view objects to text in one language; renderers of every format use the
same words. None says fraud; each says what was counted, on how many forms, and what could
not be judged.
"""

from __future__ import annotations

from detectors.finding import Severity
from reports.advice import recommendations
from reports.locale import Text
from reports.views import (
    MINIMUM_CELL,
    Result,
    RoundReport,
    SignCount,
    Standing,
    UnitReport,
)
from reports.wording import change, noun, rank_change, signs_of

__all__ = ["LEADS", "round_summary", "unit_summary"]

LEADS = ("lead.found", "lead.sure", "lead.effect", "lead.next", "lead.blind")
"""What each sentence of a unit's summary answers, as keys of the catalogue."""

_FIRST = 2  # recommendations told on the first page


def unit_summary(report: UnitReport, text: Text) -> tuple[str, ...]:
    """What a stranger has to know of a unit, one sentence for each of :data:`LEADS`.

    What was found, how sure that is, what it changes, what has to be done next, and what
    could not be judged.
    """
    return (
        _found(report, text),
        _sure(report, text),
        _effect(report, text),
        _next(report, text),
        _blind(report, text),
    )


def round_summary(report: RoundReport, text: Text) -> tuple[str, ...]:
    """Three to five sentences over all units."""
    rows, result, what = report.units, report.result, noun(report.round)
    urgent = sum(row.severity in (Severity.RED, Severity.ORANGE) for row in rows)
    blind = sum(row.severity is None for row in rows)
    open_tiers = sum(row.tier_open for row in rows)
    first = text(
        "round.summary.records",
        units=text.count("count.unit", len(rows)),
        records=text.count(what, result.received),
        held=_held(result, what, text),
        blind=_not_judged(result, what, text),
    )
    sentences = [first, _value(result, what, text)]
    if urgent:
        sentences.append(text("round.summary.urgent", units=text.count("count.unit", urgent)))
    elif rows and blind < len(rows):
        sentences.append(text("round.summary.calm"))
    if blind:
        sentences.append(text("round.summary.blind", units=text.count("count.unit", blind)))
    if open_tiers:
        sentences.append(text("round.summary.tier", units=text.count("count.unit", open_tiers)))
    return tuple(sentence for sentence in sentences if sentence)


def _found(report: UnitReport, text: Text) -> str:
    said = _severity(report, text)
    signs = _signs(report, text)
    return text("summary.found", severity=said.rstrip("."), signs=signs) if signs else said


def _sure(report: UnitReport, text: Text) -> str:
    """How many forms there are, and how many honest ones would be flagged among so many."""
    what, sample, rate = noun(report.round), report.sample, report.false_flag_rate
    if sample.minimum is None:
        size = text("summary.sample.unknown")
    else:
        key = "summary.sample.enough" if sample.sufficient else "summary.sample.short"
        size = text(key, minimum=text.number(sample.minimum))
    received = report.result.received
    records = text("summary.records", records=text.count(what, received), size=size)
    if rate is None or not received:
        return text("summary.sure.plain", records=records)
    return text(
        "summary.sure",
        records=records,
        rate=text.percent(rate, 0 if rate >= 0.01 else 1),
        expected=text.number(rate * received, 1),
    )


def _effect(report: UnitReport, text: Text) -> str:
    value = _value(report.result, noun(report.round), text)
    tier = _tier(report, text)
    return text("summary.effect", value=value.rstrip("."), tier=tier) if tier else value


def _next(report: UnitReport, text: Text) -> str:
    """The first recommendations; all of them stand in section 9."""
    advice = [line.rstrip(".") for line in recommendations(report, text)]
    if not advice:
        return text("summary.next.none")
    parts = [advice[0], *(line[0].lower() + line[1:] for line in advice[1:_FIRST])]
    key = "summary.next.more" if len(advice) > _FIRST else "summary.next"
    return text(key, advice="; ".join(parts))


def _blind(report: UnitReport, text: Text) -> str:
    """Records, checks and papers that nothing could judge."""
    what, blind = noun(report.round), []
    if report.result.not_judged:
        blind.append(text("summary.judged.not", records=text.count(what, report.result.not_judged)))
    sections = (report.images, report.statistics, report.digital)
    checks = {
        text.say(entry.what) for section in sections if section for entry in section.not_judged
    }
    if checks:
        blind.append(text.count("summary.blind.checks", len(checks)))
    if report.images is None:
        blind.append(text("summary.blind.images"))
    if report.statistics is None:
        blind.append(text("summary.blind.statistics"))
    if report.custody is None:
        blind.append(text("summary.blind.custody"))
    if not blind:
        return text("summary.blind.nothing")
    return text("summary.blind.list", blind="; ".join(blind))


def _severity(report: UnitReport, text: Text) -> str:
    reason = text.say(report.severity_reason).rstrip(". ") if report.severity_reason else ""
    if report.severity is None:
        return text("summary.blind", reason=reason or text("unknown.reason"))
    if report.severity is Severity.GREEN:
        return text("summary.green")
    level = text(f"level.{report.severity.value}").lower()
    if reason:
        return text("summary.severity.reason", level=level, reason=reason)
    return text("summary.severity", level=level)


def _held(result: Result, what: str, text: Text) -> str:
    if not result.held:
        return text("summary.held.none")
    return text("summary.held", records=text.count(what, result.held))


def _not_judged(result: Result, what: str, text: Text) -> str:
    if not result.not_judged:
        return text("summary.judged.all")
    return text("summary.judged.not", records=text.count(what, result.not_judged))


def _value(result: Result, what: str, text: Text) -> str:
    before, after = result.as_received.value, result.after_review.value
    low, high = result.bound_low.value, result.bound_high.value
    if result.suppressed:
        return text("summary.value.small", minimum=text.number(MINIMUM_CELL))
    if before is None:
        return text("summary.value.missing")
    if after is None:
        return text("summary.value.unreviewed", before=text.percent(before))
    if low is None or high is None:
        key = "summary.value.plain"
        return text(
            key,
            before=text.percent(before),
            after=text.percent(after),
            change=change(text, after - before),
        )
    if high - low < 0.00005 and abs(after - before) < 0.00005:
        return text("summary.value.same", before=text.percent(before))
    return text(
        "summary.value",
        before=text.percent(before),
        after=text.percent(after),
        change=change(text, after - before),
        low=text.percent(low),
        high=text.percent(high),
        records=text.count(what, result.held),
    )


def _tier(report: UnitReport, text: Text) -> str:
    result, firm = report.result, report.firmness
    before = _standing(result.as_received, result.ranked_units, text)
    after = _standing(result.after_review, result.ranked_units, text)
    parts: list[str] = []
    if before and before == after:
        parts.append(text("summary.standing.same", before=before))
    elif before and after:
        moved = ""
        if result.as_received.rank is not None and result.after_review.rank is not None:
            words = rank_change(text, result.as_received.rank, result.after_review.rank)
            moved = f" ({words})"
        parts.append(text("summary.standing", before=before, after=after, moved=moved))
    elif before:
        parts.append(text("summary.standing.received", before=before))
    if result.tier_firm is False:
        low, high = result.bound_low.tier, result.bound_high.tier
        if low is not None and high is not None and low != high:
            tiers = {"low": text.say(low), "high": text.say(high)}
            parts.append(text("summary.tier.open.between", **tiers))
        else:
            parts.append(text("summary.tier.open"))
    elif result.tier_firm:
        key = "summary.tier.sampling" if firm and firm.tier_open else "summary.tier.firm"
        parts.append(text(key))
    if not parts:
        return ""
    return "; ".join(parts)


def _standing(standing: Standing, of: int | None, text: Text) -> str:
    words = []
    if standing.tier is not None:
        words.append(text.say(standing.tier))
    if standing.rank is not None:
        words.append(text.rank(standing.rank, of))
    return ", ".join(words)


def _signs(report: UnitReport, text: Text) -> str:
    sections = ((report.images, "count.form"), (report.statistics, noun(report.round)))
    named = [
        (count.severity.rank, _count_words(count, what, text))
        for section, what in sections
        for count in (section.counts if section else ())
        if count.forms
    ]
    named += [(sign.severity.rank, text.say(sign.title)) for sign in signs_of(report)]
    if not named:
        return ""
    named.sort(key=lambda pair: -pair[0])
    listed = "; ".join(words for _, words in named[:3])
    if len(named) > 3:
        return text.count("summary.signs.more", len(named) - 3, signs=listed)
    return listed


def _count_words(count: SignCount, what: str, text: Text) -> str:
    values = {
        "kind": text.say(count.title),
        "forms": text.number(count.forms),
        "records": text.count(what, count.judged),
    }
    if count.rate is None:
        return text("summary.sign.few", **values)
    values["rate"] = text.percent(count.rate)
    if count.force_rate is None:
        return text("summary.sign.count", **values)
    return text("summary.sign.force", force=text.percent(count.force_rate), **values)
