"""Simulated grounds: four ceilings from two generators, and two that are always others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from detectors.instrument import Instrument
from detectors.simulate.events import circumstances_of
from detectors.simulate.frauds import Fraud, FraudPlan
from detectors.simulate.plant import plant
from detectors.simulate.population import Population
from detectors.simulate.round import SimulatedRound, simulate_round
from tests.accuracy.fourth import habit_round
from tests.accuracy.second import GRADED, draw_units, honest_round, instrument
from tests.accuracy.third import varied_round
from tests.detectors.channel_rounds import tampered

__all__ = [
    "ANY",
    "GENERATORS",
    "WORLDS",
    "Ground",
    "digital_round",
    "fourth_round",
    "own_round",
    "second_round",
    "third_round",
    "unit_name",
]

# share of the best answer; the rest as published for such surveys
WORLDS = {
    "34": Population(fives=0.34, top_two=0.80, lowest_two=0.05),
    "55": Population(fives=0.55, top_two=0.90, lowest_two=0.02),
    "76": Population(fives=0.76, top_two=0.977, lowest_two=0.004),
    "90": Population(fives=0.90, top_two=0.985, lowest_two=0.003),
}
GENERATORS = ("own", "second")
# another survey in every round
ANY = ("third:any", "fourth:any")


@dataclass(frozen=True, eq=False)
class Ground:
    """A round with its truth.

    Attributes:
        responses: One row a record.
        instrument: What was asked.
        truth: ``record_id, unit_id, fraud, copied_from`` in the order of ``responses``.
        given: What else the screen is given.
        rows: Which row of a pool each record is; ``None`` in a simulated round.
    """

    responses: pd.DataFrame
    instrument: Instrument
    truth: pd.DataFrame
    given: Mapping[str, Any] = field(default_factory=dict)
    rows: tuple[int, ...] | None = None


def unit_name(place: int) -> str:
    """Name of a simulated unit."""
    return f"U{place + 1:04d}"


def own_round(
    world: str,
    seed: int,
    *,
    units: int = 40,
    records: int = 150,
    plans: Mapping[int, FraudPlan] | None = None,
    whole: bool = False,
    equal: bool = True,
) -> Ground:
    """A round of ``detectors.simulate``; ``whole`` gives the screen all that a round has.

    Otherwise it is paper alone with the table of units, and the last period only where a
    record was taken from it.
    """
    plans = dict(plans or {})
    before = whole or any(plan.kind is Fraud.REUSE for plan in plans.values())
    made = simulate_round(
        seed,
        units,
        records_per_unit=records,
        equal_sizes=equal,
        population=WORLDS[world],
        frauds=plans,
        digital_share=0.3 if whole else 0.0,
        before=before,
    )
    given: dict[str, Any] = {"units": made.units}
    if whole:
        given |= _everything(made, made.responses)
    elif before:
        given["previous"] = made.previous
    return Ground(made.responses, made.instrument, made.truth.records, given)


def digital_round(
    world: str, seed: int, done: Mapping[str, tuple[str, float]], *, records: int = 150
) -> Ground:
    """A round of ``detectors.simulate``, half of it digital, with frauds in its events."""
    made = simulate_round(
        seed,
        records_per_unit=records,
        equal_sizes=True,
        population=WORLDS[world],
        frauds={},
        digital_share=0.5,
    )
    responses, touched = tampered(made, done, seed)
    kinds = responses["unit_id"].map({unit: kind for unit, (kind, _) in done.items()})
    truth = made.truth.records.assign(fraud=kinds.where(touched, "").fillna(""))
    given = {"units": made.units, **_everything(made, responses)}
    return Ground(responses, made.instrument, truth, given)


def _everything(made: SimulatedRound, responses: pd.DataFrame) -> dict[str, Any]:
    return {
        "previous": made.previous,
        "custody": made.custody,
        "period": made.period,
        "circumstances": circumstances_of(responses),
    }


def second_round(
    world: str,
    seed: int,
    *,
    units: int = 40,
    records: int = 150,
    plans: Mapping[int, FraudPlan] | None = None,
) -> Ground:
    """A round of the second generator, three records in ten digital."""
    rng = np.random.default_rng([seed, 2])
    drawn = draw_units(GRADED[world], units, rng)
    honest = honest_round(GRADED[world], records, drawn, rng)
    fresh = honest_round(GRADED[world], records, drawn, rng)
    named = {unit_name(place): plan for place, plan in (plans or {}).items()}
    planted = plant(honest, instrument(), named, rng, fresh=fresh)
    return Ground(planted.responses, instrument(), planted.truth)


def third_round(
    seed: int, *, units: int = 40, plans: Mapping[int, FraudPlan] | None = None
) -> Ground:
    """A round of the third generator; the seed draws the survey, too."""
    honest, form, _ = varied_round(seed, units)
    named = {unit_name(place): plan for place, plan in (plans or {}).items()}
    planted = plant(honest, form, named, np.random.default_rng([seed, 34]))
    return Ground(planted.responses, form, planted.truth)


def fourth_round(
    seed: int, *, units: int = 40, plans: Mapping[int, FraudPlan] | None = None
) -> Ground:
    """A round of the fourth generator, whose units differ by habit; the seed draws all."""
    honest, form, _ = habit_round(seed, units)
    named = {unit_name(place): plan for place, plan in (plans or {}).items()}
    planted = plant(honest, form, named, np.random.default_rng([seed, 45]))
    return Ground(planted.responses, form, planted.truth)
