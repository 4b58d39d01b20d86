"""Marks covered by fluid or tape: a spot that is not paper, and an outline that pales."""

from __future__ import annotations

from detectors.finding import Family, Message
from detectors.registry import CheckInfo, Level
from scans.checks._erased_boxes import Evidence, signs_of_odds
from scans.checks._page_check import NotAssessable, PageCheck, Signs
from scans.types import ScanClass
from scans.view import PageView

# Log odds that one honest page in thirty reaches.
_ZERO = -4.5
_GROW_MM = 1.5


def measure(view: PageView) -> Signs | NotAssessable:
    """Score of the box that looks most as if something covered it."""
    return signs_of_odds(view, view.traces.covered, _ZERO, _GROW_MM, _say)


def _say(view: PageView, i: int) -> tuple[Message, Evidence]:
    reading = view.readings[i]
    lost = float(view.traces.of("outline_lost")[i])
    message = Message(
        f"Dấu hiệu bôi bút xóa hoặc dán băng xóa ở ô {reading.item} = {reading.value}: độ sáng, "
        "màu hoặc bề mặt tại ô khác giấy xung quanh, khung in của ô nhạt hoặc đứt.",
        f"Signs of correction fluid or tape on box {reading.item} = {reading.value}: brightness, "
        "tint or surface differ from the paper around, its printed outline is pale or broken.",
    )
    return message, (("outline_lost", round(lost, 3)),)


CHECK = PageCheck(
    CheckInfo(
        id="erasure.covered",
        level=Level.PAGE,
        family=Family.IMAGE,
        kind="erasure",
        title=Message("Ô bị phủ bút xóa hoặc băng xóa", "Box under fluid or tape"),
        sees=(
            "Fluid and tape are not paper: brighter or of another white, smoother, with a rim "
            "or a shadow, and they hide the outline of the box in part, whatever is drawn on top "
            "later. Brightness, tint, smoothness, bright lines and the darkness of the outline "
            "of each box are put beside the page's other boxes in robust spreads and summed by a "
            "small tree model; in the wide cells of a table a bright blob that touches no print "
            "counts by its brightness, and what a whole row or column shows of its lines is the "
            "table's. Print missing elsewhere, and 1-bit scans, are for "
            "erasure.fluid."
        ),
        null_model=(
            "The likeliest box of honest pages of the same scan class; conformal p-value with a "
            "continued tail."
        ),
        source=(
            "Own traces and model (tests/accuracy/erasure_model.py), measured in docs/accuracy.md."
        ),
        innocent=(
            Message(
                "Người trả lời tự dùng bút xóa để sửa câu trả lời của mình.",
                "The respondent used correction fluid on their own answer.",
            ),
            Message(
                "Bản in mờ, nếp gấp hoặc nhãn dán che nét in.",
                "Faint printing, a fold, or a label over the print.",
            ),
        ),
        valid_for=frozenset(
            {
                ScanClass.CONTINUOUS,
                ScanClass.CLIPPED_COLOUR,
                ScanClass.CLIPPED_GREY,
                ScanClass.PHOTO,
            }
        ),
        version="6",
        min_scale=1.0,
    ),
    measure,
)
