"""The smooth field of local displacement, from the shifts of cells.

Feeders stretch a page along its length and sway it sideways; a photo of a curved sheet
bends it. All of it is smooth, so shifts of single cells, some of them wrong, are fitted by
a surface of cubic B-splines with a penalty on its bending (Eilers & Marx 1996), reweighted
so that a shift which its neighbours contradict loses its say (Tukey's biweight). Splines
need a fifth of the unknowns that nodes with straight lines between them need: 391 on A4,
and a fit takes 3 ms.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import lru_cache
from typing import cast

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.lapack import dpbsv
from scipy.sparse import csc_array
from threadpoolctl import ThreadpoolController

from scans.quantiles import median
from scans.types import DisplacementField

__all__ = ["FieldBasis", "field_basis", "fit_field", "robust_weight"]

# A cubic spline of this knot distance h errs on a wave of length L by about
# amplitude * (2 * pi * h / L)**4 / 500: 0.01 mm for 1.5 mm waves of 70 mm.
_KNOT_MM = 15.0
# Linear between nodes errs by amplitude * (pi * node / wavelength)**2 / 2: under 0.04 mm
# for the same waves.
_NODE_MM = 5.0
# Bending of the surface against one cell's say, for the knot distance above.
_STIFFNESS = 0.001
_ROWS, _COLUMNS = np.triu_indices(16)


@dataclass(frozen=True, eq=False)
class FieldBasis:
    """What a fit needs of the places alone; made once for the cells of a page.

    Attributes:
        size_mm: Width and height of the page.
        grid: Rows and columns of spline coefficients.
        index: int ``(n, 16)``: flat coefficients that bear on each of ``n`` places.
        share: float64 ``(n, 16)``: how much.
        said: ``(bands * coefficients, n)``: what the trust in each place adds to the flat bands.
        load: ``(coefficients, n)``: what trust times shift adds to the right-hand side.
        bending: float64 ``(bands, coefficients)``: upper bands of the bending energy.
        across, down: float64: value of coefficients at the nodes' x and y.
        near: int ``(n, 4)``, near_share float64 ``(n, 4)``: nodes around each place.
    """

    size_mm: tuple[float, float]
    grid: tuple[int, int]
    index: NDArray[np.intp]
    share: NDArray[np.float64]
    said: csc_array
    load: csc_array
    bending: NDArray[np.float64]
    across: NDArray[np.float64]
    down: NDArray[np.float64]
    near: NDArray[np.intp]
    near_share: NDArray[np.float64]


def robust_weight(residual: NDArray[np.float64], scale: float) -> NDArray[np.float64]:
    """Tukey's biweight of ``(n,)`` residuals at 4.685 times a scale."""
    ratio = np.clip(np.abs(residual) / (4.685 * scale), 0.0, 1.0)
    result: NDArray[np.float64] = (1.0 - ratio**2) ** 2
    return result


def field_basis(points_mm: NDArray[np.float64], size_mm: tuple[float, float]) -> FieldBasis:
    """Prepare fits of shifts at ``(n, 2)`` places of a page."""
    columns, rows = (int(np.ceil(s / _KNOT_MM)) + 3 for s in size_mm)
    left, a = _splines(points_mm[:, 0], columns)
    top, b = _splines(points_mm[:, 1], rows)
    steps = np.arange(4)
    index = (top[:, None] + steps)[:, :, None] * columns + (left[:, None] + steps)[:, None, :]
    index = index.reshape(-1, 16)
    share = (b[:, :, None] * a[:, None, :]).reshape(-1, 16)
    bending = _bending(rows, columns)
    # Flat coefficients rise along each row of ``index``: the upper triangle is enough.
    first, second = index[:, _ROWS], index[:, _COLUMNS]
    slot = (len(bending) - 1 - (second - first)) * (rows * columns) + second
    product = share[:, _ROWS] * share[:, _COLUMNS]
    place = np.arange(len(points_mm))[:, None]
    nodes = [np.arange(0.0, s + _NODE_MM, _NODE_MM) for s in size_mm]
    near, near_share = _bilinear(points_mm / _NODE_MM, len(nodes[1]), len(nodes[0]))
    return FieldBasis(
        size_mm,
        (rows, columns),
        index,
        share,
        _sums(slot, place, product, (bending.size, len(points_mm))),
        _sums(index, place, share, (rows * columns, len(points_mm))),
        bending,
        _at_nodes(np.minimum(nodes[0], size_mm[0]), columns),
        _at_nodes(np.minimum(nodes[1], size_mm[1]), rows),
        near,
        near_share,
    )


