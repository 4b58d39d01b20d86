"""From a sheet to the file that a device writes."""

from __future__ import annotations

from dataclasses import dataclass
from zlib import crc32

import cv2
import numpy as np
from numpy.typing import NDArray

from scans.simulate.geometry import (
    PageMapping,
    camera_matrix,
    feeder_warp,
    flat_matrix,
)
from scans.simulate.profiles import ScannerProfile
from scans.simulate.sheet import Sheet, noise_field
from scans.types import ScanClass

__all__ = ["Scan", "scan"]

_BASE_DPI = 300
_MM = 25.4
_PHOTO_PX = (2400, 3200)


@dataclass(frozen=True, eq=False)
class Scan:
    """Pixels as the device saw them, before a file is written.

    Attributes:
        image: uint8 ``(height, width)`` or ``(height, width, 3)`` BGR.
        mapping: Where the sheet's points are.
    """

    image: NDArray[np.uint8]
    mapping: PageMapping
    profile: ScannerProfile


def scan(sheet: Sheet, profile: ScannerProfile, rng: np.random.Generator) -> Scan:
    """Lay a sheet on the device and press the button."""
    if profile.scan_class is ScanClass.PHOTO:
        return _photo(sheet, profile, rng)
    scale = _BASE_DPI / _MM
    width, height = (round(s * scale) for s in sheet.size_mm)
    mapping = PageMapping(_placed(sheet, profile, rng, scale), _warp(sheet, profile, rng))
    image = _resample(sheet.image, mapping, (width, height), sheet.scale, profile.lid)
    image = _optics(image, profile)
    if profile.dpi != _BASE_DPI:
        image, mapping = _reduce(image, mapping, profile.dpi / _BASE_DPI)
    image = _sensor(image, profile, rng)
    image = _dirt(image, profile)
    if profile.scan_class is ScanClass.BITONAL:
        image = _threshold(image, rng)
    return Scan(image, mapping, profile)


def _placed(
    sheet: Sheet, profile: ScannerProfile, rng: np.random.Generator, scale: float
) -> NDArray[np.float64]:
    skew = float(np.clip(rng.normal(0, profile.skew_deg), -3, 3))
    x, y = (float(v) for v in np.clip(rng.normal(0, profile.offset_mm, 2), -4, 4))
    a, b = (float(v) for v in rng.normal(1.0, 0.0015, 2))
    return flat_matrix(scale, sheet.size_mm, skew_deg=skew, offset_mm=(x, y), stretch=(a, b))


def _warp(sheet: Sheet, profile: ScannerProfile, rng: np.random.Generator) -> NDArray[np.float64]:
    if profile.feed_mm == 0:
        return feeder_warp(sheet.size_mm, rng, along=0.08, across=0.05)
    return feeder_warp(sheet.size_mm, rng, along=profile.feed_mm, across=0.25 * profile.feed_mm)


def _resample(
    image: NDArray[np.uint8],
    mapping: PageMapping,
    size: tuple[int, int],
    scale: tuple[float, float],
    outside: int,
) -> NDArray[np.uint8]:
    map_x, map_y = mapping.sampling(size[0], size[1], scale)
    return np.asarray(
        cv2.remap(
            image,
            map_x,
            map_y,
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_CONSTANT,
            borderValue=(outside, outside, outside),
        ),
        dtype=np.uint8,
    )


def _optics(image: NDArray[np.uint8], profile: ScannerProfile) -> NDArray[np.uint8]:
    if not profile.colour:
        image = np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), dtype=np.uint8)
    kernel = 2 * max(1, round(2.2 * profile.blur_px)) + 1
    image = np.asarray(cv2.GaussianBlur(image, (kernel, kernel), profile.blur_px), dtype=np.uint8)
    if profile.sharpen > 0:
        soft = cv2.GaussianBlur(image, (5, 5), 1.2)
        image = np.asarray(
            cv2.addWeighted(image, 1 + profile.sharpen, soft, -profile.sharpen, 0), dtype=np.uint8
        )
    return image


def _reduce(
    image: NDArray[np.uint8], mapping: PageMapping, factor: float
) -> tuple[NDArray[np.uint8], PageMapping]:
    height, width = image.shape[:2]
    size = (round(width * factor), round(height * factor))
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    fx, fy = size[0] / width, size[1] / height
    scaling = np.array([[fx, 0, 0.5 * fx - 0.5], [0, fy, 0.5 * fy - 0.5], [0, 0, 1.0]])
    return np.asarray(small, dtype=np.uint8), PageMapping(scaling @ mapping.matrix, mapping.warp)


