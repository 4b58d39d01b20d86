"""Drawing records to ask again from what is stored."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import sqlalchemy as sa

from audit.judge.backcheck import Arm, Drawn, Eligible, choose
from audit.judge.decision import CaseState
from audit.pipeline.assembly import answer_text
from audit.scoring.rules import RuleSet
from audit.store import Store
from audit.store.backchecks import Backchecks
from audit.store.cases import Cases
from audit.store.records import Records
from audit.store.results import Scores
from audit.trail.acts import Act, Action
from audit.trail.chain import describe
from detectors.backcheck.power import calls_for, size_to_catch, size_to_tell
from detectors.backcheck.risk import TierTest, clean_records_needed
from detectors.backcheck.sampling import reference_of
from detectors.errors import UsageError
from detectors.instrument import Instrument

__all__ = ["Plan", "draw_sample", "eligible_records", "list_sha256", "sizes_for", "tier_test"]


@dataclass(frozen=True, slots=True)
class Plan:
    """What is wanted of a draw.

    Attributes:
        seed: Public.
        unit: One unit only; sized so that its tier can be tested.
        power: Probability of seeing what is there.
        rate: Share of altered records that should not be missed.
        precision: Share of flags that should be right.
        response: Share of people who can be reached.
        risk_limit: Of the tier.
        size: Of each arm, in place of what follows from the power.
    """

    seed: str
    unit: str | None = None
    power: float = 0.9
    rate: float = 0.05
    precision: float = 0.5
    response: float = 0.6
    risk_limit: float = 0.05
    size: int | None = None

    def check(self) -> None:
        """Refuse what cannot be.

        Raises:
            UsageError: Names the option.
        """
        if not self.seed.strip():
            raise UsageError("the seed is empty", remedy="draw one in public, e.g. by dice")
        for name in ("power", "rate", "precision", "response", "risk_limit"):
            value = getattr(self, name)
            top = 1.0 if name == "response" else 1.0 - 1e-9
            if not 0.0 < value <= top:
                option = "--" + name.replace("_", "-")
                raise UsageError(f"{option} {value} is no share", remedy="give e.g. 0.5")
        if self.rate >= self.precision:
            raise UsageError(
                "--rate is not below --precision", remedy="flags should be right more often"
            )
        if self.size is not None and self.size < 1:
            raise UsageError("--size is below 1", remedy="give a number of records")


def eligible_records(
    connection: sa.Connection, round_id: str, instrument: Instrument, unit: str | None = None
) -> list[Eligible]:
    """Records of known units, with what the draw and its tests need to know of them."""
    cases = Cases(connection, round_id)
    states = cases.states(instrument.id)
    signs = {
        case["subject_id"]
        for case in cases.open(instrument.id)
        if case["subject"] == "record" and states[case["id"]] is not CaseState.DISMISSED
    }
    cleared = {
        case["subject_id"]
        for case in cases.open(instrument.id)
        if case["subject"] == "record" and states[case["id"]] is CaseState.DISMISSED
    }
    repository = Records(connection, round_id, instrument.id)
    given = _answers(repository, instrument)
    found = []
    for row in repository.all():
        if row["state"] == "not_scored" or (unit is not None and row["unit_id"] != unit):
            continue
        places, good = given.get(row["id"], ((), 0))
        found.append(
            Eligible(
                record_id=row["record_id"],
                unit_id=row["unit_id"],
                suspect=row["record_id"] in signs
                or (bool(row["flagged"]) and row["record_id"] not in cleared),
                counted=row["state"] == "scored",
                satisfied=good,
                answers=len(places),
                level=float(np.median(places)) if places else None,
                batch=row["batch"],
            )
        )
    return found


def _answers(records: Records, instrument: Instrument) -> Mapping[int, tuple[Sequence[float], int]]:
    """Record key -> places of its answers on their scales, and how many are satisfied."""
    places: dict[str, dict[str, float]] = {}
    best: dict[str, frozenset[str]] = {}
    for item in instrument.ratings:
        last = max(len(item.scale) - 1, 1)
        places[item.id] = {answer_text(v): i / last for i, v in enumerate(item.ordered_scale)}
        best[item.id] = frozenset(answer_text(v) for v in item.top_two)
    found: dict[int, tuple[list[float], int]] = {}
    for key, item_id, state, value in records.answers():
        if state != "answered" or item_id not in places or value not in places[item_id]:
            continue
        levels, good = found.get(key, ([], 0))
        levels.append(places[item_id][value])
        found[key] = (levels, good + (value in best[item_id]))
    return found


def list_sha256(records: Iterable[Eligible]) -> str:
    """Hash of the list that is drawn from: every record with the arms it belongs to."""
    lines = sorted(
        "\t".join((r.record_id, r.unit_id, *(a.value for a in Arm if r.belongs(a))))
        for r in records
    )
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def sizes_for(
    plan: Plan, records: Sequence[Eligible], units: Mapping[str, Mapping[str, Any]]
) -> dict[Arm, int]:
    """How many of each arm to draw."""
    there = {arm: sum(r.belongs(arm) for r in records) for arm in Arm}
    if plan.size is not None:
        wanted = dict.fromkeys(Arm, plan.size)
    else:
        both = size_to_tell(plan.power, plan.precision, plan.rate)
        all_of = size_to_catch(plan.power, plan.rate, there[Arm.RANDOM]) if there else 0
        if plan.unit is not None and plan.unit in units:
            test = tier_test(units[plan.unit])
            needed = None if test is None else clean_records_needed(test, plan.risk_limit)
            all_of = max(all_of, needed or 0)
        answers = {Arm.SUSPECT: both, Arm.HIGH: both, Arm.RANDOM: all_of}
        wanted = {arm: calls_for(size, plan.response) for arm, size in answers.items()}
    return {arm: min(size, there[arm]) for arm, size in wanted.items()}


def tier_test(unit: Mapping[str, Any]) -> TierTest | None:
    """The test of a unit's tier from what was kept at the draw; ``None`` without a tier."""
    if unit.get("cut_off") is None or not unit["records"]:
        return None
    return TierTest.of(
        records=unit["records"],
        most=unit["most"],
        satisfied=unit["satisfied"],
        answers=unit["answers"],
        cut_off=Fraction(unit["cut_off"]),
    )