def fit_field(
    basis: FieldBasis,
    shift_mm: NDArray[np.float64],
    weight: NDArray[np.float64],
    *,
    scale_mm: float,
    rounds: int,
    stiffness: float = 1.0,
) -> DisplacementField:
    """Fit the field to shifts.

    Args:
        basis: Of their places.
        shift_mm: ``(n, 2)`` shifts found there.
        weight: ``(n, 2)`` trust in x and y, 0 to 1.
        scale_mm: Residual that is still ordinary.
        rounds: Of reweighting.
        stiffness: Factor on the penalty on bending; more where cells are few.
    """
    surface = []
    said = np.zeros(len(weight))
    # The bands are narrow: threads would wait for each other (thirty times slower on a busy
    # machine) and might add in another order.
    with _one_thread():
        for axis in (0, 1):
            shift, own = shift_mm[:, axis], np.ascontiguousarray(weight[:, axis])
            trust = own
            solution = np.zeros(basis.bending.shape[1])
            # Start from the stiffest surface that is not rigid: outliers then stand out.
            for turn in range(rounds):
                slack = stiffness * 8.0 ** (rounds - 1 - turn)
                solution = _solve(basis, shift, trust, slack)
                residual = shift - (basis.share * solution[basis.index]).sum(axis=1)
                spread = median(np.abs(residual[own > 0])) if own.any() else 0.0
                scale = max(scale_mm, 1.4826 * spread) if turn < rounds - 1 else scale_mm
                trust = own * robust_weight(residual, scale)
            said = np.maximum(said, trust)
            surface.append(basis.down @ solution.reshape(basis.grid) @ basis.across.T)
    rows, columns = len(basis.down), len(basis.across)
    load = np.bincount(
        basis.near.ravel(), (basis.near_share * said[:, None]).ravel(), rows * columns
    )
    return DisplacementField(
        (0.0, 0.0),
        (_NODE_MM, _NODE_MM),
        np.stack(surface, axis=-1),
        np.minimum(load, 1.0).reshape(rows, columns),
    )


def _splines(
    at_mm: NDArray[np.float64], count: int
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """First of the four coefficients that bear on each of ``(n,)`` places, and shares."""
    u = np.clip(at_mm / _KNOT_MM, 0.0, count - 3.0)
    first = np.minimum(u.astype(np.intp), count - 4)
    t = u - first
    share = np.column_stack(
        [
            (1 - t) ** 3,
            3 * t**3 - 6 * t**2 + 4,
            -3 * t**3 + 3 * t**2 + 3 * t + 1,
            t**3,
        ]
    )
    return first, share / 6.0


def _at_nodes(at_mm: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    """``(nodes, count)``: value of each coefficient at each node."""
    first, share = _splines(at_mm, count)
    values = np.zeros((len(at_mm), count))
    np.put_along_axis(values, first[:, None] + np.arange(4), share, axis=1)
    return values


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


def _bending(rows: int, columns: int) -> NDArray[np.float64]:
    """Upper bands ``(3 * columns + 4, coefficients)`` of the bending energy."""
    last = 3 * columns + 3
    bands = np.zeros((last + 1, rows * columns))
    index = np.arange(rows * columns).reshape(rows, columns)

    def add(groups: list[NDArray[np.intp]], factors: list[float]) -> None:
        for p, first in zip(groups, factors, strict=True):
            for q, second in zip(groups, factors, strict=True):
                low, high = p.ravel(), q.ravel()
                if low.size and low[0] <= high[0]:
                    np.add.at(bands, (last - (high[0] - low[0]), high), first * second)

    add([index[:, :-2], index[:, 1:-1], index[:, 2:]], [1.0, -2.0, 1.0])
    add([index[:-2], index[1:-1], index[2:]], [1.0, -2.0, 1.0])
    root = 2.0**0.5
    add(
        [index[:-1, :-1], index[:-1, 1:], index[1:, :-1], index[1:, 1:]],
        [root, -root, -root, root],
    )
    return bands * _STIFFNESS


def _solve(
    basis: FieldBasis, shift: NDArray[np.float64], trust: NDArray[np.float64], slack: float
) -> NDArray[np.float64]:
    """Coefficients of the displacement along one axis."""
    said = basis.said @ trust
    bands = said.reshape(basis.bending.shape) + slack * basis.bending
    # A trace of pull to zero keeps parts of the page without print from running away.
    bands[-1] += 1e-6 + 1e-7 * bands[-1].max()
    load = basis.load @ (trust * shift)
    # LAPACK itself: what scipy.linalg.solveh_banded asks before it calls it takes as long.
    _, solution, fault = dpbsv(bands, load, overwrite_ab=True, overwrite_b=True)
    if fault:
        raise np.linalg.LinAlgError(f"bending and trust make no definite matrix ({fault})")
    return np.asarray(solution, np.float64)


def _sums(
    row: NDArray[np.intp],
    column: NDArray[np.intp],
    value: NDArray[np.float64],
    shape: tuple[int, int],
) -> csc_array:
    """A matrix that adds ``value`` times entry ``column`` to entry ``row``."""
    columns = np.broadcast_to(column, row.shape)
    return csc_array((value.ravel(), (row.ravel(), columns.ravel())), shape=shape)


def _one_thread() -> AbstractContextManager[object]:
    """BLAS on one thread; asking a worker for what it does anyway takes a tenth of a fit."""
    if all(library.num_threads == 1 for library in _blas().lib_controllers):
        return nullcontext()
    return cast("AbstractContextManager[object]", _blas().limit(limits=1))


@lru_cache(maxsize=1)
def _blas() -> ThreadpoolController:
    return ThreadpoolController().select(user_api="blas")
