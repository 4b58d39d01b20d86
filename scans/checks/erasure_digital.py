"""Digital white-out: bare paper without the grain that the rest of the page has."""

from __future__ import annotations

import numpy as np

from detectors.finding import Family, Message
from detectors.registry import CheckInfo, Level
from scans.checks._page_check import SHADED, NotAssessable, PageCheck, Sign, Signs
from scans.measure.paper_grain import paper_grain
from scans.view import PageView

# Paper whose variance is below this (in squared grey levels) shows no grain to miss.
_LEAST_GRAIN = 0.5


def measure(view: PageView) -> Signs | NotAssessable:
    """Score of the smoothest window, in spreads of the page's smooth windows."""
    grain = paper_grain(*view.upright, view.patches)
    if grain is None:
        return NotAssessable("too little bare paper around the answer boxes")
    if grain.middle < np.log(_LEAST_GRAIN):
        return NotAssessable("the paper is burnt out or smoothed and shows no grain")
    places = []
    for window in grain.windows[:6]:
        if window.score <= 0:
            break
        reading = view.readings[window.position]
        share = 100.0 * float(np.exp(0.5 * (window.roughness - grain.middle)))
        places.append(
            Sign(
                score=window.score,
                message=Message(
                    f"Dấu hiệu tẩy trắng số ở ô {reading.item} = {reading.value}: nền giấy phẳng "
                    f"bất thường, chỉ còn {share:.0f} % độ nhám của giấy trên trang.",
                    f"Signs of digital white-out at box {reading.item} = {reading.value}: the "
                    f"paper is unusually smooth, {share:.0f} % of the page's own grain.",
                ),
                item=reading.item,
                box_mm=window.box_mm,
                evidence=(
                    ("value", str(reading.value)),
                    ("grain_left", round(share / 100.0, 3)),
                ),
            )
        )
    return Signs(places[0].score if places else 0.0, tuple(places))


CHECK = PageCheck(
    CheckInfo(
        id="erasure.digital",
        level=Level.PAGE,
        family=Family.IMAGE,
        kind="erasure",
        title=Message("Tẩy trắng số, nền giấy không có hạt", "Digital white-out, paper sans grain"),
        sees=(
            "Paper fibre and sensor noise roughen every spot of a scan that is not burnt out. A "
            "brush or a rectangle of one colour has no roughness at all, an inpainted or "
            "resampled patch has less. Paper cloned from the same page keeps it and is not seen "
            "here."
        ),
        null_model=(
            "The smoothest window at the boxes of honest pages of the same scan class, in spreads "
            "of the page's own smooth fifth; conformal p-value with a continued tail."
        ),
        source=(
            "Local noise level as a trace of forgery (Mahdian & Saic 2009); bare paper after "
            "subtraction of the blank; measured in docs/accuracy.md."
        ),
        innocent=(
            Message(
                "Phần mềm quét làm mịn nền, hoặc ảnh nén mạnh làm mất hạt giấy ở vài chỗ.",
                "Scan software that smooths the background, or compression that wiped grain here "
                "and there.",
            ),
            Message(
                "Người trả lời dán băng xóa hoặc nhãn bóng lên giấy.",
                "Correction tape or a glossy label put on the paper by the respondent.",
            ),
        ),
        valid_for=SHADED,
        min_scale=0.5,
        version="2",
    ),
    measure,
)
