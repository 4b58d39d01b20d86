"""Frauds of the second maker, on paper and in the file."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from tests.accuracy.second_forms import PX_PER_MM, SIZE_MM, Place
from tests.accuracy.second_hands import Hand
from tests.accuracy.second_paper import Page, normal

__all__ = ["DIGITAL", "FRAUDS", "in_file", "on_paper"]

FRAUDS = ("erase", "fluid", "scrape", "overwrite", "paste", "fill", "clone", "copy", "splice")
DIGITAL = frozenset({"fill", "clone", "copy", "splice"})


def _lifted(page: Page, key: tuple[int, int], left: float) -> None:
    """Take a mark's ink away but for a share of it."""
    ink = page.layers[key]
    at, layer = (ink.rows, ink.columns), ink.cover[..., None]
    bare = page.paper[at] * page.printed[at]
    page.sheet[at] = np.where(
        layer > 0.02, bare * (1 - left * layer * (1 - page.hand.ink)), page.sheet[at]
    )


def on_paper(page: Page, fraud: str, strength: float) -> list[Place]:
    """Do a fraud to the sheet; ``strength`` 0 careful to 1 rough."""
    chance, form = page.chance, page.form
    item, value = page.low()
    place = form.place(item, value)
    other = int(chance.integers(value + 1, form.values))
    rows, columns = page.px(place, 2.0)
    patch = page.sheet[rows, columns]
    new = Hand.of(chance, str(chance.choice(["blue", "black"])))
    touched = [place]
    if fraud in ("erase", "scrape"):
        _lifted(page, (item, value), (0.06 + 0.16 * strength) * (1.0 if fraud == "erase" else 0.8))
        patch = page.sheet[rows, columns]
        shape = patch.shape[:2]
        zone = np.zeros(shape, np.float32)
        middle = (shape[1] // 2, shape[0] // 2)
        axes = (round(shape[1] * 0.42), round(shape[0] * 0.36))
        cv2.ellipse(zone, middle, axes, chance.uniform(0, 90), 0, 360, 1.0, cv2.FILLED)
        zone = cv2.GaussianBlur(zone, (0, 0), 0.35 * PX_PER_MM)
        grain = cv2.GaussianBlur(normal(chance, shape), (0, 0), 1.1)
        smear = np.asarray(cv2.blur(patch, (round(2.2 * PX_PER_MM), 1)), np.float32)
        amount = (0.10 + 0.25 * strength) if fraud == "erase" else 0.05
        mixed = patch + amount * zone[..., None] * np.minimum(smear - patch, 0)
        rough = (0.010 + 0.022 * strength) * (1.6 if fraud == "scrape" else 1.0)
        lift = 0.012 * strength if fraud == "scrape" else -0.008 * strength
        patch[:] = mixed * (1 + zone * (rough * 2 * grain + lift))[..., None]
        # A rubber takes some of the toner along, too.
        patch[:] = patch + 0.10 * strength * zone[..., None] * np.maximum(0, 0.35 - patch)
    elif fraud == "fluid":
        shape = patch.shape[:2]
        angles = np.linspace(0, 2 * np.pi, 14, endpoint=False)
        radius = (0.40 + 0.10 * strength) * chance.uniform(0.85, 1.15, 14)
        blob = np.column_stack(
            [np.cos(angles) * radius * shape[1], np.sin(angles) * radius * shape[0]]
        )
        blob = np.rint(blob + np.array(shape[::-1]) / 2).astype(np.int32)
        mask = np.zeros(shape, np.float32)
        cv2.fillPoly(mask, [blob], 1.0)
        mask = cv2.GaussianBlur(mask, (0, 0), 1.2) * chance.uniform(0.9 + 0.08 * strength, 1.0)
        white = np.array([0.965, 0.975, 0.98], np.float32) + 0.01 * strength
        lumps = cv2.GaussianBlur(normal(chance, shape), (0, 0), 4.0)
        cover = white * (1 + 0.02 * lumps[..., None])
        rim = np.maximum(0, np.asarray(cv2.GaussianBlur(mask, (0, 0), 2.5), np.float32) - mask)
        patch[:] = (patch * (1 - mask[..., None]) + cover * mask[..., None]) * (
            1 - (0.05 + 0.10 * strength) * rim[..., None]
        )
    elif fraud == "overwrite":
        for _ in range(1 + round(2 * strength)):
            page.ink(item, value, new)
    elif fraud == "paste":
        return _glued(page, item, strength)
    page.ink(item, other, new)
    page.answers[item] = other
    touched.append(form.place(item, other))
    return touched


def _glued(page: Page, item: int, strength: float) -> list[Place]:
    """A row of another sheet glued over this one's."""
    chance, form = page.chance, page.form
    donor = Page(form.name, int(chance.integers(2**31)))
    left, top = form.place(item, 0)[:2]
    right = form.place(item, form.values - 1)[0] + form.box[0]
    place = (left - 4.0, top - 1.6, right - left + 8.0, form.box[1] + 3.2)
    rows, columns = page.px(place)
    move = (0.25 + 0.75 * strength) * PX_PER_MM * chance.uniform(0.7, 1.2) * chance.choice([-1, 1])
    turn = (0.3 + 1.2 * strength) * chance.choice([-1, 1])
    height, width = rows.stop - rows.start, columns.stop - columns.start
    matrix = cv2.getRotationMatrix2D(
        (columns.start + width / 2, rows.start + height / 2), turn, 1.0
    )
    matrix[:, 2] += (move * chance.uniform(0.3, 1.0), move)
    moved = np.asarray(
        cv2.warpAffine(
            donor.sheet, matrix, page.sheet.shape[1::-1], borderValue=(0.93, 0.94, 0.95)
        ),
        np.float32,
    )
    mask = np.zeros(page.sheet.shape[:2], np.float32)
    mask[rows, columns] = 1.0
    mask = np.asarray(cv2.warpAffine(mask, matrix, mask.shape[::-1]), np.float32)
    shade = cv2.GaussianBlur(mask, (0, 0), 2.0)
    shadow = np.maximum(0, np.roll(shade, (3, 2), (0, 1)) - mask) * (0.10 + 0.20 * strength)
    page.sheet[:] = (
        page.sheet * (1 - shadow[..., None]) * (1 - mask[..., None]) + moved * mask[..., None]
    )
    return [place]


def in_file(
    shot: NDArray[np.uint8], page: Page, other: NDArray[np.uint8], fraud: str, strength: float
) -> list[Place]:
    """Edit a scan; places are found by the nominal scale, a millimetre is good enough."""
    chance, form = page.chance, page.form
    item, value = page.low()
    scale = shot.shape[1] / SIZE_MM[0]

    def window(place: Place, grow: float) -> tuple[slice, slice]:
        x, y, w, h = place
        rows = slice(round((y - grow) * scale), round((y + h + grow) * scale))
        return rows, slice(round((x - grow) * scale), round((x + w + grow) * scale))

    place = form.place(item, value)
    target = form.place(item, int(chance.integers(value + 1, form.values)))
    grow = 1.6
    if fraud == "fill":
        area = shot[window(place, grow)]
        colour = np.percentile(area.reshape(-1, *shot.shape[2:]), 75, axis=0)
        area[:] = np.clip(
            colour + (chance.normal(0, 1.2, area.shape) if strength < 0.5 else 0), 0, 255
        )
        return [place]
    if fraud == "clone":
        empty = form.place(item, int(chance.choice([v for v in range(form.values) if v != value])))
        _put(shot, shot.copy(), window(empty, grow), window(place, grow))
        return [place]
    source = shot.copy() if fraud == "copy" else other
    _put(shot, source, window(place, grow), window(target, grow))
    if fraud == "copy":
        second = form.place((item + 3) % form.items, value)
        _put(shot, source, window(place, grow), window(second, grow))
        return [place, target, second]
    return [target]


def _put(
    shot: NDArray[np.uint8], source: NDArray[np.uint8], at: tuple[slice, slice],
    to: tuple[slice, slice],
) -> None:  # fmt: skip
    part = source[at]
    height = min(part.shape[0], to[0].stop - to[0].start)
    width = min(part.shape[1], to[1].stop - to[1].start)
    shot[to[0].start : to[0].start + height, to[1].start : to[1].start + width] = part[
        :height, :width
    ]
