"""Frauds done to ruled tables, on paper and in the file.

On paper a low mark is rubbed out, covered with white or paper-coloured fluid, or another sheet's
rows are glued on; in the file it is painted out, filled from its surroundings, covered with an
empty cell, or a mark of another row is copied. Each has renderings and a strength by chance.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import cv2
import numpy as np

from scans.types import MarkState
from tests.accuracy.ruled_forms import PX_PER_MM, Floats, Place
from tests.accuracy.ruled_hands import Hand, drawn, mark
from tests.accuracy.ruled_scanners import Shot
from tests.accuracy.ruled_sheets import Sheet, pixels

__all__ = ["IN_FILE", "ON_PAPER", "in_file", "on_paper"]


def on_paper(sheet: Sheet, fraud: str) -> tuple[Floats, list[Place]]:
    """The altered sheet, and where it was altered, in mm."""
    return ON_PAPER[fraud](sheet)


def in_file(shot: Shot, sheet: Sheet, fraud: str) -> list[Place]:
    """Edit a scan; where it was altered, in mm."""
    return IN_FILE[fraud](shot, sheet)


def _grown(place: Place, by: float) -> Place:
    x, y, w, h = place
    return x - by, y - by, w + 2 * by, h + 2 * by


def _forger(sheet: Sheet) -> Hand:
    """Mostly a pen like the respondent's, and always the respondent's way to mark."""
    if sheet.chance.random() < 0.6:
        pressed = sheet.hand.density * float(sheet.chance.uniform(0.9, 1.1))
        return replace(sheet.hand, density=pressed)
    return replace(Hand.of(sheet.chance, pen=True), marks=sheet.hand.marks, size=sheet.hand.size)


def _instead(sheet: Sheet, picture: Floats, item: int, value: int) -> Place:
    """A new mark in a better cell of the row."""
    better = int(sheet.chance.integers(value + 1, sheet.form.values))
    hand, key = _forger(sheet), (item, better)
    before = len(sheet.layers.get(key, []))
    sheet.answer(item, better, hand)
    for layer in sheet.layers[key][before:]:
        layer.on(picture)
    return sheet.form.cells[item][better]


def _rubbed(sheet: Sheet) -> tuple[Floats, list[Place]]:
    """Ink taken off but for a rest, smeared and roughened paper; pencil comes off well."""
    chance, (item, value) = sheet.chance, sheet.low()
    key, rough = (item, value), float(sheet.chance.uniform(0.2, 1.0))
    extent = sheet.extents[key]
    left = 0.05 + 0.17 * rough
    rest = []
    for layer in sheet.layers[key]:
        uneven = cv2.GaussianBlur(
            chance.standard_normal(layer.density.shape, dtype=np.float32), (0, 0), 8.0
        )
        share = np.clip(left * (1 + 4.0 * uneven), 0.0, 0.6)
        smear = cv2.GaussianBlur(layer.density, (0, 0), float(chance.uniform(6.0, 14.0)))
        rest.append(replace(layer, density=layer.density * share + (0.04 + 0.1 * rough) * smear))
    sheet.layers[key] = rest
    picture = sheet.picture()
    rows, columns = pixels(extent, 1.5)
    patch = picture[rows, columns]
    zone = np.zeros(patch.shape[:2], np.float32)
    middle = (patch.shape[1] // 2, patch.shape[0] // 2)
    axes = (round(0.46 * patch.shape[1]), round(0.44 * patch.shape[0]))
    cv2.ellipse(zone, middle, axes, 0, 0, 360, 1.0, cv2.FILLED)
    zone = cv2.GaussianBlur(zone, (0, 0), 4.0)
    raised = cv2.GaussianBlur(chance.standard_normal(zone.shape, dtype=np.float32), (0, 0), 1.3)
    patch *= (1 + zone * (0.05 * rough * raised - 0.012 * rough))[..., None]
    # Toner of the lines goes along in part.
    patch += (0.12 * rough * zone * np.maximum(0, 0.4 - patch.min(axis=2)))[..., None]
    return picture, [sheet.form.cells[item][value], _instead(sheet, picture, item, value)]


def _fluid(sheet: Sheet, *, toned: bool) -> tuple[Floats, list[Place]]:
    """Fluid over a mark; or a strip of tape over its cell and the next, with the new mark on it."""
    chance, (item, value) = sheet.chance, sheet.low()
    picture = sheet.picture()
    cell, extent = sheet.form.cells[item][value], sheet.extents[item, value]
    strip = chance.random() < 0.35
    mask = np.zeros(picture.shape[:2], np.float32)
    if strip:
        x, y, w, h = cell
        place = (x - 0.5, y + 0.08 * h, 2 * w + 1.0, 0.84 * h)
        mask[pixels(place)] = 1.0
    else:
        place = _grown(extent, float(chance.uniform(0.6, 1.3)))
        angles = np.linspace(0, 2 * np.pi, 18, endpoint=False)
        reach = 0.62 * chance.uniform(0.9, 1.15, 18)
        x, y, w, h = place
        edge = np.stack(
            [x + w / 2 + np.cos(angles) * reach * w, y + h / 2 + np.sin(angles) * reach * h], 1
        )
        cv2.fillPoly(mask, [np.rint(edge * PX_PER_MM).astype(np.int32)], 1.0)
    rows, columns = pixels(place, 4.0)
    cover, part = cv2.GaussianBlur(mask[rows, columns], (0, 0), 1.2), picture[rows, columns]
    shape = cover.shape
    bare = np.median(sheet.paper[rows, columns].reshape(-1, 3), axis=0)
    if toned:
        colour = bare * (1 + chance.normal(0.012, 0.008, 3))
    else:
        colour = np.array([0.985, 0.99, 0.99]) * chance.uniform(0.97, 1.02)
    lumps = cv2.GaussianBlur(chance.standard_normal(shape, dtype=np.float32), (0, 0), 6.0)
    strokes = cv2.GaussianBlur(chance.standard_normal(shape, dtype=np.float32), (0, 0), 12, 12, 1.5)
    coat = colour * (1 + 0.03 * lumps + 0.02 * strokes)[..., None]
    opaque = (cover * chance.uniform(0.93, 1.0))[..., None]
    thick = float(chance.uniform(0.2, 1.0))
    shadow = np.maximum(0, np.roll(cv2.GaussianBlur(cover, (0, 0), 2.0), (2, 1), (0, 1)) - cover)
    part[:] = part * (1 - opaque) + coat.astype(np.float32) * opaque
    part *= (1 - 0.22 * thick * shadow)[..., None]
    where = [place, cell]
    if strip:
        hand, better = _forger(sheet), sheet.form.cells[item][value + 1]
        at = (better[0] + better[2] / 2, better[1] + better[3] / 2)
        drawn(mark(hand.marks, at, hand.size, chance), hand, chance).on(picture)
        return picture, [*where, better]
    return picture, [*where, _instead(sheet, picture, item, value)]


def _glued(sheet: Sheet) -> tuple[Floats, list[Place]]:
    """A row of another sheet of this form glued over one row."""
    chance, (item, _) = sheet.chance, sheet.low()
    donor = Sheet(sheet.form, int(chance.integers(2**31)), corrects=False).picture()
    row = sheet.form.cells[item]
    x, y, w, h = row[0]
    trim = float(chance.uniform(0.3, 1.5))
    place = (x - trim, y + 0.1, w * len(row) + 2 * trim, h - 0.2)
    picture = sheet.picture()
    middle = ((place[0] + place[2] / 2) * PX_PER_MM, (place[1] + place[3] / 2) * PX_PER_MM)
    matrix = cv2.getRotationMatrix2D(middle, float(chance.normal(0, 0.35)), 1.0)
    matrix[:, 2] += chance.normal(0, 0.25, 2) * PX_PER_MM
    rows, columns = pixels(place, 6.0)
    size = picture.shape[1::-1]
    mask = np.zeros(size[::-1], np.float32)
    mask[pixels(place)] = 1.0
    # Another sheaf of paper is seldom the very same white.
    other = donor * (1 + chance.normal(0, 0.008, 3)).astype(np.float32)
    moved = cv2.warpAffine(other, matrix, size)[rows, columns]
    cover = cv2.GaussianBlur(cv2.warpAffine(mask, matrix, size)[rows, columns], (0, 0), 0.5)
    depth = float(chance.uniform(0.08, 0.3))
    cast = np.roll(cv2.GaussianBlur(cover, (0, 0), 2.2), (3, 2), (0, 1))
    part = picture[rows, columns]
    part *= (1 - depth * np.maximum(0, cast - cover))[..., None]
    part[:] = part * (1 - cover[..., None]) + moved * cover[..., None]
    return picture, [place]


def _painted(shot: Shot, sheet: Sheet) -> list[Place]:
    """A brush or a rectangle of one colour over a mark."""
    chance, (item, value) = sheet.chance, sheet.low()
    place = _grown(sheet.extents[item, value], float(chance.uniform(0.4, 0.9)))
    area = shot.image[shot.window(place)]
    flat = area.reshape(area.shape[0] * area.shape[1], -1)
    light = flat.mean(axis=1)
    colour = np.median(flat[light >= np.median(light)], axis=0)
    colour = colour if area.ndim == 3 else colour[0]
    if chance.random() < 0.5:
        area[:] = colour
    else:
        mask = np.zeros(area.shape[:2], np.uint8)
        height, width = mask.shape
        points = chance.uniform((0.1, 0.15), (0.9, 0.85), (14, 2)) * (width, height)
        wide = max(3, int(0.45 * min(width, height)))
        brush = [np.rint(points).astype(np.int32)]
        cv2.polylines(mask, brush, isClosed=False, color=1, thickness=wide)
        area[mask > 0] = colour
    return [sheet.form.cells[item][value]]


def _inpainted(shot: Shot, sheet: Sheet) -> list[Place]:
    """A mark's own pixels filled from what is around them (Telea, 2004)."""
    chance, (item, value) = sheet.chance, sheet.low()
    rows, columns = shot.window(_grown(sheet.extents[item, value], 2.0))
    inner_rows, inner_columns = shot.window(_grown(sheet.extents[item, value], 0.3))
    area = np.ascontiguousarray(shot.image[rows, columns])
    grey = area if area.ndim == 2 else area.min(axis=2)
    dark = (grey < np.percentile(grey, 75) - 14).astype(np.uint8)
    inner = np.zeros_like(dark)
    inner[
        inner_rows.start - rows.start : inner_rows.stop - rows.start,
        inner_columns.start - columns.start : inner_columns.stop - columns.start,
    ] = 1
    mask = cv2.dilate(dark & inner, np.ones((5, 5), np.uint8))
    reach = float(chance.uniform(2, 5))
    shot.image[rows, columns] = cv2.inpaint(area, mask, reach, cv2.INPAINT_TELEA)
    return [sheet.form.cells[item][value]]


