"""The quality gate: can this page be judged at all? Each refusal with its reason.

Figures are taken on the reduced view (2.4 to 4.8 px/mm), in units that do not depend on
resolution. Crop, skew and wrong form are judged by registration.

Sharpness is the ratio of fine (below 0.25 mm) to coarse (below 0.8 mm) detail near the
ink, after Crete et al. 2007 (a picture that loses little by blurring was blurred
already). Limits come from degrading one page each of formscanner and amc and both hotel
photos (SURVEY_AUDIT_DATA), registering and reading them, and counting the boxes that
were misread (not those called ambiguous); 245 boxes:

=======================  ===============  =============================================
degraded to              figure           boxes misread; codes read
=======================  ===============  =============================================
as received              0.57 to 0.73     0; all
blur, sigma 0.2 mm       0.44 to 0.46     4, all on one photo; all
blur, sigma 0.3 mm       0.33 to 0.35     49; all but one
blur, sigma 0.4 mm       0.25 to 0.28     39, one page refused; one of three
contrast 0.3 of it       0.16 to 0.26     0; all
contrast 0.2 of it       0.12 to 0.19     9, at 0.12 and 0.14; all
contrast 0.15 of it      0.09 to 0.14     104, at 0.09 and 0.11; all
100 dpi                                   0; all
75 dpi                                    2, and 20 ambiguous; all
=======================  ===============  =============================================

The least sharp honest page of all real data has 0.51, the palest print 0.40 and the
emptiest page 0.011 of ink, a last page with three rows of a thin table 0.0008; a back side
with nothing but show-through, grain or one
printed line has at most 0.0001 (a heavy show-through counts as low contrast).
"""

from __future__ import annotations

from collections.abc import Mapping

import cv2
import numpy as np
from numpy.typing import NDArray

from scans.halvings import halved
from scans.source.look import Look, histogram, look_at
from scans.types import RawPage

__all__ = ["assess", "refuse"]

_STROKE_MM = 3.0  # wider dark shapes are shading, borders or the table, not ink
_FINE_MM, _COARSE_MM = 0.25, 0.8
# What may be ink is this much darker than the paper beside it, and stands out of the
# paper's own grain by this factor; the deepest tenth of it is taken for the print.
_FAINT, _GRAIN, _DEEP = 0.04, 4, 0.1

_WIDE_BLUR = 1.8  # px; half of the picture shows what is wider

_BLURRED = 0.40
_LOW_CONTRAST = 0.15
_BLANK = 0.0005
_FEWEST_DPI = 90.0


def assess(raw: RawPage, look: Look | None = None) -> Mapping[str, float]:
    """Figures of the gate.

    Args:
        raw: The page; its ``quality`` is not looked at.
        look: Reduced views of it, if they are there already.

    Returns:
        ``sharpness`` 0 to about 0.8; ``contrast`` of print to the paper beside it, 0 to
        1; ``ink`` share of the page, 0 to 1; ``brightness`` of the paper, 0 to 1;
        ``dark_border`` share of the page that is dark and touches its edge, 0 to 1;
        ``dpi`` stored or, with ``dpi_judged`` 1, judged as if the picture were a sheet
        of A4; ``width_px`` and ``height_px``.
    """
    look = look or look_at(raw.image, raw.origin)
    depth = _depth(look)
    shares = histogram(depth[::2])
    above = np.cumsum(shares[::-1])[::-1]
    grain = int(np.searchsorted(-above, -0.5))
    faintest = min(max(round(_FAINT * 255), _GRAIN * grain), 254)
    contrast = min(int(np.searchsorted(-above, -_DEEP * above[faintest])), 255)
    height, width = raw.image.shape[:2]
    return {
        "sharpness": _sharpness(depth, look.view_px_per_mm, faintest, contrast),
        "contrast": contrast / 255.0,
        "ink": float(above[faintest]),
        "brightness": float(np.searchsorted(np.cumsum(look.levels), 0.9)) / 255.0,
        "dark_border": _dark_border(look.view),
        "dpi": look.px_per_mm * 25.4,
        "dpi_judged": float(look.judged),
        "width_px": float(width),
        "height_px": float(height),
    }