def _sensor(
    image: NDArray[np.uint8], profile: ScannerProfile, rng: np.random.Generator
) -> NDArray[np.uint8]:
    """Noise of the sensor, then the device's tone curve, which may burn the paper out."""
    height, width = image.shape[:2]
    channels = 1 if image.ndim == 2 else 3
    noise = noise_field(rng, (height, width * channels), profile.noise)
    noisy = cv2.add(image.reshape(height, -1), noise, dtype=cv2.CV_8U).reshape(image.shape)
    level = np.arange(256, dtype=np.float64)
    tables = []
    for gain in profile.cast if channels == 3 else (1.0,):
        light = np.clip((level - profile.black) / (profile.white - profile.black), 0, None)
        floor = 6.0 if profile.white > 245 else 2.0
        out = floor + (255 - floor) * gain * light**profile.gamma
        tables.append(np.clip(np.round(out), 0, 255).astype(np.uint8))
    if channels == 1:
        return np.asarray(cv2.LUT(noisy, tables[0]), dtype=np.uint8)
    table = np.stack(tables, axis=-1).reshape(1, 256, 3)
    return np.asarray(cv2.LUT(noisy, table), dtype=np.uint8)


def _dirt(image: NDArray[np.uint8], profile: ScannerProfile) -> NDArray[np.uint8]:
    """Dust and streaks: the device's own, so the same on every page it scans."""
    own = np.random.default_rng(crc32(profile.name.encode()))
    height, width = image.shape[:2]
    for _ in range(profile.specks):
        x, y = own.uniform(0.03, 0.97, 2) * (width, height)
        axes = own.uniform(1.0, 4.0, 2) * profile.dpi / _BASE_DPI
        level = float(own.uniform(70, 190))
        centre, size = (round(float(x)), round(float(y))), (round(axes[0]), round(axes[1]))
        colour = (level,) * 3
        cv2.ellipse(
            image, centre, size, float(own.uniform(0, 180)), 0, 360, colour, -1, cv2.LINE_AA
        )
    for _ in range(profile.streaks):
        x = int(own.uniform(0.03, 0.97) * width)
        top, bottom = sorted(int(v) for v in own.uniform(0, 1, 2) * height)
        depth = float(own.uniform(0.80, 0.93))
        strip = image[top:bottom, x : x + 1].astype(np.float32) * depth
        image[top:bottom, x : x + 1] = strip.astype(np.uint8)
    return image


def _threshold(image: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    level = float(np.clip(rng.normal(165, 8), 140, 190))
    _, binary = cv2.threshold(image, level, 255, cv2.THRESH_BINARY)
    return np.asarray(binary, dtype=np.uint8)


def _photo(sheet: Sheet, profile: ScannerProfile, rng: np.random.Generator) -> Scan:
    portrait = sheet.size_mm[1] >= sheet.size_mm[0]
    size = _PHOTO_PX if portrait else (_PHOTO_PX[1], _PHOTO_PX[0])
    matrix = camera_matrix(size, sheet.size_mm, rng)
    warp = feeder_warp(sheet.size_mm, rng, along=0.5, across=0.5)  # a sheet never lies flat
    mapping = PageMapping(matrix, warp)
    image = _resample(sheet.image, mapping, size, sheet.scale, 0)
    seen = _resample(np.full_like(sheet.image, 255), mapping, size, sheet.scale, 0)
    image = _table(image, seen, profile, rng)
    image = _uneven_light(image, rng)
    image = _optics(image, profile)
    return Scan(_sensor(image, profile, rng), mapping, profile)


def _table(
    image: NDArray[np.uint8],
    seen: NDArray[np.uint8],
    profile: ScannerProfile,
    rng: np.random.Generator,
) -> NDArray[np.uint8]:
    """The table around the sheet, with the sheet's shadow."""
    height, width = image.shape[:2]
    grain = noise_field(rng, (height // 4, width // 24), 14.0).astype(np.float32)
    wood = cv2.resize(grain, (width, height), interpolation=cv2.INTER_LINEAR) + profile.lid
    cover = cv2.resize(seen[:, :, 0], (width // 8, height // 8), interpolation=cv2.INTER_AREA)
    shade = cv2.GaussianBlur(np.roll(cover, (3, 4), axis=(0, 1)), (0, 0), 3)
    shadow = cv2.resize(shade, (width, height), interpolation=cv2.INTER_LINEAR)
    wood = wood * (1.0 - 0.45 * shadow.astype(np.float32) / 255)
    level = np.clip(wood, 0, 255).astype(np.uint8)
    tones = (0.62, 0.8, 1.0)
    table = cv2.merge([cv2.convertScaleAbs(level, alpha=t) for t in tones])
    inverse = cv2.bitwise_not(seen)
    return np.asarray(cv2.add(image, cv2.multiply(table, inverse, scale=1 / 255)), dtype=np.uint8)


def _uneven_light(image: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """A lamp from one side, a falling-off towards the corners and a hand's shadow."""
    height, width = image.shape[:2]
    y, x = np.mgrid[-1:1:48j, -1:1:36j]
    angle = rng.uniform(0, 2 * np.pi)
    light = 0.90 + rng.uniform(0.05, 0.13) * (np.cos(angle) * x + np.sin(angle) * y)
    light -= rng.uniform(0.02, 0.08) * (x**2 + y**2)
    hx, hy = rng.uniform(-1.2, 1.2, 2)
    light -= rng.uniform(0, 0.12) * np.exp(-((x - hx) ** 2 + (y - hy) ** 2) / 0.35)
    small = np.clip(light * 255, 0, 255).astype(np.uint8)
    field = cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.asarray(cv2.multiply(image, cv2.merge([field] * 3), scale=1 / 255), dtype=np.uint8)
