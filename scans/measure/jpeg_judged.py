"""Which blocks of a page can tell of a place that was altered.

Programs that treat a whole page take its first compression off one kind of content and leave it on
another: a profile of colours rewrites coloured ink and keeps grey, a stretch of the tones drowns
dark ink. Where a kind has lost it on many boxes no place stands out. A filter against specks
breaks the form's dotted and thin lines up: print beside the boxes is left out, nobody alters an
answer there. A page made grey keeps the compression's luminance but for ink that was burnt out in
one colour, as red seals are: where no ink has colour, seals are left out, and the signatures that
they are stamped over.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from scans.measure.jpeg_blocks import BLOCK, Blocks
from scans.measure.jpeg_trace import Trace
from scans.template import PageTemplate
from scans.types import Registration

__all__ = ["boxes_in_blocks", "judged_blocks"]

# A kind of blocks has lost the compression if three boxes in four hold less than this share of
# what the other blocks hold. Merely saved again, coloured blocks and drowned ones hold .8 and
# more, .4 where their ink is burnt out; rewritten, .1 to .4.
_LOST, _BEST = 0.35, 0.75
# Boxes that could hold so many coefficients of it count, and so many of them are needed.
_LEAST_HELD, _FEWEST_BOXES = 4.0, 6
_RIM_MM = 1.0
# Print of the blank is looked for at so many pixels a millimetre.
_BLANK_PX_PER_MM, _PRINTED = 4.0, 215


def judged_blocks(
    trace: Trace,
    own: Blocks,
    offset: tuple[int, int],
    registration: Registration,
    template: PageTemplate,
) -> NDArray[np.bool_] | None:
    """Which blocks to look for altered places among: bool ``(n,)``.

    ``None`` where a whole kind of content was changed since.

    Args:
        trace: What they hold of the page's earlier compression.
        own: The blocks.
        offset: Row and column of the scan that they begin at.
        registration: Lays the scan over the form.
        template: The blank form.
    """
    height, width = int(own.rows.max(initial=0)) + 1, int(own.columns.max(initial=0)) + 1
    corners = boxes_in_blocks(registration, template, offset, (height, width))
    left_out = _print_beside(registration, template, offset, (height, width))
    if not own.coloured.any():
        left_out |= _seals(registration, template, offset, (height, width))
    held, full = trace.held()
    for kind in (own.coloured, (own.clipped < 0).any(axis=1)):
        of_kind = _in_boxes(held * kind, full * kind, own, corners)
        known = of_kind[1] >= _LEAST_HELD
        # Whoever alters a page alters few of its boxes: those that hold most tell of the page.
        if known.sum() < _FEWEST_BOXES:
            continue
        usual = float(np.quantile(of_kind[0][known] / of_kind[1][known], _BEST))
        others = float(held[~kind].sum() / max(1.0, full[~kind].sum()))
        if usual < _LOST * others:
            return None
    return np.asarray(~left_out[own.rows, own.columns], np.bool_)


def boxes_in_blocks(
    registration: Registration,
    template: PageTemplate,
    offset: tuple[int, int],
    shape: tuple[int, int],
) -> list[tuple[int, int, int, int]]:
    """Left, top, right and bottom of each box with its rim, in blocks of a grid of ``shape``."""
    boxes_mm = [box.box_mm for box in template.page.boxes]
    return _in_blocks(boxes_mm, registration, offset, shape)


def _in_blocks(
    boxes_mm: Sequence[tuple[float, float, float, float]],
    registration: Registration,
    offset: tuple[int, int],
    shape: tuple[int, int],
) -> list[tuple[int, int, int, int]]:
    if not boxes_mm:
        return []
    x, y, w, h = np.array(boxes_mm).T
    shift = np.array([offset[1], offset[0]])
    low = registration.to_px(np.column_stack([x - _RIM_MM, y - _RIM_MM]))
    high = registration.to_px(np.column_stack([x + w + _RIM_MM, y + h + _RIM_MM]))
    limit = np.array([shape[1], shape[0]])
    begin = np.clip(np.floor((low - shift) / BLOCK), 0, limit).astype(int).tolist()
    end = np.clip(np.ceil((high - shift) / BLOCK), 0, limit).astype(int).tolist()
    return [(b[0], b[1], e[0], e[1]) for b, e in zip(begin, end, strict=True)]


def _in_boxes(
    held: NDArray[np.float64],
    full: NDArray[np.float64],
    own: Blocks,
    corners: Sequence[tuple[int, int, int, int]],
) -> NDArray[np.float64]:
    """Sums of two values of each block over the boxes: ``(2, n)``."""
    shape = (int(own.rows.max(initial=0)) + 1, int(own.columns.max(initial=0)) + 1)
    laid = np.zeros((2, *shape))
    laid[:, own.rows, own.columns] = held, full
    sums = [laid[:, t:b, left:r].sum(axis=(1, 2)) for left, t, r, b in corners]
    return np.array(sums).reshape(-1, 2).T


def _seals(
    registration: Registration,
    template: PageTemplate,
    offset: tuple[int, int],
    shape: tuple[int, int],
) -> NDArray[np.bool_]:
    """Blocks of a grid of ``shape`` that lie in a field for a seal, or for what it is put over."""
    found = np.zeros(shape, np.bool_)
    fields = template.page.fields
    kinds = {"seal", "signature"} if any(field.kind == "seal" for field in fields) else set()
    seals = [field.box_mm for field in fields if field.kind in kinds]
    for left, top, right, bottom in _in_blocks(seals, registration, offset, shape):
        found[top:bottom, left:right] = True
    return found


def _print_beside(
    registration: Registration,
    template: PageTemplate,
    offset: tuple[int, int],
    shape: tuple[int, int],
) -> NDArray[np.bool_]:
    """Blocks of a grid of ``shape`` in which the blank has print that is of no box."""
    found = np.zeros(shape, np.bool_)
    px = registration.to_px(_print_mm(template)) - np.array([offset[1], offset[0]])
    column, row = np.floor(px / BLOCK).astype(np.int64).T
    inside = (row >= 0) & (row < shape[0]) & (column >= 0) & (column < shape[1])
    found[row[inside], column[inside]] = True
    return found


@lru_cache(maxsize=8)
def _print_mm(template: PageTemplate) -> NDArray[np.float64]:
    """Where the blank has print beside its boxes, and a little around it: ``(n, 2)``."""
    r = _BLANK_PX_PER_MM
    dark = np.asarray(template.at(r) < _PRINTED, np.uint8)
    for box in template.page.boxes:
        x, y, w, h = box.box_mm
        left, top = (max(0, round((v - _RIM_MM / 2) * r)) for v in (x, y))
        right, bottom = round((x + w + _RIM_MM / 2) * r), round((y + h + _RIM_MM / 2) * r)
        dark[top:bottom, left:right] = 0
    dark = np.asarray(cv2.dilate(dark, np.ones((3, 3), np.uint8)), np.uint8)
    rows, columns = np.nonzero(dark)
    return np.column_stack([columns + 0.5, rows + 0.5]) / r
