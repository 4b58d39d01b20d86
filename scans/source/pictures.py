"""Pillow, tamed: only the format asked for, size limits as errors, plain pixels out.

Follows Pillow's own security handbook: a formats allow-list, the bomb warning as an
error, and ``load`` instead of ``verify``, which passes a truncated file. Pillow's size
limit and Python's warning filters are one a process, so one thread decodes at a time.
"""

from __future__ import annotations

import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from scans.source.types import Limits

__all__ = ["PICTURE_FAULTS", "collapse_grey", "fault", "opened", "quiet", "to_pixels"]

# What Pillow raises on damaged or hostile files; a PNG text bomb is a plain ValueError.
PICTURE_FAULTS = (
    OSError,
    ValueError,
    SyntaxError,
    EOFError,
    KeyError,
    IndexError,
    TypeError,
    AttributeError,
    OverflowError,
    ZeroDivisionError,
    MemoryError,
    RuntimeError,
    struct.error,
    zlib.error,
)


@contextmanager
def opened(source: IO[bytes], kind: str, limits: Limits, where: str) -> Iterator[Image.Image]:
    """A lazily opened picture of format ``kind`` (``PNG``, ``TIFF``, ``JPEG``).

    Raises:
        InputError: If it has more pixels than the limit.
        One of ``PICTURE_FAULTS``, also from what the caller does inside.
    """
    with quiet(limits, where), Image.open(source, formats=[kind]) as picture:
        yield picture


@contextmanager
def quiet(limits: Limits, where: str) -> Iterator[None]:
    """Pillow with our size limit for its own, and silent but for exceeding it.

    Raises:
        InputError: If a picture has more pixels than the limit.
    """
    before = Image.MAX_IMAGE_PIXELS
    Image.MAX_IMAGE_PIXELS = limits.pixels
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            yield
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise limits.too_large("the picture", where) from error
    finally:
        Image.MAX_IMAGE_PIXELS = before


def fault(error: Exception) -> str:
    """One short clause out of a decoder's complaint."""
    if isinstance(error, UnidentifiedImageError):
        return "its header cannot be read"
    text = " ".join(str(error).split())[:120]
    return text or type(error).__name__


def to_pixels(picture: Image.Image) -> NDArray[np.uint8]:
    """Decode to uint8: grey ``(height, width)`` or BGR ``(height, width, 3)``.

    Transparency is laid on white paper, 16 bits are reduced to 8, palettes and CMYK are
    resolved.

    Raises:
        ValueError: If the pixels are floating-point or 32-bit numbers.
    """
    picture.load()
    if picture.mode.startswith("I;16"):
        return np.asarray(np.asarray(picture) // 257, dtype=np.uint8)
    if picture.mode in ("I", "F"):
        raise ValueError(f"pixels of 32 bits (mode {picture.mode}) are not read")
    if picture.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in picture.info:
        return _on_white(picture.convert("RGBA"))
    if picture.mode in ("1", "L"):
        return np.array(picture.convert("L"), dtype=np.uint8)
    return collapse_grey(_bgr(np.asarray(picture.convert("RGB"))))


def collapse_grey(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A grey picture stored in three equal channels as one; any other unchanged."""
    if image.ndim == 2:
        return image
    # Most colour pages differ in the first rows looked at; only grey ones pay the rest.
    for part in (image[::64], image):
        blue, green, red = cv2.split(part)
        if not (np.array_equal(blue, green) and np.array_equal(green, red)):
            return image
    return np.asarray(blue, dtype=np.uint8)


def _on_white(picture: Image.Image) -> NDArray[np.uint8]:
    paper = Image.new("RGBA", picture.size, (255, 255, 255, 255))
    paper.alpha_composite(picture)
    return collapse_grey(_bgr(np.asarray(paper.convert("RGB"))))


def _bgr(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR), dtype=np.uint8)
