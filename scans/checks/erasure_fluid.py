"""Correction fluid, tape or digital white-out: print that is missing where it must be."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from detectors.finding import Family, Message
from detectors.registry import CheckInfo, Level
from scans.checks._erased_boxes import evidence_of
from scans.checks._page_check import NotAssessable, PageCheck, Sign, Signs
from scans.measure.boxes import BoxPatches
from scans.measure.lost_print import LostPrint, lost_print
from scans.measure.outlines import outline_levels, outline_of
from scans.quantiles import median, medians
from scans.types import ScanClass
from scans.view import PageView

# Boxes of honest pages keep their outline to within this share, toner loss included; below so many
# pixels a mm, where a line is hardly two pixels broad, it breaks sooner.
_OUTLINE_SPREAD, _FINE = 0.04, 8.0
# Of the outlines of so many boxes nearby, at most of full print: an outline below this share is
# gone. Copies, low resolutions and light that falls off leave thin outlines faint all over or on
# one side.
_GONE, _NEARBY = 0.3, 12
# So many boxes of a page may be covered and leave the usual spread as it is.
_UNTOUCHED, _NORMAL_UNTOUCHED = 0.8, 0.84
# Scanners leave up to 3.7 mm of local shift, creased sheets and feeders included; telephones from
# 8.5 mm where perspective was not taken out.
_BENT_MM = 5.5
# A side of the sheet is so much longer than the other to a camera that stands askew.
_FORESHORTENED = 0.02


def measure(view: PageView) -> Signs | NotAssessable:
    """Score of the worst box or printed place, in robust spreads of the page's others."""
    camera = _by_a_camera(view)
    if camera and view.raw.scan_class is ScanClass.BITONAL:
        # Its print is broken by shadows, and no honest pages of the kind are known.
        return NotAssessable("two levels made of a telephone's picture")
    of_boxes, of_tiles = _boxes(view), None if camera else _tiles(view)
    if not of_boxes and of_tiles is None:
        return NotAssessable("the page has no print that could be covered")
    signs = sorted([*of_boxes, *(of_tiles or ())], key=lambda sign: -sign.score)
    return Signs(max([0.0, *(sign.score for sign in signs)]), tuple(signs[:6]))


def _boxes(view: PageView) -> list[Sign]:
    found: dict[int, tuple[float, tuple[float, float, float, float]]] = {}
    for group in view.patches:
        lost = _outline_lost(group, _hollows(view, group))
        for i, box, value in zip(group.index.tolist(), group.boxes, lost, strict=True):
            found[i] = (float(value), box.box_mm)
    if not found:
        return []
    values = np.array([value for value, _ in found.values()])
    middle = median(values)
    coarse = max(1.0, _FINE / view.registration.px_per_mm)
    usual = 1.4826 * median(np.abs(values - middle))
    spread = max(_OUTLINE_SPREAD * coarse**2, usual)
    # Light that falls off breaks outlines on one side of the page, not on one box.
    spread = max(spread, (float(np.quantile(values, _UNTOUCHED)) - middle) / _NORMAL_UNTOUCHED)
    signs = []
    for i in sorted(found, key=lambda i: -found[i][0])[:4]:
        value, box_mm = found[i]
        reading = view.readings[i]
        signs.append(
            Sign(
                score=(value - middle) / spread,
                message=Message(
                    f"Dấu hiệu bôi xóa hoặc che phủ ở ô {reading.item} = {reading.value}: "
                    f"mất {100 * value:.0f} % nét in của ô.",
                    f"Signs of correction fluid, tape or white-out on box {reading.item} = "
                    f"{reading.value}: {100 * value:.0f} % of its printed outline is gone.",
                ),
                item=reading.item,
                box_mm=_grow(box_mm, 1.0),
                evidence=(*evidence_of(view, i), ("outline_lost", round(value, 4))),
            )
        )
    return signs


def _grow(
    box_mm: tuple[float, float, float, float], by: float
) -> tuple[float, float, float, float]:
    x, y, w, h = box_mm
    return (x - by, y - by, w + 2 * by, h + 2 * by)


def _hollows(view: PageView, group: BoxPatches) -> NDArray[np.bool_] | None:
    """What marks enclose, ``(n, h, w)``; ``None`` where they are filled as they were drawn.

    Programs that make two levels of a page by its surroundings hollow broad marks out, and the
    outline below them.
    """
    if view.raw.scan_class is not ScanClass.BITONAL:
        return None
    walls = (group.added > view.ink.threshold) | (group.spread > 127)
    hollow = np.zeros(walls.shape, np.bool_)
    for i in np.flatnonzero((group.added > view.ink.threshold).any(axis=(1, 2))):
        open_ = np.pad(~walls[i], 1, constant_values=True).astype(np.uint8)
        cv2.floodFill(open_, None, (0, 0), 2)
        hollow[i] = open_[1:-1, 1:-1] == 1
    return hollow


