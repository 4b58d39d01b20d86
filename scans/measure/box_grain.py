"""What is left of boxes that are printed alike without the look that they share.

The look is the mean of a page's empty boxes and the ways in which they vary (print that falls
between pixels, exposure), learned from these boxes themselves as principal components. A box
that differs much from all others has a part in a component of its own, and two that differ in
opposite ways have one between them: taking it off makes both the same picture. So what is said
of two boxes is learned from the others (:meth:`BoxGrain.by_others`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from scans.measure.twin_loops import without_specks

__all__ = ["BoxGrain"]

Floats = NDArray[np.float32]

_COMMON_PARTS = 8
# A component is worth learning from so many boxes.
_BOXES_A_PART = 6
# Deviation of a smoothing in px, and over how many it reaches. What is compared is finer than the
# first; on burnt-out paper it is between the other two.
_GRAIN = 2.0, 9
_COARSE, _FINE = (3.0, 11), (1.0, 5)
# What exceeds the spread of a page's grain by this much is content that was not subtracted.
_MOST_DEVIATIONS = 2.0
# What differs by more than so many spreads, and so many grey levels, from other boxes is a speck.
_SPECK_SPREADS, _LEAST_SPECK = 4.0, 12.0
_LEAST_CLIP = 2.0


@dataclass(frozen=True, eq=False)
class BoxGrain:
    """Boxes of one size, ``(n, h, w)``, without what they share.

    Attributes:
        rest: What is left of each.
        away: ``(n, pixels)``: boxes without their mean.
        common: ``(n, pixels)``: the same without specks.
        gram: ``(n, n)``: products of :attr:`common`.
        most: Where :attr:`rest` is cut, in grey levels.
        burnt_out: Whether only outlines tell.
    """

    rest: Floats
    away: Floats
    common: Floats
    gram: Floats
    most: float
    burnt_out: bool

    @classmethod
    def of(cls, grey: Floats, *, burnt_out: bool) -> BoxGrain:
        """Take off what boxes ``(n, h, w)`` share."""
        count, height, width = grey.shape
        own = grey.reshape(count, -1)
        away = own - own.mean(axis=0)
        # Specks of a few boxes are no look that all share: left in, they would take up the common
        # parts and leave their image on every box.
        common: Floats = np.empty_like(away)
        without_specks(away, 1.4826 * _SPECK_SPREADS, _LEAST_SPECK, common)
        gram = common @ common.T
        vectors = _common_parts(gram)
        rest = _fine(away - vectors @ (vectors.T @ common), width, burnt_out=burnt_out)
        deviation = float(np.sqrt(np.vdot(rest, rest) / rest.size))
        most = max(_LEAST_CLIP, _MOST_DEVIATIONS * deviation)
        rest = np.clip(rest, -most, most).reshape(count, height, width)
        return cls(rest, away, common, gram, most, burnt_out)

    def by_others(self, boxes: Sequence[int]) -> Floats:
        """``(boxes, h, w)``: what is left of some boxes without the look of all others."""
        others = np.setdiff1d(np.arange(len(self.away)), boxes)
        vectors = _common_parts(self.gram[np.ix_(others, others)])
        looks = vectors.T @ self.common[others]
        looks /= np.maximum(np.linalg.norm(looks, axis=1, keepdims=True), 1e-6)
        own = list(boxes)
        left = self.away[own] - (self.common[own] @ looks.T) @ looks
        _, height, width = self.rest.shape
        rest = _fine(left, width, burnt_out=self.burnt_out)
        return np.clip(rest, -self.most, self.most).reshape(len(own), height, width)


def _common_parts(gram: Floats) -> Floats:
    """Principal components as weights of the boxes, ``(n, parts)``."""
    _, vectors = np.linalg.eigh(gram)
    most = min(_COMMON_PARTS, len(gram) // _BOXES_A_PART)
    return np.asarray(vectors[:, ::-1][:, :most], np.float32)


def _fine(boxes: Floats, width: int, *, burnt_out: bool) -> Floats:
    """What is fine in boxes ``(n, pixels)``, in which copies agree."""
    # Boxes stacked one below the other are smoothed in one call; the slack keeps them apart.
    tall = np.ascontiguousarray(boxes, np.float32).reshape(-1, width)
    if burnt_out:
        fine = _smooth(tall, *_FINE) - _smooth(tall, *_COARSE)
    else:
        fine = tall - _smooth(tall, *_GRAIN)
    return np.asarray(fine, np.float32).reshape(len(boxes), -1)


def _smooth(rows: Floats, deviation: float, reach: int) -> Floats:
    return np.asarray(cv2.GaussianBlur(rows, (reach, reach), deviation), np.float32)
