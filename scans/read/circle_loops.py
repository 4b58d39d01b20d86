"""Which boxes have ink on many sides: a loop over the places around all of them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from scans.compiled import compiled

__all__ = ["ink_around"]


@compiled("void(float32[:, ::1], float64, int64[:, ::1], int64[::1], float64[::1], float64[::1])")
def ink_around(
    added: NDArray[np.float32],
    threshold: float,
    places: NDArray[np.int64],
    inner: NDArray[np.int64],
    around: NDArray[np.float64],
    within: NDArray[np.float64],
) -> None:
    """Share of directions that hold ink, and share of the inside that does.

    Args:
        added: ``(n, pixels)``: darkness that the blank does not have.
        threshold: Ink is darker.
        places: ``(angles, radii)``: pixels in each direction, -1 for none.
        inner: ``(m,)``: pixels inside a box.
        around: ``(n,)``. Written.
        within: ``(n,)``. Written.
    """
    least = np.float32(threshold)
    for n in range(len(added)):
        patch = added[n]
        count = 0
        for angle in range(len(places)):
            for radius in range(places.shape[1]):
                at = places[angle, radius]
                if at >= 0 and patch[at] > least:
                    count += 1
                    break
        around[n] = count / len(places)
        count = 0
        for k in range(len(inner)):
            if patch[inner[k]] > least:
                count += 1
        within[n] = count / len(inner)
