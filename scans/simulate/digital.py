"""Frauds in the file: the scan is opened, painted on, patched from elsewhere and saved.

Everything works on decoded pixels; saving is the caller's, the same for honest pages.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from detectors.instrument import BoxMm
from scans.simulate.ink import Pen, density, grain, transmittance
from scans.simulate.picture import Picture
from scans.simulate.sheet import Patch
from scans.simulate.strokes import Stroke

__all__ = ["copy_box", "draw_mark", "key_in", "splice", "white_out"]

Field = NDArray[np.float32]
_FEATHER = {"gross": 0.0, "moderate": 0.7, "subtle": 1.6}


def white_out(
    picture: Picture,
    box: BoxMm,
    strokes: Sequence[Stroke],
    variant: str,
    strength: str,
    rng: np.random.Generator,
    *,
    empty: BoxMm,
    blank_area: BoxMm,
) -> BoxMm:
    """DIGITAL_TAY: wipe a mark out of the picture.

    Args:
        picture: Changed in place.
        box: Of the mark, in mm.
        strokes: Of the mark, in mm on the sheet.
        variant: ``paint``, ``clone``, ``inpaint`` or ``texture``.
        strength: Gross wipes a rectangle, print and all; subtle follows the ink closely.
        rng: Chance.
        empty: An empty box of the same size, to clone from.
        blank_area: A place without print, to take paper from.

    Returns:
        The box in mm within which pixels changed.
    """
    rect = picture.rect(box, 3.4)
    cover = _wipe_area(picture, rect, box, strokes, strength)
    if variant == "clone":
        source = _copy_of(picture, rect, box, empty)
        picture.put(rect, source, _feather(cover, strength))
    elif variant == "inpaint":
        part = np.ascontiguousarray(picture.image[rect])
        mask = (cover > 0.3).astype(np.uint8) * 255
        filled = cv2.inpaint(part, mask, 4.0, cv2.INPAINT_TELEA)
        values = filled.reshape(*part.shape[:2], picture.channels).astype(np.float32)
        picture.put(rect, values, (mask > 0).astype(np.float32))
    elif variant == "texture":
        picture.put(rect, _paper_like(picture, rect, blank_area, rng), _feather(cover, strength))
    else:
        shape = (*cover.shape, picture.channels)
        colour = np.full(shape, 255.0, dtype=np.float32)
        if strength != "gross":
            colour[:] = np.round(picture.paper(rect))
        picture.put(rect, colour, _feather(cover, strength))
    return picture.box(rect)


def _wipe_area(
    picture: Picture,
    rect: tuple[slice, slice],
    box: BoxMm,
    strokes: Sequence[Stroke],
    strength: str,
) -> Field:
    shape = (rect[0].stop - rect[0].start, rect[1].stop - rect[1].start)
    corner = np.array([rect[1].start, rect[0].start])
    mask = np.zeros(shape, dtype=np.uint8)
    scale = _scale(picture, box)
    if strength == "gross":
        inner = picture.rect(box, 0.7)
        mask[
            inner[0].start - rect[0].start : inner[0].stop - rect[0].start,
            inner[1].start - rect[1].start : inner[1].stop - rect[1].start,
        ] = 255
    extra = {"gross": 0.9, "moderate": 0.8, "subtle": 0.45}[strength]
    for stroke in strokes:
        px = np.round(picture.mapping.to_px(stroke[:, :2]) - corner).astype(np.int32)
        broad = max(2, round((float(stroke[:, 2].mean()) + extra) * scale))
        cv2.polylines(mask, [px.reshape(-1, 1, 2)], isClosed=False, color=255, thickness=broad)
    return np.asarray(mask.astype(np.float32) / 255)


def _scale(picture: Picture, box: BoxMm) -> float:
    """Pixels a mm at a box."""
    ends = np.array([[box[0], box[1]], [box[0] + 10, box[1]]])
    px = picture.mapping.to_px(ends)
    return float(np.hypot(*(px[1] - px[0])) / 10)


def _feather(cover: Field, strength: str) -> Field:
    width = _FEATHER[strength]
    if width == 0:
        return cover
    return np.asarray(cv2.GaussianBlur(cover, (0, 0), width), dtype=np.float32)


def _copy_of(picture: Picture, rect: tuple[slice, slice], target: BoxMm, source: BoxMm) -> Field:
    """Pixels from where ``source`` lies, moved by whole pixels onto ``target``."""
    ends = np.array([[target[0], target[1]], [source[0], source[1]]])
    px = picture.mapping.to_px(ends)
    dx, dy = (round(float(v)) for v in px[1] - px[0])
    height, width = picture.image.shape[:2]
    rows = np.clip(np.arange(rect[0].start, rect[0].stop) + dy, 0, height - 1)
    columns = np.clip(np.arange(rect[1].start, rect[1].stop) + dx, 0, width - 1)
    part = picture.image[np.ix_(rows, columns)]
    return part.reshape(*part.shape[:2], picture.channels).astype(np.float32)


def _paper_like(
    picture: Picture, rect: tuple[slice, slice], blank_area: BoxMm, rng: np.random.Generator
) -> Field:
    """Paper of the same page: local tone with the noise of a place without print."""
    shape = (rect[0].stop - rect[0].start, rect[1].stop - rect[1].start)
    source = picture.image[picture.rect(blank_area)].astype(np.float32)
    source = source.reshape(*source.shape[:2], picture.channels)
    high = source - np.median(source, axis=(0, 1), keepdims=True)
    rows = rng.integers(0, max(1, high.shape[0] - 8)) + np.arange(shape[0])
    columns = rng.integers(0, max(1, high.shape[1] - 8)) + np.arange(shape[1])
    noise = high[np.ix_(rows % high.shape[0], columns % high.shape[1])]
    return np.asarray(picture.paper(rect) + noise, dtype=np.float32)


def draw_mark(
    picture: Picture,
    strokes: Sequence[Stroke],
    pen: Pen,
    strength: str,
    rng: np.random.Generator,
) -> BoxMm:
    """Draw a mark with an editor's brush; returns the box in mm that it touches."""
    points = np.vstack(strokes)[:, :2]
    low, high = points.min(axis=0) - 0.8, points.max(axis=0) + 0.8
    box = (float(low[0]), float(low[1]), float(high[0] - low[0]), float(high[1] - low[1]))
    rect = picture.rect(box)
    scale = _scale(picture, box)
    shape = (rect[0].stop - rect[0].start, rect[1].stop - rect[1].start)
    patch = Patch(rect[1].start, rect[0].start, shape, (1.0, 1.0))
    in_px = []
    for stroke in strokes:
        places = picture.mapping.to_px(stroke[:, :2]) + 0.5
        force = np.full((len(stroke), 1), 1.0) if strength == "gross" else stroke[:, 3:4]
        width = np.full((len(stroke), 1), float(stroke[:, 2].mean()))
        in_px.append(np.hstack([places, width * scale, force]))
    amount = density(in_px, patch, pen, rng)
    if strength == "gross":
        amount = np.asarray((amount > 0.45).astype(np.float32))
    light = transmittance(amount, pen)
    if picture.channels == 1:
        light = light.mean(axis=2, keepdims=True)
    part = picture.image[rect]
    old = part.reshape(*part.shape[:2], picture.channels).astype(np.float32)
    picture.put(rect, old * light, np.ones(shape, dtype=np.float32))
    return picture.box(rect)


