"""JPEG: the header read by hand, the pixels by one decoder, whole or not at all.

The header is walked marker by marker up to the first scan (ITU-T T.81, annex B), which
costs microseconds and gives size, quantisation tables and metadata before any decoding.
libjpeg fills what is missing from a cut file with grey and says nothing, so the end
marker is asked for first.
"""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from detectors.errors import InputError
from scans.source.metadata import clean, exif_facts, xmp_facts
from scans.source.pictures import PICTURE_FAULTS, opened, to_pixels
from scans.source.types import Limits

__all__ = ["JpegHeader", "decode_jpeg", "quantisation_tables", "read_header"]

# Position in a table as stored -> position row by row.
_ZIGZAG = (
    0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20,
    13, 6, 7, 14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59,
    52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
)  # fmt: skip
_FRAMES = frozenset({0xC0, 0xC1, 0xC2})  # baseline, extended, progressive; Huffman coded
_OTHER_FRAMES = frozenset({0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF})
_XMP_PREFIX = b"http://ns.adobe.com/xap/1.0/\x00"
_BLOCK, _NO_DATA = 8, 128
_REMEDY = "copy or scan it again"


@dataclass(slots=True)
class JpegHeader:
    """What stands before the first scan."""

    width: int = 0
    height: int = 0
    components: int = 0
    scan_offset: int = 0
    dpi: tuple[float, float] | None = None
    tables: dict[int, tuple[int, ...]] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)

    @property
    def orientation(self) -> int:
        """EXIF orientation, 1 to 8."""
        return int(self.metadata.get("orientation", 1))

    @property
    def quantisation(self) -> tuple[tuple[int, ...], ...]:
        """Tables by number, each row by row."""
        return tuple(self.tables[number] for number in sorted(self.tables))


def read_header(data: memoryview | bytes, where: str) -> JpegHeader:
    """Walk the markers up to the first scan.

    Raises:
        InputError: If the header is cut, damaged, or of a kind no decoder here reads.
    """
    header, at = JpegHeader(), 2
    while True:
        marker, start, end = _segment(data, at, where)
        body = bytes(data[start:end])
        at = end
        if marker in _FRAMES and len(body) >= 6:
            header.height = int.from_bytes(body[1:3], "big")
            header.width = int.from_bytes(body[3:5], "big")
            header.components = body[5]
            if marker == 0xC2:
                header.metadata["progressive"] = True
        elif marker in _OTHER_FRAMES:
            raise InputError(
                "lossless or arithmetic JPEG cannot be decoded",
                where=where,
                remedy="save it as baseline JPEG, PNG or TIFF",
            )
        elif marker == 0xDB:
            header.tables.update(_tables(body))
        elif marker == 0xDA:
            header.scan_offset = end
            break
        else:
            _application(header, marker, body)
    if not header.components:
        raise InputError("damaged JPEG: no frame header", where=where, remedy=_REMEDY)
    return header


