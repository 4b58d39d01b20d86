"""Sentences that a report says about its own numbers.

Pure functions from view objects to text in one language: the summary of three to five
sentences, the innocent explanations and the recommendations that follow from what was
seen. Renderers of every format use the same words. None of them says fraud; each says
what was counted, on how many forms, and what could not be judged.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from detectors.finding import Message, Severity
from reports.locale import LANGUAGES, Text, catalogue, in_both, load_text
from reports.views import (
    LOW_N,
    MINIMUM_CELL,
    Result,
    RoundIdentity,
    RoundReport,
    Sign,
    SignCount,
    Standing,
    UnitReport,
)

__all__ = [
    "change",
    "innocent",
    "innocent_messages",
    "kind_title",
    "noun",
    "rank_change",
    "recommendations",
    "round_summary",
    "scan_title",
    "severity_label",
    "unit_summary",
]

_KINDS = frozenset(
    str(entry.id).removeprefix("kind.")
    for entry in catalogue("vi")
    if str(entry.id).startswith("kind.")
)
_SCANS = frozenset(
    str(entry.id).removeprefix("scan.")
    for entry in catalogue("vi")
    if str(entry.id).startswith("scan.")
)


def kind_title(kind: str) -> Message:
    """Name of a kind of sign; a kind without one stands as it is."""
    return in_both(f"kind.{kind}") if kind in _KINDS else Message(kind, kind)


def scan_title(scan_class: str) -> Message:
    """Name of a kind of scan; one without a name stands as it is."""
    if scan_class not in _SCANS:
        return Message(scan_class, scan_class)
    return in_both(f"scan.{scan_class}")


def severity_label(text: Text, severity: Severity | None) -> str:
    """The severity in words; ``None`` is "could not be judged", never green."""
    return text(f"severity.{'none' if severity is None else severity.value}")


def noun(round_: RoundIdentity) -> str:
    """Key of what is counted: paper forms, or records where a digital channel takes part."""
    return "count.form" if round_.channels == ("paper",) else "count.record"


def change(text: Text, difference: float) -> str:
    """A difference of shares in words; what rounds to nothing is "unchanged"."""
    if abs(difference) < 0.00005:
        return text("change.none")
    key = "change.up" if difference > 0 else "change.down"
    return text(key, points=text.points(difference))


def rank_change(text: Text, before: int, after: int) -> str:
    """A change of rank in words; a smaller rank is better."""
    if before == after:
        return text("rank.same")
    return text.count("rank.up" if after < before else "rank.down", abs(before - after))


def unit_summary(report: UnitReport, text: Text) -> tuple[str, ...]:
    """Three to five sentences: severity, records, value, tier and rank, main signs."""
    sentences = (
        _severity(report, text),
        _records(report, text),
        _value(report.result, noun(report.round), text),
        _tier(report.result, text),
        _signs(report, text),
    )
    return tuple(sentence for sentence in sentences if sentence)


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


def _records(report: UnitReport, text: Text) -> str:
    what, sample = noun(report.round), report.sample
    if sample.minimum is None:
        size = text("summary.sample.unknown")
    else:
        key = "summary.sample.enough" if sample.sufficient else "summary.sample.short"
        size = text(key, minimum=text.number(sample.minimum))
    return text(
        "summary.records",
        records=text.count(what, report.result.received),
        size=size,
        held=_held(report.result, what, text),
        blind=_not_judged(report.result, what, text),
    )


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


def _tier(result: Result, text: Text) -> str:
    before = _standing(result.as_received, result.ranked_units, text)
    after = _standing(result.after_review, result.ranked_units, text)
    parts: list[str] = []
    if before and after:
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
        parts.append(text("summary.tier.firm"))
    if not parts:
        return ""
    joined = "; ".join(parts)
    return joined[0].upper() + joined[1:] + "."


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
    named += [(sign.severity.rank, text.say(sign.title)) for sign in _all_signs(report)]
    if not named:
        return ""
    named.sort(key=lambda pair: -pair[0])
    listed = "; ".join(words for _, words in named[:3])
    if len(named) > 3:
        return text.count("summary.signs.more", len(named) - 3, signs=listed)
    return text("summary.signs", signs=listed)


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


def innocent(report: UnitReport, text: Text) -> tuple[str, ...]:
    """What may honestly explain the signs: of the unit, of each sign, of the round."""
    return _once(_innocent(report, text))


def innocent_messages(report: UnitReport) -> tuple[Message, ...]:
    """The same in both languages."""
    vi, en = (_innocent(report, load_text(language)) for language in LANGUAGES)
    return tuple(dict.fromkeys(Message(*pair) for pair in zip(vi, en, strict=True)))


def _innocent(report: UnitReport, text: Text) -> list[str]:
    found: list[str] = []
    if 0 < report.result.received < LOW_N:
        found.append(text("innocent.small", n=text.number(report.result.received)))
    if report.round.method_break:
        found.append(text("innocent.method", what=text.say(report.round.method_break)))
    if report.unit.lineage:
        found.append(text("innocent.lineage", what=text.say(report.unit.lineage)))
    counts = report.images.counts if report.images else ()
    if any(c.forms and c.kind in ("erasure", "overwrite") for c in counts):
        found.append(text("innocent.correction"))
    if any(c.forms and c.kind in ("cut_paste", "reuse", "duplicate") for c in counts):
        found.append(text("innocent.copy"))
    messages = [*report.innocent, *(m for s in _all_signs(report) for m in s.innocent)]
    found.extend(text.say(message) for message in messages)
    return found


def recommendations(report: UnitReport, text: Text) -> tuple[str, ...]:
    """What to do next: those that follow from the numbers, then the caller's own."""
    result, what = report.result, noun(report.round)
    flagged = report.appendix.flagged
    red = sum(form.severity is Severity.RED for form in flagged)
    orange = sum(form.severity is Severity.ORANGE for form in flagged)
    found: list[str] = []
    if report.severity is None:
        found.append(text("advice.blind"))
    if result.held:
        found.append(text("advice.hold", records=text.count(what, result.held)))
    if red:
        found.append(text("advice.verify.red", records=text.count(what, red)))
    if orange:
        found.append(text("advice.verify.orange", records=text.count(what, math.ceil(orange / 5))))
    if result.scored:
        sample = min(result.scored, max(5, min(50, math.ceil(result.scored / 20))))
        found.append(text("advice.verify.random", records=text.count(what, sample)))
    if report.severity in (Severity.RED, Severity.ORANGE):
        found.append(text("advice.explain"))
    if any(row.unaccounted or row.unsorted or row.notes for row in report.custody or ()):
        found.append(text("advice.custody"))
    if result.not_judged:
        found.append(text("advice.rescan", records=text.count(what, result.not_judged)))
    if result.tier_firm is False:
        found.append(text("advice.tier"))
    if report.sample.sufficient is False:
        found.append(text("advice.sample"))
    found.extend(text.say(message) for message in report.recommendations)
    return _once(found)


def _all_signs(report: UnitReport) -> Sequence[Sign]:
    sections = (report.statistics, report.digital)
    return [sign for section in sections if section for sign in section.signs]


def _once(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(texts))
