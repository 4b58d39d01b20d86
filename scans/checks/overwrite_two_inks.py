"""A second mark in an item, in another pen's ink than the respondent's."""

from __future__ import annotations

import numpy as np

from detectors.finding import Family, Message
from detectors.registry import CheckInfo, Level
from scans.checks._page_check import NotAssessable, PageCheck, Sign, Signs
from scans.measure.pens import HUELESS, Changed, changed_items, inked_rows, sheet_pen
from scans.types import ScanClass
from scans.view import PageView

_MOST = 60.0
# Whoever has a second pen at hand corrects with it as well: such a sign is a lead.
_CORRECTED_P = 0.02


def measure(view: PageView) -> Signs | NotAssessable:
    """Score of the changed items' new marks: squared spreads of the sheet's own hue, over 4.

    Several changed items whose new marks differ from the sheet in the same way support each
    other: their mean deviation counts, times the root of their number.
    """
    rows = inked_rows(view.readings, view.rows)
    pen = sheet_pen(view.readings, rows)
    if pen is None:
        return NotAssessable("too few marks on the page to know the pen by")
    if not pen.singles[:, :2].any():
        return NotAssessable("a grey scan: a mark gone over looks there like another pen's")
    changed = changed_items(view.readings, rows, pen)
    if not changed:
        return Signs(0.0)
    limit = HUELESS if any(change.hueless for change in changed) else None
    together = np.mean([c.odd.apart for c in changed], axis=0)
    joint = float(np.linalg.norm(together)) * np.sqrt(len(changed))
    places = []
    for change in changed:
        alike = float(change.odd.apart @ together) > 0.0
        # Others lend no more than an equal share: what is the sheet's own ink stays it.
        lent = min(joint, change.odd.score * np.sqrt(len(changed)))
        apart = max(change.odd.score, lent) if alike else change.odd.score
        # Four normal deviations: their squared distance falls off like an exponential.
        places.append(_sign(view, change, min(float(apart) ** 2 / 4.0, _MOST)))
    places.sort(key=lambda sign: -sign.score)
    alone = max((sign.score for sign in places if not sign.least_p), default=0.0)
    return Signs(alone, tuple(places), limit)


def _sign(view: PageView, change: Changed, score: float) -> Sign:
    reading, other = view.readings[change.new], view.readings[change.other]
    message = Message(
        f"Dấu hiệu ghi đè ở câu {change.item}: ô {reading.value} đánh dấu bằng mực khác với "
        f"các câu khác của phiếu, bên cạnh dấu ở ô {other.value}.",
        f"Signs of overwriting in item {change.item}: box {reading.value} is marked in another "
        f"ink than the sheet's other items, beside a mark in box {other.value}.",
    )
    if change.corrected:
        message = Message(
            f"Câu {change.item} được sửa bằng mực khác với các câu khác của phiếu (ô "
            f"{reading.value} và ô {other.value}); người trả lời có thể tự sửa bằng bút khác.",
            f"Item {change.item} was corrected in another ink than the sheet's other items (boxes "
            f"{reading.value} and {other.value}); respondents do so with a second pen.",
        )
    return Sign(
        score=score,
        message=message,
        least_p=_CORRECTED_P if change.corrected else 0.0,
        item=change.item,
        box_mm=view.template.page.boxes[change.new].box_mm,
        evidence=(
            ("value", str(other.value)),
            ("now_marked", str(reading.value)),
            ("hue_apart", round(float(np.hypot(*change.odd.apart)), 2)),
            ("darkness_apart", round(float(change.odd.force[0]), 2)),
            ("width_apart", round(float(change.odd.force[1]), 2)),
        ),
    )


CHECK = PageCheck(
    CheckInfo(
        id="overwrite.two_inks",
        level=Level.PAGE,
        family=Family.IMAGE,
        kind="overwrite",
        title=Message("Hai loại mực trong một câu", "Two inks in one answer"),
        sees=(
            "An item holds two marks, and one of them is in an ink that the sheet's other items do "
            "not show: of another hue, the light that ink takes out of the paper, channel by "
            "channel. Darkness and width of the line are told but do not count, nor does a hue "
            "that the same ink takes on when a mark is gone over or pressed harder, as people do "
            "who correct an answer; so grey scans cannot be judged here, and where the sheet and a "
            "second mark are black or grey the page is told as not judged unless another ink is "
            "seen on it. Where all marks of the item but one were taken back, as the form asks or "
            "by a line through them, the sign is a lead: it is shown in yellow, adds nothing to "
            "other signs and flags no page. A sheet written with two pens is compared with both, "
            "and an answer corrected in a pen of which one other answer shows is no sign either. A "
            "line that runs over a box on its way, with more than half as much ink farther out as "
            "at the box, is a slip of a pen and no mark."
        ),
        null_model=(
            "The oddest ink in a twice-marked item of honest pages of the same scan class, "
            "corrected ones left out; conformal p-value with a continued tail. Of a corrected "
            "item never below .02."
        ),
        source=(
            "Ink mismatch by statistics of scanned strokes: Dansena et al. 2017 (112 cheques, 14 "
            "pens); hue of absorbed light against the sheet's own marks: own work, measured in "
            "docs/accuracy.md."
        ),
        innocent=(
            Message(
                "Người trả lời tự sửa câu trả lời sau đó bằng một cây bút khác.",
                "The respondent changed their own answer later, with another pen.",
            ),
            Message(
                "Cán bộ ghi chú hoặc đóng dấu cạnh câu trả lời.",
                "A clerk wrote a note or set a stamp beside the answer.",
            ),
        ),
        valid_for=frozenset(
            {
                ScanClass.CONTINUOUS,
                ScanClass.CLIPPED_COLOUR,
                ScanClass.CLIPPED_GREY,
                ScanClass.PHOTO,
                ScanClass.RENDERED,
            }
        ),
        version="5",
        min_scale=0.5,
    ),
    measure,
)
