"""An empty box laid over a marked one: two boxes that agree to the grain."""

from __future__ import annotations

from detectors.finding import Family, Message
from detectors.registry import CheckInfo, Level
from scans.checks._page_check import SHADED, NotAssessable, PageCheck, Sign, Signs
from scans.measure.twin_boxes import Twins, twin_boxes
from scans.types import MarkState
from scans.view import PageView

_MOST_PAIRS = 4


def measure(view: PageView) -> Signs | NotAssessable:
    """Score of the pair that agrees most beyond what the page's boxes usually do."""
    if view.raw.origin.encoding == "jbig2":
        return NotAssessable("JBIG2 may draw boxes that look alike from one picture")
    # Where all others of a row are bare, the pale seam of what was laid over a mark makes
    # its box doubtful, though there is no ink in it.
    empty = frozenset(
        i
        for i, r in enumerate(view.readings)
        if r.state is MarkState.EMPTY or (r.state is MarkState.AMBIGUOUS and r.ink == 0.0)
    )
    pairs = twin_boxes(*view.upright, view.patches, view.ink, empty)
    if pairs is None:
        return NotAssessable("too few empty boxes of one size and enough detail to compare")
    places: list[Sign] = []
    for pair in pairs[:_MOST_PAIRS]:
        if pair.score > 0:
            # Which of the two is the copy cannot be told: both are shown.
            places += [_sign(view, pair, pair.first, pair.second)]
            places += [_sign(view, pair, pair.second, pair.first)]
    return Signs(places[0].score if places else 0.0, tuple(places))


def _sign(view: PageView, pair: Twins, first: int, second: int) -> Sign:
    one, other = view.readings[first], view.readings[second]
    return Sign(
        score=pair.score,
        message=Message(
            f"Dấu hiệu sao chép ô trống trong tệp: ô {one.item} = {one.value} và ô "
            f"{other.item} = {other.value} trùng nhau đến từng hạt mực và hạt giấy, như thể một "
            "ô trống được đặt đè lên ô kia.",
            f"Signs of an empty box copied in the file: boxes {one.item} = {one.value} and "
            f"{other.item} = {other.value} agree down to the grain of toner and paper, as if one "
            "had been laid over the other.",
        ),
        item=one.item,
        box_mm=view.template.page.boxes[first].box_mm,
        evidence=(
            ("value", str(one.value)),
            ("other_item", other.item),
            ("other_value", str(other.value)),
            ("likeness", round(pair.agreement, 4)),
        ),
    )


CHECK = PageCheck(
    CheckInfo(
        id="paste.cloned_box",
        level=Level.PAGE,
        family=Family.IMAGE,
        kind="cut_paste",
        title=Message("Ô trống được sao chép đè lên ô khác", "Empty box laid over another"),
        sees=(
            "Whoever covers a mark with an empty box of the same page copies toner, fibre and "
            "the sensor's noise along. Every pair of empty boxes is compared in the scan's own "
            "pixels, at whole-pixel shifts, in what is left when the look that all boxes share is "
            "taken away; the best pair is put beside what the page's boxes usually find. On "
            "burnt-out paper only the edges of the outline tell, and they are smoothed first, as "
            "saving again adds grain of its own to them; where fewer than 125 pixels of a box "
            "tell anything, it is not judged. A copy that was turned, scaled or moved by part of "
            "a pixel is not seen here, nor bare paper laid inside an outline."
        ),
        null_model=(
            "The most alike pair of empty boxes on honest pages of the same scan class; conformal "
            "p-value with a continued tail."
        ),
        source=(
            "Copy-move by correlation of noise residuals, after subtraction of the principal "
            "components of the page's own boxes; measured in docs/accuracy.md."
        ),
        innocent=(
            Message(
                "Phần mềm quét thay các hình gần giống bằng cùng một hình.",
                "Scan software that puts one picture for shapes that look alike.",
            ),
            Message(
                "Phiếu không được quét mà được vẽ ra từ tệp: nét in lặp lại y hệt.",
                "A page that was drawn from a file, not scanned: its print repeats exactly.",
            ),
        ),
        # Not 1-bit scans: without grain, boxes that are printed alike may agree to the pixel.
        valid_for=SHADED,
        # Other series of honest pages, printed from a copy or with small boxes, reach 3 to 6.
        min_scale=1.0,
        version="7",
    ),
    measure,
)
