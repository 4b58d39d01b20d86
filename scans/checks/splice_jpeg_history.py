"""Digital splice, copy or drawing: a place without the page's earlier JPEG compression."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from detectors.finding import Family, Message
from detectors.registry import CheckInfo, Level
from scans.checks._page_check import SHADED, NotAssessable, PageCheck, Sign, Signs
from scans.measure.jpeg_history import JpegHistory, has_blocks, jpeg_history
from scans.types import Registration
from scans.view import PageView

# Honest pages that were merely saved again reach this in the worst of a thousand windows, and in
# the worst of their boxes.
_NOTHING, _NO_BOX = 4.5, 3.5
_MOST_BOXES = 3
_NO_SEALS = "the page has no colour: its seal and the signature below it could not be judged"


def measure(view: PageView) -> Signs | NotAssessable:
    """Score of the place that differs most; 0 on pages that were compressed once."""
    if not has_blocks(view.raw):
        return NotAssessable("the pixels are not the scanner's own or its blocks are unknown")
    history = jpeg_history(view.raw, view.registration, view.template, view.marked)
    if history is None:
        if view.raw.origin.encoding == "lossless":
            return NotAssessable("the page was never compressed as JPEG")
        return Signs(0.0)
    if history.places is None:
        return NotAssessable(
            "a program changed the whole page since its first compression: no place stands out"
        )
    places = [
        _sign(
            view,
            place.score - _NOTHING,
            _to_mm(view.registration, place.box_px),
            place.share,
            history.quality,
        )
        for place in history.places
        if place.score > _NOTHING
    ]
    places += _boxes(view, history)
    places.sort(key=lambda sign: -sign.score)
    limit = None if history.seals else _NO_SEALS
    return Signs(places[0].score if places else 0.0, tuple(places), limit)


def _boxes(view: PageView, history: JpegHistory) -> list[Sign]:
    """Answer boxes that lack it, worst first."""
    if history.boxes is None:
        return []
    score, share = history.boxes.score, history.boxes.share
    worst = np.argsort(-score, kind="stable")[:_MOST_BOXES]
    return [
        _sign(
            view,
            float(score[i]) - _NO_BOX,
            view.template.page.boxes[i].box_mm,
            float(share[i]),
            history.quality,
        )
        for i in worst[score[worst] > _NO_BOX].tolist()
    ]


def _sign(
    view: PageView,
    score: float,
    box_mm: tuple[float, float, float, float],
    lacking: float,
    quality: int,
) -> Sign:
    share = min(100.0, 100.0 * lacking)
    return Sign(
        score=score,
        message=Message(
            f"Dấu hiệu chỉnh sửa tệp: trang đã được nén JPEG hai lần, nhưng vùng quanh "
            f"({box_mm[0]:.0f}; {box_mm[1]:.0f}) mm thiếu {share:.0f} % dấu vết của lần "
            "nén đầu, như thể được vẽ hoặc dán vào sau khi quét.",
            f"Signs of an edit in the file: the page was compressed as JPEG twice, but "
            f"around ({box_mm[0]:.0f}, {box_mm[1]:.0f}) mm {share:.0f} % of the first "
            "compression's trace is not there, as if it had been drawn or laid in after "
            "scanning.",
        ),
        item=_item_at(view, box_mm),
        box_mm=box_mm,
        evidence=(("lacking", round(lacking, 3)), ("earlier_quality", float(quality))),
    )


def _to_mm(
    registration: Registration, box_px: tuple[float, float, float, float]
) -> tuple[float, float, float, float]:
    """A rectangle of the scan as the one around it on the form."""
    x, y, w, h = box_px
    corners = np.array([[x, y, 1], [x + w, y, 1], [x, y + h, 1], [x + w, y + h, 1]], np.float64)
    mm = corners @ np.linalg.inv(registration.matrix).T
    points: NDArray[np.float64] = mm[:, :2] / mm[:, 2:3]
    if registration.field is not None:
        points = points - registration.field.at(points)
    low, size = points.min(axis=0), np.ptp(points, axis=0)
    return (float(low[0]), float(low[1]), float(size[0]), float(size[1]))


def _item_at(view: PageView, box_mm: tuple[float, float, float, float]) -> str | None:
    """The item whose box lies under the middle of a place, within 2 mm."""
    x, y = box_mm[0] + box_mm[2] / 2, box_mm[1] + box_mm[3] / 2
    for box in view.template.page.boxes:
        left, top, width, height = box.box_mm
        if left - 2 <= x <= left + width + 2 and top - 2 <= y <= top + height + 2:
            return box.item
    return None


CHECK = PageCheck(
    CheckInfo(
        id="splice.jpeg_history",
        level=Level.PAGE,
        family=Family.IMAGE,
        kind="cut_paste",
        title=Message("Ghép số, dấu vết nén JPEG", "Digital splice, traces of JPEG"),
        sees=(
            "A scan that is opened, changed and saved again was compressed twice. Untouched "
            "blocks of 8 x 8 pixels keep the multiples of the first compression's steps; ink "
            "drawn in, a box copied from elsewhere or a part of another picture do not. Looked for "
            "in windows, and in each answer box as a whole by how common every size of a "
            "coefficient is after two compressions. Needs a first compression coarser than the "
            "second; a page compressed once scores 0."
        ),
        null_model=(
            "Windows and boxes of honest pages, merely saved again or not, in spreads of the "
            "page's own windows and boxes, windows at marked boxes and at ink beside the other "
            "marked boxes; conformal p-value with a continued tail. Pages whose tones or colours "
            "were changed all over since the first compression are not judged, nor is print "
            "beside the boxes, a change as small as a speck, or a seal on a page without colour."
        ),
        source=(
            "Lukas & Fridrich (2003), Lin et al. (2009) on double quantisation; the comparison "
            "with the same pixels cut off the grid, and clipped paper restored by projection, "
            "are this project's."
        ),
        innocent=(
            Message(
                "Máy quét hoặc phần mềm quét tự in thêm tem, số hoặc làm sạch một phần trang.",
                "The scanner or its software stamped, numbered or cleaned a part of the page.",
            ),
            Message(
                "Người quét che hoặc chú thích trong tệp một cách công khai.",
                "Someone covered or annotated a part of the file openly.",
            ),
        ),
        valid_for=SHADED,
        min_scale=0.3,
        version="6",
    ),
    measure,
)
