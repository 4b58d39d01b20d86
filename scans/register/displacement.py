"""The smooth field of local displacement, from the shifts of cells.

Feeders stretch a page along its length and sway it sideways; a photo of a curved sheet
bends it. All of it is smooth, so shifts of single cells, some of them wrong, are fitted by
a surface on a grid of nodes: weighted least squares with a penalty on bending (a
discrete thin plate), reweighted so that a shift which its neighbours contradict loses its
say (Tukey's biweight).
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solveh_banded
from threadpoolctl import ThreadpoolController  # type: ignore[import-untyped]

from scans.types import DisplacementField

__all__ = ["fit_field", "robust_weight"]


def robust_weight(residual: NDArray[np.float64], scale: float) -> NDArray[np.float64]:
    """Tukey's biweight of ``(n,)`` residuals at 4.685 times a scale."""
    ratio = np.clip(np.abs(residual) / (4.685 * scale), 0.0, 1.0)
    result: NDArray[np.float64] = (1.0 - ratio**2) ** 2
    return result


def fit_field(
    points_mm: NDArray[np.float64],
    shift_mm: NDArray[np.float64],
    weight: NDArray[np.float64],
    size_mm: tuple[float, float],
    *,
    node_mm: float,
    stiffness: float,
    scale_mm: float,
    rounds: int,
) -> DisplacementField:
    """Fit the field to ``n`` shifts.

    Args:
        points_mm: ``(n, 2)`` places on the page.
        shift_mm: ``(n, 2)`` shifts found there.
        weight: ``(n, 2)`` trust in x and y, 0 to 1.
        size_mm: Width and height of the page.
        node_mm: Distance of nodes. Linear between nodes errs by amplitude *
            (pi * node / wavelength)**2 / 2: under 0.06 mm at 6 mm for 1.5 mm waves of 70 mm.
        stiffness: Penalty on bending against one cell's say.
        scale_mm: Residual that is still ordinary.
        rounds: Of reweighting.
    """
    columns = int(np.ceil(size_mm[0] / node_mm)) + 1
    rows = int(np.ceil(size_mm[1] / node_mm)) + 1
    nodes, share = _bilinear(points_mm / node_mm, rows, columns)
    bending = _bending(rows, columns, stiffness)
    shift = np.zeros((rows * columns, 2))
    for axis in (0, 1):
        trust = weight[:, axis].copy()
        # Start from the stiffest surface that is not rigid: outliers then stand out.
        for turn in range(rounds):
            slack = 8.0 ** (rounds - 1 - turn)
            shift[:, axis] = _solve(
                nodes, share, shift_mm[:, axis], trust, bending * slack, columns
            )
            residual = shift_mm[:, axis] - (share * shift[nodes, axis]).sum(axis=1)
            spread = np.median(np.abs(residual[weight[:, axis] > 0])) if weight.any() else 0.0
            scale = max(scale_mm, 1.4826 * float(spread)) if turn < rounds - 1 else scale_mm
            trust = weight[:, axis] * robust_weight(residual, scale)
    said = np.zeros(rows * columns)
    np.add.at(
        said, nodes.ravel(), (share * np.minimum(weight, trust[:, None]).max(1)[:, None]).ravel()
    )
    return DisplacementField(
        (0.0, 0.0),
        (node_mm, node_mm),
        shift.reshape(rows, columns, 2),
        np.minimum(said, 1.0).reshape(rows, columns),
    )


def _bilinear(
    points: NDArray[np.float64], rows: int, columns: int
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Flat indices ``(n, 4)`` of the nodes around points in node steps, and their shares."""
    u = np.clip(points[:, 0], 0, columns - 1.000001)
    v = np.clip(points[:, 1], 0, rows - 1.000001)
    left, top = u.astype(np.intp), v.astype(np.intp)
    a, b = u - left, v - top
    first = top * columns + left
    nodes = np.column_stack([first, first + 1, first + columns, first + columns + 1])
    share = np.column_stack([(1 - a) * (1 - b), a * (1 - b), (1 - a) * b, a * b])
    return nodes, share


def _bending(rows: int, columns: int, stiffness: float) -> NDArray[np.float64]:
    """Upper bands ``(2 * columns + 1, nodes)`` of the bending energy of the node grid."""
    n = rows * columns
    bands = np.zeros((2 * columns + 1, n))
    index = np.arange(n).reshape(rows, columns)

    def add(groups: list[NDArray[np.intp]], factors: list[float]) -> None:
        for p, first in zip(groups, factors, strict=True):
            for q, second in zip(groups, factors, strict=True):
                low, high = p.ravel(), q.ravel()
                if low.size and low[0] <= high[0]:
                    bands_row = 2 * columns - (high[0] - low[0])
                    np.add.at(bands, (bands_row, high), first * second * stiffness)

    add([index[:, :-2], index[:, 1:-1], index[:, 2:]], [1.0, -2.0, 1.0])
    add([index[:-2], index[1:-1], index[2:]], [1.0, -2.0, 1.0])
    root = 2.0**0.5
    add(
        [index[:-1, :-1], index[:-1, 1:], index[1:, :-1], index[1:, 1:]],
        [root, -root, -root, root],
    )
    return bands


def _solve(
    nodes: NDArray[np.intp],
    share: NDArray[np.float64],
    shift: NDArray[np.float64],
    trust: NDArray[np.float64],
    bending: NDArray[np.float64],
    columns: int,
) -> NDArray[np.float64]:
    """Nodes' displacement along one axis."""
    bands = bending.copy()
    # A trace of pull to zero keeps parts of the page without print from running away.
    bands[-1] += 1e-6 + 1e-7 * bands[-1].max()
    load = np.zeros(bands.shape[1])
    np.add.at(load, nodes.ravel(), (share * (trust * shift)[:, None]).ravel())
    for i in range(4):
        for j in range(i, 4):
            row = 2 * columns - (nodes[:, j] - nodes[:, i])
            np.add.at(bands, (row, nodes[:, j]), trust * share[:, i] * share[:, j])
    # The bands are narrow: threads would wait for each other (thirty times slower on a busy
    # machine) and might add in another order.
    with _threads().limit(limits=1, user_api="blas"):
        solution: NDArray[np.float64] = solveh_banded(bands, load, check_finite=False)
    return solution


@lru_cache(maxsize=1)
def _threads() -> ThreadpoolController:
    return ThreadpoolController()
