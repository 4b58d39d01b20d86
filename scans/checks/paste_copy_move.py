"""A mark copied inside the page: two marks that are the same picture."""

from __future__ import annotations

import numpy as np

from detectors.finding import Family, Message
from detectors.registry import CheckInfo, Level
from scans.checks._page_check import NotAssessable, PageCheck, Sign, Signs
from scans.measure.mark_crops import MarkCrop, copied_likeness, mark_crops
from scans.measure.mark_grain import grain_agreement
from scans.measure.strokes import likeness, mark_pictures
from scans.view import PageView

# Pairs that look alike at a low resolution are compared pixel by pixel: so many at most.
_PAIRS = 6
_ALIKE = 0.7
# Correlation saturates near 1; this keeps .98 and .999 apart and does not run away beyond.
_CEILING = 1.0008
# Marks of one hand reach this pixel by pixel; what lies below is no sign at all.
_NATURAL = 0.92
# A mark must be a line drawing of so many mm of contour: a dot or a short dash looks like
# every other one, and what fills a box up to its outline has the outline's shape.
_FULL_CONTOUR_MM = 8.0
# So does a straight stroke, and a box filled solid, whose shape is the box's own: lines bend over
# so much, and are no broader than this.
_BENDS_MM, _BROAD_MM = 1.0, 1.0
# Dirt in a feeder draws one line through many boxes: .69 to 1 of it stands in one column, of
# crosses, ticks and scribbles up to .25.
_STREAK = 0.6
# Agreement beyond the look that all marks share: honest pairs seldom reach the first, copies
# mostly the second, whatever the mark is. Without it a likeness counts for less.
_GRAIN = (0.5, 0.8)
_WITHOUT_GRAIN = 0.6


def measure(view: PageView) -> Signs | NotAssessable:
    """Score of the most alike pair of marks, weighed by how much line there is in it."""
    pictures = mark_pictures(view.patches, view.ink, view.marked)
    if len(pictures.index) < 2:
        return NotAssessable("fewer than two marks on the page")
    alike = np.triu(likeness(pictures.ink), k=1)
    pairs = [np.unravel_index(int(k), alike.shape) for k in np.argsort(-alike, axis=None)[:_PAIRS]]
    index = pictures.index.tolist()
    chosen = [(index[a], index[b]) for a, b in pairs if alike[a, b] > _ALIKE]
    held = frozenset(i for pair in chosen for i in pair)
    crops = mark_crops(*view.upright, view.patches, view.ink, held)
    grain = grain_agreement(*view.upright, view.patches, view.marked, chosen)
    places = []
    for first, second in chosen:
        streaks = [i in crops and crops[i].upright > _STREAK for i in (first, second)]
        if first in crops and second in crops and not any(streaks):
            same = copied_likeness(crops[first], crops[second])
            line = min(_line(crops[first]), _line(crops[second]))
            weight = _weight(line, grain.get((first, second)))
            # Which of the two is the copy cannot be told: both are shown.
            places.append(_sign(view, first, second, same, weight))
            places.append(_sign(view, second, first, same, weight))
    places.sort(key=lambda sign: -sign.score)
    places = [sign for sign in places if sign.score > 0][:6]
    return Signs(places[0].score if places else 0.0, tuple(places))


def _line(mark: MarkCrop) -> float:
    """How much of a line drawing a mark is, 0 to 1."""
    length = min(1.0, mark.contour / _FULL_CONTOUR_MM)
    return length * min(1.0, mark.breadth / _BENDS_MM) * _BROAD_MM / max(_BROAD_MM, mark.stroke)


def _weight(by_line: float, grain: float | None) -> float:
    """How much a likeness says: by the line in the mark, or by its grain where that agrees."""
    if grain is None:
        return by_line
    low, high = _GRAIN
    by_grain = min(1.0, max(0.0, (grain - low) / (high - low)))
    return max(by_grain, _WITHOUT_GRAIN * by_line)


def _sign(view: PageView, first: int, second: int, same: float, weight: float) -> Sign:
    one, other = view.readings[first], view.readings[second]
    score = np.log10((_CEILING - _NATURAL) / (_CEILING - min(same, 1.0)))
    return Sign(
        score=float(max(weight * score, 0.0)),
        message=Message(
            f"Dấu hiệu sao chép nét đánh dấu: ô {one.item} = {one.value} và ô "
            f"{other.item} = {other.value} giống nhau {100 * same:.1f} % từng điểm ảnh, cao hơn "
            "mức một người viết tay lặp lại được.",
            f"Signs of a copied mark: boxes {one.item} = {one.value} and "
            f"{other.item} = {other.value} agree {100 * same:.1f} % pixel for pixel, more than a "
            "hand repeats itself.",
        ),
        item=other.item,
        box_mm=view.template.page.boxes[second].box_mm,
        evidence=(
            ("value", str(other.value)),
            ("other_item", one.item),
            ("other_value", str(one.value)),
            ("likeness", round(same, 5)),
        ),
    )


CHECK = PageCheck(
    CheckInfo(
        id="paste.copy_move",
        level=Level.PAGE,
        family=Family.IMAGE,
        kind="cut_paste",
        title=Message("Nét đánh dấu được sao chép trong trang", "Mark copied inside the page"),
        sees=(
            "No hand draws the same line twice. Every pair of marks is compared with the form's "
            "print subtracted; the likest pairs are then compared as the scanner stored them, "
            "pixel by pixel and only near the ink: a copied mark agrees to its grain. A likeness "
            "counts more where it holds beyond the look that all marks of the page share. A copy "
            "that was turned or scaled is not seen here."
        ),
        null_model=(
            "The most alike pair of marks on honest pages of the same scan class; conformal "
            "p-value with a continued tail."
        ),
        source=(
            "Copy-move by normalised cross-correlation after template subtraction; at the pixel "
            "level digital copies reach .999, marks of one hand .96 (docs/accuracy.md)."
        ),
        innocent=(
            Message(
                "Hai nét rất đơn giản (chấm, vạch ngắn) có thể trùng nhau ngẫu nhiên.",
                "Two very simple marks (dots, short dashes) can agree by chance.",
            ),
            Message(
                "Máy quét nén kiểu JBIG2 có thể thay hai nét gần giống bằng cùng một hình.",
                "A scanner that compresses with JBIG2 may print one symbol for two alike marks.",
            ),
        ),
        min_scale=0.07,
        version="7",
    ),
    measure,
)
