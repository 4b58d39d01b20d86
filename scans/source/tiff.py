"""TIFF: several frames, 1-bit fax codings, palettes, JPEG inside.

The chain of frame directories is walked first (TIFF 6.0 section 2, BigTIFF alike): it
tells how many pages there are, where the chain breaks, and whether it bites its tail,
before any decoder is let at it.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from detectors.errors import InputError
from scans.source.fax import accounts_for
from scans.source.jpeg import quantisation_tables
from scans.source.metadata import exif_facts, xmp_facts
from scans.source.pictures import PICTURE_FAULTS, fault, quiet, to_pixels
from scans.source.types import Limits

__all__ = ["Frame", "read_frames"]

_FAX = frozenset({"tiff_ccitt", "group3", "group4", "tiff_raw_16"})
_GROUPS = {"group3": 3, "group4": 4}
_JPEG = frozenset({"jpeg", "tiff_jpeg"})
_PHOTOMETRIC, _STRIP_OFFSETS, _ORIENTATION, _ROWS_PER_STRIP = 262, 273, 274, 278
_STRIP_BYTES, _T4_OPTIONS, _JPEG_TABLES, _XMP = 279, 292, 347, 700
_REMEDY = "copy or scan it again"


class Frame:
    """Facts and pixels of one frame; filled by :func:`read_frames`."""

    __slots__ = ("dpi", "encoding", "metadata", "pixels", "quantisation")

    def __init__(self, picture: Image.Image, file: IO[bytes]) -> None:
        """Read the tags of the frame ``picture`` stands at in ``file``, then decode it.

        Raises:
            ValueError: If its fax data are damaged, besides what decoding raises.
        """
        tags = getattr(picture, "tag_v2", {})
        compression = str(picture.info.get("compression", "raw"))
        self.encoding = (
            "ccitt" if compression in _FAX else "jpeg" if compression in _JPEG else "lossless"
        )
        self.dpi = _dpi(picture)
        self.metadata: dict[str, Any] = {"compression": compression}
        self.metadata.update(exif_facts(picture.getexif()))
        packet = tags.get(_XMP)
        if isinstance(packet, bytes):
            self.metadata.update(xmp_facts(packet))
        tables = tags.get(_JPEG_TABLES)
        self.quantisation = quantisation_tables(tables) if isinstance(tables, bytes) else ()
        # Pillow applies the orientation tag while loading.
        self.pixels = to_pixels(picture)
        if compression in _GROUPS and not _whole(self.pixels, tags, file, _GROUPS[compression]):
            raise ValueError("its fax data break off")
        if self.metadata.get("orientation", 1) >= 5 and self.dpi is not None:
            self.dpi = (self.dpi[1], self.dpi[0])


def read_frames(path: Path, limits: Limits) -> Iterator[tuple[int, int, Frame | str]]:
    """Page number from 1, number of pages known, and the frame or why there is none.

    Raises:
        InputError: If the file holds no frame or more than ``limits.pages``.
    """
    where = str(path)
    with path.open("rb") as file:
        frames, whole = _directories(file, limits.pages + 1)
        if frames == 0:
            raise InputError("truncated TIFF: it holds no page", where=where, remedy=_REMEDY)
        if frames > limits.pages:
            raise InputError(
                f"more pages than the limit of {limits.pages} a file",
                where=where,
                remedy="split it into smaller files",
            )
        total = frames if whole else frames + 1
        number = 1
        while number <= frames:
            # Opened anew after a frame that failed: it must not spoil the next one.
            for found in _run(file, number, frames, limits):
                yield number, total, found
                number += 1
        if not whole:
            yield total, total, f"truncated TIFF: pages from {total} on are missing — {_REMEDY}"


def _run(file: IO[bytes], number: int, last: int, limits: Limits) -> Iterator[Frame | str]:
    """Frames from ``number`` on, up to and including the first that fails."""
    file.seek(0)
    try:
        with quiet(limits, ""):
            picture = Image.open(file, formats=["TIFF"])
        for index in range(number - 1, last):
            with quiet(limits, ""):
                picture.seek(index)
                limits.check_pixels(*picture.size, "")
                frame = Frame(picture, file)
            yield frame
    except InputError as error:
        yield f"{error.what} — {error.remedy}"
    except PICTURE_FAULTS as error:
        yield f"damaged TIFF page: {fault(error)} — {_REMEDY}"


def _whole(pixels: NDArray[np.uint8], tags: Mapping[int, Any], file: IO[bytes], group: int) -> bool:
    if tags.get(_ORIENTATION, 1) != 1 or pixels.ndim != 2:
        return True  # turned while loading: its size is no longer comparable
    coded = bytearray()
    for start, length in zip(tags[_STRIP_OFFSETS], tags[_STRIP_BYTES], strict=True):
        file.seek(start)
        coded += file.read(length)
    return accounts_for(
        pixels,
        bytes(coded),
        group=group,
        min_is_white=tags.get(_PHOTOMETRIC, 0) == 0,
        rows_per_strip=tags.get(_ROWS_PER_STRIP),
        options=tags.get(_T4_OPTIONS) or 0,
    )


def _directories(file: IO[bytes], most: int) -> tuple[int, bool]:
    """Number of readable frame directories, and whether the chain ends as it should."""
    size = os.fstat(file.fileno()).st_size
    head = file.read(16)
    end = "<" if head[:2] == b"II" else ">"
    big = head[2:4] in (b"+\x00", b"\x00+")
    count_format, entry, next_format = ("Q", 20, "Q") if big else ("H", 12, "I")
    try:
        (at,) = struct.unpack_from(end + next_format, head, 8 if big else 4)
        seen: set[int] = set()
        while at and len(seen) < most:
            if at in seen or at >= size:
                return len(seen), False
            file.seek(at)
            (entries,) = struct.unpack(end + count_format, file.read(struct.calcsize(count_format)))
            file.seek(entries * entry, os.SEEK_CUR)
            following = struct.unpack(end + next_format, file.read(struct.calcsize(next_format)))
            seen.add(at)
            at = following[0]
    except (struct.error, OverflowError, ValueError, OSError):
        return len(seen), False
    return len(seen), True


def _dpi(picture: Image.Image) -> tuple[float, float] | None:
    stored = picture.info.get("dpi")
    try:
        x, y = (float(v) for v in stored or ())
    except (TypeError, ValueError, ZeroDivisionError):
        return None
    return (x, y) if 1.0 < x < 1e5 and 1.0 < y < 1e5 else None
