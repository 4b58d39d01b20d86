"""Machine-readable codes: first where the form says, then the page, then other kinds.

Always at full resolution: a code that is reduced first loses modules. Looking in the
expected place costs half a millisecond, the whole page 5 to 15 ms, a page without a
code about 25 ms (A4 at 300 dpi).

Decoder: zxing-cpp. Linear codes carry weak checksums or none (ITF), so a code of
another kind than the form's says so and must not be taken for the form's.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
import zxingcpp
from numpy.typing import NDArray

from detectors.instrument import Code

__all__ = ["CodeReading", "clean_serial", "read_code"]

ToPx = Callable[[NDArray[np.float64]], NDArray[np.float64]]
Zone = tuple[int, int, int, int]

_FORMATS = {
    "qr": zxingcpp.BarcodeFormat.QRCode,
    "datamatrix": zxingcpp.BarcodeFormat.DataMatrix,
    "code128": zxingcpp.BarcodeFormat.Code128,
    "itf": zxingcpp.BarcodeFormat.ITF,
}
_KINDS = {value: kind for kind, value in _FORMATS.items()}
# Beyond the printed box: what registration may be off by and the quiet zone; and by how
# much an unregistered scan may be shifted (feeder offset and crop of a centimetre).
_REGISTERED_MM, _GUESSED_MM = 5.0, 15.0


@dataclass(frozen=True, slots=True, eq=False)
class CodeReading:
    """One code as read.

    Attributes:
        text: What the code holds, unchanged.
        format: ``qr``, ``datamatrix``, ``code128`` or ``itf``.
        quad: float64 ``(4, 2)``: corners in px of the scan, from the symbol's own top
            left, clockwise as the symbol is read.
        found: ``zone`` (where the form says), ``page`` (elsewhere), or ``other`` (of a
            kind that the form does not print: not the form's code).
        others: Texts of different codes seen in the same search, sorted.
    """

    text: str
    format: str
    quad: NDArray[np.float64]
    found: str = "page"
    others: tuple[str, ...] = ()

    @property
    def serial(self) -> str | None:
        """The text as a key, see :func:`clean_serial`; ``None`` for a code of another kind."""
        return None if self.found == "other" else clean_serial(self.text)


# A QR code holds up to 7,089 digits.
_LONGEST_SERIAL = 300


def clean_serial(text: str) -> str | None:
    """A code's text in NFC, without control and invisible characters or outer blanks.

    Line feeds inside stay, since some forms print several lines into one code; ``None``
    if nothing printable is left, or it is longer than any serial.
    """
    kept = []
    for c in unicodedata.normalize("NFC", text.replace("\r\n", "\n")):
        group = unicodedata.category(c)[0]
        if c == "\n" or group not in "CZ":
            kept.append(c)
        elif group == "Z" or c in "\t\r":
            kept.append(" ")
    serial = "".join(kept).strip()
    return serial if 0 < len(serial) <= _LONGEST_SERIAL else None


def read_code(
    image: NDArray[np.uint8],
    *,
    expect: Code | None = None,
    size_mm: tuple[float, float] | None = None,
    to_px: ToPx | None = None,
) -> CodeReading | None:
    """The code of a page, or ``None`` if no search finds one.

    Args:
        image: uint8 grey or BGR scan at full resolution.
        expect: The code that the form prints; ``None`` searches the page for all kinds.
        size_mm: Width and height of the form's page. Without ``to_px``, the scan is taken
            for the whole of it, in any of the four orientations.
        to_px: Maps ``(n, 2)`` points in mm to px, once the page is registered.
    """
    if min(image.shape[:2]) < 8:
        return None
    zones = [] if expect is None else list(_zones(image.shape, expect, size_mm, to_px))
    near = _centre(zones[0]) if to_px is not None and zones else None
    if expect is not None:
        for zone in zones:
            found = _in_zone(image, zone, expect.kind, hard=to_px is not None)
            if found:
                return _choose(found, _centre(zone), "zone")
    grey = image
    if image.ndim == 3:
        grey = np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), dtype=np.uint8)
    if expect is not None:
        found = _decode(grey, [expect.kind], turn=True)
        if found:
            return _choose(found, near, "page")
    kinds = [kind for kind in _FORMATS if expect is None or kind != expect.kind]
    # Without turning, three kinds cost what one costs with it; upright and upside-down
    # symbols are found all the same.
    how = "page" if expect is None else "other"
    return _choose(_decode(grey, kinds, turn=expect is None), near, how)


def _decode(image: NDArray[np.uint8], kinds: Sequence[str], *, turn: bool) -> list[CodeReading]:
    codes = zxingcpp.read_barcodes(
        np.ascontiguousarray(image),
        formats=zxingcpp.BarcodeFormats([_FORMATS[kind] for kind in kinds]),
        try_rotate=turn,
        try_downscale=False,
        try_invert=False,
        text_mode=zxingcpp.TextMode.Plain,
    )
    readings = []
    for code in codes:
        place = code.position
        corners = (place.top_left, place.top_right, place.bottom_right, place.bottom_left)
        quad = np.array([(corner.x, corner.y) for corner in corners], dtype=np.float64)
        if code.valid and code.text:
            readings.append(CodeReading(code.text, _kind(code.format, kinds), quad))
    return readings


def _kind(found: zxingcpp.BarcodeFormat, asked: Sequence[str]) -> str:
    """The contract's name; variants (QR model 2, ITF-14) go by the kind asked for."""
    name = _KINDS.get(found)
    if name is None:
        text = str(found).lower().replace(" ", "").replace("-", "")
        name = next((kind for kind in _FORMATS if text.startswith(kind)), asked[0])
    return name


def _in_zone(image: NDArray[np.uint8], zone: Zone, kind: str, *, hard: bool) -> list[CodeReading]:
    """Codes of one kind in ``zone``; tries ``hard`` where the code must be."""
    left, top, right, bottom = zone
    part = image[top:bottom, left:right]
    for view, grown in _views(part) if hard else [(part, 1.0)]:
        found = _decode(view, [kind], turn=True)
        if found:
            shift = np.array([left, top], dtype=np.float64)
            return [replace(code, quad=(code.quad + 0.5) / grown - 0.5 + shift) for code in found]
    return []


def _views(part: NDArray[np.uint8]) -> Iterator[tuple[NDArray[np.uint8], float]]:
    """The zone as it is, then mended for small, pale or blurred symbols."""
    yield part, 1.0
    grey = part if part.ndim == 2 else np.asarray(cv2.cvtColor(part, cv2.COLOR_BGR2GRAY))
    large = cv2.resize(grey, None, fx=2.0, fy=2.0, interpolation=cv2.INTER_CUBIC)
    yield np.asarray(large, dtype=np.uint8), 2.0
    soft = cv2.GaussianBlur(large, (0, 0), 4.0)
    yield np.asarray(cv2.addWeighted(large, 3.0, soft, -2.0, 0.0), dtype=np.uint8), 2.0


def _zones(
    shape: tuple[int, ...],
    expect: Code,
    size_mm: tuple[float, float] | None,
    to_px: ToPx | None,
) -> Iterator[Zone]:
    """Where the code should be, in px: one place if registered, four if guessed."""
    if to_px is not None:
        corners = to_px(_corners(expect.box_mm, _REGISTERED_MM))
        zone = _clipped(corners, shape)
        if zone is not None:
            yield zone
    elif size_mm is not None:
        across, down = size_mm
        corners = _corners(expect.box_mm, _GUESSED_MM) / np.array([across, down])
        lying = (across > down) != (shape[1] > shape[0])
        for quarter in (1, 3, 0, 2) if lying else (0, 2, 1, 3):
            zone = _clipped(_turned(corners, quarter) * np.array([shape[1], shape[0]]), shape)
            if zone is not None:
                yield zone


def _corners(box: tuple[float, float, float, float], margin: float) -> NDArray[np.float64]:
    x, y, width, height = box
    left, top, right, bottom = x - margin, y - margin, x + width + margin, y + height + margin
    return np.array([(left, top), (right, top), (right, bottom), (left, bottom)])


def _turned(corners: NDArray[np.float64], quarter: int) -> NDArray[np.float64]:
    """Points of the unit square, turned clockwise by quarters of a full turn."""
    for _ in range(quarter):
        corners = np.column_stack([1.0 - corners[:, 1], corners[:, 0]])
    return corners


def _clipped(corners: NDArray[np.float64], shape: tuple[int, ...]) -> Zone | None:
    if not np.all(np.isfinite(corners)):
        return None
    low = np.clip(np.floor(corners.min(axis=0)), 0, (shape[1], shape[0])).astype(int)
    high = np.clip(np.ceil(corners.max(axis=0)) + 1, 0, (shape[1], shape[0])).astype(int)
    if min(high - low) < 8:
        return None
    return int(low[0]), int(low[1]), int(high[0]), int(high[1])


def _centre(zone: Zone) -> NDArray[np.float64]:
    return np.array([(zone[0] + zone[2]) / 2, (zone[1] + zone[3]) / 2])


def _choose(
    found: Sequence[CodeReading], near: NDArray[np.float64] | None, how: str
) -> CodeReading | None:
    """The code nearest to where it should be, else the first; the others by name."""
    if not found:
        return None

    def distance(code: CodeReading) -> float:
        return 0.0 if near is None else float(np.linalg.norm(code.quad.mean(axis=0) - near))

    best = min(found, key=distance)
    others = sorted({code.text for code in found} - {best.text})
    return replace(best, found=how, others=tuple(others))
