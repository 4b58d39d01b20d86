"""Targets, actions, and complaints beside nearly full satisfaction."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from typing import Any

from audit.intake.goal_tables import Target
from audit.intake.results_rows import ALL_UNITS
from audit.pipeline.standpoint import (
    Standpoint,
    as_number,
    current_of,
    shares_of,
)
from audit.scoring.rules import INDEX
from audit.store.outcomes import Outcome

__all__ = ["actions", "complaints", "targets"]

NEARLY_ALL = 0.98
_OPERATORS: Mapping[str, Callable[[Any, Any], bool]] = {
    **{">=": operator.ge, ">": operator.gt, "<=": operator.le, "<": operator.lt},
    "=": operator.eq,
}


def targets(found: Standpoint, target: Target) -> Iterator[Outcome]:
    """What each unit that a target is about has reached."""
    units = [target.unit_id]
    if target.unit_id == ALL_UNITS:
        units = sorted(found.units)
    for unit in units:
        programme, low, value, high = _indicator(found, target, unit)
        body = {
            "indicator": target.indicator,
            "operator": target.operator,
            "target": str(target.value),
            "value": as_number(value),
            "low": as_number(low),
            "high": as_number(high),
            "due": None if target.due is None else target.due.isoformat(),
            "source": target.source,
        }
        about = f"{target.indicator} {target.operator} {target.value}"
        if value is None and target.unit_id == ALL_UNITS:
            continue
        verdict = "not_measured"
        if value is not None:
            test, goal = _OPERATORS[target.operator], Fraction(target.value) / 100
            met = test(value, goal)
            ends = [test(end, goal) for end in (low, high) if end is not None]
            verdict = "open" if any(end != met for end in ends) else "met" if met else "not_met"
        yield Outcome("target", programme, unit, about, verdict, body)


def _indicator(
    found: Standpoint, target: Target, unit: str
) -> tuple[str, Fraction | None, Fraction | None, Fraction | None]:
    """Programme, lowest, present and highest value of an indicator; shares."""
    name = target.indicator
    main = next(iter(found.scores), "satisfaction")
    if target.actual is not None:
        value = Fraction(target.actual) / 100
        return main, None, value, None
    if name == INDEX:
        return INDEX, None, found.index.shares(unit, "").get("after_review"), None
    if name == "response_rate":
        served = found.units.get(unit, {}).get("served")
        row = found.scores.get(main, {}).get((unit, "overall", ""))
        if row is None or served is None or served != served or served <= 0:
            return main, None, None, None
        return main, None, Fraction(sum(row["counts"].values()), int(served)), None
    programme = name if name in found.scores and name != main else main
    about = {"overall": ("overall", ""), "whole_form": ("whole_form", "")}.get(
        name, ("factor", name)
    )
    if name == programme:
        about = ("overall", "")
    shares = shares_of(found.scores.get(programme, {}).get((unit, *about)))
    return (
        programme,
        shares.get("bound_low"),
        shares.get("after_review"),
        shares.get("bound_high"),
    )


def actions(found: Standpoint) -> Iterator[Outcome]:
    """Whether what was agreed on was done; whether it is overdue, the reader's day tells."""
    for action in found.brought.actions:
        verdict = "open"
        if action.done is not None:
            late = action.due is not None and action.done > action.due
            verdict = "done_late" if late else "done"
        unit = None if action.unit_id == ALL_UNITS else action.unit_id
        held, serious = found.cases.get(action.unit_id, (0, 0))
        body = {
            "text": action.text,
            "office": action.office,
            "due": None if action.due is None else action.due.isoformat(),
            "done": None if action.done is None else action.done.isoformat(),
            "source": action.source,
            "open_cases": held + serious,
        }
        yield Outcome("action", "satisfaction", unit, action.action_id, verdict, body)


def complaints(found: Standpoint) -> Iterator[Outcome]:
    """Units of nearly 100 % beside what people complained about."""
    register = found.brought.complaints
    if register is None:
        return
    for unit, now in current_of(found, "satisfaction"):
        value, number = now["value"], register.get(unit, 0)
        told = found.units.get(unit, {}).get("served")
        served = int(told) if told is not None and told == told and told > 0 else None
        tested = found.tests.get(unit, {}).get("detectors", {}).get("unit.complaints")
        if (unit, "unit.complaints") in found.signs:
            verdict = "sign"
        elif value is None or tested is None:
            high = value is not None and value >= Fraction(str(NEARLY_ALL))
            verdict = "not_testable" if high and number else "not_asked"
        else:
            verdict = "no_sign"
        body = {
            "value": as_number(value),
            "complaints": number,
            "served": served,
            "per_thousand": None if served is None else round(1000 * number / served, 3),
        }
        yield Outcome("complaints", "satisfaction", unit, "register", verdict, body)
