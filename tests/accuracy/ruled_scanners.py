"""Scanners of ruled tables: glass in colour, feeders that clip, two levels, a telephone.

A chain each: the sheet is laid askew, imaged softly, its tones are bent by lamp and curve, the
sensor adds noise, the firmware sharpens, the file is written.
"""

from __future__ import annotations

import io
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tests.accuracy.ruled_forms import PX_PER_MM, SIZE_MM, Floats, Place

__all__ = ["DEVICES", "Device", "Shot", "reopened", "scanned", "written"]

Bytes = NDArray[np.uint8]


@dataclass(frozen=True)
class Device:
    """What a scanner does to a sheet.

    Attributes:
        dpi: Resolution.
        grey: Without colour.
        white: Light that becomes pure white; below that of paper it burns out.
        gamma: Bend of the tone curve.
        blur: In mm.
        noise: Deviation of a level of 255.
        sharpen: How much of the difference to a softened picture is added.
        skew: Largest, in degrees.
        wobble: How far the feed runs ahead and behind, in mm.
        quality: Of the JPEG file, least and most.
        two_levels: Threshold of a scan of two levels, in 255; 0 for others.
        photo: Taken with a telephone.
    """

    dpi: int
    grey: bool = False
    white: float = 1.0
    gamma: float = 1.0
    blur: float = 0.06
    noise: float = 1.5
    sharpen: float = 0.0
    skew: float = 0.6
    wobble: float = 0.0
    quality: tuple[int, int] = (82, 92)
    two_levels: int = 0
    photo: bool = False


DEVICES = {
    "glass": Device(300, white=1.01, gamma=0.95, sharpen=0.3),
    "copier": Device(200, white=1.0, gamma=1.1, noise=2.0, skew=0.9, wobble=0.1, quality=(72, 88)),
    "feeder": Device(
        200, white=0.87, gamma=1.15, noise=2.2, sharpen=0.6, skew=1.0, wobble=0.15, quality=(70, 85)
    ),
    "grey feeder": Device(
        240, grey=True, white=0.85, noise=2.5, sharpen=0.5, skew=1.0, wobble=0.15, quality=(70, 88)
    ),
    "two levels": Device(300, grey=True, white=0.95, noise=3.0, sharpen=0.5, two_levels=165),
    "telephone": Device(
        230, white=1.06, blur=0.11, noise=3.0, sharpen=0.7, skew=2.0, quality=(75, 90), photo=True
    ),
}


@dataclass(frozen=True, eq=False)
class Shot:
    """A scan, uint8 ``(h, w)`` or BGR ``(h, w, 3)``, and the matrix from mm to its pixels."""

    image: Bytes
    to_px: NDArray[np.float64]

    def window(self, place: Place) -> tuple[slice, slice]:
        """Rows and columns of the upright rectangle around a place."""
        x, y, w, h = place
        corners = np.array([[x, x + w, x, x + w], [y, y, y + h, y + h], [1.0] * 4])
        at = self.to_px @ corners
        at = at[:2] / at[2]
        (left, top), (right, bottom) = at.min(axis=1), at.max(axis=1)
        return slice(round(top), round(bottom)), slice(round(left), round(right))


def scanned(sheet: Floats, device: Device, chance: np.random.Generator) -> Shot:
    """The sheet as a device gives it, before it is written to a file.

    Args:
        sheet: Light of the sheet, float32 ``(h, w, 3)``, BGR.
        device: How it is scanned.
        chance: Where it lies, and noise.
    """
    scale = device.dpi / 25.4
    size = (round(SIZE_MM[0] * scale), round(SIZE_MM[1] * scale))
    to_px = _laid(device, size, chance)
    matrix = to_px @ np.diag([1 / PX_PER_MM, 1 / PX_PER_MM, 1.0])
    if device.grey:
        sheet = np.asarray(cv2.cvtColor(sheet, cv2.COLOR_BGR2GRAY), np.float32)
    desk, lid = (0.20, 0.27, 0.36), (0.97, 0.97, 0.97)
    around = lid[:1] if device.grey else desk if device.photo else lid
    soft = cv2.GaussianBlur(sheet, (0, 0), max(0.3, device.blur * PX_PER_MM))
    light = np.asarray(cv2.warpPerspective(soft, matrix, size, borderValue=around), np.float32)
    if device.wobble:
        light = _uneven_feed(light, device.wobble * scale, chance)
    if device.photo:
        light *= _lit(size, chance)
    levels = 255.0 * np.asarray(cv2.pow(np.clip(light / device.white, 0.0, 1.15), device.gamma))
    if device.sharpen:
        levels += device.sharpen * (levels - cv2.GaussianBlur(levels, (0, 0), 1.2))
    grain = chance.standard_normal(levels.shape[:2], dtype=np.float32) * device.noise
    levels += grain if device.grey else grain[..., None]
    shot = np.clip(np.rint(levels), 0, 255).astype(np.uint8)
    if device.two_levels:
        level = device.two_levels + int(chance.integers(-12, 13))
        shot = np.where(shot > level, 255, 0).astype(np.uint8)
    return Shot(shot, to_px)


