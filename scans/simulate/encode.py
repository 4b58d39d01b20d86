"""Writing pixels as a device or an editor does."""

from __future__ import annotations

import io
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from scans.simulate.profiles import ScannerProfile
from scans.types import ScanClass

__all__ = ["Encoded", "Resave", "decode", "encode_scan", "resave"]

_MAKE, _MODEL, _SOFTWARE = 0x010F, 0x0110, 0x0131


@dataclass(frozen=True)
class Encoded:
    """A file's bytes and the suffix of its name."""

    data: bytes
    suffix: str


@dataclass(frozen=True)
class Resave:
    """How a scan is opened and saved again, by honest hands or others.

    Attributes:
        encoding: ``jpeg`` or ``png``.
        quality: Of the JPEG.
        software: Name written into the file; none if empty.
    """

    encoding: str = "jpeg"
    quality: int = 90
    software: str = ""


def encode_scan(
    image: NDArray[np.uint8], profile: ScannerProfile, rng: np.random.Generator
) -> Encoded:
    """Write the file as the device does, with its resolution and name in the header."""
    low, high = profile.quality
    quality = int(rng.integers(low, high + 1))
    photo = profile.scan_class is ScanClass.PHOTO
    dpi = None if photo else (profile.dpi, profile.dpi)
    return _write(
        image, profile.encoding, quality, profile.subsampling, dpi, {_MAKE: profile.make[0],
        _MODEL: profile.make[1]},
    )  # fmt: skip


def resave(scan: Encoded, image: NDArray[np.uint8], how: Resave, dpi: float | None) -> Encoded:
    """Save decoded (and perhaps altered) pixels again."""
    tags = {_SOFTWARE: how.software} if how.software else {}
    if scan.suffix == ".tif" and image.ndim == 2 and len(np.unique(image[::16, ::16])) <= 2:
        return _write(image, "tiff_g4", 0, 0, None if dpi is None else (dpi, dpi), tags)
    resolution = None if dpi is None else (dpi, dpi)
    return _write(image, how.encoding, how.quality, 2, resolution, tags)


def decode(data: bytes) -> NDArray[np.uint8]:
    """Pixels of a simulated file, grey or BGR as it was written."""
    image = cv2.imdecode(np.frombuffer(data, dtype=np.uint8), cv2.IMREAD_UNCHANGED)
    if image is None:
        raise ValueError("these bytes are no picture of the simulator")
    return np.asarray(image, dtype=np.uint8)


def _write(
    image: NDArray[np.uint8],
    encoding: str,
    quality: int,
    subsampling: int,
    dpi: tuple[float, float] | None,
    tags: dict[int, str],
) -> Encoded:
    picture = Image.fromarray(
        image if image.ndim == 2 else np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB))
    )
    buffer = io.BytesIO()
    extra = {} if dpi is None else {"dpi": dpi}
    if encoding == "jpeg":
        exif = Image.Exif()
        for tag, value in tags.items():
            exif[tag] = value
        sampling = {} if image.ndim == 2 else {"subsampling": subsampling}
        picture.save(buffer, "JPEG", quality=quality, exif=exif, **sampling, **extra)
        return Encoded(buffer.getvalue(), ".jpg")
    if encoding == "png":
        picture.save(buffer, "PNG", compress_level=1, **extra)
        return Encoded(buffer.getvalue(), ".png")
    if encoding == "tiff_g4":
        picture.convert("1").save(buffer, "TIFF", compression="group4", **extra)
        return Encoded(buffer.getvalue(), ".tif")
    picture.save(buffer, "TIFF", compression="tiff_lzw", **extra)
    return Encoded(buffer.getvalue(), ".tif")
