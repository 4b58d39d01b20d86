"""What taking a mark away leaves in and around its box, as plain numbers for every box.

Rubbing, scraping and bleaching leave faint lines where the mark was, a shift of the paper's
tone or colour, and fibres that stand up; fluid and tape leave a spot that is brighter or
smoother than paper and breaks the printed outline. Nothing here is judged: each number is
only put beside the page's other boxes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from scans.measure.boxes import BoxPatches
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

# Darkness of a mark against the respondent's usual one from which it is a full mark: beside
# another one of its item, and alone.
_FULL, _LEAST = 0.79, 0.62
_ALONE, _PALEST = 0.62, 0.45
_LEAST_INK, _LEAST_NEAR = 0.02, 0.05
# Hands that press now lightly, now hard: so many of their own spreads below the usual is a mark.
_SPREADS = 2.5
# Marks that say how dark this respondent's are, and how many it takes to know two pens.
_INKED, _FEWEST = 0.1, 6
_LOW, _TWO_PENS = 0.2, 0.75
# Another item's only mark that is no more than a little darker makes a pale mark usual.
_AS_PALE = 1.05
# Ink around a box, in mm2, of which no rubber leaves so much: a stamp, however pale.
_STAMP_MM2 = 3.0
# Ink inside the box against the respondent's usual marks from which it is a mark at all.
_WHOLE = 0.3
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
        values = self.values if self.covered_values is None else self.covered_values
        return trace_model("covered").log_odds(values)


def box_traces(groups: Sequence[BoxPatches], readings: Sequence[BoxReading]) -> BoxTraces:
    """Measure all boxes of a page and put each beside the others.

    What was taken off a wide box is looked for where something stands in it; what covers a mark
    may be as wide as the box.
    """
    whole = _traces(groups, readings)
    narrow = [narrowed(group) for group in groups]
    if all(one is group for one, group in zip(narrow, groups, strict=True)):
        return whole
    near = _traces(narrow, readings)
    return replace(near, covered_values=whole.values)


def _traces(groups: Sequence[BoxPatches], readings: Sequence[BoxReading]) -> BoxTraces:
    count = len(readings)
    usual = _usual(readings)
    full = _full_marks(readings, usual)
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
    return BoxTraces(beside_others(raw, places, ~full, readings), ~full, raw["share"])


def _usual(readings: Sequence[BoxReading]) -> float:
    """Darkness that this respondent's marks reach, 1 where there are none."""
    peaks = _peaks(readings)
    return float(np.median(peaks)) if len(peaks) else 1.0


def _peaks(readings: Sequence[BoxReading]) -> Doubles:
    """Darkness of the marks of the pen that most are in; of items with one, if those suffice.

    Who corrects an answer often goes over the one that holds.
    """
    drawn = [r for r in readings if r.features["ink"] > _INKED]
    count = Counter(r.item for r in drawn)
    inked = [r for r in drawn if not r.features["second"]]
    single = [r for r in inked if count[r.item] == 1]
    return np.array([r.features["peak"] for r in (single if len(single) >= _FEWEST else inked)])


def _full_marks(readings: Sequence[BoxReading], usual: float) -> NDArray[np.bool_]:
    """Boxes that hold a mark as dark as the respondent's others, as evenly as those are.

    An item's only mark may be paler: honest marks vary, and nothing is there to say that it
    was to be taken away. Least of all where the sheet has more of its darkness: who takes
    another pen half-way leaves marks of two, and the paler are no traces of the darker.
    """
    inked = np.array(
        [r.features["ink"] > _LEAST_INK or r.features["near"] > _LEAST_NEAR for r in readings],
        dtype=bool,
    )
    second = np.array([r.features["second"] for r in readings], dtype=bool)
    peak = np.array([r.features["peak"] for r in readings]) / max(usual, 1e-6)
    # Ink of another hue is another pen's, and as dark as that pen's other marks; or a stamp's.
    faded = [1.0 if r.features["foreign"] else r.features["faded"] for r in readings]
    peak[second] = np.array(faded)[second]
    own = _peaks(readings) / max(usual, 1e-6)
    spread = 1.4826 * float(np.median(np.abs(own - 1.0))) if len(own) >= _FEWEST else 0.0
    within = 1.0 - _SPREADS * spread
    # How evenly a second pen writes, few marks say badly; a mark as pale as another is one.
    as_pale = _as_pale(peak, own)
    least = np.where(second, _LEAST, min(_FULL, max(_LEAST, within)))
    dark = inked & ((peak > least) | as_pale)
    ink = np.array([r.features["ink"] for r in readings])
    whole = (
        float(np.median(ink[dark & (ink > _LEAST_INK)])) if (ink[dark] > _LEAST_INK).any() else 0.0
    )
    # A tail that a rubber or a brush left outside the box is as dark as ever, and no mark.
    full = dark & (ink >= _WHOLE * whole)
    # A stamp over another box replaces nothing, and a circled mark is the one taken back.
    items = {
        r.item
        for r, dark in zip(readings, full.tolist(), strict=True)
        if dark and not r.features["foreign"] and r.state is not MarkState.CANCELLED
    }
    alone = np.array([r.item not in items for r in readings], dtype=bool)
    stamped = np.array(
        [r.features["foreign"] > 0 and r.features["around"] >= _STAMP_MM2 for r in readings],
        dtype=bool,
    )
    # Nobody rubs out what they have taken back as the form asks.
    alone |= np.array([r.state is MarkState.CANCELLED for r in readings], dtype=bool)
    palest = min(_ALONE, max(_PALEST, within)) * _paler_pen(readings, peak)
    lone = inked & alone & (second | (peak > palest))
    return np.asarray(full | lone | stamped)


def _as_pale(peak: Doubles, own: Doubles) -> NDArray[np.bool_]:
    """Whether another mark, which stands alone in its item, is as pale as each."""
    if len(own) < _FEWEST:
        return np.zeros(len(peak), np.bool_)
    palest, second = np.sort(own)[:2]
    return np.asarray(_AS_PALE * peak >= np.where(peak == palest, second, palest))


def _paler_pen(readings: Sequence[BoxReading], peak: Doubles) -> float:
    """Darkness of the paler of a sheet's two pens against the usual mark; 1 with one pen."""
    own = [
        p
        for r, p in zip(readings, peak.tolist(), strict=True)
        if r.features["ink"] > _INKED and r.features["faded"] >= 1.0
    ]
    if len(own) < _FEWEST:
        return 1.0
    low = float(np.quantile(own, _LOW))
    return low if low < _TWO_PENS else 1.0


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
