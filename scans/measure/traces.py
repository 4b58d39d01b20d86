"""What taking a mark away leaves in and around its box, as plain numbers for every box.

Rubbing, scraping and bleaching leave faint lines where the mark was, a shift of the paper's
tone or colour, and fibres that stand up; fluid and tape leave a spot that is brighter or
smoother than paper and breaks the printed outline. Nothing here is judged: each number is
only put beside the page's other boxes.

All is measured at 3.3 px/mm, where a pen's line is one to two pixels wide: lines by second
derivatives across four directions, averaged along 1.5 mm; only the unevenness of the paper is
taken at 10 px/mm. All boxes of one size stand in one tall picture with gaps, so that every
filter runs once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from scans.measure.boxes import BoxPatches
from scans.measure.trace_spreads import TRACE_NAMES, beside_others
from scans.types import BoxReading, MarkState

__all__ = ["TRACE_NAMES", "BoxTraces", "box_traces"]

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Bytes = NDArray[np.uint8]
Shorts = NDArray[np.int16]

# Darkness of a mark against the respondent's usual one from which it is a full mark: beside
# another one of its item, and alone.
_FULL = 0.84
_ALONE = 0.62
_LEAST_INK, _LEAST_NEAR = 0.02, 0.05
# Darkness against the paper around is kept in bytes: 128 is none, and a grey level is two.
_STEP, _ZERO = 2.0, 128
_THIRD = 3
# Unevenness is cut here, in grey levels: beyond is the edge of something.
_STEEPEST = 20
# A line response counts from the first and at most the second many deviations of paper.
_FROM, _UPTO = 3.0, 12.0
_LEAST_DEVIATION = 1.0
_GAP = 6


@dataclass(frozen=True, eq=False)
class BoxTraces:
    """Traces of all boxes of a page.

    Attributes:
        values: float64 ``(n, len(TRACE_NAMES))`` in the order of the page's boxes.
        judged: bool ``(n,)``: boxes that hold no full mark.
        ink_left: float64 ``(n,)``: lines that run as the respondent's marks do, as a share of
            a whole mark; 0 where the page has no mark to compare with.
    """

    values: Doubles
    judged: NDArray[np.bool_]
    ink_left: Doubles

    def of(self, name: str) -> Doubles:
        """One trace of all boxes."""
        return self.values[:, TRACE_NAMES.index(name)]


@dataclass(frozen=True, eq=False)
class _Part:
    """Boxes of one size at 3.3 px/mm, ``n`` patches of ``h`` by ``w`` with a gap below each.

    Every array is ``(n, h + gap, w)`` unless said otherwise, and zero in the gap.
    """

    rows: NDArray[np.int64]
    tones: tuple[Floats, ...]  # grey level, and for colour blue - red and green - the others
    rough: Floats  # mean square of fine unevenness, in grey levels
    dark: Floats
    print_: Floats
    bare: Floats  # 1 where free of print
    clean: Floats  # 1 where free of print and ink
    share: Floats  # of clean pixels within a millimetre
    own: Floats  # 1 where nearer to this box than to any other
    distance: Floats  # (h + gap, w), far away in the gap
    lines: tuple[Shorts, ...]  # per direction: dark positive, bright negative


def box_traces(groups: Sequence[BoxPatches], readings: Sequence[BoxReading]) -> BoxTraces:
    """Measure all boxes of a page and put each beside the others."""
    count = len(readings)
    usual = _usual(readings)
    full = _full_marks(readings, usual)
    parts = [_part(group, usual) for group in groups]
    deviation = _deviation(parts, full)
    raw: dict[str, Doubles] = {"lost": np.zeros(count)}
    places = np.zeros((count, 2))
    for group, part in zip(groups, parts, strict=True):
        rows = enumerate(part.rows.tolist())
        whole = [k for k, i in rows if full[i] and readings[i].state is MarkState.MARKED]
        found = {
            **_lines(part, deviation, np.array(whole, dtype=np.int64)),
            **_roughness(part),
            **_tones(part),
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
    peaks = [r.features["peak"] for r in readings if r.features["ink"] > 0.1]
    return float(np.median(peaks)) if peaks else 1.0


def _full_marks(readings: Sequence[BoxReading], usual: float) -> NDArray[np.bool_]:
    """Boxes that hold a mark as dark as the respondent's others.

    An item's only mark may be paler: honest marks vary, and nothing is there to say that it
    was to be taken away.
    """
    inked = np.array(
        [r.features["ink"] > _LEAST_INK or r.features["near"] > _LEAST_NEAR for r in readings],
        dtype=bool,
    )
    peak = np.array([r.features["peak"] for r in readings]) / max(usual, 1e-6)
    full = inked & (peak > _FULL)
    items = {r.item for r, dark in zip(readings, full.tolist(), strict=True) if dark}
    alone = np.array([r.item not in items for r in readings], dtype=bool)
    return np.asarray(full | (inked & alone & (peak > _ALONE)))


def _part(group: BoxPatches, usual: float) -> _Part:
    height, width = (n // _THIRD for n in group.dark.shape[1:])
    cut = (slice(None), slice(0, _THIRD * height), slice(0, _THIRD * width))
    # The middle pixel of every nine tells what print and ink there are.
    middle = (slice(None), slice(1, _THIRD * height, _THIRD), slice(1, _THIRD * width, _THIRD))
    dark = _gapped(group.dark[middle])
    bare = _gapped(group.allowed[middle] < 0.12)
    distance = np.full(dark.shape[1:], 99.0, np.float32)
    distance[:height] = group.distance[middle[1:]]
    strong = (dark > 0.3 * usual).astype(np.uint8).reshape(-1, width)
    inked = np.asarray(cv2.dilate(strong, np.ones((3, 3), np.uint8)), np.uint8)
    clean = bare * (inked.reshape(dark.shape) == 0)
    whole = np.ascontiguousarray(group.colour[cut])
    tones = tuple(_gapped(tone) for tone in _small_tones(whole, height, width))
    weight = np.maximum(_spread(clean, 9), np.float32(1e-3))
    paper = _spread(tones[0] * clean, 9) / weight
    steps = (paper - tones[0]) * bare * np.float32(_STEP) + np.float32(_ZERO + 0.5)
    residual = np.clip(steps, 0, 255).astype(np.uint8).reshape(-1, width)
    return _Part(
        rows=group.index,
        tones=tones,
        rough=_gapped(_unevenness(whole, height, width)),
        dark=dark,
        print_=_gapped(group.print_[middle]),
        bare=bare,
        clean=clean,
        share=_spread(clean, 5),
        own=_gapped(group.own[middle]),
        distance=distance,
        lines=tuple(line.reshape(dark.shape) for line in _line_responses(residual)),
    )


def _gapped(stack: NDArray[Any]) -> Floats:
    count, height, width = stack.shape
    tall = np.zeros((count, height + _GAP, width), np.float32)
    tall[:, :height] = stack
    return tall


def _reduced(picture: Bytes, height: int, width: int) -> Bytes:
    """Means of nine pixels of a stack of pictures, each ``height`` by ``width`` afterwards."""
    count = len(picture)
    tall = picture.reshape(count * _THIRD * height, _THIRD * width, *picture.shape[3:])
    small = cv2.resize(tall, (width, count * height), interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.uint8).reshape(count, height, width, *picture.shape[3:])


def _small_tones(whole: Bytes, height: int, width: int) -> tuple[Floats, ...]:
    small: Floats = _reduced(whole, height, width).astype(np.float32)
    if small.ndim == 3:
        return (small,)
    b, g, r = small[..., 0], small[..., 1], small[..., 2]
    grey = np.float32(0.114) * b + np.float32(0.587) * g + np.float32(0.299) * r
    return grey, b - r, g - (b + r) * np.float32(0.5)


def _unevenness(whole: Bytes, height: int, width: int) -> Bytes:
    """Mean square of what a blur of 0.1 mm takes away, in grey levels, up to 255."""
    count, rows, columns = whole.shape[:3]
    tall = whole.reshape(count * rows, columns, *whole.shape[3:])
    grey = cv2.extractChannel(tall, 1) if tall.ndim == 3 else tall
    fine = cv2.absdiff(grey, cv2.GaussianBlur(grey, (5, 5), 1.0))
    square = cv2.LUT(fine, _squares())
    return _reduced(np.asarray(square, np.uint8).reshape(count, rows, columns), height, width)


@lru_cache(maxsize=1)
def _squares() -> Bytes:
    """Squares, four times as large so that the mean of small ones is not lost."""
    square = np.minimum(4 * np.minimum(np.arange(256), _STEEPEST) ** 2, 255)
    return np.asarray(square, np.uint8)


def _spread(stack: Floats, size: int) -> Floats:
    """Weighted mean over ``size`` pixels in both directions."""
    tall = cv2.GaussianBlur(stack.reshape(-1, stack.shape[2]), (size, size), 0.4 * size)
    return np.asarray(tall, np.float32).reshape(stack.shape)


@lru_cache(maxsize=1)
def _diagonals() -> tuple[Floats, Floats]:
    one = np.eye(5, dtype=np.float32) / np.float32(5)
    return one, np.ascontiguousarray(one[::-1])


def _line_responses(residual: Bytes) -> tuple[Shorts, Shorts, Shorts, Shorts]:
    """Second derivative across each of four directions, averaged along it, four times as large.

    Directions: level, falling to the right, upright, rising to the right.
    """
    xx, yy = cv2.Sobel(residual, cv2.CV_16S, 2, 0), cv2.Sobel(residual, cv2.CV_16S, 0, 2)
    xy = cv2.Sobel(residual, cv2.CV_16S, 1, 1)
    both = cv2.addWeighted(xx, -0.5, yy, -0.5, 0.0)
    falling, rising = _diagonals()
    return (
        np.negative(np.asarray(cv2.blur(yy, (5, 1)), np.int16)),
        np.asarray(cv2.filter2D(cv2.add(both, xy), -1, falling), np.int16),
        np.negative(np.asarray(cv2.blur(xx, (1, 5)), np.int16)),
        np.asarray(cv2.filter2D(cv2.subtract(both, xy), -1, rising), np.int16),
    )


def _deviation(parts: Sequence[_Part], full: NDArray[np.bool_]) -> float:
    """Robust deviation of the line response on bare paper; the floor where there is none."""
    seen = []
    for part in parts:
        there = part.clean[~full[part.rows]][:, ::2] > 0
        zone = there & (part.distance < 1.5)[::2]
        seen += [np.abs(part.lines[k][~full[part.rows]][:, ::2][zone]) for k in (0, 1)]
    values = np.concatenate(seen) if seen else np.zeros(1)
    middle = float(np.mean(np.minimum(values, 3 * np.median(values)))) if values.size else 0.0
    return max(1.25 * middle, _LEAST_DEVIATION)


def _lines(part: _Part, deviation: float, whole: NDArray[np.int64]) -> dict[str, Doubles]:
    """Faint lines in a box, and how far they run as this respondent's marks do."""
    count = len(part.rows)
    mine = part.bare * part.own
    near = mine * (part.distance < 1.0)
    pattern = _habit(part, whole)
    like = np.zeros(count, np.float64)
    for line, wanted in zip(part.lines, pattern, strict=True):
        like += (line * near).reshape(count, -1) @ wanted.ravel()
    usual = float(np.median(like[whole])) if len(whole) else 0.0
    share = like / usual if usual > 1e-6 else np.zeros_like(like)
    most, least = part.lines[0].copy(), part.lines[0].copy()
    for line in part.lines[1:]:
        np.maximum(most, line, out=most)
        np.minimum(least, line, out=least)
    scale, start = np.float32(1.0 / deviation), np.float32(_FROM)
    dark = np.clip(most * scale - start, 0.0, _UPTO)
    light = np.clip(least * -scale - start, 0.0, _UPTO)
    inside = mine * (part.distance < 0.5)
    beside = part.bare * ((part.distance > 0.9) & (part.distance < 90))
    return {
        "like": like / deviation,
        "share": share,
        "lines_in": _mean(dark, inside),
        "lines_out": _mean(dark, beside),
        "bright_in": _mean(light, inside),
        "bright_out": _mean(light, beside),
    }


