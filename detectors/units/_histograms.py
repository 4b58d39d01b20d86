"""Histograms of units by item and value, and how far apart two of them lie by chance.

Reference: Satterthwaite (1946) for the degrees of freedom of a weighted sum of chi-squares.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detectors.table import RecordTable
from detectors.unit_result import FEWEST_RECORDS

__all__ = [
    "FEWEST_OFF_MODE",
    "Histograms",
    "Sheet",
    "degrees_of_freedom",
    "histograms",
    "lower_tail",
    "nearest",
    "p_of_pair",
]

FEWEST_OFF_MODE = 50.0
BLOCK = 512
SMALLEST_P = 1e-12

Vector = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Sheet:
    """Records of a stratum, grouped by unit, and how often each cell was answered.

    A cell is a value of an item; ``start`` is the first cell of each item.
    """

    records: RecordTable
    rows: NDArray[np.intp]
    items: NDArray[np.intp]
    start: NDArray[np.intp]
    unit: NDArray[np.intp]
    bound: NDArray[np.intp]
    count: NDArray[np.float64]

    @classmethod
    def of(
        cls,
        records: RecordTable,
        rows: NDArray[np.intp],
        unit: NDArray[np.intp],
        items: NDArray[np.intp],
    ) -> Sheet:
        order = np.argsort(unit, kind="stable")
        present, label, n = np.unique(unit[order], return_inverse=True, return_counts=True)
        rows = rows[order]
        levels = records.levels[items]
        start = np.concatenate([[0], np.cumsum(levels)]).astype(np.intp)
        count = np.zeros((present.size, int(start[-1])))
        for j, item in enumerate(items.tolist()):
            given = np.nan_to_num(records.answers[rows, item], nan=0.0).astype(np.intp)
            code = label * (levels[j] + 1) + given
            size = present.size * int(levels[j] + 1)
            of_item = np.bincount(code, minlength=size).reshape(present.size, -1)
            count[:, start[j] : start[j + 1]] = of_item[:, 1:]
        bound = np.concatenate([[0], np.cumsum(n)]).astype(np.intp)
        return cls(records, rows, items, start, present.astype(np.intp), bound, count)

    def cells(self, at: NDArray[np.intp] | slice) -> NDArray[np.float64]:
        """0 and 1 by record and cell, of some records."""
        given = self.records.answers[np.ix_(self.rows[at], self.items)]
        dense = np.zeros((len(given), int(self.start[-1])))
        row, item = np.nonzero(np.isfinite(given))
        dense[row, given[row, item].astype(np.intp) - 1 + self.start[item]] = 1.0
        return dense

    def of_unit(self, place: int) -> NDArray[np.float64]:
        """The same for all records of one unit."""
        return self.cells(slice(int(self.bound[place]), int(self.bound[place + 1])))


@dataclass(frozen=True, eq=False)
class Histograms:
    """Shares by item and value of units, ``(units, cells)``, scaled by ``1 / sqrt(P)``."""

    sheet: Sheet
    place: NDArray[np.intp]  # in the sheet
    unit: NDArray[np.intp]
    n: Vector
    scaled: NDArray[np.float64]
    own: Vector  # expected squared scaled distance of one record from its unit


def histograms(sheet: Sheet, usual: Vector) -> Histograms:
    """Histograms of units with enough records and enough that is not the usual answer."""
    n = np.diff(sheet.bound).astype(np.float64)
    share = sheet.count / n[:, None] if n.size else sheet.count
    own = ((share - share**2) / usual).sum(axis=1)
    modes = np.maximum.reduceat(sheet.count, sheet.start[:-1], axis=1).sum(axis=1)
    off_mode = sheet.count.sum(axis=1) - modes
    kept = np.flatnonzero((n >= FEWEST_RECORDS) & (off_mode >= FEWEST_OFF_MODE))
    scaled = share[kept] / np.sqrt(usual)
    return Histograms(sheet, kept, sheet.unit[kept], n[kept], scaled, own[kept])


def nearest(units: Histograms) -> tuple[NDArray[np.intp], Vector]:
    """Partner with the smallest distance over that of chance, and that ratio."""
    square = (units.scaled**2).sum(axis=1)
    own = units.own / units.n
    near = np.zeros(square.size, dtype=np.intp)
    ratio = np.zeros(square.size)
    for start in range(0, square.size, BLOCK):
        part = slice(start, min(start + BLOCK, square.size))
        gap = square[part, None] + square - 2.0 * units.scaled[part] @ units.scaled.T
        closeness = np.maximum(gap, 0.0) / (own[part, None] + own)
        rows = np.arange(part.stop - part.start)
        closeness[rows, rows + start] = np.inf
        near[part] = closeness.argmin(axis=1)
        ratio[part] = closeness[rows, near[part]]
    return near, ratio


def p_of_pair(
    ratio: float, one: tuple[Histograms, int], two: tuple[Histograms, int], usual: Vector
) -> float:
    """p-value of two units by their own records, not below the chance of equal counts.

    Counts are whole numbers. Two samples agree in one direction of the answers with a
    probability of about ``(1 + 4 pi v) ** -0.5``, ``v`` the variance of a count, and there
    are as many directions as degrees of freedom: few where people straight-line.
    """
    freedom, equal = np.inf, 0.0
    for units, k in (one, two):
        cells = units.sheet.of_unit(int(units.place[k]))
        own = degrees_of_freedom(cells, usual)
        share = cells.mean(axis=0)
        variance = len(cells) * float((share * (1.0 - share))[share > 0].mean())
        freedom = min(freedom, own)
        equal = max(equal, float((1.0 + 4.0 * np.pi * variance) ** (-0.5 * own)))
    return max(float(lower_tail(np.array([ratio]), freedom)[0]), equal)


def degrees_of_freedom(cells: NDArray[np.float64], usual: Vector) -> float:
    """Satterthwaite's degrees of freedom of the distance between samples of these records."""
    dense = (cells - cells.mean(axis=0)) / np.sqrt(usual)
    n = max(len(cells), 2)
    gram = dense.T @ dense if n > usual.size else dense @ dense.T
    trace, square = float(np.trace(gram)) / n, float((gram**2).sum()) / n**2
    # less what a sample of n adds to the trace of the squared covariance
    square = max((square - trace**2 / n) * n / (n - 1.0), 1e-300)
    return max(trace**2 / square, 1.0)


def lower_tail(ratio: Vector, freedom: float) -> Vector:
    """How often two samples of the same people come as close: chi-square, lower tail."""
    from scipy.stats import chi2

    p: Vector = np.maximum(chi2.cdf(ratio * freedom, freedom), SMALLEST_P)
    return p
