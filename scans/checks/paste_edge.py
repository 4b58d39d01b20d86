"""Physically pasted paper: its edges, seen as thin straight lines that meet in corners."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from detectors.finding import Family, Message
from detectors.instrument import BoxMm
from detectors.registry import CheckInfo, Level
from scans.checks._page_check import NotAssessable, PageCheck, Sign, Signs
from scans.measure.seams import Seam, seams
from scans.types import ScanClass
from scans.view import PageView

__all__ = ["CHECK", "measure"]

_AROUND_MM = 10.0
_RIM_MM = 5.0
# Ends of a line are known to half the length that it is summed up over.
_CORNER_MM = 3.6
# A line over so much of the page is a fold or dirt in the feeder's slit.
_THROUGH = 0.8
_ONE_CORNER, _MORE_CORNERS = 3.0, 0.35


def measure(view: PageView) -> Signs | NotAssessable:
    """Score of the clearest corner of two lines around answer boxes."""
    boxes = np.array([box.box_mm for box in view.template.page.boxes])
    if not len(boxes):
        return NotAssessable("the page has no answer boxes")
    area = _area(boxes, view.template.page.size_mm)
    lines = [s for s in seams(view.sheet, area) if not _through(s, area)]
    centres = boxes[:, :2] + boxes[:, 2:] / 2
    signs = []
    for group in _groups(lines):
        box = _around(group)
        x, y = centres.T
        inside = (x > box[0]) & (x < box[0] + box[2]) & (y > box[1]) & (y < box[1] + box[3])
        if not inside.any():
            continue
        items = {view.readings[i].item for i in np.flatnonzero(inside)}
        signs.append(_sign(group, box, items.pop() if len(items) == 1 else None))
    signs.sort(key=lambda sign: -sign.score)
    return Signs(signs[0].score if signs else 0.0, tuple(signs[:3]))


def _area(
    boxes: np.ndarray[tuple[int, ...], np.dtype[np.float64]], size: tuple[float, float]
) -> BoxMm:
    low = np.maximum(boxes[:, :2].min(axis=0) - _AROUND_MM, _RIM_MM)
    high = (boxes[:, :2] + boxes[:, 2:]).max(axis=0) + _AROUND_MM
    high = np.minimum(high, np.array(size) - _RIM_MM)
    return (float(low[0]), float(low[1]), float(high[0] - low[0]), float(high[1] - low[1]))


def _through(seam: Seam, area: BoxMm) -> bool:
    return seam.length_mm > _THROUGH * (area[3] if seam.upright else area[2])


def _corners(lines: Sequence[Seam]) -> list[tuple[int, int]]:
    """Pairs of a level and an upright line of which ends meet."""
    found = []
    for i, level in enumerate(lines):
        for j, upright in enumerate(lines):
            if level.upright or not upright.upright:
                continue
            ends = [
                np.abs(np.subtract(a, b)).max()
                for a in (level.start_mm, level.stop_mm)
                for b in (upright.start_mm, upright.stop_mm)
            ]
            if min(ends) < _CORNER_MM:
                found.append((i, j))
    return found


def _groups(lines: Sequence[Seam]) -> list[tuple[list[Seam], int, float]]:
    """Lines joined by corners: the lines, how many corners, and z of the clearest corner."""
    corners = _corners(lines)
    group = {i: {i} for pair in corners for i in pair}
    for i, j in corners:
        joined = group[i] | group[j]
        for k in joined:
            group[k] = joined
    unique = {id(members): members for members in group.values()}
    found = []
    for members in unique.values():
        own = [(i, j) for i, j in corners if i in members]
        z = max(min(lines[i].z, lines[j].z) for i, j in own)
        found.append(([lines[i] for i in sorted(members)], len(own), z))
    return found


def _around(group: tuple[list[Seam], int, float]) -> BoxMm:
    ends = np.array([end for seam in group[0] for end in (seam.start_mm, seam.stop_mm)])
    low, high = ends.min(axis=0), ends.max(axis=0)
    return (float(low[0]), float(low[1]), float(high[0] - low[0]), float(high[1] - low[1]))


def _sign(group: tuple[list[Seam], int, float], box: BoxMm, item: str | None) -> Sign:
    lines, corners, z = group
    score = (
        _ONE_CORNER * float(np.log2(z / 6.0 + 1.0)) * (1.0 + _MORE_CORNERS * (min(corners, 4) - 1))
    )
    return Sign(
        score=score,
        message=Message(
            f"Dấu hiệu dán chồng: {len(lines)} đường thẳng mảnh không có trên mẫu, gặp nhau ở "
            f"{corners} góc quanh các ô trả lời, như mép giấy dán.",
            f"Signs of pasted paper: {len(lines)} thin straight lines that the form does not have "
            f"meet in {corners} corners around answer boxes, as edges of glued paper do.",
        ),
        item=item,
        box_mm=box,
        evidence=(("lines", float(len(lines))), ("corners", float(corners)), ("z", round(z, 1))),
    )


CHECK = PageCheck(
    CheckInfo(
        id="paste.edge",
        level=Level.PAGE,
        family=Family.IMAGE,
        kind="cut_paste",
        title=Message("Mép giấy dán chồng", "Edges of pasted paper"),
        sees=(
            "The cut edge of glued paper throws a thin straight shadow, or shines. Such lines, "
            "where the form prints none, are summed up along themselves; two that meet and end in "
            "a corner beside answer boxes are edges of a piece. A fold or a streak of the feeder "
            "is one line through the sheet and has no corner."
        ),
        null_model=(
            "The clearest corner of two lines on honest pages of the same scan class, in errors "
            "of such sums on the page's own bare paper; conformal p-value."
        ),
        source="Line integrals of a matched ridge filter; measured in docs/accuracy.md.",
        innocent=(
            Message(
                "Nhãn, tem, giấy nhớ do văn phòng dán để quản lý phiếu.",
                "A label, stamp or note that the office stuck on to handle the form.",
            ),
            Message(
                "Khung kẻ bằng bút chì nhạt, nếp gấp vuông góc, băng dính vá giấy rách.",
                "A frame drawn in faint pencil, folds at right angles, tape that mends a tear.",
            ),
        ),
        valid_for=frozenset(
            c.value
            for c in (ScanClass.CONTINUOUS, ScanClass.CLIPPED_GREY, ScanClass.CLIPPED_COLOUR)
        ),
        min_scale=1.0,
    ),
    measure,
)
