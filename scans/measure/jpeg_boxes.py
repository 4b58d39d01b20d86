"""Which answer boxes lack the page's earlier JPEG compression, each against all others.

A box and its rim hold ten to a hundred blocks with print in them. After two compressions
the sizes of their coefficients are not alike: multiples of the first steps that are rounded
to one and the same multiple of the last make some sizes common and others rare (Lukas &
Fridrich 2003). How common each is follows from the two tables. Summed over a box, the
logarithms of that tell whether its blocks went through the first compression where they
lie, which part of another box or sheet did not. What this comes to where no block ever was
is measured on the same page cut 4 pixels aside.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from detectors.instrument import Page
from scans.measure.jpeg_blocks import BLOCK, DCT, Blocks
from scans.measure.jpeg_steps import MOST_STEPS
from scans.types import Registration

__all__ = ["BoxTraces", "box_traces", "densities"]

Floats = NDArray[np.float64]

# Coefficients from the lowest on, along the diagonals; without the mean of a block.
_ZIGZAG = np.array(sorted(range(1, 64), key=lambda i: (i // BLOCK + i % BLOCK, i))[:27])
# What the rounding of pixels between two compressions adds to a coefficient at most, in grey
# levels, and the share of coefficients that went through more than that, as where paper is burnt
# out to white.
_JITTER, _STRANGERS = 2.0, 0.1
# Steps of the first compression that are not larger than the last ones' by this much hide.
_COARSER = 1.2
# By how much the page's own blocks must differ from the same page cut aside, for 1 in theory.
_LEAST_GAP = 0.15
# A box is told from the others with an error of 1 over the root of this, at most.
_LEAST_INFORMATION = 8.0
# Boxes differ by more than chance; their spread is read off the lower half, from the median down to
# this quantile.
_LEAST_SPREAD = 0.08
_LOW, _LOW_SPREADS = 0.15, 1.04
_LEAST_VARIANCE, _LEAST_DIFFERENCE = 1e-3, 0.02
_FEWEST_BOXES = 8
# A patch reaches as far beyond the outline at least.
_RIM_MM = 1.0


@dataclass(frozen=True, eq=False)
class BoxTraces:
    """How much of the earlier compression boxes lack.

    Attributes:
        share: float64 ``(n,)``: 0 like the page's other boxes, 1 as if never compressed with
            them; in the order of the page.
        score: float64 ``(n,)``: the same in errors; 0 where a box cannot be judged.
    """

    share: Floats
    score: Floats


def box_traces(
    own: Blocks,
    aside: Blocks,
    first: Floats,
    steps: Floats,
    offset: tuple[int, int],
    registration: Registration,
    page: Page,
) -> BoxTraces | None:
    """Judge all boxes of a page that was compressed twice; ``None`` where too little is left.

    Args:
        own: Blocks of the page.
        aside: The same pixels cut elsewhere.
        first: ``(64,)`` steps of the earlier compression.
        steps: ``(64,)`` of the last.
        offset: Row and column that the page's blocks begin at.
        registration: Lays the scan over the form.
        page: The form.
    """
    table = _Table.of(first, steps)
    if not table.weight.any() or not page.boxes:
        return None
    suits, most = table.sums(own, steps)
    theirs, possible = table.sums(aside, steps)
    if most.sum() <= 0.0 or possible.sum() <= 0.0:
        return None
    here, elsewhere = suits.sum() / most.sum(), theirs.sum() / possible.sum()
    gap = float(here - elsewhere)
    if gap < _LEAST_GAP:
        return None
    summed = _in_boxes(np.stack([suits, most]), own, offset, registration, page)
    information = gap**2 * summed[1]
    kept = (summed[0] - elsewhere * summed[1]) / np.maximum(gap * summed[1], 1e-9)
    judged = information >= _LEAST_INFORMATION
    if judged.sum() < _FEWEST_BOXES:
        return None
    middle, low = np.quantile(kept[judged], (0.5, _LOW))
    spread = max(_LEAST_SPREAD, float(middle - low) / _LOW_SPREADS)
    share = middle - kept
    error = np.sqrt(spread**2 + 1.0 / np.maximum(information, 1e-9))
    return BoxTraces(share, np.where(judged, share / error, 0.0))


@dataclass(frozen=True, eq=False)
class _Table:
    """What sizes of coefficients say.

    Attributes:
        says: float64 ``(27, sizes)``: weighed logarithm of how common each is after both
            compressions against the last alone, less what is expected without the first.
        weight: float64 ``(27,)``: expected of a coefficient that went through both.
    """

    says: Floats
    weight: Floats

    @staticmethod
    def of(first: Floats, steps: Floats) -> _Table:
        one, last = first[_ZIGZAG], steps[_ZIGZAG]
        common = densities(one, last)
        logs = np.log(common)
        # Sizes from 1 on count alike: content makes them rarer at a steady rate.
        usual = common[:, 1:] / common[:, 1:].mean(axis=1, keepdims=True)
        both, alone = (usual * logs[:, 1:]).mean(axis=1), logs[:, 1:].mean(axis=1)
        variance = (usual * logs[:, 1:] ** 2).mean(axis=1) - both**2
        weight = (both - alone) / np.maximum(variance, _LEAST_VARIANCE)
        weight[(one <= _COARSER * last) | (both - alone < _LEAST_DIFFERENCE)] = 0.0
        says = (logs - alone[:, None]) * weight[:, None]
        says[:, 0] = 0.0
        return _Table(says, weight * (both - alone))

    def sums(self, blocks: Blocks, steps: Floats) -> tuple[Floats, Floats]:
        """Of each block what its coefficients say together, and what they would at most."""
        sizes = np.abs(blocks.pixels @ DCT[_ZIGZAG].T) / steps[_ZIGZAG].astype(np.float32)
        levels = np.minimum(np.rint(sizes), MOST_STEPS).astype(np.int64)
        suits = self.says[np.arange(len(_ZIGZAG))[None, :], levels].sum(axis=1)
        return suits, (levels > 0) @ self.weight


def densities(first: Floats, last: Floats) -> Floats:
    """How common sizes are after two compressions, against the last alone.

    Args:
        first: ``(n,)`` steps of the earlier compression.
        last: ``(n,)`` steps of the last one.

    Returns:
        ``(n, MOST_STEPS + 1)``: for sizes of 0 to ``MOST_STEPS`` steps of the last one.
    """
    size = np.arange(MOST_STEPS + 1)[None, :] * last[:, None]
    nearest = np.rint(size / first[:, None])
    half = last[:, None] / 2
    reach = int(np.ceil(float(((half[:, 0] + _JITTER) / first).max()))) + 1
    found = np.zeros_like(size)
    for k in range(-reach, reach + 1):
        away = (nearest + k) * first[:, None] - size
        found += _below(half - away) - _below(-half - away)
    found *= (first / last)[:, None]
    return np.asarray((1.0 - _STRANGERS) * found + _STRANGERS, np.float64)


def _below(value: Floats) -> Floats:
    """Share of what rounding adds to a coefficient that lies below a value."""
    return np.clip((value + _JITTER) / (2 * _JITTER), 0.0, 1.0)


def _in_boxes(
    values: Floats,
    blocks: Blocks,
    offset: tuple[int, int],
    registration: Registration,
    page: Page,
) -> Floats:
    """Sums of ``(k, blocks)`` values over the blocks inside each box and its rim: ``(k, n)``."""
    shape = (int(blocks.rows.max(initial=0)) + 2, int(blocks.columns.max(initial=0)) + 2)
    x, y, w, h = np.array([box.box_mm for box in page.boxes]).T
    low = registration.to_px(np.column_stack([x - _RIM_MM, y - _RIM_MM]))
    high = registration.to_px(np.column_stack([x + w + _RIM_MM, y + h + _RIM_MM]))
    shift = np.array([offset[1], offset[0]])
    begin = np.ceil((low - shift) / BLOCK).astype(np.int64)
    end = np.floor((high - shift) / BLOCK).astype(np.int64)
    left, right = np.clip(np.stack([begin[:, 0], end[:, 0]]), 0, shape[1] - 1)
    top, bottom = np.clip(np.stack([begin[:, 1], end[:, 1]]), 0, shape[0] - 1)
    right, bottom = np.maximum(right, left), np.maximum(bottom, top)
    found = []
    for of in values:
        laid = np.zeros(shape, np.float64)
        laid[blocks.rows, blocks.columns] = of
        total = cv2.integral(laid)
        found.append(total[bottom, right] - total[top, right] - total[bottom, left]
                     + total[top, left])  # fmt: skip
    return np.stack(found)
