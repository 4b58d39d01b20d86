"""A third generator: every round is another survey, as strangers would build them.

The other two have one form and vary the ceiling. Here the seed draws everything: 8 to 40
items on 4-, 5- or 7-point scales, reverse-keyed ones among them; how items hang together
(one trait, blocks, classes of people, neighbours on the form); difficulties; heavy-tailed
people; units of 20 to 1,000 records that differ by a heavy-tailed effect or stand on two
peaks, in straight lines and in "not applicable". Nothing was tuned on it.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import norm

from detectors.instrument import Instrument, Item, Marks

__all__ = ["Survey", "varied_round"]

STRUCTURES = ("one trait", "blocks", "classes", "neighbours")
SCALES = (4, 5, 7)
SKIPPED = 9
MOST_RECORDS = 8_000

Array = NDArray[np.float64]


class Survey:
    """What one seed draws."""

    def __init__(self, rng: np.random.Generator, units: int) -> None:
        self.items = int(rng.integers(8, 41))
        self.levels = int(rng.choice(SCALES))
        self.structure = str(rng.choice(STRUCTURES))
        self.together = float(rng.uniform(0.35, 0.7))
        self.best = float(rng.uniform(0.25, 0.85))
        self.hard = rng.normal(0.0, rng.uniform(0.1, 0.6), self.items)
        self.reverse = rng.random(self.items) < rng.choice([0.0, 0.25])
        self.skips = np.where(rng.random(self.items) < 0.15, rng.uniform(0.05, 0.6), 0.0)
        drawn = np.exp(rng.normal(np.log(100.0), rng.uniform(0.0, 0.8), units))
        self.sizes = np.clip(np.round(drawn), 20, 1_000).astype(np.intp)
        self.sizes = np.maximum(
            np.floor(self.sizes * min(1.0, MOST_RECORDS / self.sizes.sum())), 20
        ).astype(np.intp)
        spread = rng.uniform(0.05, 0.3)
        peaks = rng.choice([-1.0, 1.0], units) * spread
        tails = rng.standard_t(5, units) * spread * 0.75
        self.effect = peaks if rng.random() < 0.5 else tails
        self.by_item = rng.normal(0.0, 0.08, (units, self.items))
        self.straight = rng.beta(2.0, rng.uniform(8.0, 40.0), units)

    def instrument(self) -> Instrument:
        """The form."""
        scale = tuple(range(1, self.levels + 1))
        items = tuple(
            Item(
                id=f"V{j + 1:02d}",
                scale=scale,
                not_applicable=SKIPPED if self.skips[j] else None,
                reverse=bool(self.reverse[j]),
            )
            for j in range(self.items)
        )
        title = {"vi": "Phiếu giả lập thứ ba", "en": "Third simulated form"}
        return Instrument("ANY", "1", title, items, Marks(), (), "simulated", Path("ANY"))


def _latent(survey: Survey, n: int, rng: np.random.Generator) -> Array:
    """``(n, items)`` with variance about 1."""
    k, r = survey.items, survey.together
    alone = rng.standard_t(6, (n, k)) / np.sqrt(1.5)
    if survey.structure == "classes":
        # kinds of people, each with a profile of its own, of unequal frequency
        profile = np.random.default_rng(k).normal(0.0, 1.0, (5, k)) * 0.6
        height = np.array([-1.2, -0.4, 0.2, 0.7, 1.1])
        kind = rng.choice(5, n, p=[0.1, 0.2, 0.3, 0.25, 0.15])
        shared = (height[kind][:, None] + profile[kind]) / 0.95
    elif survey.structure == "neighbours":
        shared = np.empty((n, k))
        shared[:, 0] = rng.normal(size=n)
        for j in range(1, k):
            shared[:, j] = 0.8 * shared[:, j - 1] + 0.6 * rng.normal(size=n)
        shared = 0.6 * rng.normal(size=(n, 1)) + 0.8 * shared
    else:
        shared = rng.normal(size=(n, 1)) * np.ones(k)
        if survey.structure == "blocks":
            block = np.arange(k) * 4 // k
            shared = 0.7 * shared + 0.714 * rng.normal(size=(n, 4))[:, block]
    latent: Array = np.sqrt(r) * shared + np.sqrt(1.0 - r) * alone
    return latent


def varied_round(seed: int, units: int = 40) -> tuple[pd.DataFrame, Instrument, Survey]:
    """Honest responses on paper; the same seed gives the same survey and round."""
    rng = np.random.default_rng([seed, 33])
    survey = Survey(rng, units)
    unit = np.repeat(np.arange(units), survey.sizes)
    n, k, levels = unit.size, survey.items, survey.levels
    latent = _latent(survey, n, rng)
    latent += survey.effect[unit][:, None] + survey.by_item[unit] - survey.hard
    # shares fall by a third from one value to the next below the best one
    below = (1.0 - survey.best) * 0.35 ** np.arange(levels - 1)
    below = below / below.sum() * (1.0 - survey.best)
    edges = norm.ppf(np.cumsum(below[::-1]))
    level = 1 + (latent[:, :, None] > edges).sum(axis=2)
    one_column = rng.random(n) < survey.straight[unit]
    first = level[np.arange(n), rng.integers(0, k, n)]
    level = np.where(one_column[:, None], first[:, None], level)
    columns: dict[str, object] = {
        "record_id": [f"v{i:06d}" for i in range(n)],
        "unit_id": [f"U{u + 1:04d}" for u in unit],
        "channel": "paper",
    }
    habit = rng.beta(4.0, 4.0, units)[unit] * 2.0
    for j, item in enumerate(survey.instrument().ratings):
        value = levels + 1 - level[:, j] if item.reverse else level[:, j]
        skipped = rng.random(n) < survey.skips[j] * habit
        answer = pd.array(np.where(skipped, SKIPPED, value), dtype="Int64")
        answer[rng.random(n) < 0.01] = pd.NA
        columns[item.id] = answer
    return pd.DataFrame(columns), survey.instrument(), survey
