"""One page from pixels to a judgement: quality, code, registration, marks, checks.

What cannot be done ends in a status with its reason; nothing is guessed and a page that
was not judged is never shown as clean.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from detectors.finding import Finding, Severity
from detectors.instrument import Instrument, Page, Value
from detectors.registry import Level, discover
from scans.fingerprint import Fingerprint, fingerprint
from scans.measure.boxes import measure_boxes
from scans.read.circles import Circle, circled, find_circles, without_circles
from scans.read.codes import read_code
from scans.read.marks import read_marks
from scans.reference import Reference
from scans.register import register
from scans.source import PageError, refuse
from scans.template import load_templates
from scans.types import (
    BoxReading,
    MarkState,
    PageResult,
    RawPage,
    Refusal,
    Registration,
    ScanClass,
    Status,
)
from scans.view import PageView

__all__ = ["PageOutcome", "answers_of", "check_page", "failed_page", "fuse", "view_of"]


@dataclass(frozen=True, slots=True)
class PageOutcome:
    """What a worker hands back about one page.

    Attributes:
        result: The page, judged alone.
        fingerprint: For comparing it with other pages; ``None`` when not read.
        scores: Check id -> raw score, for learning a reference.
    """

    result: PageResult
    fingerprint: Fingerprint | None = None
    scores: Mapping[str, float] | None = None


def failed_page(error: PageError) -> PageOutcome:
    """A page that could not even be decoded."""
    return PageOutcome(PageResult(error.origin, Status.NOT_CHECKED, error.reason))


def check_page(
    raw: RawPage,
    instrument: Instrument,
    *,
    reference: Reference | None,
    false_flag_rate: float = 0.01,
) -> PageOutcome:
    """Read and judge one page.

    Args:
        raw: The decoded page.
        instrument: The form it should be.
        reference: Honest distributions; ``None`` to measure only, without p-values.
        false_flag_rate: Share of honest pages that may be flagged, in (0, 1).
    """
    view = view_of(raw, instrument, reference=reference, false_flag_rate=false_flag_rate)
    if isinstance(view, Refusal):
        return _refused(raw, view)
    return _judge(view, false_flag_rate)


def view_of(
    raw: RawPage,
    instrument: Instrument,
    *,
    reference: Reference | None,
    false_flag_rate: float = 0.01,
) -> PageView | Refusal:
    """What a page check is given: the page registered, measured and read.

    Args:
        raw: The decoded page.
        instrument: The form it should be.
        reference: Honest distributions; ``None`` to measure only, without p-values.
        false_flag_rate: Share of honest pages that may be flagged, in (0, 1); each check
            gets its part of it.
    """
    reason = refuse(raw, raw.quality)
    if reason is not None:
        return Refusal(Status.UNREADABLE, reason)
    templates = load_templates(instrument)
    if not templates:
        return Refusal(Status.NOT_CHECKED, f"instrument {instrument.id} has no paper page")
    laid = register(raw, templates)
    if isinstance(laid, Refusal):
        return laid
    template = next(t for t in templates if t.page.number == laid.form_page)
    ink, patches = measure_boxes(raw.image, laid, template)
    circles: dict[int, Circle] = {}
    if instrument.marks.correction == "circle":
        circles = find_circles(raw.image, laid, template, ink, patches)
        patches = without_circles(patches, circled(circles))
    shades = raw.scan_class is not ScanClass.BITONAL
    return PageView(
        raw=raw,
        instrument=instrument,
        template=template,
        registration=laid,
        ink=ink,
        patches=patches,
        readings=read_marks(ink, patches, instrument, circles, shades=shades),
        reference=reference,
        # Each check may err on its share only, so that a page errs at the accepted rate.
        false_flag_rate=false_flag_rate / max(1, len(discover(Level.PAGE))),
    )


def _refused(raw: RawPage, refusal: Refusal) -> PageOutcome:
    result = PageResult(
        raw.origin,
        refusal.status,
        refusal.reason,
        scan_class=raw.scan_class,
        quality=dict(raw.quality),
    )
    return PageOutcome(result)


def _judge(view: PageView, false_flag_rate: float) -> PageOutcome:
    raw, laid = view.raw, view.registration
    findings: list[Finding] = []
    missing: dict[str, str] = {}
    scores: dict[str, float] = {}
    p_values: list[float] = []
    for check_id, check in discover(Level.PAGE).items():
        answer = check.assess(view)
        if 0 in answer.not_assessable:
            missing[check_id] = answer.not_assessable[0]
            continue
        scores[check_id] = float(answer.scores[0])
        if np.isfinite(answer.p_values[0]):
            p_values.append(float(answer.p_values[0]))
        findings.extend(answer.findings)
    result = PageResult(
        origin=raw.origin,
        status=Status.READ,
        reason=None,
        form_page=laid.form_page,
        serial=_serial(raw, view.template.page, laid),
        readings=view.readings,
        not_assessable=missing,
        scan_class=raw.scan_class,
        residual_mm=laid.residual_mm,
        quality=dict(raw.quality),
    )
    result = fuse(result, tuple(findings), p_values, false_flag_rate)
    kept = fingerprint(view, answers_of(view.readings))
    return PageOutcome(result, kept, scores)


def _serial(raw: RawPage, page: Page, laid: Registration) -> str | None:
    if page.code is None:
        return None
    reading = read_code(raw.image, expect=page.code, to_px=laid.to_px)
    return None if reading is None else reading.serial


def answers_of(readings: tuple[BoxReading, ...]) -> dict[str, tuple[Value, ...]]:
    """Values marked per item, in the order of the form; an empty tuple is a blank."""
    answers: dict[str, list[Value]] = {}
    for reading in readings:
        values = answers.setdefault(reading.item, [])
        if reading.state is MarkState.MARKED:
            values.append(reading.value)
    return {item: tuple(values) for item, values in answers.items()}


def fuse(
    result: PageResult,
    findings: tuple[Finding, ...],
    p_values: list[float],
    false_flag_rate: float,
) -> PageResult:
    """Set suspicion, flag and severity of a read page from all that was found on it.

    Suspicion is one minus the Sidak p-value of the page's smallest p, so it orders pages
    by how rare their worst sign is. A finding without a p-value is a rule that is broken
    and flags by itself.
    """
    p_page = 1.0 - (1.0 - min(p_values, default=1.0)) ** max(1, len(p_values))
    rule = any(f.p_value is None for f in findings)
    # A likeness to another page was corrected for all pairs already and stands by itself.
    pairs = [f.p_value for f in findings if f.matches and f.p_value is not None]
    p_page = min([p_page, *pairs])
    suspicion = 1.0 if rule else 1.0 - p_page
    flagged = rule or p_page <= false_flag_rate
    kept = tuple(sorted(findings, key=lambda f: (-f.severity.rank, f.p_value or 0.0, f.detector)))
    severity = Severity.worst([f.severity for f in kept])
    if flagged and severity is Severity.GREEN:
        severity = Severity.YELLOW
    return PageResult(
        origin=result.origin,
        status=result.status,
        reason=result.reason,
        form_page=result.form_page,
        serial=result.serial,
        readings=result.readings,
        suspicion=round(max(0.0, min(1.0, suspicion)), 9),
        flagged=flagged,
        severity=severity,
        not_assessable=result.not_assessable,
        findings=kept,
        scan_class=result.scan_class,
        residual_mm=result.residual_mm,
        quality=result.quality,
    )