def copy_box(
    picture: Picture,
    source: BoxMm,
    target: BoxMm,
    variant: str,
    strength: str,
    rng: np.random.Generator,
    *,
    margin: float = 2.0,
) -> BoxMm:
    """CAT_3: copy a marked box over another of the same page.

    ``box`` moves the rectangle by whole pixels; ``ink`` keeps the target's paper and lets
    only what is darker through. A subtle copy is turned and scaled first. Returns the box
    in mm within which pixels changed.
    """
    rect = picture.rect(target, margin)
    values = _copy_of(picture, rect, target, source)
    if strength == "subtle":
        centre = (values.shape[1] / 2, values.shape[0] / 2)
        turn = float(rng.uniform(2.5, 6.0) * rng.choice([-1, 1]))
        matrix = cv2.getRotationMatrix2D(centre, turn, float(rng.uniform(0.95, 1.06)))
        size = (values.shape[1], values.shape[0])
        turned = cv2.warpAffine(values, matrix, size, flags=cv2.INTER_CUBIC,
                                borderMode=cv2.BORDER_REPLICATE)  # fmt: skip
        values = np.asarray(turned, dtype=np.float32).reshape(values.shape)
    old = picture.image[rect].reshape(values.shape).astype(np.float32)
    if variant == "ink" or strength == "subtle":
        values = np.minimum(values, old)
    cover = np.ones(values.shape[:2], dtype=np.float32)
    picture.put(rect, values, _soft_border(cover, strength))
    return picture.box(rect)


