"""Person fit without a latent-trait model: how usual a record is for its class.

Reference: the standardised log likelihood of Drasgow, Levine & Williams (1985), with
category probabilities of peers of like total score (non-parametric, as Tendeiro &
Meijer (2014) recommend where a model does not hold).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from detectors.records._classes import classes_of
from detectors.table import RecordTable

__all__ = ["misfit"]


def misfit(table: RecordTable) -> NDArray[np.float64]:
    """``(n,)``: standardised shortfall of the log likelihood; high = unlike its class.

    NaN without answers, or where the class answers everything with certainty.
    """
    return table.memo("misfit", lambda: _misfit(table))


def _misfit(table: RecordTable) -> NDArray[np.float64]:
    classes = classes_of(table)
    p = np.exp(classes.log_p)
    mean_cell = p * classes.log_p
    square_cell = p * classes.log_p**2
    first = classes.first_cell
    mean = np.add.reduceat(mean_cell, first, axis=1)
    variance = np.add.reduceat(square_cell, first, axis=1) - mean**2
    known = classes.cell >= 0
    group = np.maximum(classes.of_record, 0)
    observed = np.nansum(classes.own_log_p(), axis=1)
    expected = np.where(known, mean[group], 0.0).sum(axis=1)
    spread = np.where(known, variance[group], 0.0).sum(axis=1)
    result: NDArray[np.float64] = np.full(len(table), np.nan)
    np.divide(
        expected - observed, np.sqrt(spread), out=result, where=known.any(axis=1) & (spread > 1e-9)
    )
    return result
