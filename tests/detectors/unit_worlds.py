"""Small honest worlds for tests of unit checks: units that differ, two rounds, two modes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from detectors.circumstances import Circumstances
from detectors.instrument import Instrument
from detectors.registry import Assessment
from detectors.simulate.population import Population, draw_levels, unit_effects
from detectors.table import RecordTable, UnitTable
from tests.detectors.data import instrument

__all__ = ["ITEMS", "PERIOD", "World", "flagged", "world"]

ITEMS = [f"Q{i:02d}" for i in range(1, 13)]
PERIOD = ("2026-07-01", "2026-09-30")
_PEOPLE = Population(fives=0.55, top_two=0.90, lowest_two=0.02, unit_sd=0.25, unit_item_sd=0.1)


@dataclass
class World:
    """Tables that a test may change before it asks for the prepared one."""

    form: Instrument
    now: pd.DataFrame
    old: pd.DataFrame
    units: pd.DataFrame
    custody: pd.DataFrame
    rng: np.random.Generator

    def table(self, *, previous: bool = True, **known: Any) -> UnitTable:
        """Prepared for checks; ``known`` are circumstances."""
        circumstances = Circumstances(**known)
        now = RecordTable.build(self.now, self.form, self.units, circumstances)
        old = RecordTable.build(self.old, self.form, self.units, circumstances)
        return UnitTable(now, self.units, old if previous else None, self.custody, PERIOD)

    def rows(self, unit: str, channel: str | None = None) -> np.ndarray:
        """Places of a unit's records in this period's table."""
        mine = self.now["unit_id"] == unit
        if channel is not None:
            mine &= self.now["channel"] == channel
        return np.flatnonzero(mine.to_numpy())


def world(seed: int, units: int = 24, n: int = 60, digital: float = 0.4) -> World:
    """An honest world of ``units`` units with ``n`` records each in both rounds."""
    rng = np.random.default_rng(seed)
    form = instrument(dict.fromkeys(ITEMS, (1, 2, 3, 4, 5)))
    effects = unit_effects(_PEOPLE, units, len(ITEMS), rng)
    drift = rng.normal(0.0, 0.1, (units, 1))
    names = np.repeat([f"U{u:02d}" for u in range(1, units + 1)], n)
    now = _answers(form, effects, names, n, "n", digital, rng)
    old = _answers(form, 0.9 * effects + drift, names, n, "o", digital, rng)
    ids = list(dict.fromkeys(names.tolist()))
    paper = now[now["channel"] == "paper"].groupby("unit_id").size()
    valid = paper.reindex(ids, fill_value=0).to_numpy()
    lost = rng.binomial(valid, 0.05)
    register = pd.DataFrame({"unit_id": ids, "served": n * rng.integers(3, 6, units)})
    book = pd.DataFrame(
        {
            "unit_id": ids,
            "batch": [f"{name}-B1" for name in ids],
            "serial_from": [f"{name}-000001" for name in ids],
            "serial_to": [f"{name}-{v:06d}" for name, v in zip(ids, valid + lost + 2, strict=True)],
            "issued": valid + lost + 2,
            "returned": valid + 2,
            "valid": valid,
            "invalid": 2,
            "lost": lost,
            "spoilt": 0,
        }
    )
    return World(form, now, old, register, book, rng)


def _answers(form, effects, names, n, tag, digital, rng) -> pd.DataFrame:
    latent = np.repeat(effects, n, axis=0)
    levels = draw_levels(_PEOPLE, form, latent, rng)
    frame = pd.DataFrame(levels, columns=ITEMS).astype(object)
    frame.insert(0, "record_id", [f"{tag}{i:05d}" for i in range(len(frame))])
    frame.insert(1, "unit_id", names)
    online = np.arange(len(frame)) % n >= round(n * (1 - digital))
    frame.insert(2, "channel", np.where(online, "vneid", "paper"))
    return frame


def flagged(answer: Assessment) -> set[str]:
    """Units with a finding."""
    return {str(finding.unit_id) for finding in answer.findings}
