"""Boxes of a grid on common rows and columns: what scatters is not the print."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from scans.draft.types import Found

__all__ = ["straight"]


def straight(rows: Sequence[Sequence[Found]]) -> list[list[Found]]:
    """Rows of a grid on common columns and at one size: what scatters is not the print."""
    every = [box for row in rows for box in row]
    width = float(np.median([b.box_mm[2] for b in every]))
    height = float(np.median([b.box_mm[3] for b in every]))
    count = max(len(row) for row in rows)
    columns = [
        float(np.median([row[k].middle[0] for row in rows if len(row) > k])) for k in range(count)
    ]
    heights = [float(np.median([b.middle[1] for b in row])) for row in rows]
    columns = _even(columns)
    heights = _even(heights)
    out = []
    for row, y in zip(rows, heights, strict=True):
        placed = []
        for k, box in enumerate(row):
            far = max(abs(box.box_mm[2] - width), abs(box.box_mm[3] - height)) > 0.3
            w, h = (box.box_mm[2:]) if far else (width, height)
            placed.append(Found((columns[k] - w / 2, y - h / 2, w, h), box.shape))
        out.append(placed)
    return out


def _even(places: list[float]) -> list[float]:
    """Places at one step, where they are to a tenth of a millimetre; others as they are."""
    out = list(places)
    start = 0
    while start < len(places):
        end = start + 2
        while end < len(places):
            part = np.array(places[start : end + 1])
            line = np.polyfit(np.arange(len(part)), part, 1)
            if np.abs(np.polyval(line, np.arange(len(part))) - part).max() > 0.1:
                break
            end += 1
        part = np.array(places[start:end])
        if len(part) > 2:
            line = np.polyfit(np.arange(len(part)), part, 1)
            out[start:end] = [float(v) for v in np.polyval(line, np.arange(len(part)))]
        start = max(end, start + 1)
    return out
