"""Real grounds: rows of public questionnaires in random units.

The tables of the shared data, and, where ``SURVEY_AUDIT_POOLS`` names a folder, every CSV
in it: columns of whole numbers below 10 are taken as items. Random units of real rows have
no differences between units, but all of the strangeness of real people.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd

from detectors.instrument import Instrument
from detectors.simulate.frauds import FraudPlan
from detectors.simulate.plant import plant
from tests.accuracy.worlds import Ground
from tests.detectors.data import DATA, in_random_units, pool

__all__ = ["names", "random_round", "sizes_of"]

_SHARED = {
    "attention": "attention/responses.csv",
    "careless": "reference/careless_dataset.csv",
    "careless2": "reference/careless_dataset2.csv",
    "inadequacy": "reference/InadequacyData.csv",
    "physfunc": "reference/PhysFuncData.csv",
    "acl_communality": "reference/acl_communality.csv",
    "aberrance_grm": "reference/aberrance_grm_x.csv",
    "rp_simdata": "reference/rp_simdata.csv",
}
SIZES = (15, 30, 60, 150)
FEWEST_UNITS = 6
MOST_ROWS = 6_000


def names() -> tuple[str, ...]:
    """Pools that are here."""
    shared = [n for n, file in _SHARED.items() if (DATA / "tables" / file).is_file()]
    return (*shared, *_further())


@cache
def _further() -> tuple[str, ...]:
    folder = os.environ.get("SURVEY_AUDIT_POOLS")
    return tuple(sorted(p.stem for p in Path(folder).glob("*.csv"))) if folder else ()


@cache
def _pool(name: str) -> tuple[pd.DataFrame, Instrument]:
    if name in _SHARED:
        return pool(_SHARED[name])
    answers, instrument = pool(
        str(Path(os.environ["SURVEY_AUDIT_POOLS"]).resolve() / f"{name}.csv")
    )
    return answers.head(MOST_ROWS), instrument


def sizes_of(name: str) -> tuple[int, ...]:
    """Sizes of unit of which the pool makes enough."""
    return tuple(size for size in SIZES if len(_pool(name)[0]) // size >= FEWEST_UNITS)


def random_round(
    name: str, seed: int, size: int, *, plan: FraudPlan | None = None
) -> tuple[Ground, Mapping[str, FraudPlan]]:
    """Rows of a pool in random units; with a plan, done to one unit in ten."""
    answers, instrument = _pool(name)
    rng = np.random.default_rng([seed, 3])
    state = rng.bit_generator.state
    honest = in_random_units(answers, size, rng)
    again = np.random.default_rng()
    again.bit_generator.state = state
    rows = tuple(again.permutation(len(answers))[: len(honest)].tolist())
    plans: dict[str, FraudPlan] = {}
    if plan is not None:
        units = honest["unit_id"].unique()
        chosen = rng.choice(units, size=max(1, round(0.1 * len(units))), replace=False)
        plans = dict.fromkeys(map(str, chosen), plan)
    planted = plant(honest, instrument, plans, rng)
    return Ground(planted.responses, instrument, planted.truth, rows=rows), plans
