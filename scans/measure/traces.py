"""What taking a mark away leaves in and around its box, as plain numbers for every box.

Rubbing, scraping and bleaching leave faint lines where the mark was, a shift of the paper's
tone or colour, and fibres that stand up; fluid and tape leave a spot that is brighter or
smoother than paper and breaks the printed outline. Nothing here is judged: each number is
only put beside the page's other boxes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from scans.measure.boxes import BoxPatches
from scans.measure.full_marks import full_marks, usual_darkness
from scans.measure.trace_loops import count_sizes, extremes, line_sizes
from scans.measure.trace_model import trace_model
from scans.measure.trace_parts import Part, part_of, spread_over
from scans.measure.trace_spreads import TRACE_NAMES, beside_others
from scans.measure.wide_cells import narrowed
from scans.types import BoxReading, MarkState

__all__ = ["TRACE_NAMES", "BoxTraces", "box_traces"]

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Bytes = NDArray[np.uint8]
Shorts = NDArray[np.int16]

# A blob in a wide cell touches no print. Paper brighter than in the page's other cells, in the mean
# of the cell and in a spot: 1.4 and 2.2 at most on 60 honest pages (logarithm of spreads), 2.8 and
# 3.0 under fluid.
_BLOB, _BLOB_ODDS = 1.7, 7.0
# A line response counts from the first and at most the second many deviations of paper.
_FROM, _UPTO = 3.0, 12.0
_LEAST_DEVIATION = 1.0


@dataclass(frozen=True, eq=False)
class BoxTraces:
    """Traces of all boxes of a page.

    Attributes:
        values: float64 ``(n, len(TRACE_NAMES))`` in the order of the page's boxes.
        judged: bool ``(n,)``: boxes that hold no full mark.
        ink_left: float64 ``(n,)``: lines that run as the respondent's marks do, as a share of
            a whole mark; 0 where the page has no mark to compare with.
        covered_values: The traces of whole boxes where ``values`` are of a part of wide ones;
            else ``None``.
    """

    values: Doubles
    judged: NDArray[np.bool_]
    ink_left: Doubles
    covered_values: Doubles | None = None

    def of(self, name: str) -> Doubles:
        """One trace of all boxes."""
        return self.values[:, TRACE_NAMES.index(name)]

    @cached_property
    def taken_off(self) -> Doubles:
        """Log odds of each box that a mark was taken off it."""
        return trace_model("taken_off").log_odds(self.values)

    @cached_property
    def covered(self) -> Doubles:
        """Log odds of each box that a mark on it was covered."""
        if self.covered_values is None:
            return trace_model("covered").log_odds(self.values)
        bright, tone = (
            self.covered_values[:, TRACE_NAMES.index(name)] for name in ("bright_spot", "tone_in")
        )
        blob = _BLOB_ODDS * (np.minimum(bright, tone) - _BLOB)
        return np.maximum(trace_model("covered").log_odds(self.covered_values), blob)


def box_traces(groups: Sequence[BoxPatches], readings: Sequence[BoxReading]) -> BoxTraces:
    """Measure all boxes of a page and put each beside the others.

    What was taken off a wide box is looked for where something stands in it; what covers a mark
    may be as wide as the box.
    """
    narrow = [narrowed(group) for group in groups]
    ruled = any(one is not group for one, group in zip(narrow, groups, strict=True))
    whole = _traces(groups, readings, ruled=ruled)
    if not ruled:
        return whole
    near = _traces(narrow, readings)
    return replace(near, covered_values=whole.values)


def _traces(
    groups: Sequence[BoxPatches], readings: Sequence[BoxReading], *, ruled: bool = False
) -> BoxTraces:
    count = len(readings)
    usual = usual_darkness(readings)
    full = full_marks(readings, usual)
    parts = [part_of(group, usual) for group in groups]
    deviation = _deviation(parts, full)
    raw: dict[str, Doubles] = {"lost": np.zeros(count)}
    places = np.zeros((count, 2))
    for group, part in zip(groups, parts, strict=True):
        rows = enumerate(part.rows.tolist())
        whole = [k for k, i in rows if full[i] and readings[i].state is MarkState.MARKED]
        zones = _paper_zones(part)
        found = {
            **_lines(part, deviation, np.array(whole, dtype=np.int64)),
            **_roughness(part, zones),
            **_tones(part, zones),
        }
        for name, values in found.items():
            raw.setdefault(name, np.zeros(count))[part.rows] = values
        raw["lost"][part.rows] = 1.0 - group.found
        corners = np.array([box.box_mm for box in group.boxes])
        places[part.rows] = corners[:, :2] + corners[:, 2:] / 2
    if not groups:
        return BoxTraces(np.zeros((count, len(TRACE_NAMES))), ~full, np.zeros(count))
    values = beside_others(raw, places, ~full, readings, ruled=ruled)
    return BoxTraces(values, ~full, raw["share"])


def _deviation(parts: Sequence[Part], full: NDArray[np.bool_]) -> float:
    """Robust deviation of the line response on bare paper; the floor where there is none."""
    counts = np.zeros(4096, np.int64)
    for part in parts:
        taken = (part.clean == 0) | (part.distance >= 1.5)
        taken[full[part.rows]] = True
        width = taken.shape[2]
        tall = taken.view(np.uint8).reshape(-1, width)
        count_sizes(part.lines.reshape(4, -1, width), tall, counts)
    total = int(counts.sum())
    if not total:
        return _LEAST_DEVIATION
    sizes = np.arange(len(counts))
    below = counts.cumsum()
    low, high = (
        int(np.searchsorted(below, k, side="right")) for k in ((total - 1) // 2, total // 2)
    )
    middle = float(counts @ np.minimum(sizes, 1.5 * (low + high))) / total
    return max(1.25 * middle, _LEAST_DEVIATION)


def _lines(part: Part, deviation: float, whole: NDArray[np.int64]) -> dict[str, Doubles]:
    """Faint lines in a box, and how far they run as this respondent's marks do."""
    count = len(part.rows)
    pattern = _habit(part, whole)
    like = np.zeros(count, np.float64)
    for line, wanted in zip(part.lines, pattern, strict=True):
        like += (line * part.mine).reshape(count, -1) @ wanted.ravel()
    usual = float(np.median(like[whole])) if len(whole) else 0.0
    share = like / usual if usual > 1e-6 else np.zeros_like(like)
    dark, light = np.empty_like(part.dark), np.empty_like(part.dark)
    tall = part.lines.reshape(4, -1, dark.shape[2])
    line_sizes(tall, deviation, _FROM, _UPTO, dark.reshape(-1), light.reshape(-1))
    inside = _Zones(part.mine, part.distance < 0.5)
    beside = _Zones(part.bare, (part.distance > 0.9) & (part.distance < 90))
    return {
        "like": like / deviation,
        "share": share,
        "lines_in": inside.means(dark)[0],
        "lines_out": beside.means(dark)[0],
        "bright_in": inside.means(light)[0],
        "bright_out": beside.means(light)[0],
    }


