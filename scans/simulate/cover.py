"""Covering ink with white: fluid from a brush or a pen, tape from a roller."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from detectors.instrument import Box
from scans.simulate.dabbing import dab
from scans.simulate.fill import draw, stroke_patch
from scans.simulate.ink import PENS, density, grain, transmittance
from scans.simulate.sheet import Patch, Sheet
from scans.simulate.strokes import Stroke
from scans.simulate.writer import Writer

__all__ = ["cover_up", "redraw_outline"]

Field = NDArray[np.float32]


def cover_up(
    sheet: Sheet,
    strokes: Sequence[Stroke],
    box: Box,
    writer: Writer,
    variant: str,
    strength: str,
    rng: np.random.Generator,
) -> Patch:
    """TAY_2: draw a mark and white it out; returns the part touched."""
    patch = stroke_patch(sheet, strokes, margin=4.5)
    sheet.multiply(patch, transmittance(density(strokes, patch, writer.pen, rng), writer.pen))
    if variant == "dab":
        dab(sheet, patch, strokes, strength, rng)
    elif variant == "tape":
        _tape(sheet, patch, strokes, box, strength, rng)
    else:
        height = _brushed(patch, strokes, box, strength, rng)
        if variant == "fluid_pen":
            height = _beaded(patch, strokes, strength, rng)
        _fluid(sheet, patch, height, strength, rng)
    return patch


def redraw_outline(sheet: Sheet, box: Box, writer: Writer, rng: np.random.Generator) -> None:
    """Draw the hidden outline of a box again with a pen, as careful tamperers do."""
    x, y, w, h = box.box_mm
    corners = np.array([(x, y), (x + w, y), (x + w, y + h), (x, y + h), (x, y)])
    corners = corners + rng.normal(0, 0.12, corners.shape)
    pen = PENS["ball_black"]
    hand = writer.with_pen(pen)
    for a, b in pairwise(corners):
        draw(sheet, [hand.stroke(np.array([a, (a + b) / 2, b]), rng)], pen, rng)


def _brushed(
    patch: Patch,
    strokes: Sequence[Stroke],
    box: Box,
    strength: str,
    rng: np.random.Generator,
) -> Field:
    """Thickness of fluid dabbed with a brush, 1 is opaque."""
    broad = {"gross": 3.4, "moderate": 2.3, "subtle": 1.5}[strength] * patch.scale[0]
    points = patch.to_px(np.vstack(strokes)[:, :2])
    if strength != "gross":  # a careful hand stays near the box
        x, y, w, h = box.box_mm
        inside = patch.to_px(np.array([[x - 0.8, y - 0.8], [x + w + 0.8, y + h + 0.8]]))
        points = np.clip(points, inside[0], inside[1])
    height: Field = np.zeros(patch.shape, dtype=np.float32)
    lean = float(rng.uniform(-0.5, 0.5))
    low, high = points.min(axis=0), points.max(axis=0)
    rows = np.arange(low[1], high[1] + broad * 0.5, broad * 0.62)
    for y in rows:
        near = points[np.abs(points[:, 1] - y) < broad * 0.7]
        if not len(near):
            continue
        left = near[:, 0].min() - rng.uniform(-0.25, 0.35) * broad
        right = near[:, 0].max() + rng.uniform(-0.25, 0.35) * broad
        dab = np.zeros(patch.shape, dtype=np.uint8)
        a = (round(float(left)), round(float(y + rng.normal(0, 2) - lean * 6)))
        b = (round(float(right)), round(float(y + rng.normal(0, 2) + lean * 6)))
        cv2.line(dab, a, b, 255, max(2, round(broad * rng.uniform(0.85, 1.15))), cv2.LINE_AA)
        height += dab.astype(np.float32) / 255 * np.float32(rng.uniform(0.7, 1.0))
    edge = cv2.GaussianBlur(np.minimum(height, 1.6), (0, 0), 0.34 * patch.scale[0])
    wobble = 0.10 * grain(patch.shape, rng, 0.7 * patch.scale[0])
    wobble += 0.06 * grain(patch.shape, rng, 0.25 * patch.scale[0])
    body = np.clip((edge + wobble * (edge > 0.02) - 0.36) * 2.4, 0, 1.7)
    bristles = cv2.GaussianBlur(grain(patch.shape, rng, 0.9), (0, 0), sigmaX=4, sigmaY=0.8)
    thin = {"gross": 1.0, "moderate": 0.92, "subtle": 0.85}[strength]
    return np.asarray(body * thin * (1 + 0.28 * bristles), dtype=np.float32)


def _beaded(
    patch: Patch, strokes: Sequence[Stroke], strength: str, rng: np.random.Generator
) -> Field:
    """Thickness of fluid squeezed from a metal tip: narrow lines with beads."""
    tip = {"gross": 2.2, "moderate": 1.7, "subtle": 1.25}[strength] * patch.scale[0]
    height: Field = np.zeros(patch.shape, dtype=np.float32)
    for stroke in strokes:
        points = patch.to_px(stroke[:, :2]) + rng.normal(0, 0.12 * patch.scale[0], 2)
        line = np.zeros(patch.shape, dtype=np.uint8)
        whole = np.round(points[::3]).astype(np.int32)
        cv2.polylines(
            line, [whole.reshape(-1, 1, 2)], isClosed=False, color=255, thickness=round(tip)
        )
        for i in rng.choice(len(points), size=3):
            spot = (round(float(points[i, 0])), round(float(points[i, 1])))
            cv2.circle(line, spot, round(tip * rng.uniform(0.5, 0.75)), 255, -1, cv2.LINE_AA)
        height += line.astype(np.float32) / 255
    round_ = cv2.GaussianBlur(np.minimum(height, 1.3), (0, 0), 0.22 * tip)
    rough = 1 + 0.12 * grain(patch.shape, rng, 2.0)
    return np.asarray(np.clip((round_ - 0.2) * 1.9, 0, 1.6) * rough, dtype=np.float32)


def _fluid(
    sheet: Sheet, patch: Patch, height: Field, strength: str, rng: np.random.Generator
) -> None:
    """Lay white of a thickness over the patch, lit from the upper left."""
    cover = 1.0 - np.exp(-3.4 * np.clip(height, 0, None))
    white = 251.5 + float(rng.normal(0, 1.5)) - {"gross": 0, "moderate": 1.5, "subtle": 3}[strength]
    cast = {"gross": 2.0, "moderate": 1.2, "subtle": 0.5}[strength]
    tint = np.array([white, white, white]) + rng.normal(0, cast, 3)
    slope_x = cv2.Sobel(height, cv2.CV_32F, 1, 0, ksize=3)
    slope_y = cv2.Sobel(height, cv2.CV_32F, 0, 1, ksize=3)
    relief = {"gross": 6.5, "moderate": 4.5, "subtle": 2.8}[strength]
    shade = np.clip(-relief * (slope_x + slope_y), -38, 8) + 1.2 * grain(patch.shape, rng, 2.2)
    surface = tint.astype(np.float32)[None, None, :] + shade[:, :, None]
    sheet.blend(patch, np.asarray(surface, np.float32), np.asarray(cover, np.float32))
    fall = np.roll(np.clip(height, 0, 1), (1, 1), axis=(0, 1)) - np.clip(height, 0, 1)
    light = 1.0 - 0.10 * np.clip(fall, 0, 1)  # the thin shadow beside the blob
    sheet.multiply(patch, np.asarray(light[:, :, None], dtype=np.float32))


def _tape(
    sheet: Sheet,
    patch: Patch,
    strokes: Sequence[Stroke],
    box: Box,
    strength: str,
    rng: np.random.Generator,
) -> None:
    """A strip of tape from a roller: straight edges, one torn end, a surface without fibres."""
    x, y, w, h = box.box_mm
    beyond = {"gross": 2.6, "moderate": 1.2, "subtle": 0.3}[strength]
    high = {"gross": 6.0, "moderate": 5.0, "subtle": 4.2}[strength]
    sx, sy = patch.scale
    centre = patch.to_px(np.array([[x + w / 2, y + h / 2]]) + rng.normal(0, 0.25, (1, 2)))[0]
    angle = float(np.radians(rng.normal(0, {"gross": 3.5, "moderate": 2, "subtle": 1}[strength])))
    gx, gy = np.meshgrid(np.arange(patch.shape[1]), np.arange(patch.shape[0]))
    u = (gx - centre[0]) * np.cos(angle) + (gy - centre[1]) * np.sin(angle)
    v = -(gx - centre[0]) * np.sin(angle) + (gy - centre[1]) * np.cos(angle)
    torn = np.interp(v[:, :1].ravel(), np.linspace(v.min(), v.max(), 24), rng.normal(0, 2.2, 24))
    half_u, half_v = (w / 2 + beyond) * sx, high / 2 * sy
    inside_u = np.minimum(u + half_u, half_u + torn[:, None] - u)
    inside = np.minimum(inside_u, half_v - np.abs(v))
    cover = np.clip(inside + 0.5, 0, 1) * 0.985
    white = 250.0 + rng.normal(0, 1.5) + rng.normal(0, 0.8, 3)
    if strength == "subtle":
        white = white - 2.0
    sheen = 0.6 * grain(patch.shape, rng, 5.0)
    surface = np.asarray(white, dtype=np.float32)[None, None, :] + sheen[:, :, None]
    sheet.blend(patch, np.asarray(surface, np.float32), np.asarray(cover, np.float32))
    depth = {"gross": 0.16, "moderate": 0.09, "subtle": 0.045}[strength]
    below = np.clip(np.roll(cover, (2, 1), axis=(0, 1)) - cover, 0, 1)
    light = 1 - depth * cv2.GaussianBlur(below.astype(np.float32), (0, 0), 0.7)
    sheet.multiply(patch, np.asarray(light[:, :, None], dtype=np.float32))
