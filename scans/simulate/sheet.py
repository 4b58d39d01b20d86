"""A sheet of paper: what is printed and written on it, before any scanner sees it."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from detectors.instrument import BoxMm

__all__ = ["Patch", "Sheet", "new_paper", "noise_field"]


@dataclass(frozen=True)
class Patch:
    """A rectangle of whole pixels on the sheet.

    Attributes:
        left: First column.
        top: First row.
        shape: Height and width in pixels.
        scale: Pixels a mm in x and y.
    """

    left: int
    top: int
    shape: tuple[int, int]
    scale: tuple[float, float]

    @property
    def slices(self) -> tuple[slice, slice]:
        """To cut the patch out of the sheet's image."""
        return (
            slice(self.top, self.top + self.shape[0]),
            slice(self.left, self.left + self.shape[1]),
        )

    def to_px(self, points_mm: NDArray[np.float64], fine: int = 1) -> NDArray[np.float64]:
        """Pixel positions within the patch on a grid ``fine`` times finer."""
        scaled = points_mm * np.array(self.scale) - np.array([self.left, self.top])
        return np.asarray(scaled * fine - 0.5)

    def mm_grid(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """X and y in mm of the patch's pixel centres, each of the patch's shape."""
        x = (np.arange(self.shape[1], dtype=np.float32) + self.left + 0.5) / self.scale[0]
        y = (np.arange(self.shape[0], dtype=np.float32) + self.top + 0.5) / self.scale[1]
        grid_x, grid_y = np.meshgrid(x, y)
        return grid_x.astype(np.float32), grid_y.astype(np.float32)


@dataclass
class Sheet:
    """Paper with print and ink; 300 dpi, changed in place while it is written on.

    Attributes:
        image: uint8 ``(height, width, 3)`` BGR, share of light given back.
        size_mm: Width and height.
    """

    image: NDArray[np.uint8]
    size_mm: tuple[float, float]

    @property
    def scale(self) -> tuple[float, float]:
        """Pixels a mm in x and y."""
        height, width = self.image.shape[:2]
        return width / self.size_mm[0], height / self.size_mm[1]

    def patch(self, box: BoxMm, margin: float = 0.0) -> Patch:
        """The pixels of a box widened by ``margin`` mm, cut at the sheet's edge."""
        height, width = self.image.shape[:2]
        sx, sy = self.scale
        left = int(np.clip(np.floor((box[0] - margin) * sx), 0, width - 2))
        top = int(np.clip(np.floor((box[1] - margin) * sy), 0, height - 2))
        right = int(np.clip(np.ceil((box[0] + box[2] + margin) * sx), left + 1, width))
        bottom = int(np.clip(np.ceil((box[1] + box[3] + margin) * sy), top + 1, height))
        return Patch(left, top, (bottom - top, right - left), (sx, sy))

    def read(self, patch: Patch) -> NDArray[np.float32]:
        """The patch as float32 ``(height, width, 3)``, 0 to 255."""
        return self.image[patch.slices].astype(np.float32)

    def write(self, patch: Patch, values: NDArray[np.float32]) -> None:
        """Put a patch back."""
        self.image[patch.slices] = np.clip(values + 0.5, 0, 255).astype(np.uint8)

    def multiply(self, patch: Patch, light: NDArray[np.float32]) -> None:
        """Lay ink over the patch; ``light`` is what it lets through."""
        self.write(patch, self.read(patch) * light)

    def blend(self, patch: Patch, values: NDArray[np.float32], cover: NDArray[np.float32]) -> None:
        """Lay something opaque over the patch; ``cover`` is ``(height, width)``, 0 to 1."""
        weight = cover[:, :, None]
        self.write(patch, self.read(patch) * (1 - weight) + values * weight)


def noise_field(
    rng: np.random.Generator, shape: tuple[int, int], deviation: float
) -> NDArray[np.int8]:
    """Normal noise from random bytes: cheap enough for a whole page."""
    raw = np.frombuffer(rng.bytes(shape[0] * shape[1]), dtype=np.uint8).reshape(shape)
    return np.asarray(cv2.LUT(raw, _normal_table(deviation)), dtype=np.int8)


def _normal_table(deviation: float) -> NDArray[np.int8]:
    """Byte -> normal quantile times ``deviation``, rounded by a fixed dither."""
    probability = (np.arange(256) + 0.5) / 256
    tail = np.minimum(probability, 1 - probability)
    t = np.sqrt(-2 * np.log(tail))
    z = t - (2.515517 + 0.802853 * t + 0.010328 * t * t) / (
        1 + 1.432788 * t + 0.189269 * t * t + 0.001308 * t**3
    )
    values = np.where(probability < 0.5, -z, z) * deviation
    table: NDArray[np.int8] = np.clip(np.round(values), -127, 127).astype(np.int8)
    return table


def new_paper(
    print_: NDArray[np.uint8],
    rng: np.random.Generator,
    *,
    tint: tuple[float, float, float] = (246.0, 247.0, 246.0),
    texture: float = 1.0,
) -> NDArray[np.uint8]:
    """Print on fresh paper.

    Args:
        print_: uint8 ``(height, width, 3)``, white where no toner lies.
        rng: Chance.
        tint: What the bare paper gives back in blue, green and red.
        texture: Strength of the fibres; 1 is office paper (deviation about 1.3 levels).

    Returns:
        uint8 of the same shape.
    """
    height, width = print_.shape[:2]
    half = (height // 2 + 1, width // 2 + 1)
    fibres = noise_field(rng, half, 5.0 * texture).astype(np.int16)
    soft = cv2.GaussianBlur(fibres, (5, 5), 1.0)
    coarse = noise_field(rng, (height // 64 + 2, width // 64 + 2), 1.2 * texture)
    clouds = cv2.resize(coarse.astype(np.float32), (width, height), interpolation=cv2.INTER_LINEAR)
    fine = cv2.resize(soft, (width, height), interpolation=cv2.INTER_LINEAR)
    grey = cv2.add(fine, clouds.astype(np.int16))
    level = np.clip(grey + 128, 0, 255).astype(np.uint8)
    steps = np.arange(256, dtype=np.float64) - 128
    tables = [np.clip(np.round(v + steps), 0, 255).astype(np.uint8) for v in tint]
    paper = cv2.merge([cv2.LUT(level, table) for table in tables])
    return np.asarray(cv2.multiply(paper, print_, scale=1 / 255.0), dtype=np.uint8)
