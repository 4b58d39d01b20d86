"""From the answers of many checks to one verdict a record or a unit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detectors._combination import calibrated_smallest_p
from detectors.calibration.multiplicity import q_values, smallest_p
from detectors.finding import Family, Finding, Message, Severity
from detectors.registry import Assessment, Check

__all__ = ["FALSE_DISCOVERY_RATE", "Subjects", "Verdicts", "judge"]

FALSE_DISCOVERY_RATE = 0.05
STRONG = 0.01

# families that draw on different material; what answers and unit totals say is one source
_SOURCE: Mapping[Family, str] = {Family.ANSWERS: "answers", Family.UNIT: "answers"}


@dataclass(frozen=True, eq=False)
class Joint:
    """Checks whose p-values were calibrated together, dependence included.

    Attributes:
        names: Their ids.
        p_value: ``(n,)``: the p-value of all of them, which takes the place of theirs.
        weight: Bonferroni weight against the other checks.
    """

    names: tuple[str, ...]
    p_value: NDArray[np.float64]
    weight: float


@dataclass(frozen=True, eq=False)
class Subjects:
    """Who is judged.

    Attributes:
        ids: ``(n,)`` names; a name may occur twice.
        key: ``record_id`` or ``unit_id``: where findings carry the name.
        weights: Weight of a check in the combination; 1 where not named. A check of
            weight 0 is told and takes no part.
        order_only: Checks whose p-value is a rank among peers: they order subjects and
            never flag one.
        calibrated: Combine for p-values that are exact on honest data; else by Bonferroni.
        joint: Checks that have one p-value together.
        most_p: Largest p-value at which a subject is flagged, whatever its q-value.
    """

    ids: NDArray[np.str_]
    key: str
    weights: Mapping[str, float]
    order_only: frozenset[str] = frozenset()
    calibrated: bool = False
    joint: Joint | None = None
    most_p: float = 1.0


@dataclass(frozen=True, eq=False)
class Verdicts:
    """One verdict a subject, in their order; no severity where nothing could be tested."""

    p_value: NDArray[np.float64]
    q_value: NDArray[np.float64]
    flagged: NDArray[np.bool_]
    severity: tuple[Severity | None, ...]
    not_testable: tuple[str, ...]
    findings: tuple[Finding, ...]


def judge(
    checks: Mapping[str, Check[Any]], answers: Mapping[str, Assessment], subjects: Subjects
) -> Verdicts:
    """Combine by the smallest weighted p-value, control the false-discovery rate, grade.

    The p-value rests on all checks; the q-value on those that may flag, so that nobody is
    flagged for being the strangest of a table in which others were copied. A subject is
    flagged at q <= .05 (and p not above ``most_p``) or where a check reports a broken rule (a
    finding without p-value).
    Yellow at q <= .05, orange at q <= .01, red where two independent families report.
    Findings of subjects that are not flagged are dropped; one that is flagged by the
    combination alone gets a finding from its strongest check.
    """
    count = len(subjects.ids)
    names = list(checks)
    p_values = np.column_stack([answers[name].p_values for name in names])
    weights = np.array([subjects.weights.get(name, 1.0) for name in names])
    p = _combined(p_values, weights, names, subjects)
    may_flag = np.array([name not in subjects.order_only for name in names], dtype=bool)
    evidence = p if may_flag.all() else _combined(p_values, weights * may_flag, names, subjects)
    # who was tested by nothing that may flag takes part as one of the honest
    q = np.maximum(q_values(np.where(np.isnan(evidence) & ~np.isnan(p), 1.0, evidence)), p)
    weighted = np.full(p_values.shape, np.inf)
    np.divide(p_values, weights, out=weighted, where=(weights > 0) & may_flag)
    found: dict[str, list[Finding]] = {}
    for answer in answers.values():
        for finding in answer.findings:
            found.setdefault(str(getattr(finding, subjects.key)), []).append(finding)
    flagged = np.nan_to_num(q, nan=1.0) <= FALSE_DISCOVERY_RATE
    flagged &= np.nan_to_num(p, nan=1.0) <= subjects.most_p
    severity: list[Severity | None] = [None if np.isnan(value) else Severity.GREEN for value in p]
    kept: list[Finding] = []
    for i in range(count) if found or flagged.any() else ():
        own = found.get(str(subjects.ids[i]), [])
        broken = [finding for finding in own if finding.p_value is None]
        if not flagged[i] and not broken:
            continue
        told = own if flagged[i] else broken
        if flagged[i] and not told:
            told = [_strongest(checks, answers, names, weighted[i], i, subjects)]
        grade = _grade(float(q[i]), told)
        flagged[i] = True
        severity[i] = grade
        kept.extend(replace(finding, severity=grade) for finding in told)
    return Verdicts(
        p_value=p,
        q_value=q,
        flagged=flagged,
        severity=tuple(severity),
        not_testable=_reasons(answers, p),
        findings=_unique(kept),
    )


def _combined(
    p_values: NDArray[np.float64],
    weights: NDArray[np.float64],
    names: list[str],
    subjects: Subjects,
) -> NDArray[np.float64]:
    """The smallest weighted p-value; what was calibrated together enters as one."""
    part = weights > 0
    columns, weight = p_values[:, part], weights[part]
    joint = subjects.joint
    if joint is not None:
        alone = np.array([n not in joint.names for n, p in zip(names, part, strict=True) if p])
        columns = np.column_stack([columns[:, alone], joint.p_value[: len(p_values)]])
        weight = np.append(weight[alone], joint.weight)
    combine = calibrated_smallest_p if subjects.calibrated else smallest_p
    return combine(columns, weight)


def _grade(q: float, told: list[Finding]) -> Severity:
    """Severity of a flagged subject; ``q`` is NaN where only a rule was broken."""
    sources = {_SOURCE.get(finding.family, finding.family.value) for finding in told}
    if len(sources) >= 2:
        return Severity.RED
    broken = [finding.severity for finding in told if finding.p_value is None]
    by_q = Severity.ORANGE if q <= STRONG else Severity.YELLOW
    return Severity.worst([by_q, *broken])


def _strongest(
    checks: Mapping[str, Check[Any]],
    answers: Mapping[str, Assessment],
    names: list[str],
    weighted: NDArray[np.float64],
    i: int,
    subjects: Subjects,
) -> Finding:
    """A finding from the check that moved a subject most, in the words of its title."""
    name = names[int(np.nanargmin(weighted))]
    info = checks[name].info
    p = float(answers[name].p_values[i])
    who = str(subjects.ids[i])
    return Finding(
        detector=name,
        family=info.family,
        kind=info.kind,
        score=float(answers[name].scores[i]),
        p_value=p,
        severity=Severity.YELLOW,
        message=Message(
            f"Có dấu hiệu bất thường – {info.title.vi} (p = {p:.2g}).",
            f"Signs of an anomaly – {info.title.en} (p = {p:.2g}).",
        ),
        record_id=who if subjects.key == "record_id" else None,
        unit_id=who if subjects.key == "unit_id" else None,
    )


def _reasons(answers: Mapping[str, Assessment], p: NDArray[np.float64]) -> tuple[str, ...]:
    """Why a subject has no p-value, check by check; empty where it has one."""
    reasons = [""] * len(p)
    for i in np.flatnonzero(np.isnan(p)):
        told = [answer.not_assessable.get(int(i), "") for answer in answers.values()]
        distinct = list(dict.fromkeys(reason for reason in told if reason))
        reasons[i] = "; ".join(distinct) or "no check applies"
    return tuple(reasons)


def _unique(findings: list[Finding]) -> tuple[Finding, ...]:
    """Findings in order, the same object told for two rows of one name only once."""
    seen: dict[tuple[str, str | None, str | None, float], Finding] = {}
    for finding in findings:
        key = (finding.detector, finding.record_id, finding.unit_id, finding.score)
        seen.setdefault(key, finding)
    return tuple(seen.values())
