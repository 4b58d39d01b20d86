"""What back-checks prove so far: a pure function of a draw and what was recorded."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Any

import sqlalchemy as sa

from audit.backchecking.drawing import tier_test
from audit.judge.backcheck import Arm, Verdict
from audit.store.backchecks import Backchecks
from detectors.backcheck.intervals import Interval, anytime_interval, exact_interval
from detectors.backcheck.risk import risks
from detectors.errors import UsageError
from reports.views.backcheck import (
    ArmResult,
    BackcheckReport,
    Escalation,
    ShareRange,
    TierRisk,
)

__all__ = ["find_draw", "report_of"]

_SURE = (Verdict.STANDS, Verdict.ALTERED)
BATCH_ALTERED = 2
UNIT_SHARE, UNIT_ASKED = 0.10, 5

Member = Mapping[str, Any]


def find_draw(repository: Backchecks, number: int | None) -> sa.RowMapping:
    """A draw by number, the last one without.

    Raises:
        UsageError: If it is not there.
    """
    draws = repository.draws()
    for row in reversed(draws):
        if number is None or row["number"] == number:
            return row
    what = "nothing was drawn yet" if not draws else f"there is no draw {number}"
    raise UsageError(what, remedy="use `survey-audit backcheck draw --seed SEED`")


def report_of(
    connection: sa.Connection,
    round_id: str,
    *,
    number: int | None = None,
    confidence: float = 0.95,
    risk_limit: float | None = None,
) -> BackcheckReport:
    """Everything that a draw has shown until now.

    Args:
        connection: To the store.
        round_id: The round.
        number: Of the draw; the last one without.
        confidence: Of the intervals.
        risk_limit: Of the tiers; without it as the draw was planned.

    Raises:
        UsageError: If there is no such draw.
    """
    repository = Backchecks(connection, round_id)
    draw = find_draw(repository, number)
    members = [dict(row) for row in repository.members(draw["id"])]
    latest = repository.latest(draw["id"])
    verdicts = {
        m["id"]: Verdict(latest[m["id"]]["verdict"]) if m["id"] in latest else Verdict.OPEN
        for m in members
    }
    limit = float(draw["parameters"]["risk_limit"]) if risk_limit is None else risk_limit
    precision = float(draw["parameters"]["precision"])

    def arm_result(arm: Arm, level: float) -> ArmResult:
        mine = [m for m in members if arm.value in m["arms"]]
        population = int(draw["arms"][arm.value]["population"])
        return _arm(arm, population, mine, verdicts, level)

    arms = tuple(arm_result(arm, confidence) for arm in Arm)
    suspect = arms[0]
    flags = "open"
    if suspect.anytime.low > precision:
        flags = "better"
    elif suspect.anytime.high < precision:
        flags = "worse"
    # Two intervals are compared: each gets half of what may go wrong.
    half = 1.0 - (1.0 - confidence) / 2.0
    apart = arm_result(Arm.SUSPECT, half).anytime.low > arm_result(Arm.RANDOM, half).anytime.high
    tiers = _tiers(draw["units"], members, verdicts, limit)
    asked = [tier for tier in tiers if tier.tier is not None]
    settled = suspect.stands + suspect.altered == suspect.population  # nothing left to infer
    flags_known = flags != "open" or settled
    unit = draw["parameters"]["unit"]
    tier_known = unit is None or all(t.enough for t in asked if t.unit_id == unit)
    return BackcheckReport(
        round_id=round_id,
        instrument_id=draw["instrument_id"],
        number=draw["number"],
        seed=draw["seed"],
        drawn_at=dt.datetime.fromisoformat(draw["at"]),
        population_sha256=draw["population_sha256"],
        confidence=confidence,
        risk_limit=limit,
        precision=precision,
        arms=arms,
        tiers=tiers,
        flags=flags,
        flags_tell=True if apart else None,
        escalate=_escalate(members, verdicts),
        enough=flags_known and tier_known,
        exhausted=all(v is not Verdict.OPEN for v in verdicts.values()),
    )


def _arm(
    arm: Arm,
    population: int,
    members: Sequence[Member],
    verdicts: Mapping[int, Verdict],
    confidence: float,
) -> ArmResult:
    said = [verdicts[m["id"]] for m in members]
    count = {verdict: said.count(verdict) for verdict in Verdict}
    sure, altered = sum(count[v] for v in _SURE), count[Verdict.ALTERED]
    doubt = count[Verdict.UNCLEAR] + count[Verdict.MISSING]
    low = exact_interval(altered, sure + doubt, population, confidence)
    high = exact_interval(altered + doubt, sure + doubt, population, confidence)
    # Results come back in any order; a sequence must not choose which of them it looks at.
    known = _before_open(said)
    in_order = [v for v in known if v in _SURE]
    anytime = anytime_interval(
        in_order.count(Verdict.ALTERED), len(in_order), population, confidence
    )
    return ArmResult(
        arm=arm.value,
        population=population,
        drawn=len(members),
        stands=count[Verdict.STANDS],
        altered=altered,
        unclear=count[Verdict.UNCLEAR],
        missing=count[Verdict.MISSING],
        open=count[Verdict.OPEN],
        share=_range(exact_interval(altered, sure, population, confidence)),
        worst=ShareRange(low.value, low.low, high.high),
        anytime=_range(anytime),
    )


def _before_open(said: Sequence[Verdict]) -> Sequence[Verdict]:
    for place, verdict in enumerate(said):
        if verdict is Verdict.OPEN:
            return said[:place]
    return said


def _range(interval: Interval) -> ShareRange:
    return ShareRange(interval.value, interval.low, interval.high)


def _tiers(
    units: Mapping[str, Any],
    members: Sequence[Member],
    verdicts: Mapping[int, Verdict],
    limit: float,
) -> tuple[TierRisk, ...]:
    """The test of every unit of which somebody was drawn from all records."""
    found = []
    for unit_id, unit in units.items():
        mine = [
            m
            for m in members
            if m["unit_id"] == unit_id
            and Arm.RANDOM.value in m["arms"]
            and m["counted"]
            and m["answers"]
        ]
        if not mine:
            continue
        found.append(_tier(unit_id, unit, mine, verdicts, limit))
    return tuple(found)


def _tier(
    unit_id: str,
    unit: Mapping[str, Any],
    members: Sequence[Member],
    verdicts: Mapping[int, Verdict],
    limit: float,
) -> TierRisk:
    said = [verdicts[m["id"]] for m in members]
    ordered = members[: len(_before_open(said))]

    def lost(chosen: Sequence[Member], bad: Callable[[Verdict], bool]) -> list[int]:
        return [m["satisfied"] if bad(verdicts[m["id"]]) else 0 for m in chosen]

    test = tier_test(unit)
    strict = lost(ordered, lambda verdict: verdict is not Verdict.STANDS)
    sure = [m for m in members if verdicts[m["id"]] in _SURE]
    typical = lost(sure, lambda verdict: verdict is Verdict.ALTERED)
    risk = mild = 1.0
    more = None
    if test is not None:
        risk, mild = _last(risks(test, strict)), _last(risks(test, typical))
        left = test.records - len(strict)
        after = risks(test, strict + [0] * left)[len(strict) :]
        more = next((i for i, r in enumerate(after, start=1) if r <= limit), None)
        more = 0 if risk <= limit else more
    value = Fraction(unit["satisfied"], unit["answers"]) if unit["answers"] else None
    return TierRisk(
        unit_id=unit_id,
        tier=unit["tier"],
        value=None if value is None else float(value),
        cut_off=None if unit["cut_off"] is None else float(Fraction(unit["cut_off"])),
        records=unit["records"],
        asked=sum(v in (*_SURE, Verdict.UNCLEAR) for v in said),
        altered=said.count(Verdict.ALTERED),
        risk=risk,
        risk_if_typical=mild,
        more=more,
        enough=risk <= limit,
    )


def _last(values: Any) -> float:
    return float(values[-1]) if len(values) else 1.0


def _escalate(members: Sequence[Member], verdicts: Mapping[int, Verdict]) -> tuple[Escalation, ...]:
    """Batches with two altered records, units with a tenth of those that were asked."""
    counts: dict[tuple[str, str], list[int]] = {}
    for member in members:
        verdict = verdicts[member["id"]]
        if verdict not in (*_SURE, Verdict.UNCLEAR):
            continue
        places = [("unit", member["unit_id"])]
        if member["batch"]:
            places.append(("batch", f"{member['unit_id']} {member['batch']}"))
        for place in places:
            count = counts.setdefault(place, [0, 0])
            count[0] += verdict is Verdict.ALTERED
            count[1] += 1
    found = []
    for (kind, name), (altered, asked) in sorted(counts.items()):
        by_share = asked >= UNIT_ASKED and altered >= UNIT_SHARE * asked
        if altered >= BATCH_ALTERED if kind == "batch" else altered and by_share:
            found.append(Escalation(kind, name, altered, asked))
    return tuple(found)
