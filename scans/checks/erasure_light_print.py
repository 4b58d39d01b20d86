"""Light print under the answers that is worn away, covered, or goes on at another place."""

from __future__ import annotations

from detectors.finding import Family, Message
from detectors.registry import CheckInfo, Level
from scans.checks._page_check import SHADED, NotAssessable, PageCheck, Sign, Signs
from scans.measure.light_print import has_light_print, light_print
from scans.view import PageView

# A scanner that burns light colours out leaves less of the pattern than this.
_LEAST_STRENGTH = 0.3
_HALF_MM = 1.8


def measure(view: PageView) -> Signs | NotAssessable:
    """Score of the place with least print, in spreads of the page's other boxes."""
    if not any(has_light_print(group) for group in view.patches):
        return NotAssessable("the form has no light print under its answers")
    found = light_print(view.patches, view.ink.threshold)
    if found is None:
        return NotAssessable("too few boxes stand on light print")
    if found.strength < _LEAST_STRENGTH or not found.places:
        return NotAssessable("the scan has dropped the form's light print")
    places = []
    for place in found.places[:6]:
        reading = view.readings[place.position]
        lost = 100.0 * min(1.0, max(0.0, 1.0 - place.left))
        x, y = place.centre_mm
        places.append(
            Sign(
                score=max(0.0, place.score),
                message=Message(
                    f"Dấu hiệu tẩy, cạo, che phủ hoặc dán ở ô {reading.item} = {reading.value}: "
                    f"mất {lost:.0f} % hoa văn nền so với phần còn lại của trang.",
                    f"Signs of erasing, scraping, covering or pasting at box {reading.item} = "
                    f"{reading.value}: {lost:.0f} % of the background pattern is gone, against "
                    "the rest of the page.",
                ),
                item=reading.item,
                box_mm=(x - _HALF_MM, y - _HALF_MM, 2 * _HALF_MM, 2 * _HALF_MM),
                evidence=(
                    ("value", str(reading.value)),
                    ("pattern_left", round(place.left, 3)),
                ),
            )
        )
    return Signs(places[0].score, tuple(places))


CHECK = PageCheck(
    CheckInfo(
        id="erasure.light_print",
        level=Level.PAGE,
        family=Family.IMAGE,
        kind="erasure",
        title=Message("Hoa văn nền bị đứt", "Broken background pattern"),
        sees=(
            "Fine light lines or letters printed under the answers hold less well than ink: "
            "rubbing or scraping a mark takes part of them along, fluid and tape cover them, and "
            "on a pasted piece they do not go on. They are held against the blank through a window "
            "of two millimetres. How well they hold depends on the office's printer, so this check "
            "speaks only after `calibrate` on pages of the form as it was printed."
        ),
        null_model=(
            "The place with least pattern on honest pages of the same scan class, each page in "
            "spreads of its own boxes; conformal p-value with a continued tail. The "
            "built-in reference holds no such pages."
        ),
        source=(
            "Matched filter on a known print after the page's own blur was taken into account; "
            "measured in docs/accuracy.md, Printed forms."
        ),
        innocent=(
            Message(
                "Người trả lời tự tẩy hoặc tự che câu trả lời của mình để sửa.",
                "The respondent rubbed out or covered an answer of their own.",
            ),
            Message(
                "Bản in mờ từng chỗ, nếp gấp, vết bẩn hoặc giấy ẩm làm nhòe hoa văn.",
                "Print that is faint in places, a fold, dirt or damp that blurred the pattern.",
            ),
        ),
        valid_for=SHADED,
        min_scale=0.6,
    ),
    measure,
)
