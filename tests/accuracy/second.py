"""A generator of honest rounds that no check was tuned on: a graded response model.

Beside ``detectors.simulate`` it differs in everything that a check could lean on by
chance: logit units instead of a normal latent scale, items that discriminate unequally,
three correlated traits, thresholds of every item's own, people with a style of answering
(straight lines, the middle, the ends), a shift of digital answers, respondents who stop
early. Units differ by SD .35 logit, and by .15 logit item by item.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from detectors.instrument import Instrument, Item, Marks

__all__ = ["GRADED", "Graded", "Units", "draw_units", "honest_round", "instrument"]

ITEMS, LEVELS, TRAITS = 20, 5, 3
UNIT_SD, UNIT_ITEM_SD, MODE_SHIFT = 0.35, 0.15, -0.20
BLANK, STOPS = 0.01, 0.03
DIGITAL = 0.3


@dataclass(frozen=True, slots=True)
class Graded:
    """A population.

    Attributes:
        fives: Share of the best answer.
        straight: Share of people who answer in one column.
        middle: Share of people who avoid the best answer.
        ends: Share of people who seek it.
        uneven: Standard deviation between units of the share of straight answers: desks that
            help people fill the form in, and desks that do not.
    """

    fives: float
    straight: float
    middle: float = 0.05
    ends: float = 0.05
    uneven: float = 0.0


GRADED = {
    "34": Graded(0.34, straight=0.10),
    "55": Graded(0.55, straight=0.20),
    "76": Graded(0.76, straight=0.30),
    "90": Graded(0.90, straight=0.50),
    "76 uneven": Graded(0.76, straight=0.30, uneven=0.08),
}


def instrument() -> Instrument:
    """Twenty items of three factors, 1 to 5."""
    items = tuple(
        Item(id=f"Q{j + 1:02d}", scale=(1, 2, 3, 4, 5), factor=f"F{j * TRAITS // ITEMS}")
        for j in range(ITEMS)
    )
    title = {"vi": "Phiếu giả lập thứ hai", "en": "Second simulated form"}
    return Instrument("GRM-20", "1", title, items, Marks(), (), "simulated", Path("GRM-20"))


@cache
def _items() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Slopes ``(items,)`` and thresholds ``(items, 4)`` before the common shift."""
    rng = np.random.default_rng(77)
    slope = np.exp(rng.normal(0.6, 0.3, ITEMS))
    gaps = np.exp(rng.normal(0.1, 0.25, (ITEMS, LEVELS - 2)))
    top = rng.normal(0.0, 0.35, (ITEMS, 1))
    below = top - np.cumsum(gaps, axis=1)
    return slope, np.concatenate([below[:, ::-1], top], axis=1)


def _levels(
    population: Graded,
    shift: float,
    effects: NDArray[np.float64],
    straighter: NDArray[np.float64],
    rng: np.random.Generator,
) -> NDArray[np.intp]:
    """``(n, items)`` positions; ``effects`` are logits of unit, item and mode."""
    n = len(effects)
    slope, thresholds = _items()
    common = rng.normal(0.0, np.sqrt(0.75), (n, 1))
    traits = common + rng.normal(0.0, 0.5, (n, TRAITS))
    trait = traits[:, [j * TRAITS // ITEMS for j in range(ITEMS)]]
    style = rng.random(n)
    in_one_column = np.clip(population.straight + straighter, 0.0, 0.85)
    straight = style < in_one_column
    uniform = rng.random((n, ITEMS))
    # one column: one trait, one item and one draw stand for the whole form
    first = rng.integers(0, ITEMS, n)
    every = np.arange(ITEMS)[None, :]
    asked = np.where(straight[:, None], first[:, None], every)
    row = np.arange(n)[:, None]
    steps = (
        slope[asked][:, :, None] * (trait[row, asked][:, :, None] - thresholds[asked] + shift)
        + effects[row, asked][:, :, None]
    )
    drawn = np.where(straight[:, None], uniform[:, :1], uniform)
    levels = 1 + (drawn[:, :, None] < 1.0 / (1.0 + np.exp(-steps))).sum(axis=2)
    middle = ~straight & (style < in_one_column + population.middle)
    ends = style >= 1.0 - population.ends
    moved = rng.random((n, ITEMS)) < 0.6
    levels = np.where(middle[:, None] & moved & (levels == LEVELS), LEVELS - 1, levels)
    return np.where(ends[:, None] & moved & (levels == LEVELS - 1), LEVELS, levels)


@cache
def _shift(population: Graded) -> float:
    """Common shift at which the share of the best answer is as wanted."""
    low, high = -2.0, 6.0
    for _ in range(12):
        middle = (low + high) / 2
        rng = np.random.default_rng(78)
        effects = rng.normal(0.0, UNIT_SD, (4_000, 1)) + MODE_SHIFT * (
            rng.random((4_000, 1)) < DIGITAL
        )
        effects = effects + rng.normal(0.0, UNIT_ITEM_SD, (4_000, ITEMS))
        found = (_levels(population, middle, effects, np.zeros(4_000), rng) == LEVELS).mean()
        low, high = (middle, high) if found < population.fives else (low, middle)
    return (low + high) / 2


@dataclass(frozen=True, eq=False)
class Units:
    """What units differ by: logits ``(units, items)``, and more or fewer straight answers."""

    effects: NDArray[np.float64]
    straighter: NDArray[np.float64]


def draw_units(population: Graded, units: int, rng: np.random.Generator) -> Units:
    """Honest units."""
    own = rng.normal(0.0, UNIT_SD, (units, 1))
    effects = own + rng.normal(0.0, UNIT_ITEM_SD, (units, ITEMS))
    return Units(effects, rng.normal(0.0, population.uneven, units))


def honest_round(
    population: Graded,
    records: int,
    units: Units,
    rng: np.random.Generator,
    *,
    digital: float = DIGITAL,
) -> pd.DataFrame:
    """Honest responses of units, in the columns of the contract.

    Args:
        population: How people answer.
        records: Records of each unit.
        units: What they differ by.
        rng: Chance.
        digital: Share of digital records.
    """
    unit = np.repeat(np.arange(len(units.effects)), records)
    online = rng.random(unit.size) < digital
    shifted = units.effects[unit] + MODE_SHIFT * online[:, None]
    levels = _levels(population, _shift(population), shifted, units.straighter[unit], rng)
    answered = rng.random(levels.shape) >= BLANK * np.linspace(1.0, 2.0, ITEMS)
    stops = np.where(rng.random(unit.size) < STOPS, rng.integers(12, ITEMS, unit.size), ITEMS)
    answered &= np.arange(ITEMS)[None, :] < stops[:, None]
    columns: dict[str, Any] = {
        "record_id": [f"r{i:06d}" for i in range(unit.size)],
        "unit_id": [f"U{u + 1:04d}" for u in unit],
        "channel": np.where(online, "online", "paper"),
    }
    for j, item in enumerate(instrument().ratings):
        columns[item.id] = pd.array(np.where(answered[:, j], levels[:, j], 0), dtype="Int64")
        columns[item.id][~answered[:, j]] = pd.NA
    return pd.DataFrame(columns)
