"""Where a page lacks the trace of the JPEG compression that the rest of it went through.

A scanner stores JPEG: every block of 8 x 8 pixels is left with DCT coefficients that are
multiples of its quantisation steps. Whoever opens the scan, changes a place and saves it
again leaves those multiples in the untouched blocks, under the rounding of the second
save. Ink drawn, boxes copied by anything but whole blocks and parts of another picture do
not have them. Both distributions are measured on the page itself: the untouched one on
its blocks, the other on the same pixels cut 4 pixels aside, where no block ever was.

A page that was compressed once, as honest scans are, shows no earlier lattice and is not
judged. A page that was merely saved again shows it everywhere.

After Lukas & Fridrich (2003) and Lin et al. (2009); blocks clipped to white are restored
by projecting them onto the lattice with their clipped pixels left free.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scans.measure.jpeg_blocks import (
    BLOCK,
    COEFFICIENTS,
    DCT,
    Blocks,
    blocks_of_interest,
    grid_of,
    levels_of,
)
from scans.measure.jpeg_boxes import BoxTraces, box_traces
from scans.measure.jpeg_judged import judged_blocks
from scans.measure.jpeg_places import Place, worst_places
from scans.measure.jpeg_steps import COARSER, MOST_STEPS, SAMPLE, earlier_steps
from scans.measure.jpeg_trace import Trace
from scans.template import PageTemplate
from scans.types import RawPage, Registration, ScanClass

__all__ = ["JpegHistory", "Place", "has_blocks", "jpeg_history"]

Floats = NDArray[np.float32]

# Evidence in nats that the page had an earlier compression. Pages compressed once reach 40.
_LEAST_GAIN = 100.0
_ROUNDS = 2
_FEWEST_KINDS = 8


@dataclass(frozen=True, slots=True)
class JpegHistory:
    """What the blocks around answer boxes and fields tell.

    Attributes:
        quality: Of the earlier compression, on the scale of the standard tables.
        gain: Evidence for it in nats.
        places: The windows that lack it most, worst first, not overlapping; ``None`` where the
            page was changed all over since, so that none can be told from the rest.
        boxes: How much answer boxes lack of it; ``None`` where they cannot be told apart.
        seals: Whether seals were looked at; without colour their ink tells of no alteration.
    """

    quality: int
    gain: float
    places: tuple[Place, ...] | None
    boxes: BoxTraces | None
    seals: bool = True


def has_blocks(raw: RawPage) -> bool:
    """Whether it is known where the blocks of the scanner's own pixels lie."""
    return grid_of(raw.origin, raw.image) is not None


