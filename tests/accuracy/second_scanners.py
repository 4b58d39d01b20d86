"""Scanners of the second maker: an affine warp, a tone curve, noise and a file."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from tests.accuracy.second_forms import DPI
from tests.accuracy.second_paper import Page, normal

__all__ = ["DEVICES", "Device", "reopened", "scanned"]


@dataclass(frozen=True)
class Device:
    """dpi, colour, tone curve (white point), blur px, noise, JPEG quality, largest skew."""

    dpi: int
    colour: bool
    white: float
    blur: float
    noise: float
    quality: int
    skew: float
    bitonal: bool = False


DEVICES = {
    "desk": Device(300, True, 1.03, 0.6, 1.5, 90, 0.6),
    "desk200": Device(200, True, 1.02, 0.8, 1.8, 82, 0.8),
    "grey": Device(300, False, 1.04, 0.7, 2.0, 88, 0.6),
    "feeder": Device(300, True, 0.86, 0.7, 2.0, 80, 1.0),
    "feeder_grey": Device(240, False, 0.84, 0.8, 2.2, 75, 1.0),
    "two_level": Device(300, False, 0.9, 0.7, 3.0, 0, 0.8, bitonal=True),
}


def scanned(page: Page, device: Device, seed: int) -> NDArray[np.uint8]:
    chance = np.random.default_rng([seed, 43])
    scale = device.dpi / DPI
    height, width = (round(n * scale) for n in page.sheet.shape[:2])
    stretch = 1 + chance.normal(0, 0.0012, 2)
    angle = np.deg2rad(chance.uniform(-device.skew, device.skew))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    matrix = np.zeros((2, 3))
    matrix[:, :2] = turn @ np.diag(stretch * scale)
    matrix[:, 2] = chance.normal(0, 8, 2) * scale
    matrix[:, 2] += np.array([width, height]) / 2 * (1 - 1) - (
        turn @ np.array([width, height]) / 2 - np.array([width, height]) / 2
    )
    soft = cv2.GaussianBlur(page.sheet, (5, 5), max(device.blur / scale, 0.3))
    flat = np.asarray(
        cv2.warpAffine(
            soft,
            matrix,
            (width, height),
            flags=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR,
            borderValue=(0.97, 0.97, 0.97),
        ),
        np.float32,
    )
    if not device.colour:
        flat = np.repeat(np.asarray(cv2.cvtColor(flat, cv2.COLOR_BGR2GRAY))[..., None], 3, axis=2)
    levels = flat * np.float32(255 / device.white)
    noise = normal(chance, levels.shape if device.colour else (*levels.shape[:2], 1))
    levels += noise * np.float32(device.noise)
    shot = np.clip(np.rint(levels), 0, 255).astype(np.uint8)
    if device.bitonal:
        return np.where(shot[..., 0] > 150, 255, 0).astype(np.uint8)
    return shot if device.colour else np.ascontiguousarray(shot[..., 0])


def reopened(shot: NDArray[np.uint8], how: Device) -> NDArray[np.uint8]:
    if how.bitonal:
        return shot
    data = cv2.imencode(".jpg", shot, [cv2.IMWRITE_JPEG_QUALITY, how.quality])[1]
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_UNCHANGED), np.uint8)