def _habit(part: _Part, whole: NDArray[np.int64]) -> Floats:
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


def _mean(values: Floats, weight: Floats) -> Doubles:
    total = np.einsum("nyx,nyx->n", values, weight)
    return np.asarray(total / np.maximum(np.einsum("nyx->n", weight), 1.0), np.float64)


def _roughness(part: _Part) -> dict[str, Doubles]:
    power = part.rough * part.clean
    share = part.share
    local = _spread(power, 5) / np.maximum(share, np.float32(0.15))
    there = (share > 0.5) & (part.distance < 1.0)
    zones = {
        "in": part.distance < -0.3,
        "rim": (part.distance > 0.3) & (part.distance < 1.2),
        "out": (part.distance > 1.2) & (part.distance < 90),
    }
    found = {f"power_{zone}": _mean(power, part.clean * where) for zone, where in zones.items()}
    found["power_most"] = _greatest(local, there, 0.0)
    found["power_least"] = -_greatest(-local, there, -999.0)
    return found


def _greatest(values: NDArray[Any], where: NDArray[np.bool_], otherwise: float) -> Doubles:
    chosen = np.where(where, values, np.float32(otherwise)).reshape(len(values), -1)
    # A reduction along the first axis runs eight at a time.
    return np.asarray(np.ascontiguousarray(chosen.T).max(axis=0), np.float64)