def jpeg_history(
    raw: RawPage, registration: Registration, template: PageTemplate, marked: Collection[int]
) -> JpegHistory | None:
    """Places without the page's earlier compression; ``None`` if none is seen on it.

    Args:
        raw: The scan.
        registration: Lays it over the form.
        template: The blank form.
        marked: Positions of the page's boxes that hold ink.
    """
    if raw.scan_class in (ScanClass.BITONAL, ScanClass.RENDERED):
        return None
    grid = grid_of(raw.origin, raw.image)
    if grid is None:
        return None
    offset, steps = grid
    rows, columns = blocks_of_interest(raw.image, registration, template.page, offset)
    if len(rows) < 50:
        return None
    every = max(1, len(rows) // (2 * SAMPLE))
    sample = Blocks.cut(raw.image, rows[::every], columns[::every], offset)
    quality, first, gain = earlier_steps(sample, steps)
    if gain < _LEAST_GAIN:
        return None
    inside = (rows < (raw.image.shape[0] - offset[0] - 4) // BLOCK) & (
        columns < (raw.image.shape[1] - offset[1] - 4) // BLOCK
    )
    rows, columns = rows[inside], columns[inside]
    own = Blocks.cut(raw.image, rows, columns, offset)
    aside = Blocks.cut(raw.image, rows, columns, (offset[0] + 4, offset[1] + 4))
    trace = _trace(own, aside, first, steps)
    # Steps that no coefficient is found on are no compression: the content misled.
    if trace is None:
        return None
    lossless = steps.max() <= 1.0
    if (lossless and not trace.kept(own)) or not trace.even(own):
        return JpegHistory(quality, gain, None, None)
    judged = judged_blocks(trace, own, offset, registration, template)
    if judged is None:
        return JpegHistory(quality, gain, None, None)
    seals = bool(own.coloured.any()) or not any(f.kind == "seal" for f in template.page.fields)
    trace, own = trace.only(judged), own.only(judged)
    boxes = box_traces(own, aside, first, steps, offset, registration, template.page)
    places = worst_places(trace, own, offset, registration, template, marked)
    return JpegHistory(quality, gain, places, boxes, seals)


def _restored(blocks: Blocks, first: NDArray[np.float64]) -> Floats:
    """Pixels with what was clipped to white put back as the first compression had it.

    Of all values that a clipped pixel may have had, those are sought that put the block's
    coefficients on multiples of ``first``; the other pixels stay as they are.
    """
    touched = blocks.clipped.any(axis=1)
    pixels = blocks.pixels.copy()
    fixed, side = pixels[touched], blocks.clipped[touched]
    if not len(fixed):
        return pixels
    steps = first.astype(np.float32)
    moved = fixed
    for _ in range(_ROUNDS):
        beyond = (np.rint(moved @ DCT.T / steps) * steps) @ DCT - fixed
        # A pixel burnt out was at least as bright as it is now, a drowned one as dark.
        moved = fixed + side * np.maximum(side * beyond, 0)
    pixels[touched] = moved
    return pixels


def _votes(
    blocks: Blocks, first: NDArray[np.float64], steps: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.bool_], NDArray[np.bool_]]:
    """Kind of each coefficient, whether it is near a multiple, and whether it counts.

    The kind tells the coefficient, the multiple it lies nearest to (0, 1, 2, more), how much
    of its block is clipped and whether it is coloured, as a pen's ink is clipped in other
    channels than print: only equals are compared, so content decides nothing.
    """
    levels = levels_of(_restored(blocks, first), steps)
    one, last = first[COEFFICIENTS], steps[COEFFICIENTS]
    size = levels * last
    nearest = np.rint(size / one)
    slack = np.where(last > 1, last / 2, 1.0)
    on = np.abs(size - one * nearest) <= slack
    burnt = np.digitize(np.count_nonzero(blocks.clipped, axis=1), [1, 24])
    kind = (np.arange(14)[None, :] * 4 + np.minimum(nearest, 3).astype(np.int64)) * 3
    kind = (kind + burnt[:, None]) * 2 + blocks.coloured[:, None]
    counts = (one > COARSER * last)[None, :] & (levels < MOST_STEPS)
    return kind, np.asarray(on), np.asarray(counts)


def _rates(
    kind: NDArray[np.int64], on: NDArray[np.bool_], counts: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Share of coefficients on multiples by kind, and how many there are."""
    size = 14 * 4 * 3 * 2
    number = np.bincount(kind[counts], minlength=size).astype(np.float64)
    hits = np.bincount(kind[counts & on], minlength=size)
    return (hits + 0.5) / (number + 1), number


def _trace(
    own: Blocks, aside: Blocks, first: NDArray[np.float64], steps: NDArray[np.float64]
) -> Trace | None:
    """What blocks hold of it; ``None`` where hardly any kind of coefficient tells the two apart."""
    kind, on, counts = _votes(own, first, steps)
    untouched, number = _rates(kind, on, counts)
    altered, others = _rates(*_votes(aside, first, steps))
    known = (number >= 40) & (others >= 40)
    telling = (untouched > altered + 0.04) & known
    if telling.sum() < _FEWEST_KINDS:
        return None
    return Trace(kind, on, counts, untouched, altered, known, telling)
