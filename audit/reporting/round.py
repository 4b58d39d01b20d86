"""The report of a round as a view object."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Iterator, Sequence

from audit.reporting.data import RoundData, Row
from audit.reporting.evidence import REASONS, pages_not_judged
from audit.reporting.fairness import fairness_tables
from audit.reporting.firm import ROUND, firmness_of
from audit.reporting.frame import instrument_of, provenance_of, round_of
from audit.reporting.numbers import (
    identity,
    result,
    round_factors,
    safe_total,
    share,
    spread_of,
    total_score,
)
from audit.reporting.plots import flagged_records
from audit.reporting.reasons import reason_message
from audit.reporting.unit import severity_of
from detectors.finding import Message
from detectors.registry import Level
from reports.views import (
    DetectorYield,
    GroupSummary,
    NotJudged,
    RoundReport,
    UnitRow,
    suppress,
)

__all__ = ["round_report"]


def round_report(data: RoundData) -> RoundReport:
    """Everything the page of the round says."""
    every = [row for rows in data.records.values() for row in rows]
    scores = [data.scores[unit]["overall", ""] for unit in sorted(data.scores)]
    scores, left_out = safe_total(scores)
    return RoundReport(
        round=round_of(data, every),
        instruments=(instrument_of(data),),
        units=tuple(_unit_row(data, unit) for unit in data.units),
        result=result(data, every, total_score(scores) if scores else None),
        provenance=provenance_of(data),
        groups=tuple(_groups(data)),
        not_judged=tuple(_not_judged(data, every)),
        detectors=tuple(_yields(data, every)),
        factors=round_factors(data),
        left_out=left_out,
        slices=data.slices.get(ROUND, ()),
        outcomes=data.outcomes.get(None),
        fairness=fairness_tables(data),
    )


def _unit_row(data: RoundData, unit_id: str) -> UnitRow:
    records = data.records.get(unit_id, ())
    flagged = flagged_records(data)
    unread = result(data, records, None).not_judged
    return UnitRow(
        unit=identity(data, unit_id),
        result=result(data, records, data.scores.get(unit_id, {}).get(("overall", ""))),
        severity=severity_of(data, unit_id)[0],
        flagged=sum(row["record_id"] in flagged for row in records),
        judged=len(records) - unread,
        firmness=firmness_of(data.scores.get(unit_id, {}).get(("overall", "")), data.rules),
    )


def _groups(data: RoundData) -> Iterator[GroupSummary]:
    members: dict[str, list[Row]] = {}
    for unit, row in data.units.items():
        score = data.scores.get(unit, {}).get(("overall", ""))
        if isinstance(row["group"], str) and score is not None:
            members.setdefault(row["group"], []).append(score)
    for group, scores in sorted(members.items()):
        scores, _ = safe_total(scores)
        shown = [s for s in scores if not suppress(s["records_counted"])]
        values = [v for s in shown if (v := share(s, "after_review")) is not None]
        pooled = share(total_score(scores), "after_review") if values else None
        points = [
            (int(s["records_counted"]), v)
            for s in shown
            if (v := share(s, "after_review")) is not None
        ]
        yield GroupSummary(
            group=group,
            lowest=min(values, default=None),
            median=statistics.median(values) if values else None,
            highest=max(values, default=None),
            pooled=pooled,
            rho=spread_of(points, pooled),
        )


def _not_judged(data: RoundData, records: Sequence[Row]) -> Iterator[NotJudged]:
    yield from pages_not_judged(data, list(data.pages.values()))
    reasons = Counter(reason for row in records for reason in row["reasons"])
    for reason, count in sorted(reasons.items()):
        text = REASONS.get(reason, reason_message(reason))
        yield NotJudged(Message("Bản ghi", "Records"), text, count)


def _yields(data: RoundData, records: Sequence[Row]) -> Iterator[DetectorYield]:
    found = Counter(f["detector"] for f in data.findings)
    read = [page for page in data.pages.values() if page["status"] == "read"]
    for info in data.checks.values():
        if info.level in (Level.PAGE, Level.PAGES):
            judged = sum(info.id not in page["not_assessable"] for page in read)
            total = len(data.pages)
        else:
            rows = records if info.level is Level.RECORD else list(data.unit_results.values())
            judged = sum(row["detectors"].get(info.id) is not None for row in rows)
            total = len(rows)
        confirmed, cleared = _decided(data, info.id)
        yield DetectorYield(
            id=info.id,
            title=info.title,
            judged=judged,
            not_judged=total - judged,
            findings=found[info.id],
            confirmed=confirmed,
            cleared=cleared,
        )


def _decided(data: RoundData, detector: str) -> tuple[int | None, int | None]:
    """Findings in confirmed and in dismissed cases; ``None`` while nothing is decided."""
    states = Counter(
        str(data.cases[key]["state"])
        for f in data.findings
        if f["detector"] == detector
        and f["record_id"] is not None
        and (key := ("record", f["record_id"])) in data.cases
    )
    if not states["confirmed"] and not states["dismissed"]:
        return None, None
    return states["confirmed"], states["dismissed"]
