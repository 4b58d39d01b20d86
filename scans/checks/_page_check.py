"""What all page checks share: from raw signs to p-values, severities and findings.

A check measures; how rare its score is among honest pages is the reference's to say.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from detectors.finding import Finding, Message, Severity
from detectors.registry import Assessment, CheckInfo
from scans.types import ScanClass
from scans.view import PageView

__all__ = ["SHADED", "NotAssessable", "PageCheck", "Sign", "Signs", "severity_of"]


SHADED = frozenset(c.value for c in ScanClass if c not in (ScanClass.BITONAL, ScanClass.RENDERED))
"""Scan classes whose pixels are those of a scanner or camera, in more than two levels."""


@dataclass(frozen=True, slots=True)
class Sign:
    """One place on the page with its score, on the scale of the page's score.

    Attributes:
        score: How loud it is.
        message: What is seen.
        item: Item that it stands in.
        field: Field that it stands in.
        box_mm: Where on the page.
        evidence: Names and values for statistics and readers.
        least_p: Its p-value never falls below this, see :class:`PageCheck`.
    """

    score: float
    message: Message
    item: str | None = None
    field: str | None = None
    box_mm: tuple[float, float, float, float] | None = None
    evidence: tuple[tuple[str, float | str], ...] = ()
    least_p: float = 0.0


@dataclass(frozen=True, slots=True)
class Signs:
    """What a check measured.

    Attributes:
        score: Of the page: its worst place, those with a ``least_p`` left out, so that what
            honest people do as well never becomes a measure of honest pages.
        places: What was seen, worst first.
        limit: What could not have been seen on this page, where that is not all; ``None``
            where all could. A page without a sign is then not clean.
    """

    score: float
    places: tuple[Sign, ...] = ()
    limit: str | None = None


@dataclass(frozen=True, slots=True)
class NotAssessable:
    """Why this page does not allow the check."""

    reason: str


def severity_of(p_value: float, false_flag_rate: float) -> Severity:
    """Orange from a hundredth, red from a thousandth of the accepted rate on; else yellow.

    A page has some twenty checks, so that a place at a hundredth of the rate is rarer
    than the flag itself.
    """
    if p_value <= false_flag_rate / 1000.0:
        return Severity.RED
    if p_value <= false_flag_rate / 100.0:
        return Severity.ORANGE
    return Severity.YELLOW


def _unable(reason: str) -> Assessment:
    nan = np.array([np.nan])
    return Assessment(nan, nan, not_assessable={0: reason})


def _unknown(scan_class: ScanClass) -> str:
    return f"no honest pages of class {scan_class.value} are known to compare with"


@dataclass(frozen=True, eq=False)
class PageCheck:
    """A check of one page, made of its description and a measuring function.

    Attributes:
        info: Who it is.
        measure: Scores a page and its places.
        least_p: Its p-values never fall below this. Above the accepted rate for what honest
            people do as well, though no honest page of a reference shows it: such a sign is a
            lead, shown in yellow; it strengthens another and flags nobody alone.
    """

    info: CheckInfo
    measure: Callable[[PageView], Signs | NotAssessable]
    least_p: float = 0.0

    def assess(self, subject: PageView | None, *, seed: int = 0) -> Assessment:
        """Judge one page; ``None`` (no page) gives an empty assessment.

        The page's p-value is that of its worst place; each place gets its own.
        Findings are the places that an honest page reaches no more often than the
        accepted false-flag rate; which of them are shown is for all checks together to
        say (:mod:`scans.judgement`).
        """
        del seed  # nothing here is random
        if subject is None:
            empty = np.empty(0)
            return Assessment(empty, empty)
        measured = self._measured(subject)
        if isinstance(measured, NotAssessable):
            return _unable(measured.reason)
        scores = np.array([measured.score])
        if subject.reference is None:
            return Assessment(scores, np.array([np.nan]))
        scan_class = subject.raw.scan_class
        p_page = subject.reference.p_value(self.info.id, scan_class, measured.score)
        if p_page is None:
            return _unable(_unknown(scan_class))
        p_page = max(p_page, self.least_p)
        findings = []
        for place in measured.places:
            p = subject.reference.p_value(self.info.id, scan_class, place.score)
            if p is not None and p <= subject.false_flag_rate:
                p = max(p, self.least_p, place.least_p)
                findings.append(self._finding(place, p, subject.false_flag_rate))
        if measured.limit is not None and not findings:
            return _unable(measured.limit)
        return Assessment(scores, np.array([p_page]), tuple(findings))

    def _measured(self, subject: PageView) -> Signs | NotAssessable:
        allowed, scan_class = self.info.valid_for, subject.raw.scan_class.value
        if allowed and scan_class not in allowed:
            return NotAssessable(f"a scan of class {scan_class} does not carry this trace")
        reference = subject.reference
        if reference is not None and not reference.knows(self.info.id, subject.raw.scan_class):
            return NotAssessable(_unknown(subject.raw.scan_class))  # nothing to measure for
        return self.measure(subject)

    def _finding(self, place: Sign, p_value: float, rate: float) -> Finding:
        return Finding(
            detector=self.info.id,
            family=self.info.family,
            kind=self.info.kind,
            score=place.score,
            p_value=p_value,
            severity=severity_of(p_value, rate),
            message=place.message,
            item=place.item,
            field=place.field,
            box_mm=place.box_mm,
            evidence=dict(place.evidence),
        )
