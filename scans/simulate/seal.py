"""Round red seals: the die is always the same, the impression never."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from detectors.instrument import BoxMm
from scans.simulate.canvas import font
from scans.simulate.ink import grain
from scans.simulate.sheet import Sheet

__all__ = ["impression", "stamp"]

_ABSORBANCE = np.array([1.15, 1.25, 0.14], dtype=np.float32)
_DIE_PX = 640
_RING = (
    ("ỦY BAN NHÂN DÂN PHƯỜNG MẪU *", "UBND"),
    ("SỞ GIẢ LẬP TỈNH THỬ NGHIỆM *", "SỞ"),
    ("TRƯỜNG THPT KIỂM THỬ SỐ HAI *", "TRƯỜNG"),
    ("CÔNG TY CỔ PHẦN VÍ DỤ *", "CTCP"),
)


@lru_cache(maxsize=32)
def _die(number: int) -> NDArray[np.float32]:
    """The engraved face of a seal, 1 where it carries ink; 36 mm are 640 pixels."""
    ring, middle = _RING[number % len(_RING)]
    side, centre = _DIE_PX, _DIE_PX / 2
    picture = Image.new("L", (side, side), 0)
    pen = ImageDraw.Draw(picture)
    for radius, width in ((0.485, 11), (0.455, 4), (0.27, 5)):
        r = radius * side
        pen.ellipse([centre - r, centre - r, centre + r, centre + r], outline=255, width=width)
    _ring_text(picture, f"{ring} {number:03d}", 0.36 * side, font("Sans-Bold", 46))
    points = []
    for i in range(10):
        angle, r = -np.pi / 2 + i * np.pi / 5, (0.13 if i % 2 == 0 else 0.05) * side
        points.append((centre + r * np.cos(angle), centre - 0.07 * side + r * np.sin(angle)))
    pen.polygon(points, fill=255)
    pen.text((centre, centre + 0.13 * side), middle, font=font("Sans-Bold", 54), anchor="mm",
             fill=255)  # fmt: skip
    return np.asarray(np.asarray(picture) / 255, dtype=np.float32)


def _ring_text(picture: Image.Image, text: str, radius: float, face: object) -> None:
    """Letters on a circle, reading clockwise from the left."""
    side = picture.size[0]
    for i, letter in enumerate(text):
        angle = -np.pi * 0.92 + i * 1.84 * np.pi / max(len(text), 1)
        tile = Image.new("L", (90, 90), 0)
        # Any face of Pillow's.
        ImageDraw.Draw(tile).text((45, 45), letter, font=face, anchor="mm", fill=255)  # type: ignore[arg-type]
        turned = tile.rotate(-np.degrees(angle) - 90, resample=Image.Resampling.BICUBIC)
        x = side / 2 + radius * np.cos(angle) - 45
        y = side / 2 + radius * np.sin(angle) - 45
        picture.paste(255, (round(x), round(y)), turned)


def impression(
    number: int, shape: tuple[int, int], diameter_px: float, rng: np.random.Generator
) -> NDArray[np.float32]:
    """Ink that one impression leaves, float32 of ``shape``, centred; never twice the same."""
    height, width = shape
    turn = float(rng.normal(0, 6))
    factor = diameter_px / _DIE_PX
    shift = rng.normal(0, 0.02 * diameter_px, 2)
    matrix = cv2.getRotationMatrix2D((_DIE_PX / 2, _DIE_PX / 2), turn, factor)
    matrix[:, 2] = matrix[:, 2] + np.array([width, height]) / 2 - _DIE_PX / 2 + shift
    soft = cv2.GaussianBlur(_die(number), (0, 0), 0.8 / max(factor, 0.1))
    ink = cv2.warpAffine(soft, matrix, (width, height), flags=cv2.INTER_LINEAR)
    coarse = cv2.resize(rng.standard_normal((5, 5)).astype(np.float32), (width, height),
                        interpolation=cv2.INTER_CUBIC)  # fmt: skip
    y, x = np.mgrid[-1 : 1 : complex(height), -1 : 1 : complex(width)]
    tilt = rng.normal(0, 0.22, 2)
    force = 0.9 + 0.22 * coarse + tilt[0] * x + tilt[1] * y
    mottle = 0.28 * grain(shape, rng, 1.1) + 0.18 * grain(shape, rng, 4.0)
    return np.asarray(np.clip(ink * np.clip(force + mottle, 0.05, 1.5), 0, 1.6), dtype=np.float32)


def stamp(sheet: Sheet, number: int, box: BoxMm, rng: np.random.Generator) -> None:
    """Press a seal of 36 mm into the middle of a box, over whatever is there."""
    shifted = (box[0] + float(rng.normal(0, 1.2)), box[1] + float(rng.normal(0, 1.2)), *box[2:])
    patch = sheet.patch((shifted[0], shifted[1], box[2], box[3]))
    ink = impression(number, patch.shape, 36.0 * sheet.scale[0], rng)
    sheet.multiply(patch, np.exp(-ink[:, :, None] * _ABSORBANCE).astype(np.float32))