def _soft_border(cover: Field, strength: str) -> Field:
    width = _FEATHER[strength]
    if width == 0:
        return cover
    n = max(1, round(2 * width))
    edged = cv2.copyMakeBorder(cover[n:-n, n:-n], n, n, n, n, cv2.BORDER_CONSTANT, value=0)
    return np.asarray(cv2.GaussianBlur(edged, (0, 0), width), dtype=np.float32)


def splice(
    picture: Picture,
    donor: Picture,
    box: BoxMm,
    strength: str,
    *,
    aligned: bool = True,
) -> BoxMm:
    """CAT_2 and CAT_4: lay a part of another scan over this one.

    Args:
        picture: Changed in place.
        donor: Where the part comes from; its tone and grain come along.
        box: In mm, the same place on both.
        strength: Decides how soft the border is.
        aligned: Resample the donor onto this page's geometry, as a careful forger does;
            otherwise the rectangle is moved by whole pixels.

    Returns:
        The box in mm within which pixels changed.
    """
    rect = picture.rect(box)
    values = _from_donor(picture, donor, rect, box, aligned=aligned)
    cover = np.ones(values.shape[:2], dtype=np.float32)
    picture.put(rect, values, _soft_border(cover, strength))
    return picture.box(rect)


def key_in(
    picture: Picture, donor: Picture, box: BoxMm, variant: str, rng: np.random.Generator
) -> BoxMm:
    """CAT_4: lay only the ink of a donor's signature or seal over this page.

    ``multiplied`` darkens the page by the donor's ink, ``keyed`` cuts the ink out along its
    colour and lays it on opaque. Returns the box in mm within which pixels changed.
    """
    rect = picture.rect(box)
    values = _from_donor(picture, donor, rect, box, aligned=True)
    paper = np.percentile(values.reshape(-1, values.shape[2]), 80, axis=0)
    light = np.clip(values / np.maximum(paper, 1), 0, 1)
    part = picture.image[rect]
    old = part.reshape(*part.shape[:2], picture.channels).astype(np.float32)
    if variant == "multiplied":
        clean = np.where(light > 0.94, 1.0, light)
        picture.put(
            rect, np.asarray(old * clean, dtype=np.float32), np.ones(old.shape[:2], np.float32)
        )
        return picture.box(rect)
    ink = np.clip((0.90 - light.min(axis=2)) / 0.08, 0, 1)
    ink = ink * np.clip(1 + 0.05 * grain(ink.shape, rng), 0, 1)
    picture.put(rect, values, np.asarray(ink, dtype=np.float32))
    return picture.box(rect)


def _from_donor(
    picture: Picture,
    donor: Picture,
    rect: tuple[slice, slice],
    box: BoxMm,
    *,
    aligned: bool,
) -> Field:
    shape = (rect[0].stop - rect[0].start, rect[1].stop - rect[1].start)
    if aligned:
        places = donor.mapping.to_px(picture.mm(rect).reshape(-1, 2)).reshape(*shape, 2)
    else:
        shift = np.round(
            donor.mapping.to_px(np.array([[box[0], box[1]]]))
            - picture.mapping.to_px(np.array([[box[0], box[1]]]))
        )[0]
        ys, xs = np.mgrid[rect[0], rect[1]]
        places = np.stack([xs + shift[0], ys + shift[1]], axis=-1)
    maps = places.astype(np.float32)
    how = cv2.INTER_CUBIC if aligned else cv2.INTER_NEAREST
    source = donor.image
    if picture.channels == 1 and source.ndim == 3:
        source = np.asarray(cv2.cvtColor(source, cv2.COLOR_BGR2GRAY), dtype=np.uint8)
    if picture.channels == 3 and source.ndim == 2:
        source = np.asarray(cv2.cvtColor(source, cv2.COLOR_GRAY2BGR), dtype=np.uint8)
    map_x, map_y = (np.ascontiguousarray(maps[:, :, i]) for i in range(2))
    moved = cv2.remap(source, map_x, map_y, how, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(moved, dtype=np.float32).reshape(*shape, picture.channels)
