"""Honest respondents: an ordinal factor model near the ceiling, with units that differ.

A latent satisfaction is the sum of a general factor, a group factor for each factor of
the instrument, an effect of the unit, an effect of unit and item, and noise; thresholds
cut it so that the marginal shares of the answers are as wanted. Shares, variances, item
non-response and "not applicable" follow what is published of Vietnamese satisfaction
surveys; they are parameters, and none of the checks knows them.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from detectors.instrument import Instrument, Item, Marks

__all__ = ["Population", "answer_sheet", "draw_levels", "survey_instrument", "unit_effects"]

_FACTORS = (("A", 4), ("B", 4), ("C", 7), ("D", 3), ("E", 4))


@dataclass(frozen=True, slots=True)
class Population:
    """How people answer.

    Attributes:
        fives: Share of the best answer.
        top_two: Share of the two best.
        lowest_two: Share of all but the three best.
        general: Variance of the general factor, of a total of 1.
        group: Variance of a group factor.
        unit_sd: Standard deviation of units on the latent scale.
        unit_item_sd: The same for a unit's effect on one item.
        item_sd: Standard deviation of item difficulties.
        blank: Share of unanswered items at the start; twice that at the end of the form.
        not_applicable: Share of "not applicable" where an item allows it.
    """

    fives: float = 0.60
    top_two: float = 0.977
    lowest_two: float = 0.004
    general: float = 0.60
    group: float = 0.15
    unit_sd: float = 0.20
    unit_item_sd: float = 0.08
    item_sd: float = 0.12
    blank: float = 0.007
    not_applicable: float = 0.72

    def __post_init__(self) -> None:
        """Refuse shares that contradict each other.

        Raises:
            ValueError: If shares are not ordered or variances exceed 1.
        """
        if not 0 < self.fives < self.top_two < 1 or not 0 < self.lowest_two < 1 - self.top_two:
            raise ValueError("need 0 < fives < top_two < 1 - lowest_two < 1")
        if self.general + self.group >= 1:
            raise ValueError("general and group variance leave nothing for the items")


def survey_instrument() -> Instrument:
    """The 22 items in five groups and the overall item of a citizen survey, 1 to 5."""
    items = [
        Item(
            id=f"{factor}{number}",
            scale=(1, 2, 3, 4, 5),
            factor=factor,
            not_applicable=9 if (factor, number) in (("E", 3), ("E", 4)) else None,
        )
        for factor, count in _FACTORS
        for number in range(1, count + 1)
    ]
    items.append(Item(id="G", scale=(1, 2, 3, 4, 5)))
    title = {"vi": "Phiếu khảo sát giả lập", "en": "Simulated survey"}
    return Instrument("SIM-22", "1", title, tuple(items), Marks(), (), "simulated", Path("SIM-22"))


def unit_effects(
    population: Population, units: int, items: int, rng: np.random.Generator
) -> NDArray[np.float64]:
    """``(units, items)``: latent effect of each unit on each item."""
    own = rng.normal(0.0, population.unit_sd, (units, 1))
    return own + rng.normal(0.0, population.unit_item_sd, (units, items))


def draw_levels(
    population: Population,
    instrument: Instrument,
    effects: NDArray[np.float64],
    rng: np.random.Generator,
) -> NDArray[np.intp]:
    """``(n, ratings)`` positions from 1 (worst) for records with latent ``effects``.

    Args:
        population: How people answer.
        instrument: Gives items, factors and the number of levels.
        effects: float64 ``(n, ratings)``: effects of unit and item, one row a record.
        rng: Chance.
    """
    n, k = effects.shape
    ratings = instrument.ratings
    factors = sorted({item.factor or "" for item in ratings})
    group = rng.normal(0.0, np.sqrt(population.group), (n, len(factors)))
    general = rng.normal(0.0, np.sqrt(population.general), (n, 1))
    noise = rng.normal(0.0, np.sqrt(1.0 - population.general - population.group), (n, k))
    of_item = [factors.index(item.factor or "") for item in ratings]
    latent = general + group[:, of_item] + noise + effects
    items = np.random.default_rng(_stable(instrument))
    difficulty = items.normal(0.0, population.item_sd, size=(k,))
    width = np.sqrt(1.0 + population.unit_sd**2 + population.unit_item_sd**2)
    levels = np.ones((n, k), dtype=np.intp)
    for j, item in enumerate(ratings):
        for cut in _cuts(population, len(item.scale)).tolist():
            levels[:, j] += latent[:, j] > width * cut + float(difficulty[j])
    return levels


def _cuts(population: Population, levels: int) -> NDArray[np.float64]:
    """Thresholds on a standard normal, one fewer than levels, upwards."""
    upper = [1.0 - population.fives]
    if levels >= 3:
        upper.insert(0, 1.0 - population.top_two)
    if levels >= 4:
        upper.insert(0, population.lowest_two)
    for step in range(levels - 4):
        upper.insert(0, population.lowest_two * 0.4 ** (step + 1))
    cuts: NDArray[np.float64] = norm.ppf(np.array(upper))
    return cuts


def _stable(instrument: Instrument) -> int:
    """Items are equally hard in every round: their difficulty hangs on the form alone."""
    text = "|".join(item.id for item in instrument.ratings)
    return sum((i + 1) * byte for i, byte in enumerate(text.encode()))


def answer_sheet(
    population: Population,
    instrument: Instrument,
    levels: NDArray[np.intp],
    rng: np.random.Generator,
) -> dict[str, NDArray[np.object_]]:
    """Answers as they stand in a response table: one column an item, ``None`` for blank.

    Category items are drawn with a fixed uneven distribution, alike in all units.
    """
    n = len(levels)
    columns: dict[str, NDArray[np.object_]] = {}
    untouched = rng.random(n) < population.not_applicable
    place = {item.id: j for j, item in enumerate(instrument.ratings)}
    for number, item in enumerate(instrument.items):
        if item.is_rating:
            values = np.array(item.ordered_scale, dtype=object)[levels[:, place[item.id]] - 1]
        else:
            weight = 1.0 / np.arange(1.0, len(item.scale) + 1)
            drawn = rng.choice(len(item.scale), size=n, p=weight / weight.sum())
            values = np.array(item.scale, dtype=object)[drawn]
        if item.not_applicable is not None:
            # who complained about nothing skips both follow-up items, with a few slips
            skipped = untouched ^ (rng.random(n) < 0.03)
            values[skipped] = item.not_applicable
        rising = population.blank * (1.0 + number / max(len(instrument.items) - 1, 1))
        values[rng.random(n) < rising] = None
        columns[item.id] = values
    return columns