def _laid(
    device: Device, size: tuple[int, int], chance: np.random.Generator
) -> NDArray[np.float64]:
    """Matrix from mm on the sheet to pixels."""
    scale = device.dpi / 25.4
    stretch = 1.0 + chance.normal(0, 0.0012, 2)
    angle = np.deg2rad(chance.uniform(-device.skew, device.skew))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    linear = turn @ np.diag(stretch) * scale
    middle = np.array(SIZE_MM) / 2
    moved = np.array(size) / 2 + chance.normal(0, 0.8, 2) * scale - linear @ middle
    flat = np.array([[*linear[0], moved[0]], [*linear[1], moved[1]], [0.0, 0.0, 1.0]])
    if not device.photo:
        return flat
    width, height = size
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    margin = np.array([[1, 1], [-1, 1], [-1, -1], [1, -1]], np.float32) * 0.035 * width
    seen = corners + margin + chance.normal(0, 0.014 * width, (4, 2)).astype(np.float32)
    view = cv2.getPerspectiveTransform(corners, seen.astype(np.float32))
    return np.asarray(view @ flat, np.float64)


def _uneven_feed(light: Floats, amplitude: float, chance: np.random.Generator) -> Floats:
    """Rows a little ahead of and behind where they belong, slowly changing."""
    height, width = light.shape[:2]
    y = np.arange(height, dtype=np.float32)
    waves = chance.uniform(2.0, 6.0, 2)
    phase = chance.uniform(0, 2 * np.pi, 2)
    off = sum(np.sin(2 * np.pi * w * y / height + p) for w, p in zip(waves, phase, strict=True))
    rows = np.repeat((y + np.float32(amplitude / 2) * off)[:, None], width, axis=1)
    columns = np.repeat(np.arange(width, dtype=np.float32)[None, :], height, axis=0)
    return np.asarray(
        cv2.remap(
            light,
            columns,
            rows.astype(np.float32),
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        ),
        np.float32,
    )


def _lit(size: tuple[int, int], chance: np.random.Generator) -> Floats:
    """Light of a lamp to one side, the shadow of a hand, a warm cast: ``(h, w, 3)``."""
    x, y = np.meshgrid(np.linspace(-1, 1, 90), np.linspace(-1.4, 1.4, 127))
    side = chance.normal(0, 0.12, 2)
    field = 0.93 + side[0] * x + side[1] * y - 0.07 * (x**2 + y**2 / 2)
    at, slope = chance.uniform(0.4, 1.6), chance.uniform(-0.6, 0.6)
    field -= chance.uniform(0, 0.18) / (1 + np.exp(-9 * (x + slope * y - at)))
    smooth = cv2.resize(np.clip(field, 0.45, 1.05).astype(np.float32), size)
    cast = np.array([chance.uniform(0.86, 0.97), 0.97, 1.0], np.float32)
    return np.asarray(smooth[..., None] * cast, np.float32)


def _quality(device: Device, chance: np.random.Generator) -> int:
    return int(chance.integers(device.quality[0], device.quality[1] + 1))


def reopened(shot: Shot, device: Device, chance: np.random.Generator) -> Shot:
    """What an editor opens: compressed once already."""
    if device.two_levels:
        return shot
    flags = [cv2.IMWRITE_JPEG_QUALITY, _quality(device, chance)]
    data = cv2.imencode(".jpg", shot.image, flags)[1]
    return Shot(np.asarray(cv2.imdecode(data, cv2.IMREAD_UNCHANGED), np.uint8), shot.to_px)


def written(
    shot: Shot, device: Device, chance: np.random.Generator, quality: int | None = None
) -> tuple[bytes, str]:
    """Bytes of the file and its suffix."""
    if device.two_levels:
        file = io.BytesIO()
        picture = Image.fromarray(shot.image > 127)
        picture.save(file, "TIFF", compression="group4", dpi=(device.dpi, device.dpi))
        return file.getvalue(), ".tif"
    flags = [cv2.IMWRITE_JPEG_QUALITY, quality or _quality(device, chance)]
    return bytes(cv2.imencode(".jpg", shot.image, flags)[1]), ".jpg"
