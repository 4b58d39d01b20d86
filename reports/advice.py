"""What may honestly explain the signs, and what to do next.

Pure functions from view objects to text in one language; renderers of every format use the
same words, and none of them says fraud.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from detectors.finding import Message, Severity
from reports.locale import LANGUAGES, Text, load_text
from reports.views import LOW_N, UnitReport
from reports.wording import noun, signs_of

__all__ = ["innocent", "innocent_messages", "recommendations"]


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
    messages = [*report.innocent, *(m for s in signs_of(report) for m in s.innocent)]
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


def _once(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(texts))
