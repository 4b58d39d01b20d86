"""Boxes that a bad copy broke: where row and column of a grid cross and an outline is printed.

Each outline is found by itself, and a gap in its line loses it. Its neighbours say where it
has to be; only a line that is printed there, nearly all around, makes it a box.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from detectors.instrument import BoxMm
from scans.draft.types import Found, Sheet

__all__ = ["completed"]

_SAME_MM = 0.5  # boxes of one row, and of one column, agree to this
_REACH_MM = 0.3  # the line lies so near to where it is looked for
_POINTS = 72
_DARK = 190
_AROUND = 0.8  # share of the outline that has to be printed, of what whole ones show
_INSIDE = 0.06  # more print inside than whole ones have: letters


def completed(sheet: Sheet, boxes: Sequence[Found]) -> list[Found]:
    """The boxes that are missing where two others of the row and two of the column stand.

    Args:
        sheet: The page, straight.
        boxes: What was found.
    """
    added: list[Found] = []
    for kind in _kinds(boxes):
        size = np.median([b.box_mm[2:] for b in kind], axis=0)
        rows = _common([b.middle[1] for b in kind])
        columns = _common([b.middle[0] for b in kind])
        whole = [_around(sheet, b.box_mm, kind[0].shape) for b in kind]
        enough = _AROUND * float(np.median(whole))
        letters = float(np.median([_core(sheet, b.box_mm) for b in kind]))
        for y in rows:
            for x in columns:
                if any(_near(b, x, y, size) for b in [*boxes, *added]):
                    continue
                box = (x - size[0] / 2, y - size[1] / 2, float(size[0]), float(size[1]))
                if (
                    _around(sheet, box, kind[0].shape) >= enough
                    and _core(sheet, box) <= letters + _INSIDE
                ):
                    added.append(Found(box, kind[0].shape))
    return added


def _kinds(boxes: Sequence[Found]) -> list[list[Found]]:
    """Boxes of one shape and size, four or more."""
    kinds: list[list[Found]] = []
    for box in boxes:
        for kind in kinds:
            first = kind[0]
            same = np.abs(np.subtract(first.box_mm[2:], box.box_mm[2:])).max() < _SAME_MM
            if same and first.shape == box.shape:
                kind.append(box)
                break
        else:
            kinds.append([box])
    return [kind for kind in kinds if len(kind) >= 4]


def _common(places: Sequence[float]) -> list[float]:
    """Places at which two boxes or more stand."""
    runs: list[list[float]] = []
    for place in sorted(places):
        if runs and place - runs[-1][-1] < _SAME_MM:
            runs[-1].append(place)
        else:
            runs.append([place])
    return [float(np.median(run)) for run in runs if len(run) >= 2]


def _near(box: Found, x: float, y: float, size: NDArray[np.float64]) -> bool:
    """Whether a box stands there, or over it."""
    return bool(
        abs(box.middle[0] - x) < 0.7 * (box.box_mm[2] + size[0]) / 2
        and abs(box.middle[1] - y) < 0.7 * (box.box_mm[3] + size[1]) / 2
    )


def _around(sheet: Sheet, box: BoxMm, shape: str) -> float:
    """Share of an outline along which print is found, in [0, 1]."""
    x, y, w, h = box
    turn = np.linspace(0.0, 2.0 * np.pi, _POINTS, endpoint=False)
    away = np.stack([np.cos(turn), np.sin(turn)])
    if shape == "box":
        away /= np.abs(away).max(axis=0)  # onto the square around the circle
    middle = np.array([[x + w / 2], [y + h / 2]])
    found = np.zeros(_POINTS, dtype=bool)
    for shift in np.arange(-_REACH_MM, _REACH_MM + 0.01, 0.5 / sheet.scale):
        half = np.array([[w / 2 - 0.15 + shift], [h / 2 - 0.15 + shift]])
        columns, rows = np.round((middle + half * away) * sheet.scale - 0.5).astype(int)
        height, width = sheet.flat.shape
        inside = (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width)
        found[inside] |= sheet.flat[rows[inside], columns[inside]] < _DARK
    return float(found.mean())


def _core(sheet: Sheet, box: BoxMm) -> float:
    """Share of a box's inside that is printed on."""
    x, y, w, h = box
    return sheet.ink((x + 0.25 * w, y + 0.25 * h, 0.5 * w, 0.5 * h))
