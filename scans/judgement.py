"""From what the checks of a page answer to its suspicion, flag, severity and findings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache

from detectors.finding import Family, Finding, Severity
from detectors.registry import Level, discover
from scans.reference import Reference
from scans.types import PageResult, ScanClass

__all__ = ["Weighed", "among", "fuse", "weigh"]

_SMALLEST_P = 1e-12


@dataclass(frozen=True, slots=True)
class Weighed:
    """What all checks of one page say together.

    Attributes:
        p_value: How often an honest page speaks this loud; ``None`` where no check of the
            image could judge: what a file says about itself clears no page.
        findings: Signs to show. On a page that honest pages equal too often only leads: a
            sign that does not count would only colour the eye of whoever looks.
    """

    p_value: float | None
    findings: tuple[Finding, ...]


def weigh(
    reference: Reference | None,
    scan_class: ScanClass,
    p_values: Mapping[str, float],
    findings: Sequence[Finding],
    false_flag_rate: float,
) -> Weighed:
    """Fuse the checks of one page.

    Args:
        reference: Honest distributions; ``None`` while they are learned.
        scan_class: Of the page.
        p_values: Check id -> honest p-value of the page's worst place.
        findings: Every place with a p-value of at most the accepted rate; leads, whose
            p-value is above it; and broken rules, which have none.
        false_flag_rate: Share of honest pages that may be flagged, in (0, 1).

    Returns:
        The page's p-value, leads and broken rules, and on a page that exceeds the rate the
        signs of checks that would carry the flag alone, and the clearest of the check that
        adds most.
    """
    always = tuple(f for f in findings if f.p_value is None or f.p_value > false_flag_rate)
    if reference is None or not any(_of_the_image(check) for check in p_values):
        return Weighed(None, always)
    p_page = reference.page_p_value(scan_class, p_values)
    if p_page > false_flag_rate:
        return Weighed(p_page, always)
    parts = reference.parts(p_values)
    signs = [f for f in findings if f.p_value is not None and f.p_value <= false_flag_rate]
    speaking = {f.detector for f in signs}
    loudest = max(speaking, key=lambda check: parts.get(check, 0.0), default=None)
    share = false_flag_rate / len(p_values)
    clearest = min((f for f in signs if f.detector == loudest), key=_p_of, default=None)
    # Where one place is beyond doubt, others like it are worth a look: sheets are altered in
    # more than one row.
    sure = {f.detector for f in signs if _p_of(f) <= share}
    shown = [f for f in signs if f.detector in sure or f is clearest]
    if not shown:
        # No single place stands out: there is nothing to show, so there is no flag.
        return Weighed(max(p_page, min(1.0, 1.01 * false_flag_rate)), always)
    return Weighed(p_page, (*always, *shown))


@cache
def _of_the_image(check: str) -> bool:
    known = discover(Level.PAGE).get(check)
    return known is None or known.info.family is Family.IMAGE


def _p_of(finding: Finding) -> float:
    return 0.0 if finding.p_value is None else finding.p_value


def fuse(
    result: PageResult,
    findings: Sequence[Finding],
    p_alone: float | None,
    false_flag_rate: float,
) -> PageResult:
    """Set suspicion, flag and severity of a read page from all that was found on it.

    Suspicion is one minus the page's p-value, so it orders pages by how rare they are. A
    finding without a p-value is a rule that is broken and flags by itself; a likeness to
    another page was corrected for all pairs already and stands by itself.

    Args:
        result: The page.
        findings: What is shown on it, likenesses to other pages among them.
        p_alone: The p-value of the page judged alone; ``None`` where it could not be judged:
            then it is neither flagged nor clean, unless a rule or a likeness flags it.
        false_flag_rate: Share of honest pages that may be flagged, in (0, 1).
    """
    rule = any(f.p_value is None for f in findings)
    pairs = [f.p_value for f in findings if f.matches and f.p_value is not None]
    p_page = max(_SMALLEST_P, min([1.0 if p_alone is None else p_alone, *pairs]))
    flagged = rule or p_page <= false_flag_rate
    kept = tuple(sorted(findings, key=lambda f: (-f.severity.rank, f.p_value or 0.0, f.detector)))
    if p_alone is None and not flagged:
        return replace(result, suspicion=None, flagged=None, severity=None, findings=kept)
    severity = Severity.worst([f.severity for f in kept])
    if flagged and severity is Severity.GREEN:
        severity = Severity.YELLOW
    return replace(
        result,
        suspicion=1.0 if rule else round(1.0 - p_page, 12),
        flagged=flagged,
        severity=severity,
        findings=kept,
    )


def among(
    result: PageResult,
    matches: Sequence[Finding],
    missing: Mapping[str, str],
    false_flag_rate: float,
) -> PageResult:
    """What a page is beside the others that it came with.

    Args:
        result: The page judged alone.
        matches: Signs of checks that look at pages together.
        missing: Check id -> why it cannot judge this page after all. Its signs are taken
            back; a page that was flagged by nothing else is then not judged, and not clean.
        false_flag_rate: Share of honest pages that may be flagged, in (0, 1).
    """
    if not matches and not missing:
        return result
    kept = tuple(f for f in result.findings if f.detector not in missing)
    p_alone = None if result.suspicion is None else 1.0 - result.suspicion
    if p_alone is not None and len(kept) < len(result.findings):
        # How rare the rest is was not worked out: no rarer than what is flagged.
        flags = any(f.p_value is None or f.p_value <= false_flag_rate for f in kept)
        p_alone = max(p_alone, false_flag_rate) if flags else None
    fused = fuse(result, (*kept, *matches), p_alone, false_flag_rate)
    return replace(fused, not_assessable={**result.not_assessable, **missing})