def decode_jpeg(
    data: memoryview | bytes,
    header: JpegHeader,
    limits: Limits,
    where: str,
    *,
    half: bool = False,
) -> NDArray[np.uint8]:
    """Pixels as stored, orientation not applied: uint8 grey, or BGR.

    Args:
        data: The file.
        header: Its header.
        limits: What it may ask for.
        where: What errors name.
        half: At half the width and height, rounded up, straight from the coefficients:
            to be looked at, not judged. Not for four components.

    Raises:
        InputError: If it is too large, cut off or damaged.
    """
    limits.check_pixels(header.width, header.height, where)
    view = np.frombuffer(data, dtype=np.uint8)
    if not _ends(view[header.scan_offset :]):
        raise InputError("truncated JPEG: its end is missing", where=where, remedy=_REMEDY)
    if header.components == 4:
        return _decode_cmyk(data, limits, where)
    colour = cv2.IMREAD_GRAYSCALE if header.components == 1 else cv2.IMREAD_COLOR
    if half:
        grey = header.components == 1
        colour = cv2.IMREAD_REDUCED_GRAYSCALE_2 if grey else cv2.IMREAD_REDUCED_COLOR_2
    step = 2 if half else 1
    try:
        image = cv2.imdecode(view, colour | cv2.IMREAD_IGNORE_ORIENTATION)
    except cv2.error:
        image = None
    if image is None or image.shape[:2] != (-(-header.height // step), -(-header.width // step)):
        raise InputError("damaged JPEG: it does not decode", where=where, remedy=_REMEDY)
    _check_bottom(image, where)
    return np.asarray(image, dtype=np.uint8)


def quantisation_tables(data: bytes) -> tuple[tuple[int, ...], ...]:
    """Tables of an abbreviated stream that holds nothing but tables (TIFF tag 347)."""
    tables: dict[int, tuple[int, ...]] = {}
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF and data[at + 1] != 0xD9:
        end = at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        if data[at + 1] == 0xDB:
            tables.update(_tables(data[at + 4 : end]))
        at = end
    return tuple(tables[number] for number in sorted(tables))


def _segment(data: memoryview | bytes, at: int, where: str) -> tuple[int, int, int]:
    """Marker at ``at`` and where its body starts and ends."""
    while at + 1 < len(data) and data[at] == 0xFF and data[at + 1] == 0xFF:
        at += 1
    if at + 4 > len(data):
        raise InputError("truncated JPEG: its header is cut", where=where, remedy=_REMEDY)
    length = int.from_bytes(data[at + 2 : at + 4], "big")
    if data[at] != 0xFF or data[at + 1] in (0x00, 0xD8, 0xD9) or length < 2:
        raise InputError(f"damaged JPEG header at byte {at}", where=where, remedy=_REMEDY)
    end = at + 2 + length
    if end > len(data):
        raise InputError("truncated JPEG: its header is cut", where=where, remedy=_REMEDY)
    return data[at + 1], at + 4, end


def _tables(body: bytes) -> dict[int, tuple[int, ...]]:
    tables, at = {}, 0
    while at < len(body):
        wide, number = body[at] >> 4, body[at] & 15
        size = 128 if wide else 64
        values = body[at + 1 : at + 1 + size]
        if len(values) < size:
            break
        table = [0] * 64
        for i, place in enumerate(_ZIGZAG):
            table[place] = int.from_bytes(values[2 * i : 2 * i + 2], "big") if wide else values[i]
        tables[number] = tuple(table)
        at += 1 + size
    return tables


def _application(header: JpegHeader, marker: int, body: bytes) -> None:
    if marker == 0xE0 and body.startswith(b"JFIF\x00") and len(body) >= 12:
        unit, x, y = body[7], *(int.from_bytes(body[i : i + 2], "big") for i in (8, 10))
        if unit in (1, 2) and x and y:
            inch = 1.0 if unit == 1 else 2.54
            header.dpi = (x * inch, y * inch)
    elif marker == 0xE1 and body.startswith(b"Exif\x00\x00"):
        header.metadata.update(exif_facts(body))
    elif marker == 0xE1 and body.startswith(_XMP_PREFIX):
        header.metadata.update(xmp_facts(body[len(_XMP_PREFIX) :]))
    elif marker == 0xED and body.startswith(b"Photoshop 3.0\x00"):
        header.metadata["photoshop_block"] = True
    elif marker == 0xFE:
        header.metadata["comment"] = clean(body)


def _ends(coded: NDArray[np.uint8]) -> bool:
    """Whether the end marker (FF D9) stands anywhere in the coded data.

    In coded data an FF byte is always followed by 00 or a restart marker, so the pair is
    the end; what follows it (camera trailers, a second picture) is not looked at.
    """
    tail = coded.tobytes()
    return tail.rfind(b"\xff\xd9") >= 0


def _check_bottom(image: NDArray[Any], where: str) -> None:
    """Refuse a picture whose data ran out, though an end marker stands there.

    libjpeg leaves blocks without data at exactly 128 in every channel; a whole last row
    of blocks of that value is no print, paper or scanner border.
    """
    if np.all(image[-_BLOCK:] == _NO_DATA):
        rows = np.flatnonzero(np.any(image.reshape(len(image), -1) != _NO_DATA, axis=1))
        last = int(rows[-1]) + 1 if rows.size else 0
        raise InputError(
            f"truncated JPEG: the picture breaks off at row {last} of {len(image)}",
            where=where,
            remedy=_REMEDY,
        )


def _decode_cmyk(data: memoryview | bytes, limits: Limits, where: str) -> NDArray[np.uint8]:
    try:
        with opened(io.BytesIO(data), "JPEG", limits, where) as picture:
            return to_pixels(picture)
    except PICTURE_FAULTS as error:
        raise InputError("damaged CMYK JPEG", where=where, remedy=_REMEDY) from error
