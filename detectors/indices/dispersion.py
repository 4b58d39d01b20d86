"""How much the answers of one record vary.

Reproduces careless 1.2.2 ``irv``. Reference: Dunn, Heggestad, Shanock & Theilgard (2018),
Journal of Business and Psychology 33, 105-121.
"""

from __future__ import annotations

import numpy as np

from detectors.indices._shared import Matrix, Pairs, Vector, as_rows

__all__ = ["irv", "irv_parts"]


def irv(x: Matrix) -> Vector:
    """``(n,)``: standard deviation within a record (n - 1); NaN below two answers."""
    from detectors.indices._row_kernels import part_deviations

    rows = as_rows(x)
    return part_deviations(rows, *_parts(rows.shape[1], 1))[:, 0]


def irv_parts(x: Matrix, parts: int) -> Matrix:
    """``(n, parts)``: ``irv`` of consecutive parts of the record.

    Item i of k stands in part ceil(parts (i - 1) / (k - 1)), as R's ``cut`` does it: the
    outer parts are the longer ones. Reference: careless ``irv(split=TRUE)``.

    Raises:
        ValueError: If ``parts`` is not in 1..items.
    """
    from detectors.indices._row_kernels import part_deviations

    rows = as_rows(x)
    if not 1 <= parts <= max(rows.shape[1], 1):
        raise ValueError(f"{parts} parts of {rows.shape[1]} items")
    return part_deviations(rows, *_parts(rows.shape[1], parts))


def _parts(items: int, parts: int) -> tuple[Pairs, Pairs]:
    place = np.arange(items)
    part = np.maximum(-(-place * parts // max(items - 1, 1)), 1) - 1
    edges = np.searchsorted(part, np.arange(parts + 1))
    return edges[:-1], edges[1:]