def _covered(shot: Shot, sheet: Sheet) -> list[Place]:
    """An empty cell laid over a marked one, with its lines or without.

    One of the same row; where something is printed in the cells, of the same column.
    """
    chance, (item, value) = sheet.chance, sheet.low()
    cells = sheet.form.cells
    keys = [(item, v) for v in range(sheet.form.values)]
    if sheet.form.inside:
        keys = [(i, value) for i in range(len(cells))]
    empty = [cells[i][v] for i, v in keys if (i, v) not in sheet.states]
    inset = float(chance.choice([0.35, -0.25]))
    source = empty[int(chance.integers(len(empty)))]
    _lay(shot, _grown(source, -inset), _grown(cells[item][value], -inset))
    return [cells[item][value]]


def _copied(shot: Shot, sheet: Sheet) -> list[Place]:
    """A mark laid into an empty cell of another row."""
    chance, (item, value) = sheet.chance, sheet.low()
    best = sheet.form.values - 1
    sources = [
        key for key, state in sheet.states.items() if state is MarkState.MARKED and key[0] != item
    ]
    source = sources[int(chance.integers(len(sources)))]
    better = int(chance.integers(value + 1, best + 1))
    at, to = sheet.form.cells[source[0]][source[1]], sheet.form.cells[item][better]
    extent = _grown(sheet.extents[source], 0.5)
    moved = (
        extent[0] - at[0] - at[2] / 2 + to[0] + to[2] / 2,
        extent[1] - at[1] - at[3] / 2 + to[1] + to[3] / 2,
        *extent[2:],
    )
    _lay(shot, extent, moved, darken=bool(chance.random() < 0.5))
    return [at, to]


def _lay(shot: Shot, at: Place, to: Place, *, darken: bool = False) -> None:
    """Copy the pixels of one place to another."""
    (rows, columns), (to_rows, to_columns) = shot.window(at), shot.window(to)
    height = min(rows.stop - rows.start, to_rows.stop - to_rows.start)
    width = min(columns.stop - columns.start, to_columns.stop - to_columns.start)
    part = shot.image[rows.start :, columns.start :][:height, :width].copy()
    area = shot.image[to_rows.start :, to_columns.start :][:height, :width]
    area[:] = np.minimum(area, part) if darken else part


ON_PAPER: dict[str, Callable[[Sheet], tuple[Floats, list[Place]]]] = {
    "rubbed out": _rubbed,
    "white fluid": lambda sheet: _fluid(sheet, toned=False),
    "paper-toned fluid": lambda sheet: _fluid(sheet, toned=True),
    "glued row": _glued,
}
IN_FILE: dict[str, Callable[[Shot, Sheet], list[Place]]] = {
    "painted out": _painted,
    "inpainted": _inpainted,
    "empty cell laid over": _covered,
    "mark copied": _copied,
}
