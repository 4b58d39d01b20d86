"""Correction fluid, tape or digital white-out: print that is missing where it must be."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from detectors.finding import Family, Message
from detectors.registry import CheckInfo, Level
from scans.checks._erased_boxes import evidence_of
from scans.checks._page_check import NotAssessable, PageCheck, Sign, Signs
from scans.measure.boxes import BoxPatches
from scans.measure.sheet import SHEET_PX_PER_MM, Sheet, strong_print
from scans.template import PageTemplate
from scans.types import ScanClass
from scans.view import PageView

# Boxes of honest pages keep their outline to within this share, toner loss included.
_OUTLINE_SPREAD = 0.04
# Print is counted missing on tiles of this size that hold at least so much of it.
_TILE_MM = 5.0
_FEWEST_PRINT_MM2 = 1.2
_TILE_SPREAD = 0.06
# Scanners leave up to 3.7 mm of local shift, creased sheets and feeders included; telephones from
# 8.5 mm where perspective was not taken out.
_BENT_MM = 5.5
# Print this far inside solid black is not looked for.
_DEEP_MM = 0.5
# Scanners blur or shade the rim of a picture, and print is looked for around its place.
_RIM_MM = 1.5
# Print this near to a row of answers, a field or a code belongs to it.
_BESIDE_MM = 3.0


def measure(view: PageView) -> Signs | NotAssessable:
    """Score of the worst box or printed place, in robust spreads of the page's others."""
    camera = _by_a_camera(view)
    if camera and view.raw.scan_class is ScanClass.BITONAL:
        # Its print is broken by shadows, and no honest pages of the kind are known.
        return NotAssessable("two levels made of a telephone's picture")
    signs = _boxes(view) + ([] if camera else _tiles(view))
    if not signs:
        return NotAssessable("the page has no print that could be covered")
    signs.sort(key=lambda sign: -sign.score)
    return Signs(max(0.0, signs[0].score), tuple(signs[:6]))


def _boxes(view: PageView) -> list[Sign]:
    found: dict[int, tuple[float, tuple[float, float, float, float]]] = {}
    for group in view.patches:
        lost = _outline_lost(group)
        for i, box, value in zip(group.index.tolist(), group.boxes, lost, strict=True):
            found[i] = (float(value), box.box_mm)
    if not found:
        return []
    values = np.array([value for value, _ in found.values()])
    middle = float(np.median(values))
    spread = max(_OUTLINE_SPREAD, 1.4826 * float(np.median(np.abs(values - middle))))
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


def _outline_lost(group: BoxPatches) -> NDArray[np.float64]:
    """Share of each box's outline that is broken, as its longest connected gap, 0 to 1.

    A scanner that drops toner here and there breaks an outline into many small gaps;
    fluid takes one piece. New ink drawn over the fluid does not fill the gap.
    """
    rim = np.abs(group.distance) < 0.5
    outline = rim[None] & (group.print_ > 0.45)
    total = outline.sum(axis=(1, 2))
    gap = outline & (group.spread < 0.3 * 255)
    lost = np.zeros(len(group.boxes))
    kernel = np.ones((3, 3), np.uint8)
    for i in np.flatnonzero((total >= 12) & gap.any(axis=(1, 2))):
        closed = cv2.morphologyEx(gap[i].astype(np.uint8), cv2.MORPH_CLOSE, kernel)
        count, labels = cv2.connectedComponents(closed, connectivity=8)
        if count > 1:
            sizes = np.bincount(labels[gap[i]].ravel(), minlength=count)[1:]
            lost[i] = float(sizes.max()) / total[i]
    return lost


def _tiles(view: PageView) -> list[Sign]:
    """Print missing away from the boxes: labels, texts, lines beside answers and fields.

    What stands alone, such as the office's name in the head, is no answer: offices print their
    own name there, and sheets of another print run than the blank would all be told.

    Not for photos: far from the boxes the bend of a photographed sheet is not known well enough,
    and print would be looked for beside its place (4 of 16 honest photos).
    """
    sheet = view.sheet
    lost, size, corners = _tile_loss(sheet)
    # A sheet lies off the glass by a centimetre, or was cropped: that print is not missing.
    seen = _on_the_scan(view, corners, size)
    lost, corners, beside = lost[seen], corners[seen], _tiles_of(sheet.template).beside[seen]
    if lost.size < 8:
        return []
    middle = float(np.median(lost))
    spread = max(_TILE_SPREAD, 1.4826 * float(np.median(np.abs(lost - middle))))
    signs = []
    near = np.flatnonzero(beside)
    for k in near[np.argsort(-lost[near], kind="stable")][:3]:
        x, y = corners[k]
        signs.append(
            Sign(
                score=float((lost[k] - middle) / spread),
                message=Message(
                    f"Dấu hiệu che phủ chữ in: tại vị trí ({x:.0f}; {y:.0f}) mm mất "
                    f"{100 * lost[k]:.0f} % nét in của mẫu phiếu.",
                    f"Signs of covered print: at ({x:.0f}, {y:.0f}) mm "
                    f"{100 * lost[k]:.0f} % of the form's own print is gone.",
                ),
                box_mm=(float(x), float(y), size, size),
                evidence=(("print_lost", round(float(lost[k]), 4)),),
            )
        )
    return signs


