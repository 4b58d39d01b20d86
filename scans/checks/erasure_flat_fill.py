"""Digital white-out: paper filled with one colour, however small the place."""

from __future__ import annotations

import numpy as np

from detectors.finding import Family, Message
from detectors.registry import CheckInfo, Level
from scans.checks._page_check import NotAssessable, PageCheck, Sign, Signs
from scans.measure.flat_squares import flat_squares
from scans.types import ScanClass
from scans.view import PageView

_FEWEST = 8
# Whoever alters a page alters few of its boxes.
_USUAL_SHARE = 0.8
# One block of a JPEG is often of one level: no page is believed to show less.
_BLOCK = 8.0
# On tinted paper one colour may be burnt out and take its share of the grain along.
_BURNT_OUT = 250.0
# Where most boxes show two blocks, the scan has no grain, or its software smoothed it away.
_SMOOTHED = 16.0
# Honest squares pass a block by a few pixels; a fill is known by two whole blocks, 8 px more.
# Below this many blocks nothing is said: set by looking at an independent maker's pages.
_LEAST = 1.75
_SCALE = 6.0
_MOST_PLACES = 6

_NO_GRAIN = "the paper is burnt out or smoothed and shows no grain"


def measure(view: PageView) -> Signs | NotAssessable:
    """Score of the box with the largest square of one level, beside the page's other boxes."""
    if _brightest(view) > _BURNT_OUT:
        return NotAssessable(_NO_GRAIN)
    sides = flat_squares(*view.upright, view.patches, view.ink)
    seen = sides[sides >= 0]
    if len(seen) < _FEWEST:
        return NotAssessable("too little bare paper around the answer boxes")
    usual = float(np.quantile(seen, _USUAL_SHARE))
    if usual >= _SMOOTHED:
        return NotAssessable(_NO_GRAIN)
    least = _LEAST * max(usual, _BLOCK)
    places = []
    for i in np.argsort(-sides, kind="stable")[:_MOST_PLACES].tolist():
        score = _SCALE * float(np.log2(max(1, sides[i]) / least))
        if score <= 0.0:
            break
        places.append(_sign(view, i, score, int(sides[i])))
    return Signs(places[0].score if places else 0.0, tuple(places))


def _brightest(view: PageView) -> float:
    """Level of the paper around the boxes in the colour that is the nearest to its end."""
    every = [group.colour[:, ::5, ::5] for group in view.patches]
    levels = [part.reshape(-1, 3 if part.ndim == 4 else 1) for part in every]
    return float(np.median(np.concatenate(levels), axis=0).max())


def _sign(view: PageView, i: int, score: float, side: int) -> Sign:
    reading = view.readings[i]
    across = side / view.registration.px_per_mm
    x, y, w, h = view.template.page.boxes[i].box_mm
    return Sign(
        score=score,
        message=Message(
            f"Dấu hiệu tẩy trắng số ở ô {reading.item} = {reading.value}: một vùng nền giấy rộng "
            f"{across:.1f} mm chỉ có đúng một mức xám, không có hạt giấy như các ô khác của phiếu.",
            f"Signs of digital white-out at box {reading.item} = {reading.value}: {across:.1f} mm "
            "of paper are of one single level, without the grain of the sheet's other boxes.",
        ),
        item=reading.item,
        box_mm=(x - 0.5, y - 0.5, w + 1.0, h + 1.0),
        evidence=(("value", str(reading.value)), ("flat_mm", round(across, 2))),
    )


CHECK = PageCheck(
    CheckInfo(
        id="erasure.flat_fill",
        level=Level.PAGE,
        family=Family.IMAGE,
        kind="erasure",
        title=Message("Nền giấy chỉ có một mức xám", "Paper of one single level"),
        sees=(
            "A brush or rectangle of one colour stays of one level over several blocks of a JPEG; "
            "paper that a sensor saw does not, as noise differs from block to block. The largest "
            "square of one level at each box is put beside those of the page's other boxes. A "
            "fill of two blocks each way is enough (2 mm at 200 dpi). Burnt-out paper is of one "
            "level by itself; what is at the end of the scale is not looked at. Inpainting, which "
            "leaves slopes, and cloned paper are not seen here."
        ),
        null_model=(
            "The largest square on honest pages of the same scan class, each page beside its own "
            "boxes; conformal p-value with a continued tail."
        ),
        source=(
            "Local noise level as a trace of forgery (Mahdian & Saic 2009), at its limit of none; "
            "measured in docs/accuracy.md."
        ),
        innocent=(
            Message(
                "Phần mềm quét tự lấp vết bẩn, lỗ đục hoặc che công khai một phần trang.",
                "Scan software that filled dirt or punch holes, or covered a part openly.",
            ),
            Message(
                "Ảnh nén rất mạnh làm mất hạt giấy ở vài chỗ.",
                "Strong compression that wiped grain here and there.",
            ),
        ),
        # Where paper is clipped it is of one level by itself; telephones smooth noise away, and
        # honest boxes look all but filled.
        valid_for=frozenset({ScanClass.CONTINUOUS.value}),
        # A square of two blocks lies 1.2 above 0.
        min_scale=0.25,
    ),
    measure,
)
