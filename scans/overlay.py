"""A page as it was received with the places of its signs drawn on it, for looking at.

The page is laid straight; every sign gets a numbered frame, and below the page stand the
pictures of its places (scan, blank form, difference) under the same numbers. Written
fields are covered: who filled the form is nobody's business here.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from detectors.errors import AccessError, AuditError
from detectors.finding import Finding, Severity
from detectors.instrument import Instrument
from scans.crops import panels
from scans.laid import lay_page
from scans.looks import to_jpeg
from scans.rectify import Rectifier
from scans.types import PageResult, Status

__all__ = ["overlay_name", "overlay_of", "write_overlay"]

_PX_PER_MM = 5.0
_COVER = (205, 205, 205)
# Colour-blind safe, told apart in grey by their darkness, and numbered anyway. BGR.
_COLOURS = {
    Severity.YELLOW: (0, 159, 230),
    Severity.ORANGE: (0, 94, 213),
    Severity.RED: (40, 20, 170),
}
_MOST_PLACES = 12
_FONT = cv2.FONT_HERSHEY_SIMPLEX

Picture = NDArray[np.uint8]


def overlay_of(result: PageResult, instrument: Instrument) -> bytes | None:
    """JPEG of a judged page with its signs; ``None`` where the page cannot be laid over the form.

    Raises:
        InputError: If the file cannot be read again.
    """
    if result.status is not Status.READ:
        return None
    page = lay_page(result.origin.path, result.origin.page, instrument)
    if page is None or page.registration is None or page.template is None:
        return None
    width, height = page.template.page.size_mm
    cut = Rectifier.of(page.raw.image, page.registration, _PX_PER_MM).region(
        (0.0, 0.0, width, height), _PX_PER_MM
    )
    sheet = cut if cut.ndim == 3 else np.asarray(cv2.cvtColor(cut, cv2.COLOR_GRAY2BGR), np.uint8)
    for field in page.template.page.fields:
        _rectangle(sheet, field.box_mm, _COVER, cv2.FILLED)
    placed = [f for f in result.findings if f.box_mm is not None][:_MOST_PLACES]
    for number, finding in enumerate(placed, start=1):
        assert finding.box_mm is not None
        x, y, w, h = finding.box_mm
        colour = _COLOURS.get(finding.severity, (0, 0, 0))
        _rectangle(sheet, (x - 0.6, y - 0.6, w + 1.2, h + 1.2), colour, 2)
        # Numbers of places that overlap stand side by side.
        at = (round((x - 0.6 + 4.0 * _before(placed, number)) * _PX_PER_MM), _above(y))
        # A white line below the figures keeps them legible on print and ink.
        cv2.putText(sheet, str(number), at, _FONT, 0.6, (255, 255, 255), 4, cv2.LINE_AA)
        cv2.putText(sheet, str(number), at, _FONT, 0.6, colour, 2, cv2.LINE_AA)
    crops = [panels(page, f.box_mm) for f in placed if f.box_mm is not None]
    captions = [_caption(number, finding) for number, finding in enumerate(placed, start=1)]
    return to_jpeg(_stacked(sheet, captions, crops))


def overlay_name(result: PageResult) -> str:
    """File name of a page's overlay: told apart where two folders hold files of one name."""
    stem = Path(result.origin.path).stem or "page"
    safe = "".join(c if c.isalnum() or c in "-_." else "_" for c in stem)[:80]
    return f"{safe}-p{result.origin.page}-{result.origin.sha256[:8]}.jpg"


def write_overlay(result: PageResult, instrument: Instrument, folder: Path) -> Path | None:
    """Write the overlay of a page with signs into ``folder``, made if need be.

    Returns:
        The file; ``None`` where there is nothing to draw.

    Raises:
        AccessError: If the folder cannot be written to.
    """
    if not result.findings:
        return None
    try:
        data = overlay_of(result, instrument)
    except AccessError:
        raise
    except AuditError:
        # The file went away or changed since it was checked; the finding stands as it is.
        return None
    if data is None:
        return None
    place = folder / overlay_name(result)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)
    except OSError as error:
        raise AccessError(
            f"the overlay cannot be written ({error.strerror})",
            where=str(place),
            remedy="name a folder that you may write to",
        ) from error
    return place


def _rectangle(
    sheet: Picture, box: tuple[float, float, float, float], colour: tuple[int, int, int], width: int
) -> None:
    x, y, w, h = (v * _PX_PER_MM for v in box)
    cv2.rectangle(sheet, (round(x), round(y)), (round(x + w), round(y + h)), colour, width)


def _above(y_mm: float) -> int:
    return max(16, round((y_mm - 1.2) * _PX_PER_MM))


def _before(placed: list[Finding], number: int) -> int:
    """How many earlier places have a top-left corner within the number's own size."""
    box = placed[number - 1].box_mm
    assert box is not None
    corners = [f.box_mm for f in placed[: number - 1] if f.box_mm is not None]
    return sum(abs(c[0] - box[0]) < 6.0 and abs(c[1] - box[1]) < 4.0 for c in corners)


def _caption(number: int, finding: Finding) -> str:
    # Hershey letters are ASCII only: the id and the figure say it in either language.
    p = "rule" if finding.p_value is None else f"p = {finding.p_value:.2g}"
    return f"{number}  {finding.detector}  {p}"


def _stacked(sheet: Picture, captions: list[str], crops: list[Picture]) -> Picture:
    """The page, and below it each place under its number."""
    parts = [sheet]
    width = sheet.shape[1]
    for caption, crop in zip(captions, crops, strict=True):
        scale = min(1.0, (width - 20) / crop.shape[1])
        if scale < 1.0:
            size = (round(crop.shape[1] * scale), round(crop.shape[0] * scale))
            crop = np.asarray(cv2.resize(crop, size, interpolation=cv2.INTER_AREA), np.uint8)
        row = np.full((crop.shape[0] + 36, width, 3), 255, np.uint8)
        row[30 : 30 + crop.shape[0], 10 : 10 + crop.shape[1]] = crop
        cv2.putText(row, caption, (10, 22), _FONT, 0.55, (0, 0, 0), 1, cv2.LINE_AA)
        parts.append(row)
    return np.concatenate(parts)
