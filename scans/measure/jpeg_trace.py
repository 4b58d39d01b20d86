"""What the blocks of a page hold of an earlier JPEG compression, and whether all hold it alike.

A program that changes a whole page after its first compression (brightness, levels, contrast,
a profile of colours, a filter) scales or moves the coefficients of all blocks off their
multiples. Some blocks are left on multiples by chance of their tone: the others are no place that
was altered. Such a page is not judged.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from scans.measure.jpeg_blocks import Blocks

__all__ = ["Trace"]

# Of a lossless file half of the blocks have at least this share of their coefficients on multiples.
# Without a clipped pixel: 1 where it was only stored, up to .92 where it was made lighter or darker
# by more than a stretch; where all blocks are clipped .73 to 1, and .5 to .85.
_ON_WHOLE, _ON_CLIPPED = 0.95, 0.72
_FEWEST_BLOCKS, _FEWEST_LEVELS = 50, 6
# The darkest third holds at least this share of what the lightest does: so do 172 of 174 pages of
# tuning seeds that were saved again, altered in the file or not, and 14 of 48 whose tones changed.
_THIRD, _EVEN = 1 / 3, 0.75
# Content that is mostly on multiples anyhow tells nothing.
_MOST_BY_CHANCE = 0.85


@dataclass(frozen=True, eq=False)
class Trace:
    """Coefficients of blocks, on multiples of the first compression's steps or beside them.

    Attributes:
        kind: int ``(n, 14)``: what each coefficient is compared among.
        on: bool ``(n, 14)``: whether it is near a multiple.
        counts: bool ``(n, 14)``: whether it counts.
        untouched: float64 ``(kinds,)``: share on multiples of the page's own blocks.
        altered: float64 ``(kinds,)``: the same where no block ever was.
        known: bool ``(kinds,)``: kinds of which there are enough in both.
        telling: bool ``(kinds,)``: those that tell the two apart.
    """

    kind: NDArray[np.int64]
    on: NDArray[np.bool_]
    counts: NDArray[np.bool_]
    untouched: NDArray[np.float64]
    altered: NDArray[np.float64]
    known: NDArray[np.bool_]
    telling: NDArray[np.bool_]

    def kept(self, own: Blocks) -> bool:
        """Whether a lossless file still holds the compression that its page went through.

        An alteration moves the coefficients of some blocks, so that half of them tell.
        """
        counts = self.counts & self.telling[self.kind]
        number = counts.sum(axis=1)
        judged = number >= _FEWEST_LEVELS
        share = (self.on & counts).sum(axis=1) / np.maximum(number, 1)
        whole = judged & ~own.clipped.any(axis=1)
        for blocks, least in ((whole, _ON_WHOLE), (judged, _ON_CLIPPED)):
            if blocks.sum() >= _FEWEST_BLOCKS:
                return bool(np.median(share[blocks]) >= least)
        return True

    def even(self, own: Blocks) -> bool:
        """Whether dark blocks hold the first compression as light ones do.

        Multiples are scaled by the slope of a tone curve, which is another in ink than on paper:
        steps that fit one do not fit the other.
        """
        held, full = self.held()
        tone = own.pixels.mean(axis=1)
        dark, light = np.quantile(tone, (_THIRD, 1.0 - _THIRD))
        share = [
            held[part].sum() / max(1.0, full[part].sum()) for part in (tone <= dark, tone >= light)
        ]
        return bool(share[0] >= _EVEN * share[1])

    def held(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """What each block holds beyond chance, and what it could hold at most: two ``(n,)``."""
        counts = self.counts & (self.known & (self.altered < _MOST_BY_CHANCE))[self.kind]
        by_chance = self.altered[self.kind]
        held = np.where(counts, self.on - by_chance, 0.0).sum(axis=1)
        return held, np.where(counts, 1.0 - by_chance, 0.0).sum(axis=1)

    def only(self, blocks: NDArray[np.bool_]) -> Trace:
        """The same of some of the blocks, beside what all of them hold."""
        kind, on, counts = self.kind[blocks], self.on[blocks], self.counts[blocks]
        return replace(self, kind=kind, on=on, counts=counts)