def _by_a_camera(view: PageView) -> bool:
    """Whether the page was seen by a camera, whatever a program made of its shades since."""
    if view.raw.scan_class is ScanClass.PHOTO:
        return True
    # A page of two levels is laid as a scan is, flat: perspective is left to the local shift.
    field = view.registration.field
    return field is not None and float(np.abs(field.shift_mm).max()) > _BENT_MM


def _on_the_scan(view: PageView, corners: NDArray[np.float64], side: float) -> NDArray[np.bool_]:
    """Which squares lie wholly on the scan, a rim of it left out."""
    ends = np.array([(0.0, 0.0), (side, 0.0), (0.0, side), (side, side)])
    px = view.registration.to_px((corners[:, None] + ends[None]).reshape(-1, 2))
    height, width = view.raw.image.shape[:2]
    rim = _RIM_MM * view.registration.px_per_mm
    inside = ((px >= rim) & (px <= np.array([width, height]) - 1.0 - rim)).all(axis=1)
    return np.asarray(inside.reshape(-1, len(ends)).all(axis=1), np.bool_)


def _tile_loss(
    sheet: Sheet,
) -> tuple[NDArray[np.float64], float, NDArray[np.float64]]:
    """Share of strong print missing on each tile that holds enough of it."""
    tiles = _tiles_of(sheet.template)
    lost = np.bincount(tiles.tile[sheet.missing[tiles.judged]], minlength=len(tiles.total))
    share: NDArray[np.float64] = lost[tiles.enough] / tiles.total[tiles.enough]
    return share, tiles.side_mm, tiles.corners_mm


@dataclass(frozen=True, eq=False)
class _Tiles:
    """Which tile each pixel of strong print lies on; made once a template.

    Attributes:
        judged: int ``(n,)``: pixels of strong print that count.
        tile: int ``(n,)``: the tile of each.
        total: int ``(tiles,)``: how many lie on each tile.
        enough: int ``(m,)``: tiles that hold enough print.
        corners_mm: float64 ``(m, 2)``: their top left corners.
        beside: bool ``(m,)``: whether they lie beside answers, a field or a code.
        side_mm: Their side.
    """

    judged: NDArray[np.intp]
    tile: NDArray[np.intp]
    total: NDArray[np.intp]
    enough: NDArray[np.intp]
    corners_mm: NDArray[np.float64]
    beside: NDArray[np.bool_]
    side_mm: float


@lru_cache(maxsize=16)
def _tiles_of(template: PageTemplate) -> _Tiles:
    strong = strong_print(template)
    step = round(_TILE_MM * SHEET_PX_PER_MM)
    down, across = (n // step for n in strong.shape)
    rows, columns = np.divmod(strong.at, strong.shape[1])
    # The edge of the page is where scanners crop and folds fray.
    edge = round(6.0 * SHEET_PX_PER_MM)
    kept = (rows >= edge) & (rows < strong.shape[0] - edge) & (rows < down * step)
    kept &= (columns >= edge) & (columns < strong.shape[1] - edge) & (columns < across * step)
    # Programs that make two levels of a page by its surroundings hollow solid print out.
    solid = np.zeros(strong.shape, np.uint8)
    solid.flat[strong.at] = 1
    depth = cv2.distanceTransform(solid, cv2.DIST_L2, 3).ravel()[strong.at]
    kept &= depth <= _DEEP_MM * SHEET_PX_PER_MM
    tile = (rows // step * across + columns // step)[kept]
    total = np.bincount(tile, minlength=down * across)
    enough = np.flatnonzero(total >= _FEWEST_PRINT_MM2 * SHEET_PX_PER_MM**2)
    corners = np.empty((enough.size, 2))
    corners[:, 0], corners[:, 1] = enough % across, enough // across
    corners *= step / SHEET_PX_PER_MM
    side = step / SHEET_PX_PER_MM
    beside = _beside(template, corners, side)
    return _Tiles(np.flatnonzero(kept), tile, total, enough, corners, beside, side)


def _beside(template: PageTemplate, corners: NDArray[np.float64], side: float) -> NDArray[np.bool_]:
    """Tiles in the row of an answer box, whatever the distance, or on a field or the code."""
    page = template.page
    width = page.size_mm[0]
    places = [(0.0, box.box_mm[1], width, box.box_mm[3]) for box in page.boxes]
    places += [field.box_mm for field in page.fields]
    places += [] if page.code is None else [page.code.box_mm]
    found = np.zeros(len(corners), dtype=np.bool_)
    for x, y, w, h in places:
        across = (corners[:, 0] < x + w + _BESIDE_MM) & (corners[:, 0] + side > x - _BESIDE_MM)
        down = (corners[:, 1] < y + h + _BESIDE_MM) & (corners[:, 1] + side > y - _BESIDE_MM)
        found |= across & down
    return found


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
            "drawn on top later. It needs no grey levels, so it holds on 1-bit scans. Print that "
            "stands alone, as in the head, is not looked at: offices print their own name there."
        ),
        null_model=(
            "The worst box or printed tile of honest pages of the same scan class, each page in "
            "spreads of its own loss of toner; conformal p-value with a continued tail. Where half "
            "of a folder (8 pages or more) lack the same print to the same degree, the form was "
            "printed otherwise or covered alike: those pages are not judged."
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
        version="3",
    ),
    measure,
)
