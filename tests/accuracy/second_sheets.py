"""A second maker of forms, hands, frauds and scanners, sharing nothing with scans.simulate.

Cruder than the first, and other in every part: forms are drawn with Pillow, hands are noisy
polylines, paper is filtered noise, the scanner is an affine warp with a tone curve. What
checks find here they did not learn from their own simulator's habits. Nothing is tuned on
it; it measures.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2

from tests.accuracy.second_forms import FORMS, Place, write_form
from tests.accuracy.second_frauds import DIGITAL, FRAUDS, in_file, on_paper
from tests.accuracy.second_paper import Page
from tests.accuracy.second_scanners import DEVICES, reopened, scanned

__all__ = ["DEVICES", "FORMS", "FRAUDS", "Sheet", "make", "write_form"]


@dataclass(frozen=True, eq=False)
class Sheet:
    """A file and what was done to it.

    Attributes:
        data: Bytes of the file.
        suffix: Of its name.
        touched: Altered places in mm; empty on an honest sheet.
    """

    data: bytes
    suffix: str
    touched: tuple[Place, ...]


def make(
    name: str, device: str, seed: int, fraud: str | None = None, strength: str = "gross"
) -> Sheet:
    """One sheet, honest or with a fraud of a strength."""
    much = {"gross": 1.0, "moderate": 0.55, "subtle": 0.2}[strength]
    page, how = Page(name, seed), DEVICES[device]
    touched: list[Place] = []
    if fraud is not None and fraud not in DIGITAL:
        touched = on_paper(page, fraud, much)
    shot = scanned(page, how, seed)
    quality = how.quality
    if fraud in DIGITAL:
        assert fraud is not None
        donor = Page(name, seed + 500_000_009)
        # What an editor opens was compressed once already.
        shot = reopened(shot, how)
        other = reopened(scanned(donor, how, seed + 500_000_009), how)
        touched = in_file(shot, page, other, fraud, much)
        quality = {"gross": 95, "moderate": 88, "subtle": 82}[strength]
    if how.bitonal:
        return Sheet(bytes(cv2.imencode(".png", shot)[1]), ".png", tuple(touched))
    data = cv2.imencode(".jpg", shot, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return Sheet(bytes(data), ".jpg", tuple(touched))
