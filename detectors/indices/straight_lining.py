"""Kim's measures of non-differentiation in a grid of items with one scale.

Reference: Kim, Dykema, Stevenson, Black & Moberg (2019), Social Science Computer Review 37,
214-233. Reproduces straightliner (README) except ``mrp``, whose code does not follow its
documented formula: it prints .2929 for (4, 5, 3) where the formula gives .1464.
"""

from __future__ import annotations

import numpy as np

from detectors.indices._shared import Matrix, Vector, as_rows
from detectors.indices.dispersion import irv

__all__ = [
    "maximum_identical",
    "mean_root_of_pairs",
    "scale_point_variation",
    "within_record_deviation",
]


def maximum_identical(x: Matrix) -> Vector:
    """``(n,)``: share of the most frequent answer, 1 = straight-lining; ``mir``."""
    from detectors.indices._grid_kernels import shares

    return shares(as_rows(x))[0]


def scale_point_variation(x: Matrix) -> Vector:
    """``(n,)``: 1 less the sum of squared shares of the answers, 0 = straight-lining; ``spv``."""
    from detectors.indices._grid_kernels import shares

    return shares(as_rows(x))[1]


def within_record_deviation(x: Matrix) -> Vector:
    """``(n,)``: standard deviation of the answers, 0 = straight-lining; ``qsd``."""
    return irv(x)


def mean_root_of_pairs(x: Matrix, largest: float | None = None) -> Vector:
    """``(n,)``: 1 less the mean root of the differences of all pairs of answers; ``mrp``.

    Args:
        x: Answers.
        largest: Mean root that becomes 0; ``None`` takes the largest in the table, as the
            peer does, so that a record's value depends on the others.

    NaN below two answers. 1 = straight-lining.
    """
    from detectors.indices._grid_kernels import mean_roots

    root = mean_roots(as_rows(x))
    known = root[~np.isnan(root)]
    most = largest if largest is not None else float(known.max(initial=0.0))
    return 1.0 - root / most if most > 0 else 1.0 - root
