"""Pictures of a page as eyes need them: looks, the difference to the blank, JPEG."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from scans.measure.blank_boxes import PRINT_SPREADS_MM

__all__ = ["LOOKS", "difference", "grain", "in_colour", "seen_as", "to_jpeg"]

LOOKS = ("scan", "contrast", "red", "green", "blue", "noise")
"""Ways to look at a whole page: as received, local contrast, one colour channel, and what is
left of the paper's and scanner's grain when everything smooth is taken away."""

_QUALITY = 82
_CHANNELS = {"red": 2, "green": 1, "blue": 0}
# Print may stand beside its place by this much after registration.
_SLACK_MM = PRINT_SPREADS_MM[1]


def to_jpeg(picture: NDArray[np.uint8]) -> bytes:
    """A picture as a JPEG."""
    done, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    if not done:
        raise RuntimeError("a picture could not be encoded as JPEG")
    return bytes(data)


def in_colour(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Three channels, whatever it has."""
    return image if image.ndim == 3 else np.asarray(cv2.cvtColor(image, cv2.COLOR_GRAY2BGR))


def seen_as(image: NDArray[np.uint8], look: str) -> NDArray[np.uint8]:
    """A page in one of the :data:`LOOKS`."""
    if look == "scan":
        return image
    if look in _CHANNELS:
        return np.ascontiguousarray(image[:, :, _CHANNELS[look]])
    local = cv2.createCLAHE(clipLimit=6.0, tileGridSize=(16, 16))
    grey = np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), np.uint8)
    return np.asarray(local.apply(grey), np.uint8)


def grain(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Size of the noise residual, grey minus its median of 3 x 3, made eight times as strong.

    Where a patch was painted over, pasted or saved twice, its grain is another than that of
    the paper beside it.
    """
    grey = np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), np.uint8)
    rest = cv2.absdiff(grey, np.asarray(cv2.medianBlur(grey, 3), np.uint8))
    return np.asarray(cv2.convertScaleAbs(rest, alpha=8.0), np.uint8)


def difference(
    scan: NDArray[np.uint8], blank: NDArray[np.uint8], px_per_mm: float
) -> NDArray[np.uint8]:
    """What the scan has more than the blank, in red, and less, in blue, on white.

    Args:
        scan: uint8 ``(h, w, 3)`` BGR, laid straight.
        blank: uint8 ``(h, w)``, paper at 255.
        px_per_mm: Resolution of both; print may be off its place by a third of a millimetre.

    Returns:
        uint8 ``(h, w, 3)`` BGR.
    """
    side = 2 * round(_SLACK_MM * px_per_mm) + 1
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    grey = np.asarray(cv2.cvtColor(scan, cv2.COLOR_BGR2GRAY), np.uint8)
    # Both against their own paper: the lighter half of the picture is bare.
    here, there = (
        np.clip(int(np.median(p)) - p.astype(np.int16), 0, 255).astype(np.uint8)
        for p in (grey, blank)
    )
    more = cv2.subtract(here, np.asarray(cv2.dilate(there, disc), np.uint8))
    less = cv2.subtract(there, np.asarray(cv2.dilate(here, disc), np.uint8))
    # Faint residue is what a person has to see: it is shown twice as strong.
    more, less = cv2.add(more, more), cv2.add(less, less)
    red, blue = 255 - np.asarray(less, np.uint8), 255 - np.asarray(more, np.uint8)
    return np.dstack([blue, np.minimum(red, blue), red])