def _habit(part: Part, whole: NDArray[np.int64]) -> Floats:
    """Where and in which direction this respondent's lines run, ``(4, h + gap, w)``, norm 1.

    From three marks on their mean, before that two diagonals anywhere in the box.
    """
    if len(whole) >= 3:
        means = [np.clip(line[whole], 0, None).mean(axis=0) for line in part.lines]
        pattern = np.stack([cv2.GaussianBlur(m, (0, 0), 1.3) for m in means])
    else:
        spread = np.exp(-np.square(np.clip(part.distance + 0.8, 0.0, None)))
        pattern = np.stack([0.4 * spread, spread, 0.4 * spread, spread])
    pattern = pattern * (part.distance < 1.0)
    norm = float(np.sqrt(np.square(pattern).sum()))
    return np.asarray(pattern / max(norm, 1e-9), np.float32)


class _Zones:
    """Zones of a patch in which values are weighed by what counts of each patch.

    Args:
        weight: ``(n, h, w)``.
        zones: bool ``(h, w)`` each.
    """

    def __init__(self, weight: Floats, *zones: NDArray[np.bool_]) -> None:
        self._weight = weight
        # All sums of all patches are one product of matrices.
        self._zones = np.stack([zone.ravel() for zone in zones], axis=1).astype(np.float32)
        self._total = np.maximum(self._sums(weight), 1.0)

    def means(self, values: Floats) -> Doubles:
        """Mean of values ``(n, h, w)`` in each zone: ``(zones, n)``."""
        return self._sums(values * self._weight) / self._total

    def _sums(self, values: Floats) -> Doubles:
        return np.asarray((values.reshape(len(values), -1) @ self._zones).T, np.float64)


