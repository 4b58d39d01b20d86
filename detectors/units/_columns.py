"""The statistics of a record that are summed by unit, one column each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detectors.units._classes import Density
from detectors.units._odds import TOUCHED, Material, edited_gain, invented_odds

__all__ = ["HABITS", "SHOWN", "SIDES", "SPREAD", "TESTED", "columns_of"]

# all best, gain of "edited up", gain of "invented", spread: what is tested, in this order;
# behind them stand the near duplicates, which are no sum over records
TESTED = 4
SPREAD = 3
SIDES = (np.positive, np.positive, np.positive, np.abs, np.positive)
# and the column that a reader is shown for each: all best, has a low answer, rather
# invented than honest, spread
SHOWN = (0, 4, 5, 3)
# Whether a test also sees habits of a desk: how people are helped to mark (one column
# throughout, evenly) differs between honest units by much, and skewed. The odds of tampering
# and near duplicates are skewed by chance already, and what differs there has that shape.
HABITS = (True, False, False, True, False)
# What one record can say of how coherent its unit is, in standard errors of the mean of a usual
# unit. By a hundred items a careless person is told from honest ones as surely as an invented row:
# uncut, one such person among sixty made a unit stand out at p 1e-9 where no peer had one.
MOST_OF_ONE = 1.25

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Columns:
    """float32 ``(n, 6)``."""

    values: NDArray[np.float32]

    @property
    def tested(self) -> NDArray[np.float32]:
        """The columns that are tested."""
        return self.values[:, :TESTED]


def columns_of(
    data: Material,
    compared: Material,
    all_best: Array,
    density: Density,
    size: float,
    rng: np.random.Generator,
) -> Columns:
    """Learned on the peers of ``data``, worked out for all of its records.

    ``compared`` are the same records without events of single units, ``density`` is theirs;
    a usual unit has ``size`` records.
    """
    odds = invented_odds(compared, density, rng)
    edited = edited_gain(data, rng)
    values = np.zeros((len(data.codes), 6), dtype=np.float32)
    values[:, 0] = all_best
    if edited is not None:
        values[:, 1] = edited
    gain = np.log(1.0 - TOUCHED + TOUCHED * odds)
    own = gain[compared.peers]
    values[:, 2] = np.minimum(gain, own.mean() + MOST_OF_ONE * np.sqrt(size) * own.std())
    values[:, 3] = data.spread
    values[:, 4] = data.low > 0
    values[:, 5] = odds > 1.0
    return Columns(values)
