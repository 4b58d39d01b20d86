"""What is written or stamped in the fields of a page, as small pictures of ink.

A seal over a signature is told from it by colour where the scan has colour: red ink is as
bright as paper in the red channel, and the seal is what the other channels see beyond it. In
shades of grey a round seal is told by its rim, and what lies in it is left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from detectors.instrument import Field
from scans.likeness.ink import (
    ALL_INK,
    FINE_PX_PER_MM,
    LEAST_MM2,
    LEVELS,
    PEN,
    STAMP,
    FieldInk,
)
from scans.likeness.rings import without_seals
from scans.quantiles import percentile
from scans.rectify import Rectifier
from scans.template import PageTemplate
from scans.types import RawPage, Registration

__all__ = ["field_inks", "with_pens"]

# Dates are left out: the same few digits, alike in every hand, tell nothing apart.
# Fields are cut at this resolution and kept at a coarser one.
_CUT_PX_PER_MM = 5.0
_STEPS = (2.0, 1.5, 1.2, 1.0, 0.75, 0.6)
_MOST_PX = 8192
# Signatures are kept finer where the field is no larger than an ordinary one: a hand that signs
# again misses by less than a pen's width here and there, a copy does not.
_MOST_FINE_PX = 34_000
# How far toner spreads around the blank's print and a registration may err: ink so near to
# print is not looked at, on any page. The rim of a field is often its printed frame.
_SPREAD_MM, _RIM_MM = 0.5, 0.8
# What lies this near to print is a rest of it where print does not cover much of the field.
_NEAR_MM, _MOST_NEAR = 1.1, 0.6
# Ink is darker than paper by this share at least; thin lines of a printed copy are pale.
_FAINTEST: Mapping[str, float] = {"signature": 0.1, "handwriting": 0.12, "seal": 0.1}
# The darkest that a faint pencil is raised from.
_FULL = 0.2
# Ink below this area is a speck or a rest of print, not writing.
_LEAST_MM2 = 5.0
# Red ink has this much more light in red than in the mean of green and blue.
_RED = 0.12
_STAMPED_MM2 = 12.0
# Ink of one seal is redder here and less there by so much.
_SEAL_SPREADS = 1.3


def field_inks(
    raw: RawPage, registration: Registration, template: PageTemplate
) -> tuple[FieldInk, ...]:
    """Pictures of the fields that hold ink, in the instrument's order."""
    scan = Rectifier(raw.image, registration)
    found = []
    for number, field in enumerate(template.page.fields):
        if field.kind not in LEAST_MM2:
            continue
        cut = scan.region(field.box_mm, _CUT_PX_PER_MM)
        bare, near = _away_from_print(template, number)
        px_per_mm = _resolution(field)
        for shows, dark in _inks(cut, field):
            ink = _kept(dark, bare, near, field, px_per_mm)
            if ink is not None:
                place = (field.id, field.kind, field.box_mm)
                found.append(FieldInk(*place, shows, px_per_mm, *ink))
    return with_pens(found)


def with_pens(inks: Sequence[FieldInk]) -> tuple[FieldInk, ...]:
    """The pictures, and of signatures without one of the pen's ink what no round seal covers."""
    pens = {ink.id for ink in inks if ink.shows == PEN}
    found = []
    for ink in inks:
        if ink.kind != "signature" or ink.shows == PEN:
            found.append(ink)
            continue
        # All ink is looked at as a whole only.
        found.append(ink.coarse)
        pen = None if ink.id in pens else _outside_seals(ink)
        found += [] if pen is None else [pen]
    return tuple(found)


def _outside_seals(ink: FieldInk) -> FieldInk | None:
    (left, top), (rows, columns) = ink.corner, ink.ink.shape
    width, height = (max(1, round(v * ink.px_per_mm)) for v in ink.box_mm[2:])
    # The rim is looked for where the field could show it.
    whole = np.zeros((height, width), np.uint8)
    whole[top : top + rows, left : left + columns] = ink.ink
    bare = without_seals(whole, ink.px_per_mm)
    if bare is None:
        return replace(ink, shows=PEN)
    cropped = _cropped(bare)
    return None if cropped is None else replace(ink, shows=PEN, corner=cropped[0], ink=cropped[1])


@lru_cache(maxsize=64)
def _away_from_print(
    template: PageTemplate, number: int
) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """Where ink of a field is looked at (255, else 0), and what lies near to print."""
    box = template.page.fields[number].box_mm
    blank = template.at(_CUT_PX_PER_MM)
    height, width = (max(1, round(v * _CUT_PX_PER_MM)) for v in (box[3], box[2]))
    margin = 2 * round(_NEAR_MM * _CUT_PX_PER_MM)
    wide = np.full((height + 2 * margin, width + 2 * margin), 255, np.uint8)
    top, left = round(box[1] * _CUT_PX_PER_MM) - margin, round(box[0] * _CUT_PX_PER_MM) - margin
    seen = blank[max(0, top) : top + wide.shape[0], max(0, left) : left + wide.shape[1]]
    down, across = max(0, -top), max(0, -left)
    wide[down : down + seen.shape[0], across : across + seen.shape[1]] = seen
    print_ = (wide < 215).astype(np.uint8)

    def spread(reach_mm: float) -> NDArray[np.uint8]:
        side = 2 * round(reach_mm * _CUT_PX_PER_MM) + 1
        grown = np.asarray(cv2.dilate(print_, np.ones((side, side), np.uint8)), np.uint8)
        return grown[margin : margin + height, margin : margin + width]

    rim = round(_RIM_MM * _CUT_PX_PER_MM)
    bare = np.zeros((height, width), np.uint8)
    bare[rim : height - rim, rim : width - rim] = 255
    bare[spread(_SPREAD_MM) > 0] = 0
    return bare, spread(_NEAR_MM) > 0


