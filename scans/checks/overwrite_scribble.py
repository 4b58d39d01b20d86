"""A mark scribbled over, in a way the form does not allow, beside another mark."""

from __future__ import annotations

import numpy as np

from detectors.finding import Family, Message
from detectors.registry import CheckInfo, Level
from scans.checks._page_check import NotAssessable, PageCheck, Sign, Signs
from scans.measure.pens import inked_rows, sheet_pen
from scans.quantiles import median
from scans.types import BoxReading, MarkState, ScanClass
from scans.view import PageView

# Honest marks of one hand differ by at least this in the logarithm of their ink.
_FLOOR = 0.25
# Twice a usual mark's ink lies within what a hand does.
_WITHIN = 2.0
# Share of the box that lines laid over each other make solid.
_CORE, _BLACK_CORE = 0.3, 0.75
_MOST = 40.0


def measure(view: PageView) -> Signs | NotAssessable:
    """Score of the thickest box of twice-marked items: squared spreads of the marks, over 4."""
    rule = view.instrument.marks
    if rule.correction == "fill":
        return NotAssessable("the form itself asks to fill a box that is taken back")
    rows = inked_rows(view.readings, view.rows)
    pen = sheet_pen(view.readings, rows)
    if pen is None:
        return NotAssessable("too few marks on the page to know the hand by")
    singles = [members[0] for members in rows.values() if len(members) == 1]
    usual = np.array([_mass(view.readings[i]) for i in singles])
    middle = median(usual)
    usual_core = median(np.array([view.readings[i].features["solid"] for i in singles]))
    spread = max(_FLOOR, 1.4826 * median(np.abs(usual - middle)))
    # The hand's thickest single mark bounds what it does without anything to hide.
    bound = max(middle + np.log(_WITHIN), float(np.sort(usual)[-2]))
    # Two levels thicken every line: there a core is solid where lines only lie close.
    least = _CORE if view.raw.scan_class is not ScanClass.BITONAL else _BLACK_CORE
    places = []
    for members in rows.values():
        for i in members:
            reading = view.readings[i]
            drawn = [j for j in members if j != i and view.readings[j].state in _ANSWERS]
            if not drawn or reading.state is MarkState.CANCELLED:
                continue
            # A circle around a mark is much ink too, but it leaves no solid core.
            core = reading.features["solid"]
            if _mass(reading) <= bound or core < max(least, usual_core + _CORE / 2):
                continue
            score = (_mass(reading) - bound + np.log(_WITHIN)) / spread
            new = min(drawn, key=lambda j: _mass(view.readings[j]))
            places.append(_sign(view, i, new, min(_MOST, float(score) ** 2 / 4.0)))
    places.sort(key=lambda sign: -sign.score)
    return Signs(places[0].score if places else 0.0, tuple(places))


_ANSWERS = (MarkState.MARKED, MarkState.AMBIGUOUS)


def _mass(reading: BoxReading) -> float:
    """Logarithm of the ink in and around a box: pixels times darkness."""
    f = reading.features
    return float(np.log(max(f["tinted"] * f["dark"], 1.0)))


def _sign(view: PageView, i: int, new: int, score: float) -> Sign:
    reading, after = view.readings[i], view.readings[new]
    return Sign(
        score=score,
        message=Message(
            f"Dấu hiệu ghi đè ở ô {reading.item} = {reading.value}: nét bị tô đè dày hơn hẳn các "
            f"nét khác của người trả lời, không theo cách sửa mà phiếu cho phép, và ô "
            f"{after.value} được đánh dấu thay.",
            f"Signs of overwriting in box {reading.item} = {reading.value}: it is scribbled over "
            "far thicker than the respondent's other marks, not in the way of correcting that the "
            f"form allows, and box {after.value} is marked instead.",
        ),
        item=reading.item,
        box_mm=view.template.page.boxes[i].box_mm,
        evidence=(
            ("value", str(reading.value)),
            ("now_marked", str(after.value)),
            ("solid_share", round(reading.features["solid"], 3)),
        ),
    )


CHECK = PageCheck(
    CheckInfo(
        id="overwrite.scribble",
        level=Level.PAGE,
        family=Family.IMAGE,
        kind="overwrite",
        title=Message("Ô bị tô đè, ô khác được đánh dấu", "Scribbled over, another box marked"),
        sees=(
            "Scribbling over a mark lays several lines over each other: the box then holds far "
            "more ink than any mark of the same hand, in an item where another box is marked. A "
            "correction in the way that the form allows (circled, filled, struck) is read as "
            "cancelled and does not count; a hand that scribbles all its marks is compared with "
            "itself."
        ),
        null_model=(
            "The thickest box of a twice-marked item of honest pages of the same scan class; "
            "conformal p-value with a continued tail, never below .02: it supports other signs and "
            "flags nobody alone."
        ),
        source=(
            "Struck-out writing differs in stroke mass and crossings (Chaudhuri and Adak 2017, "
            "F .91); against the respondent's own marks: own work, docs/accuracy.md."
        ),
        innocent=(
            Message(
                "Người trả lời tự tô đè để bỏ câu trả lời của mình thay vì khoanh tròn hoặc gạch "
                "theo hướng dẫn.",
                "The respondent scribbled out their own answer instead of correcting it as asked.",
            ),
            Message(
                "Mực bị nhòe hoặc vết bẩn trên ô đã đánh dấu.",
                "Smeared ink or a blot on a marked box.",
            ),
        ),
        min_scale=0.5,
        version="2",
    ),
    measure,
    # People scribble out what they got wrong, whatever the form asks for: in their own ink that is
    # all it is. Another ink is for overwrite.two_inks to see.
    least_p=0.02,
)
