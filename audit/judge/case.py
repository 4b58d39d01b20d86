"""Findings gathered into cases: one a record, one a unit, one a page that is in no record.

A case rests on its findings and on the reasons why a record could not be judged; its
evidence hash changes when a sign comes or goes, not when a p-value moves, so that a
decision stays good until there is something new to see.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from detectors.finding import Finding, Severity

__all__ = ["Case", "evidence_hash", "record_case", "unit_case"]


@dataclass(frozen=True, slots=True)
class Case:
    """Something that a person decides on.

    Attributes:
        subject: ``record``, ``unit`` or ``page``.
        subject_id: Record id, unit id, or file and page.
        unit_id: The unit concerned, if known.
        severity: Worst of its findings; orange where only reasons are there.
        holds: Whether the record stays out of the score while the case is open.
        evidence: Hash of what it rests on.
        reasons: Why the record cannot be scored as it stands; codes.
    """

    subject: str
    subject_id: str
    unit_id: str | None
    severity: Severity
    holds: bool
    evidence: str
    reasons: tuple[str, ...] = ()


def evidence_hash(findings: Iterable[Finding], reasons: Sequence[str]) -> str:
    """Hash of which signs and reasons there are, without their numbers."""
    signs = sorted(
        [f.detector, f.kind, f.item or "", f.field or "", f.severity.value] for f in findings
    )
    text = json.dumps([signs, sorted(set(reasons))], ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def record_case(
    record_id: str,
    unit_id: str | None,
    findings: Sequence[Finding],
    reasons: Sequence[str],
    *,
    flagged: bool,
    subject: str = "record",
) -> Case | None:
    """The case of one record (or page); ``None`` where there is nothing to look at.

    A record is held where it is flagged (a page or table check says that it exceeds the
    accepted false-flag rate), where a sign is orange or red, or where it could not be
    judged. A yellow sign alone is looked at when there is time and holds nothing.
    """
    if not findings and not reasons and not flagged:
        return None
    severity = Severity.worst([f.severity for f in findings])
    serious = severity.rank >= Severity.ORANGE.rank
    holds = bool(flagged or reasons or serious)
    if holds and not serious:
        severity = Severity.ORANGE if reasons else Severity.YELLOW
    return Case(
        subject=subject,
        subject_id=record_id,
        unit_id=unit_id,
        severity=severity,
        holds=holds,
        evidence=evidence_hash(findings, [*reasons, *(["flagged"] if flagged else [])]),
        reasons=tuple(sorted(set(reasons))),
    )


def unit_case(unit_id: str, findings: Sequence[Finding]) -> Case | None:
    """The case of one unit. It asks for verification and holds no record by itself."""
    if not findings:
        return None
    return Case(
        subject="unit",
        subject_id=unit_id,
        unit_id=unit_id,
        severity=Severity.worst([f.severity for f in findings]),
        holds=False,
        evidence=evidence_hash(findings, ()),
    )


def by_subject(findings: Iterable[Finding], attribute: str) -> Mapping[str, list[Finding]]:
    """Findings by ``record_id`` or ``unit_id``, those without one left out."""
    groups: dict[str, list[Finding]] = {}
    for finding in findings:
        subject = getattr(finding, attribute)
        if subject is not None:
            groups.setdefault(subject, []).append(finding)
    return groups
