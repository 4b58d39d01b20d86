"""A whole round with known truth: responses, units, custody, the period before."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from detectors.instrument import Instrument
from detectors.simulate.event_frauds import bot_events, one_device_events
from detectors.simulate.events import honest_events
from detectors.simulate.frauds import FRAUDS, LENT, Fraud, FraudPlan
from detectors.simulate.plant import plant
from detectors.simulate.population import (
    Population,
    answer_sheet,
    draw_levels,
    survey_instrument,
    unit_effects,
)

__all__ = ["SimulatedRound", "Truth", "simulate_round"]

SIZE_SIGMA = 0.5
SMALLEST_UNIT = 8
STABILITY = 0.8
# what a round holds unless something else is asked for
USUAL = (Fraud.COPY, Fraud.STUFFING, Fraud.EDIT_UP, Fraud.INVENTED, Fraud.BOT, Fraud.ONE_DEVICE)
_EVENTS = ("started_at", "submitted_at", "device", "account", "ip", "case_id", "assisted")


@dataclass(frozen=True, eq=False)
class Truth:
    """What was really done.

    Attributes:
        records: ``record_id``, ``unit_id``, ``fraud`` (kind, empty if honest),
            ``copied_from`` (record id, else empty).
        units: ``unit_id``, ``fraud``, ``share`` of records touched.
    """

    records: pd.DataFrame
    units: pd.DataFrame


@dataclass(frozen=True, eq=False)
class SimulatedRound:
    """Tables in the columns of the contract, and the truth."""

    instrument: Instrument
    responses: pd.DataFrame
    units: pd.DataFrame
    custody: pd.DataFrame
    previous: pd.DataFrame
    truth: Truth
    period: tuple[str, str]


@dataclass
class _Collected:
    parts: list[pd.DataFrame] = field(default_factory=list)
    truth: list[pd.DataFrame] = field(default_factory=list)


def simulate_round(
    seed: int,
    n_units: int = 40,
    *,
    records_per_unit: int = 120,
    equal_sizes: bool = False,
    population: Population | None = None,
    instrument: Instrument | None = None,
    frauds: Mapping[int, FraudPlan] | None = None,
    fraud_share: float = 0.1,
    digital_share: float = 0.3,
    groups: tuple[str, ...] = ("DIA_PHUONG",),
    period: tuple[dt.date, dt.date] = (dt.date(2026, 7, 1), dt.date(2026, 9, 30)),
    before: bool = True,
) -> SimulatedRound:
    """Simulate a round.

    Args:
        seed: The same seed gives the same round.
        n_units: How many units.
        records_per_unit: Median size; sizes are lognormal unless ``equal_sizes``.
        equal_sizes: All units have ``records_per_unit`` records.
        population: How people answer.
        instrument: What is asked; the built-in one by default.
        frauds: Unit number (from 0) -> what is done there. By default ``fraud_share`` of
            the units, the usual kinds in turn; an empty mapping makes an honest round.
        fraud_share: See ``frauds``.
        digital_share: Share of digital records.
        groups: Peer groups, given to units in turn.
        period: First and last day.
        before: Draw the period before, too; else ``previous`` is empty, and the same seed
            gives another round.
    """
    population = population or Population()
    instrument = instrument or survey_instrument()
    rng = np.random.default_rng(seed)
    sizes = _sizes(n_units, records_per_unit, equal_sizes, rng)
    plans = _plans(n_units, fraud_share, digital_share, rng) if frauds is None else dict(frauds)
    effects = unit_effects(population, n_units, len(instrument.ratings), rng)
    now, earlier = _Collected(), _Collected()
    names = [f"U{u + 1:04d}" for u in range(n_units)]
    lent = {names[u]: plans.pop(u) for u in sorted(plans) if plans[u].kind in LENT}
    for u, name in enumerate(names):
        _unit(now, name, sizes[u], effects[u], plans.get(u), population, instrument,
              digital_share, period, rng)  # fmt: skip
        if before:
            drift = rng.normal(0.0, population.unit_sd * np.sqrt(1 - STABILITY**2))
            old = (period[0] - dt.timedelta(days=365), period[1] - dt.timedelta(days=365))
            _unit(earlier, name, sizes[u], STABILITY * effects[u] + drift, None, population,
                  instrument, digital_share, old, rng)  # fmt: skip
    responses = pd.concat(now.parts, ignore_index=True)
    truth = pd.concat(now.truth, ignore_index=True)
    previous = pd.concat(earlier.parts, ignore_index=True) if before else responses.iloc[:0]
    if lent:
        # chance of its own: the honest records are those of the round without this fraud
        chance, anew = np.random.default_rng([seed, 1]), _Collected()
        for u in (u for u, name in enumerate(names) if name in lent):
            _unit(anew, names[u], sizes[u], effects[u], None, population, instrument,
                  digital_share, period, chance)  # fmt: skip
        fresh, avoid = pd.concat(anew.parts), frozenset(names[u] for u in plans)
        planted = plant(
            responses, instrument, lent, chance, previous=previous, fresh=fresh, avoid=avoid
        )
        responses = planted.responses
        truth = truth.where(planted.truth["fraud"] == "", planted.truth)
    return SimulatedRound(
        instrument=instrument,
        responses=responses,
        units=_units_table(sizes, groups, rng),
        custody=_custody_table(responses, rng),
        previous=previous,
        truth=Truth(truth, _unit_truth(truth)),
        period=(period[0].isoformat(), period[1].isoformat()),
    )


def _sizes(
    n_units: int,
    median: int,
    equal: bool,  # noqa: FBT001 - passed on from a keyword
    rng: np.random.Generator,
) -> NDArray[np.intp]:
    if equal:
        return np.full(n_units, median, dtype=np.intp)
    drawn = median * np.exp(rng.normal(0.0, SIZE_SIGMA, n_units))
    return np.maximum(np.round(drawn), SMALLEST_UNIT).astype(np.intp)


def _plans(
    n_units: int, share: float, digital_share: float, rng: np.random.Generator
) -> dict[int, FraudPlan]:
    kinds = [k for k in USUAL if digital_share > 0 or k not in (Fraud.BOT, Fraud.ONE_DEVICE)]
    chosen = rng.choice(n_units, size=round(share * n_units), replace=False)
    return {
        int(unit): FraudPlan(kinds[i % len(kinds)], share=float(rng.uniform(0.15, 0.4)))
        for i, unit in enumerate(sorted(chosen))
    }


def _unit(
    collected: _Collected,
    name: str,
    size: int,
    effects: NDArray[np.float64],
    plan: FraudPlan | None,
    population: Population,
    instrument: Instrument,
    digital_share: float,
    period: tuple[dt.date, dt.date],
    rng: np.random.Generator,
) -> None:
    """Records of one unit: paper first, then digital; the fraud works on the fitting ones."""
    ratings = len(instrument.ratings)
    levels = draw_levels(population, instrument, np.broadcast_to(effects, (size, ratings)), rng)
    digital = np.arange(size) >= size - rng.binomial(size, digital_share)
    events = honest_events(int(digital.sum()), ratings, name, period, rng)
    fraud = np.full(size, "", dtype=object)
    source = np.full(size, -1, dtype=np.intp)
    if plan is not None:
        count = np.array([len(item.scale) for item in instrument.ratings])
        online = plan.kind in (Fraud.BOT, Fraud.ONE_DEVICE)
        field_ = np.flatnonzero(digital) if online else np.arange(size)
        if field_.size:
            part = levels[field_]
            touched = FRAUDS[plan.kind](part, count, plan, rng)
            levels[field_] = part
            fraud[field_[touched.rows]] = plan.kind.value
            source[field_[touched.rows]] = np.where(
                touched.source >= 0, field_[np.maximum(touched.source, 0)], -1
            )
            if plan.kind is Fraud.BOT:
                events = bot_events(events, touched.rows, name, rng)
            elif plan.kind is Fraud.ONE_DEVICE:
                events = one_device_events(events, touched.rows, name)
    sheet = answer_sheet(population, instrument, levels, rng)
    _copy_whole_rows(sheet, source, instrument)
    ids = np.array([f"{name}-{period[0].year}-{i + 1:05d}" for i in range(size)], dtype=object)
    head: dict[str, Any] = {
        "record_id": ids,
        "unit_id": name,
        "channel": np.where(digital, "vneid", "paper"),
        "serial": [None if d else f"{name}-{i + 1:06d}" for i, d in enumerate(digital)],
        "batch": [None if d else f"{name}-B1" for d in digital],
    }
    frame = pd.DataFrame({**head, **sheet})
    for column in _EVENTS:
        values = np.full(size, None, dtype=object)
        values[digital] = events[column].to_numpy(dtype=object)
        frame[column] = values
    collected.parts.append(frame)
    copied = [str(ids[s]) if s >= 0 else "" for s in source]
    collected.truth.append(
        pd.DataFrame({"record_id": ids, "unit_id": name, "fraud": fraud, "copied_from": copied})
    )


def _copy_whole_rows(
    sheet: dict[str, NDArray[np.object_]], source: NDArray[np.intp], instrument: Instrument
) -> None:
    """A copied form has the blanks and "not applicable" of its original, and the facts too."""
    rows = np.flatnonzero(source >= 0)
    for item in instrument.items:
        values = sheet[item.id]
        original = values[source[rows]]
        special = [
            not item.is_rating or any(v is None or v == item.not_applicable for v in pair)
            for pair in zip(original, values[rows], strict=True)
        ]
        values[rows[special]] = original[special]


def _units_table(
    sizes: NDArray[np.intp], groups: tuple[str, ...], rng: np.random.Generator
) -> pd.DataFrame:
    number = np.arange(1, len(sizes) + 1)
    return pd.DataFrame(
        {
            "unit_id": [f"U{i:04d}" for i in number],
            "name": [f"Đơn vị {i}" for i in number],
            "group": [groups[(i - 1) % len(groups)] for i in number],
            "level": "xa",
            "handles_procedures": True,
            "served": np.round(sizes * rng.uniform(1.3, 6.0, len(sizes))).astype(int),
        }
    )


def _custody_table(responses: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """One paper batch a unit whose counts add up."""
    paper = responses[responses["channel"] == "paper"]
    valid = paper.groupby("unit_id").size()
    invalid = rng.binomial(valid.to_numpy(), 0.02)
    lost = rng.binomial(valid.to_numpy(), 0.04)
    spoilt = rng.binomial(valid.to_numpy(), 0.01)
    returned = valid.to_numpy() + invalid
    issued = returned + lost + spoilt
    return pd.DataFrame(
        {
            "unit_id": valid.index.to_numpy(),
            "batch": [f"{unit}-B1" for unit in valid.index],
            "serial_from": [f"{unit}-000001" for unit in valid.index],
            "serial_to": [f"{u}-{i:06d}" for u, i in zip(valid.index, issued, strict=True)],
            "issued": issued,
            "returned": returned,
            "valid": valid.to_numpy(),
            "invalid": invalid,
            "lost": lost,
            "spoilt": spoilt,
        }
    )


def _unit_truth(records: pd.DataFrame) -> pd.DataFrame:
    grouped = records.assign(touched=records["fraud"] != "").groupby("unit_id", sort=True)
    kind = grouped["fraud"].agg(lambda kinds: next((k for k in kinds if k), ""))
    return pd.DataFrame(
        {
            "unit_id": kind.index,
            "fraud": kind.to_numpy(),
            "share": grouped["touched"].mean().to_numpy(),
        }
    )