def _inks(cut: NDArray[np.uint8], field: Field) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    """Darkness against the paper, 255 is black: of all ink, and of its colours apart."""
    if cut.ndim == 2:
        yield ALL_INK, _darker(cut)
        return
    grey = np.asarray(cv2.cvtColor(cut, cv2.COLOR_BGR2GRAY), np.uint8)
    yield ALL_INK, _darker(grey)
    if field.kind == "handwriting":
        return
    blue, green, red = (_darker(np.ascontiguousarray(cut[..., k])) for k in range(3))
    stamped = np.asarray(cv2.subtract(cv2.addWeighted(blue, 0.5, green, 0.5, 0.0), red), np.uint8)
    inked = _count(stamped > _RED * 255) / _CUT_PX_PER_MM**2
    if field.kind == "signature":
        yield PEN, _without_seal(red, stamped)
    elif inked >= _STAMPED_MM2:
        yield STAMP, stamped


def _without_seal(red: NDArray[np.uint8], stamped: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Darkness in the red channel less the little that a seal's own ink leaves there.

    How much that is belongs to the ink pad, so it is taken from the field: pen crosses a seal
    in a small part of it, and the median of what is red is the seal alone.
    """
    sealed = stamped > _RED * 255
    if _count(sealed) < _STAMPED_MM2 * _CUT_PX_PER_MM**2:
        return red
    share = float(np.median(red[sealed] / stamped[sealed].astype(np.float32)))
    own = cv2.convertScaleAbs(stamped, alpha=_SEAL_SPREADS * share)
    return np.asarray(cv2.subtract(red, own), np.uint8)


def _darker(channel: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """How much darker than the paper, which most of a field is, 255 is black."""
    level = max(percentile(channel[::4, ::4], 75), 32.0)
    table = np.clip(255.0 - np.arange(256) * (255.0 / level), 0, 255).astype(np.uint8)
    return np.asarray(cv2.LUT(channel, table), np.uint8)


def _kept(
    dark: NDArray[np.uint8],
    bare: NDArray[np.uint8],
    near: NDArray[np.bool_],
    field: Field,
    px_per_mm: float,
) -> tuple[tuple[int, int], NDArray[np.uint8]] | None:
    """Corner and picture of the ink that the blank does not have."""
    added = np.asarray(cv2.bitwise_and(dark, bare), np.uint8)
    paper = added[::4, ::4][bare[::4, ::4] > 0]
    usual, high = (percentile(paper, q) if paper.size else 0.0 for q in (50, 75))
    faintest = max(_FAINTEST[field.kind] * 255, usual + 5.0 * (high - usual))
    drawn = added > faintest
    open_ = bare > 0
    share = _count(near & open_) / max(_count(open_), 1)
    if _count(drawn & near) > max(_MOST_NEAR, 1.5 * share) * _count(drawn):
        return None
    inked = added[drawn]
    if inked.size < _LEAST_MM2 * _CUT_PX_PER_MM**2:
        return None
    full = max(percentile(inked[::3], 70), _FULL * 255)
    steps = np.arange(256, dtype=np.float64)
    table = np.where(steps > faintest, np.clip(steps * (255.0 / full), 0, 255), 0).astype(np.uint8)
    width, height = (max(1, round(v * px_per_mm)) for v in field.box_mm[2:])
    small = cv2.resize(cv2.LUT(added, table), (width, height), interpolation=cv2.INTER_AREA)
    return _cropped(np.asarray(small.astype(np.uint16) * LEVELS // 255, np.uint8))


def _cropped(ink: NDArray[np.uint8]) -> tuple[tuple[int, int], NDArray[np.uint8]] | None:
    """Corner and picture of what is inked."""
    # Specks do not widen the picture: rows and columns count from a stroke's worth of ink.
    rows, columns = np.flatnonzero(ink.max(axis=1) >= 4), np.flatnonzero(ink.max(axis=0) >= 4)
    if len(rows) < 2 or len(columns) < 2:
        return None
    top, left = int(rows[0]), int(columns[0])
    part = ink[top : int(rows[-1]) + 1, left : int(columns[-1]) + 1]
    return (left, top), np.ascontiguousarray(part)


def _count(mask: NDArray[np.bool_]) -> int:
    """How many pixels are set: a tenth of what a sum of them takes."""
    return int(np.count_nonzero(mask))


def _resolution(field: Field) -> float:
    area = field.box_mm[2] * field.box_mm[3]
    if field.kind == "signature" and area * FINE_PX_PER_MM**2 <= _MOST_FINE_PX:
        return FINE_PX_PER_MM
    return next((s for s in _STEPS if area * s * s <= _MOST_PX), _STEPS[-1])
