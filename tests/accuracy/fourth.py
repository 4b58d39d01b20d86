"""A fourth generator: honest units that differ by habit as much as by level.

In the others a unit differs from its peers by how satisfied its people are. Here also by
how they answer: the seed draws how far units stand apart in their level (skewed), in single
factors, in how extreme people are, and in the share of people who mark one column throughout,
which is skewed, too: a desk where somebody shows how to mark has it from half of them. Answers
follow a graded response model with unequal discriminations. Nothing was tuned on it.

Reference: Samejima (1969) for the graded response model; the rest is own work.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from detectors.instrument import Instrument, Item, Marks

__all__ = ["Habits", "habit_round"]

LEVELS = 5
MOST_RECORDS = 8_000
SIZES = (60.0, 120.0, 200.0)
SMALLEST, LARGEST = 20, 900
ALONE = np.sqrt(8.0 / 6.0)  # spread of a t of 8 degrees
BLANK = 0.01

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Habits:
    """What one seed draws of its units.

    Attributes:
        size: ``(units,)`` records.
        level: ``(units,)`` shift of all answers, in standard deviations of people.
        by_factor: ``(units, factors)`` shift of a factor's answers.
        extreme: ``(units,)`` what people's opinions are multiplied with.
        straight: ``(units,)`` share of people who mark one column throughout.
    """

    size: NDArray[np.intp]
    level: Array
    by_factor: Array
    extreme: Array
    straight: Array

    @staticmethod
    def drawn(units: int, factors: int, rng: np.random.Generator) -> Habits:
        """Habits of ``units`` offices."""
        usual = float(rng.choice(SIZES))
        size = np.clip(rng.negative_binomial(3, 3.0 / (3.0 + usual), units), SMALLEST, LARGEST)
        size = np.maximum(np.floor(size * min(1.0, MOST_RECORDS / size.sum())), SMALLEST).astype(
            np.intp
        )
        skewed = rng.gamma(2.0, 1.0, units)
        skewed = (skewed - skewed.mean()) / skewed.std() * rng.choice([-1.0, 1.0])
        mean, alike = rng.uniform(0.05, 0.35), np.exp(rng.uniform(np.log(5.0), np.log(40.0)))
        return Habits(
            size=size,
            level=skewed * rng.uniform(0.1, 0.5),
            by_factor=rng.normal(0.0, rng.uniform(0.0, 0.2), (units, factors)),
            extreme=np.exp(rng.normal(0.0, rng.uniform(0.0, 0.25), units)),
            straight=rng.beta(mean * alike, (1.0 - mean) * alike, units),
        )


def habit_round(seed: int, units: int = 40) -> tuple[pd.DataFrame, Instrument, Habits]:
    """Honest responses on paper; the same seed gives the same survey and round."""
    rng = np.random.default_rng([seed, 44])
    factor = np.repeat(np.arange(5), rng.integers(3, 7, 5))
    factor = factor[factor < rng.integers(2, 6)]
    habits = Habits.drawn(units, int(factor.max()) + 1, rng)
    unit = np.repeat(np.arange(units), habits.size)
    answer = _answers(unit, factor, habits, rng)
    one_column = rng.random(unit.size) < habits.straight[unit]
    usual = np.rint(answer.mean(axis=1)).astype(np.intp)
    answer = np.where(one_column[:, None], usual[:, None], answer)
    columns: dict[str, object] = {
        "record_id": [f"w{i:06d}" for i in range(unit.size)],
        "unit_id": [f"U{u + 1:04d}" for u in unit],
        "channel": "paper",
    }
    form = _instrument(factor)
    for j, item in enumerate(form.ratings):
        values = pd.array(answer[:, j], dtype="Int64")
        values[rng.random(unit.size) < BLANK] = pd.NA
        columns[item.id] = values
    return pd.DataFrame(columns), form, habits


def _answers(
    unit: NDArray[np.intp], factor: NDArray[np.intp], habits: Habits, rng: np.random.Generator
) -> NDArray[np.intp]:
    """``(n, items)`` answers from 1 to :data:`LEVELS`."""
    n, items = unit.size, factor.size
    common = rng.uniform(0.4, 0.8)
    shared = rng.standard_t(8, n) / ALONE
    opinion = np.sqrt(common) * shared[:, None]
    opinion = opinion + np.sqrt(1.0 - common) * rng.normal(size=(n, factor.max() + 1))
    opinion = opinion * habits.extreme[unit][:, None]
    opinion += habits.level[unit][:, None] + habits.by_factor[unit]
    discrimination = rng.lognormal(np.log(1.8), 0.35, items)
    latent = discrimination * opinion[:, factor] + rng.logistic(size=(n, items))
    highest = discrimination * rng.normal(0.0, 0.5, items)
    # as high as gives the share of best answers that the seed asks for
    highest += np.quantile(latent - highest, 1.0 - rng.uniform(0.3, 0.9))
    steps = discrimination[:, None] * (rng.gamma(4.0, 0.25, (items, LEVELS - 2)) + 0.25)
    edges = highest[:, None] - np.column_stack([np.zeros(items), np.cumsum(steps, axis=1)])
    answer: NDArray[np.intp] = 1 + (latent[:, :, None] > edges).sum(axis=2)
    return answer


def _instrument(factor: NDArray[np.intp]) -> Instrument:
    items = tuple(
        Item(id=f"W{j + 1:02d}", scale=tuple(range(1, LEVELS + 1)), factor=f"F{f + 1}")
        for j, f in enumerate(factor.tolist())
    )
    title = {"vi": "Phiếu giả lập thứ tư", "en": "Fourth simulated form"}
    return Instrument("HABIT", "1", title, items, Marks(), (), "simulated", Path("HABIT"))