def _outline_lost(
    group: BoxPatches, hollows: NDArray[np.bool_] | None = None
) -> NDArray[np.float64]:
    """Share of each box's outline that is broken, as its longest connected gap, 0 to 1.

    A scanner that drops toner here and there breaks an outline into many small gaps;
    fluid takes one piece. New ink drawn over the fluid does not fill the gap.
    """
    outline = outline_of(group)
    total = outline.total
    # Bytes held against bytes: a level is below a limit where it is below the next whole one.
    usual = _usual_nearby(group, outline_levels(group))
    limit = np.ceil(_GONE * usual).astype(np.uint8)
    gap = outline.drawn & (group.spread < limit[:, None, None])
    if hollows is not None:
        gap &= ~hollows
    lost = np.zeros(len(group.boxes))
    kernel = np.ones((3, 3), np.uint8)
    for i in np.flatnonzero((total >= 12) & gap.any(axis=(1, 2))):
        closed = cv2.morphologyEx(gap[i].astype(np.uint8), cv2.MORPH_CLOSE, kernel)
        count, labels = cv2.connectedComponents(closed, connectivity=8)
        if count > 1:
            sizes = np.bincount(labels[gap[i]].ravel(), minlength=count)[1:]
            lost[i] = float(sizes.max()) / total[i]
    return lost


def _usual_nearby(group: BoxPatches, levels: NDArray[np.float64]) -> NDArray[np.float64]:
    """Darkness of the outlines of the boxes around each, of 255."""
    places = np.array([box.box_mm[:2] for box in group.boxes])
    far = np.hypot(*(places[:, None] - places[None]).transpose(2, 0, 1))
    nearest = np.argsort(far, axis=1, kind="stable")[:, :_NEARBY]
    return np.asarray(medians(levels[nearest], 1), np.float64)


def _tiles(view: PageView) -> list[Sign] | None:
    """Print missing away from the boxes; ``None`` where there is too little print on the scan.

    Looked for are labels, texts and lines beside answers and fields. What stands alone, such as
    the office's name in the head, is no answer: offices print their own name there, and sheets
    of another print run than the blank would all be told.

    Not for photos: far from the boxes the bend of a photographed sheet is not known well enough,
    and print would be looked for beside its place (4 of 16 honest photos).
    """
    places = lost_print(view.sheet, view.registration, view.raw.image.shape)
    return None if places is None else [_covered(place) for place in places]


def _covered(place: LostPrint) -> Sign:
    x, y = place.box_mm[:2]
    return Sign(
        score=place.score,
        message=Message(
            f"Dấu hiệu che phủ chữ in: tại vị trí ({x:.0f}; {y:.0f}) mm mất "
            f"{100 * place.share:.0f} % nét in của mẫu phiếu.",
            f"Signs of covered print: at ({x:.0f}, {y:.0f}) mm "
            f"{100 * place.share:.0f} % of the form's own print is gone.",
        ),
        box_mm=place.box_mm,
        evidence=(("print_lost", round(place.share, 4)),),
    )


def _by_a_camera(view: PageView) -> bool:
    """Whether the page was seen by a camera, whatever a program made of its shades since."""
    if view.raw.scan_class is ScanClass.PHOTO:
        return True
    matrix, (width, height) = view.registration.matrix, view.template.page.size_mm
    if abs(matrix[2, 0]) * width + abs(matrix[2, 1]) * height > _FORESHORTENED:
        return True
    # Where too little print is left to see perspective by, it is left to the local shift.
    field = view.registration.field
    return field is not None and float(np.abs(field.shift_mm).max()) > _BENT_MM


CHECK = PageCheck(
    CheckInfo(
        id="erasure.fluid",
        level=Level.PAGE,
        family=Family.IMAGE,
        kind="erasure",
        title=Message("Bút xóa, băng xóa, tẩy trắng số", "Correction fluid, tape, white-out"),
        sees=(
            "What covers a mark covers the form's own print too: the outline of the box or the "
            "words in its row, or beside a field, are gone or broken in one piece, whatever is "
            "drawn on top later. Outlines are held against those of the boxes around: copies and "
            "low resolutions leave thin print faint. It needs no grey levels, so it holds on 1-bit "
            "scans. Print that stands alone, as in the head, is not looked at: offices print their "
            "own name there."
        ),
        null_model=(
            "The worst box or printed tile of honest pages of the same scan class, in spreads of "
            "what the page's other boxes, and its print as thin as the tile's, have lost; "
            "conformal p-value with a continued tail. Where half of a folder (8 pages or more) "
            "lack the same print to the same degree, the form was printed otherwise or covered "
            "alike: those pages are not judged."
        ),
        source="Template subtraction per printed object; measured in docs/accuracy.md.",
        innocent=(
            Message(
                "Người trả lời tự dùng bút xóa để sửa câu trả lời của mình.",
                "The respondent used correction fluid on their own answer.",
            ),
            Message(
                "Bản in mờ, máy in thiếu mực, ghim, lỗ đục hoặc nếp gấp che nét in.",
                "Faint printing, a staple, a punch hole or a fold that hides print.",
            ),
        ),
        min_scale=1.0,
        version="7",
    ),
    measure,
)
