"""Partners for a null: records of other units, as satisfied as the own ones.

Records are drawn without putting back, band of level by band of level, from one random
order of the stratum; no draw crosses a stratum.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from detectors.table import RecordTable

__all__ = ["Shuffle", "level_bands", "pools_of", "unit_slices"]

LEVEL_BANDS = 10


def pools_of(table: RecordTable) -> Iterator[tuple[int, NDArray[np.intp]]]:
    """Rows of each stratum that can be compared."""
    usable = (table.answered > 0) & table.in_unit
    for stratum in range(len(table.stratum_names)):
        pool = np.flatnonzero(usable & (table.stratum == stratum))
        if pool.size:
            yield stratum, pool


def unit_slices(unit: NDArray[np.intp]) -> Iterator[slice]:
    """Rows of a unit stand together in the table's order."""
    edges = np.flatnonzero(np.diff(unit)) + 1
    for start, stop in zip([0, *edges], [*edges, unit.size], strict=True):
        yield slice(int(start), int(stop))


def level_bands(level: NDArray[np.float64]) -> NDArray[np.intp]:
    """Band of each record of a stratum, 0 to ``LEVEL_BANDS`` - 1."""
    if level.size == 0:
        return np.zeros(0, dtype=np.intp)
    edges = np.unique(np.round(np.quantile(level, np.linspace(0, 1, LEVEL_BANDS + 1)[1:-1]), 9))
    bands: NDArray[np.intp] = np.searchsorted(edges, np.round(level, 9), side="right")
    return bands


class Shuffle:
    """A random order of a stratum, band by band, from which units draw their null."""

    def __init__(
        self, unit: NDArray[np.intp], band: NDArray[np.intp], rng: np.random.Generator
    ) -> None:
        order = rng.permutation(unit.size)
        self._unit = unit
        self._members = [order[band[order] == b] for b in range(LEVEL_BANDS)]

    def draw(self, unit: int, band: NDArray[np.intp], rng: np.random.Generator) -> NDArray[np.intp]:
        """A record of another unit for each own one, of the same ``band`` if any is left.

        None is drawn twice; what a band cannot give comes from the nearest bands.
        """
        drawn = np.full(band.size, -1, dtype=np.intp)
        spare: list[NDArray[np.intp]] = []
        for b, members in enumerate(self._members):
            places = np.flatnonzero(band == b)
            turned = np.roll(members, -int(rng.integers(max(members.size, 1))))
            if turned.size > 4 * places.size + 64 and places.size:
                head = turned[: 2 * places.size + 32]
                if (self._unit[head] != unit).sum() >= places.size:
                    turned = head
            others = turned[self._unit[turned] != unit]
            taken = min(places.size, others.size)
            drawn[places[:taken]] = others[:taken]
            spare.append(others[taken:])
        for place in np.flatnonzero(drawn < 0):
            nearest = sorted(range(LEVEL_BANDS), key=lambda b: abs(b - int(band[place])))
            b = next(b for b in nearest if spare[b].size)
            drawn[place], spare[b] = spare[b][0], spare[b][1:]
        return drawn