def refuse(raw: RawPage, quality: Mapping[str, float]) -> str | None:
    """Why the page cannot be judged: a stable code, a colon, a sentence; else ``None``."""
    del raw  # the reasons known so far are in the figures
    if quality["ink"] < _BLANK:
        return (
            f"blank_page: practically no print ({quality['ink']:.2%} of the page is ink, "
            f"at least {_BLANK:.1%} is needed)"
        )
    if quality["dpi"] < _FEWEST_DPI:
        return (
            f"too_small: about {quality['dpi']:.0f} dpi, "
            f"at least {_FEWEST_DPI:.0f} dpi are needed; scan again at 200 dpi or more"
        )
    if quality["contrast"] < _LOW_CONTRAST:
        return (
            f"low_contrast: print is only {quality['contrast']:.1%} darker than the paper, "
            f"at least {_LOW_CONTRAST:.0%} are needed; scan darker"
        )
    if quality["sharpness"] < _BLURRED:
        return (
            f"blurred: sharpness {quality['sharpness']:.2f}, "
            f"at least {_BLURRED:.2f} is needed; scan or photograph it again"
        )
    return None


def _depth(look: Look) -> NDArray[np.uint8]:
    """How much darker than the paper beside it each pixel is; 255 for black on white."""
    size = round(_STROKE_MM * look.view_px_per_mm) | 1
    paper = cv2.morphologyEx(look.view, cv2.MORPH_CLOSE, np.ones((size, size), np.uint8))
    return np.asarray(
        cv2.divide(cv2.subtract(paper, look.view), paper, scale=255.0), dtype=np.uint8
    )


def _sharpness(depth: NDArray[np.uint8], px_per_mm: float, faintest: int, contrast: int) -> float:
    limit = max(faintest, 0.4 * contrast)
    # An odd row or column is left out, so that half of it is exact.
    depth = np.ascontiguousarray(depth[: depth.shape[0] // 2 * 2, : depth.shape[1] // 2 * 2])
    ink = cv2.threshold(depth, limit, 255, cv2.THRESH_BINARY)[1]
    near = np.asarray(cv2.dilate(ink, np.ones((3, 3), np.uint8)), dtype=np.uint8)
    share = 1.0 / max(1, cv2.countNonZero(near))
    detail = []
    for mm in (_FINE_MM, _COARSE_MM):
        lost = cv2.absdiff(depth, _blurred(depth, mm * px_per_mm))
        # A mean under a mask takes four times as long.
        detail.append(share * cv2.sumElems(cv2.bitwise_and(lost, near))[0])
    return float(detail[0] / detail[1]) if detail[1] > 0 else 0.0


def _blurred(depth: NDArray[np.uint8], sigma: float) -> NDArray[np.uint8]:
    """A blur of ``sigma`` px: of half the picture where that shows the same."""
    if sigma < _WIDE_BLUR or min(depth.shape) < 4:
        return np.asarray(cv2.GaussianBlur(depth, (0, 0), sigma), np.uint8)
    # Halving and stretching blur as well: by a variance of 1/4 and of 3/4.
    rest = np.sqrt(sigma**2 - 1.0) / 2
    half = cv2.GaussianBlur(halved(depth), (0, 0), rest)
    size = (depth.shape[1], depth.shape[0])
    return np.asarray(cv2.resize(half, size, interpolation=cv2.INTER_LINEAR), np.uint8)


def _dark_border(view: NDArray[np.uint8]) -> float:
    """Share of the page that is dark and connected with its edge."""
    size = (max(8, view.shape[1] // 8), max(8, view.shape[0] // 8))
    if min(view.shape) >= 64:
        # A whole factor costs a tenth of any other.
        view = view[: 8 * size[1], : 8 * size[0]]
    small = np.asarray(cv2.resize(view, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    paper = float(np.searchsorted(np.cumsum(histogram(small)), 0.9))
    dark = np.asarray(small < 0.5 * paper, dtype=np.uint8)
    _, labels = cv2.connectedComponents(dark, connectivity=4)
    edge = np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]])
    touching = np.unique(edge[edge > 0])
    return float(np.isin(labels, touching).mean()) if touching.size else 0.0
