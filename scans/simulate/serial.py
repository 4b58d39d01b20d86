"""Serial numbers with a check digit, and the codes that carry them."""

from __future__ import annotations

import re
from functools import lru_cache

import cv2
import numpy as np
import segno
import zxingcpp
from numpy.typing import NDArray

from detectors.errors import UsageError

__all__ = [
    "check_digit",
    "code_at",
    "code_image",
    "is_serial",
    "make_serial",
    "payload",
    "serial_of",
]

_SERIAL = re.compile(r"([A-Z]{2})-(\d{2})-(\d{6})-(\d)")


def check_digit(number: int) -> int:
    """Last digit of the running number modulo 97: tells most misreadings of one digit."""
    return number % 97 % 10


def make_serial(number: int, *, year: int = 2023, prefix: str = "PB") -> str:
    """The text printed on a sheet, e.g. ``PB-23-004217-6``."""
    if not 0 <= number < 1_000_000:
        raise UsageError(f"sheet number {number} does not fit six digits")
    return f"{prefix}-{year % 100:02d}-{number:06d}-{check_digit(number)}"


def is_serial(text: str) -> bool:
    """Whether ``text`` has the shape of a serial and its check digit holds."""
    match = _SERIAL.fullmatch(text)
    # There is a match.
    return bool(match) and check_digit(int(match[3])) == int(match[4])  # type: ignore[index]  # matched


def payload(serial: str, *, form: str = "HL01", year: int = 2023, unit: str, batch: str) -> str:
    """The long content of a code, ``form|year|unit|batch|serial|check``.

    The default of the simulator is the bare serial; the long one serves forms whose codes
    name unit and batch as well.
    """
    return "|".join((form, str(year), unit, batch, serial, serial[-1]))


def serial_of(content: str) -> str:
    """The serial within a code's content: the fifth field of a long payload, else all of it."""
    parts = content.split("|")
    return parts[4] if len(parts) == 6 else content


@lru_cache(maxsize=256)
def code_image(kind: str, content: str) -> NDArray[np.uint8]:
    """Modules of a code, one pixel each, 0 is ink and 255 paper, without a quiet zone.

    Raises:
        UsageError: For a kind of code that the simulator does not print.
    """
    if kind == "qr":
        rows = [list(row) for row in segno.make_qr(content, error="m").matrix]
        modules = np.where(np.array(rows, dtype=np.uint8) > 0, 0, 255)
        return modules.astype(np.uint8)
    if kind == "datamatrix":
        barcode = zxingcpp.create_barcode(content, zxingcpp.BarcodeFormat.DataMatrix)
        image = zxingcpp.write_barcode_to_image(barcode, scale=1, add_quiet_zones=False)
        return np.asarray(image, dtype=np.uint8)
    raise UsageError(f"no {kind} code can be printed", remedy="use qr or datamatrix")


def code_at(kind: str, content: str, shape: tuple[int, int]) -> NDArray[np.uint8]:
    """A code scaled to ``(height, width)`` pixels."""
    modules = code_image(kind, content)
    big = cv2.resize(modules, (shape[1] * 4, shape[0] * 4), interpolation=cv2.INTER_NEAREST)
    return np.asarray(
        cv2.resize(big, (shape[1], shape[0]), interpolation=cv2.INTER_AREA), dtype=np.uint8
    )