def _units(
    connection: sa.Connection,
    round_id: str,
    instrument_id: str,
    rules: RuleSet,
    records: Sequence[Eligible],
) -> dict[str, dict[str, Any]]:
    """What the tier of each unit rests on now."""
    tiers = {
        row["unit_id"]: row["tier_after_review"]
        for row in Scores(connection, round_id).all(instrument_id)
        if row["measure"] == "overall"
    }
    found: dict[str, dict[str, Any]] = {}
    for unit in sorted({record.unit_id for record in records}):
        mine = [r for r in records if r.unit_id == unit and r.counted and r.answers]
        tier = rules.tier_named(tiers.get(unit))
        found[unit] = {
            "records": len(mine),
            "satisfied": sum(r.satisfied for r in mine),
            "answers": sum(r.answers for r in mine),
            "most": max((r.satisfied for r in mine), default=0),
            "tier": None if tier is None else tier.id,
            "cut_off": None if tier is None else str(tier.cut_off),
        }
    return found


def draw_sample(
    store: Store,
    round_id: str,
    instrument: Instrument,
    rules: RuleSet,
    plan: Plan,
    *,
    secret: bytes,
    at: dt.datetime,
    actor: str,
) -> tuple[int, bool]:
    """Draw and store a sample; the same draw again finds the one that is there.

    Args:
        store: Of the round.
        round_id: The round.
        instrument: The form.
        rules: Give the cut-offs of tiers.
        plan: What is wanted.
        secret: Names the references; kept nowhere.
        at: Now.
        actor: Who draws.

    Returns:
        Number of the draw, and whether it is new.

    Raises:
        UsageError: If the plan cannot be, or nothing can be drawn.
    """
    plan.check()
    with store.writing(Act(Action.BACKCHECK, at, actor, "draw")) as connection:
        records = eligible_records(connection, round_id, instrument, plan.unit)
        if not records:
            about = "the round" if plan.unit is None else f"unit {plan.unit}"
            raise UsageError(
                f"{about} has no record that could be drawn",
                remedy="see `survey-audit export units`",
            )
        repository = Backchecks(connection, round_id)
        parameters = asdict(plan)
        digest = list_sha256(records)
        for row in repository.draws():
            same = row["instrument_id"] == instrument.id and row["parameters"] == parameters
            if same and row["population_sha256"] == digest:
                return int(row["number"]), False
        units = _units(connection, round_id, instrument.id, rules, records)
        sizes = sizes_for(plan, records, units)
        drawn = choose(records, sizes, plan.seed)
        arms = {
            arm.value: {"population": sum(r.belongs(arm) for r in records), "drawn": sizes[arm]}
            for arm in Arm
        }
        number = repository.add(
            {
                "instrument_id": instrument.id,
                "seed": plan.seed,
                "at": at.isoformat(),
                "parameters": parameters,
                "arms": arms,
                "units": units,
                "population_sha256": digest,
            },
            _members(drawn, secret),
        )
        told = {"number": number, "seed": plan.seed, "population_sha256": digest}
        describe(connection, object=f"draw {number}", after=told | {"drawn": len(drawn)})
    return number, True


def _members(drawn: Sequence[Drawn], secret: bytes) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    taken: set[str] = set()
    for position, member in enumerate(drawn, start=1):
        reference = reference_of(secret, member.record.record_id)
        while reference in taken:
            reference = reference_of(secret, reference)
        taken.add(reference)
        rows.append(
            {
                "reference": reference,
                "position": position,
                "record_id": member.record.record_id,
                "unit_id": member.record.unit_id,
                "batch": member.record.batch,
                "arms": [arm.value for arm in member.arms],
                "satisfied": member.record.satisfied,
                "answers": member.record.answers,
                "counted": member.record.counted,
                "level": member.record.level,
            }
        )
    return rows