def _tones(part: _Part) -> dict[str, Doubles]:
    """Level and colour of bare paper in the box, on its rim and beside it, in grey levels."""
    zones = {
        "in": part.clean * (part.distance < -0.3),
        "rim": part.clean * ((part.distance > 0.3) & (part.distance < 1.2)),
        "out": part.clean * ((part.distance > 1.2) & (part.distance < 90)),
    }
    found = {
        f"{name}_{zone}": _mean(picture, weight)
        for name, picture in zip(("grey", "first", "second"), part.tones, strict=False)
        for zone, weight in zones.items()
    }
    middle = (found["grey_in"] + found["grey_rim"] + found["grey_out"]) / 3
    # Taken off first, so that a box at the edge of its patch is not darkened by the next.
    level = (part.tones[0] - middle[:, None, None].astype(np.float32)) * part.clean
    share = part.share
    spot = _spread(level, 5) / np.maximum(share, np.float32(0.3))
    there = (share > 0.3) & (part.distance < 1.2)
    found["spot_high"] = _greatest(spot, there, -99.0)
    found["spot_low"] = _greatest(-spot, there, -99.0)
    outline = part.print_ * ((part.print_ > 0.4) & (np.abs(part.distance) < 0.4))
    dark = np.clip(part.dark, 0.0, 1.3)
    found["outline"] = _mean(dark, outline)
    # A box that is not quite where the registration puts it keeps its outline close by.
    flat = cv2.dilate(dark.reshape(-1, dark.shape[2]), np.ones((3, 3), np.uint8))
    found["outline_close"] = _mean(np.asarray(flat, np.float32).reshape(dark.shape), outline)
    return found