def _paper_zones(part: Part) -> _Zones:
    """Clean paper in the box, on its rim and beside it."""
    d = part.distance
    return _Zones(part.clean, d < -0.3, (d > 0.3) & (d < 1.2), (d > 1.2) & (d < 90))


_ZONES = ("in", "rim", "out")


def _roughness(part: Part, zones: _Zones) -> dict[str, Doubles]:
    share = part.share
    local: Floats = spread_over(part.rough * part.clean, 5)
    local /= np.maximum(share, np.float32(0.15))
    powers = zones.means(part.rough)
    found = {f"power_{zone}": values for zone, values in zip(_ZONES, powers, strict=True)}
    found["power_most"], found["power_least"] = _extremes(local, part, 0.5, 1.0, (0.0, 999.0))
    return found


def _extremes(
    values: Floats, part: Part, least: float, reach_mm: float, otherwise: tuple[float, float]
) -> tuple[Doubles, Doubles]:
    """Highest and lowest value of each box where more than ``least`` is clean.

    Args:
        values: ``(n, h + gap, w)``.
        part: The boxes.
        least: Share of clean pixels.
        reach_mm: As far beyond the outline.
        otherwise: No highest is below the first, no lowest above the second.
    """
    high, low = (np.full(len(values), limit, np.float32) for limit in otherwise)
    zone = (part.distance < reach_mm).view(np.uint8)
    extremes(values, part.share, least, zone, high, low)
    return high.astype(np.float64), low.astype(np.float64)


def _tones(part: Part, zones: _Zones) -> dict[str, Doubles]:
    """Level and colour of bare paper in the box, on its rim and beside it, in grey levels."""
    found = {
        f"{name}_{zone}": values
        for name, picture in zip(("grey", "first", "second"), part.tones, strict=False)
        for zone, values in zip(_ZONES, zones.means(picture), strict=True)
    }
    middle = (found["grey_in"] + found["grey_rim"] + found["grey_out"]) / 3
    # Taken off first, so that a box at the edge of its patch is not darkened by the next.
    level = (part.tones[0] - middle[:, None, None].astype(np.float32)) * part.clean
    share = part.share
    spot: Floats = spread_over(level, 5)
    spot /= np.maximum(share, np.float32(0.3))
    found["spot_high"], lowest = _extremes(spot, part, 0.3, 1.2, (-99.0, 99.0))
    found["spot_low"] = -lowest
    outline = _Zones(part.print_ * (part.print_ > 0.4), np.abs(part.distance) < 0.4)
    dark = np.clip(part.dark, 0.0, 1.3)
    found["outline"] = outline.means(dark)[0]
    # A box that is not quite where the registration puts it keeps its outline close by.
    flat = cv2.dilate(dark.reshape(-1, dark.shape[2]), np.ones((3, 3), np.uint8))
    found["outline_close"] = outline.means(np.asarray(flat, np.float32).reshape(dark.shape))[0]
    return found
