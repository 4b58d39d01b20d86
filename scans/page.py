"""One page from pixels to a judgement: quality, code, registration, marks, checks.

What cannot be done ends in a status with its reason; nothing is guessed and a page that
was not judged is never shown as clean.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from detectors.finding import Finding
from detectors.instrument import Instrument, Page, Value
from detectors.registry import Level, discover
from scans.fingerprint import Fingerprint, fingerprint
from scans.judgement import fuse, weigh
from scans.measure.boxes import measure_boxes
from scans.read.beyond import ink_beyond
from scans.read.circles import Circle, circled, find_circles, without_circles
from scans.read.codes import read_code
from scans.read.marks import read_marks
from scans.read.over_lines import without_slivers
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

__all__ = ["PageOutcome", "answers_of", "check_page", "failed_page", "view_of"]


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
        false_flag_rate: Share of honest pages that may be flagged, in (0, 1).
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
    patches = without_slivers(patches, ink)
    beyond = ink_beyond(raw.image, laid, template, ink, patches, circled(circles))
    shades = raw.scan_class is not ScanClass.BITONAL
    return PageView(
        raw=raw,
        instrument=instrument,
        template=template,
        registration=laid,
        ink=ink,
        patches=patches,
        readings=read_marks(ink, patches, instrument, circles, around=beyond, shades=shades),
        reference=reference,
        false_flag_rate=false_flag_rate,
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
    p_values: dict[str, float] = {}
    for check_id, check in discover(Level.PAGE).items():
        answer = check.assess(view)
        if 0 in answer.not_assessable:
            missing[check_id] = answer.not_assessable[0]
            continue
        scores[check_id] = float(answer.scores[0])
        if np.isfinite(answer.p_values[0]):
            p_values[check_id] = float(answer.p_values[0])
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
    weighed = weigh(view.reference, raw.scan_class, p_values, findings, false_flag_rate)
    result = fuse(result, weighed.findings, weighed.p_value, false_flag_rate)
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
