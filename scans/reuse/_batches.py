"""What came together: pages of one folder that show the same page of the form."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath

import numpy as np
from numpy.typing import NDArray

from scans.fingerprint import Fingerprint

__all__ = ["batches_of", "rank_in_batch"]

# Batches are mixed for good reasons: a lead is never rarer than this.
_FLOOR = 0.02


def batches_of(pages: Sequence[Fingerprint]) -> list[list[int]]:
    """Places in ``pages`` of each batch, by name: the order in which pages come is no matter."""
    found: dict[tuple[str, int], list[int]] = {}
    for i, page in enumerate(pages):
        folder = str(PurePath(page.origin.path).parent)
        found.setdefault((folder, page.form_page), []).append(i)
    return [sorted(members, key=lambda i: (pages[i].name, i)) for members in found.values()]


def rank_in_batch(number: NDArray[np.intp]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Conformal ranks of pages by the number of traits in which each is unlike its batch.

    Args:
        number: int ``(n,)``: of each page.

    Returns:
        float64 ``(n,)`` each: the share of pages at least as unlike, in (0, 1); and the p-value,
        1 for a page that is unlike in nothing, else that share and never below 2 %.
    """
    share = (number[None] >= number[:, None]).sum(axis=1) / (len(number) + 1)
    return share, np.where(number == 0, 1.0, np.maximum(_FLOOR, share))
