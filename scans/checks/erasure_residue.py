"""Rubbed-out marks: the grey that a rubber leaves in a box that reads as empty."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from detectors.finding import Family, Message
from detectors.registry import CheckInfo, Level
from scans.checks._page_check import NotAssessable, PageCheck, Sign, Signs
from scans.measure.boxes import PX_PER_MM, BoxPatches
from scans.types import ScanClass
from scans.view import PageView

# Spread of honest empty boxes never falls below this darkness, whatever a clean page says:
# JPEG and paper differ by that much from box to box.
_FLOOR = 0.012
# A page of fewer empty boxes has no habit of its own to compare with.
_FEWEST = 6


def measure(view: PageView) -> Signs | NotAssessable:
    """Score of the greyest empty box, in robust spreads of the page's other empty boxes."""
    level: dict[int, float] = {}
    place: dict[int, tuple[float, float, float, float]] = {}
    for group in view.patches:
        values = _residue(group)
        for i, box, value in zip(group.index.tolist(), group.boxes, values, strict=True):
            if i not in view.marked and not view.readings[i].features["foreign"]:
                level[i], place[i] = float(value), box.box_mm
    if len(level) < _FEWEST:
        return NotAssessable("too few empty boxes on the page to know its paper by")
    values = np.array(list(level.values()))
    middle = float(np.median(values))
    spread = max(_FLOOR, 1.4826 * float(np.median(np.abs(values - middle))))
    ranked = sorted(level, key=lambda i: -level[i])[:3]
    places = []
    for i in ranked:
        score = (level[i] - middle) / spread
        reading = view.readings[i]
        percent = 100.0 * max(0.0, level[i] - middle)
        places.append(
            Sign(
                score=score,
                message=Message(
                    f"Dấu hiệu tẩy ở ô {reading.item} = {reading.value}: ô trống nhưng còn vết mờ "
                    f"đậm {percent:.0f} % so với mực in, hơn hẳn các ô trống khác của phiếu.",
                    f"Signs of a rubbed-out mark in box {reading.item} = {reading.value}: it is "
                    f"empty, yet a faint trace of {percent:.0f} % of the print's darkness is left, "
                    "well above the sheet's other empty boxes.",
                ),
                item=reading.item,
                box_mm=place[i],
                evidence=(("value", str(reading.value)), ("residue", round(level[i], 4))),
            )
        )
    return Signs(max(0.0, places[0].score), tuple(places))


def _residue(group: BoxPatches) -> NDArray[np.float64]:
    """Darkness of the greyest fifth of each box's bare inside, against its own rim of paper."""
    inside = (group.distance < -0.2)[None] & (group.allowed < 0.25)
    rim = (group.distance > 0.7)[None] & (group.allowed < 0.25) & group.own
    smooth = _smoothed(group.dark - group.print_)
    result = np.zeros(len(group.boxes))
    for i, picture in enumerate(smooth):
        inner, outer = picture[inside[i]], picture[rim[i]]
        if inner.size < 20 or outer.size < 20:
            continue
        fifth = max(1, inner.size // 5)
        top = np.partition(inner, -fifth)[-fifth:]
        result[i] = float(top.mean() - np.median(outer[::3]))
    return result


def _smoothed(stack: NDArray[np.float32]) -> NDArray[np.float32]:
    """Every patch blurred as a pen line is wide, in one call; a gap keeps them apart."""
    count, height, width = stack.shape
    gap = 4
    tall = np.zeros((count, height + gap, width), np.float32)
    tall[:, :height] = stack
    blurred = cv2.GaussianBlur(tall.reshape(-1, width), (0, 0), 0.15 * PX_PER_MM)
    return np.asarray(blurred, np.float32).reshape(count, height + gap, width)[:, :height]


CHECK = PageCheck(
    CheckInfo(
        id="erasure.residue",
        level=Level.PAGE,
        family=Family.IMAGE,
        kind="erasure",
        title=Message("Vết tẩy còn lại trong ô trống", "Residue of a rubbed-out mark"),
        sees=(
            "Rubbing lifts most of a mark, not all: graphite stays in the valleys between the "
            "fibres and is smeared around. An empty box is compared with its own rim of paper and "
            "with the page's other empty boxes."
        ),
        null_model=(
            "The greyest empty box of honest pages of the same scan class; conformal p-value with "
            "a continued tail."
        ),
        source=(
            "No published system detects physical erasure on scanned forms; the residue model is "
            "our own, measured in docs/accuracy.md."
        ),
        innocent=(
            Message(
                "Người trả lời tự tẩy để sửa câu trả lời của mình.",
                "The respondent rubbed out and changed their own answer.",
            ),
            Message(
                "Vết bẩn, nếp gấp hoặc mực in mặt sau hằn qua giấy.",
                "A smudge, a fold, or print showing through from the back.",
            ),
        ),
        valid_for=frozenset(
            {ScanClass.CONTINUOUS, ScanClass.CLIPPED_COLOUR, ScanClass.CLIPPED_GREY}
        ),
        min_scale=1.0,
    ),
    measure,
)
