"""Marks taken off the paper: what a rubber, a blade or an eradicator leaves in a box."""

from __future__ import annotations

from detectors.finding import Family, Message
from detectors.registry import CheckInfo, Level
from scans.checks._erased_boxes import Evidence, signs_of_odds
from scans.checks._page_check import NotAssessable, PageCheck, Signs
from scans.types import ScanClass
from scans.view import PageView

# What takes a mark off takes paper and toner along. Dirt, a stamp, a fold or print of the back
# leave lines and tone as a rubber does, but the surface and the outline as they were: a share of
# the odds of those keeps honest pages farther from erasures.
_SURFACE = 0.3
# Summed log odds that one honest page in thirty reaches.
_ZERO = -3.0
_GROW_MM = 1.0


def measure(view: PageView) -> Signs | NotAssessable:
    """Score of the box that looks most as if a mark had been taken off."""
    odds = view.traces.taken_off + _SURFACE * view.traces.covered
    return signs_of_odds(view, odds, _ZERO, _GROW_MM, _say)


def _say(view: PageView, i: int) -> tuple[Message, Evidence]:
    reading = view.readings[i]
    left = float(view.traces.ink_left[i])
    message = Message(
        f"Dấu hiệu tẩy ở ô {reading.item} = {reading.value}: trong ô còn vết mờ, nét hằn hoặc "
        "mặt giấy bị xước khác hẳn các ô trống khác của phiếu.",
        f"Signs of a mark taken off in box {reading.item} = {reading.value}: a faint trace, a "
        "shift of tone or raised fibres that the sheet's other empty boxes do not show.",
    )
    return message, (("ink_left", round(left, 3)),)


CHECK = PageCheck(
    CheckInfo(
        id="erasure.residue",
        level=Level.PAGE,
        family=Family.IMAGE,
        kind="erasure",
        title=Message("Vết tẩy hoặc cạo còn lại trong ô", "Residue of a mark taken off"),
        sees=(
            "Rubbing lifts most of a mark, not all: graphite stays in the valleys between the "
            "fibres and is smeared around; a blade raises fibres, an eradicator leaves a tint. "
            "Faint lines (second derivatives along four directions, weighted by where this "
            "respondent's own marks run), tone, tint and unevenness of the bare paper in, "
            "around and beside each box are put beside the page's other boxes in robust spreads "
            "and summed by a small tree model that never sees the printed outline, with a third "
            "of what another says about surface and outline; a circle around another box is left "
            "out. Boxes that hold a mark as dark as the respondent's others within their spread, "
            "as several of them, or as those of its other pen (by darkness, or by hue), or one "
            "that was taken back as the form asks, are not judged, nor boxes through which a fold "
            "or a streak runs on to the next, nor coarse scans and copies."
        ),
        null_model=(
            "The likeliest box of honest pages of the same scan class; conformal p-value with a "
            "continued tail."
        ),
        source=(
            "No published system detects physical erasure on scanned forms; traces and model are "
            "our own (tests/accuracy/erasure_model.py), measured in docs/accuracy.md."
        ),
        innocent=(
            Message(
                "Người trả lời tự tẩy để sửa câu trả lời của mình.",
                "The respondent rubbed out and changed their own answer.",
            ),
            Message(
                "Vết bẩn, nếp gấp, vết ố hoặc mực in mặt sau hằn qua giấy.",
                "A smudge, a fold, a stain, or print showing through from the back.",
            ),
            Message(
                "Bút hết mực hoặc người trả lời bắt đầu đánh dấu rồi thôi.",
                "A pen running dry, or a mark that was begun and given up.",
            ),
        ),
        # Not photos: there, ink of the back or of a stamp looked like residue on 3 of 32 pages.
        valid_for=frozenset(
            {ScanClass.CONTINUOUS, ScanClass.CLIPPED_COLOUR, ScanClass.CLIPPED_GREY}
        ),
        version="7",
        min_scale=0.5,
    ),
    measure,
)
