"""Physically pasted paper: a row or box whose print does not lie where its surroundings do."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from detectors.finding import Family, Message
from detectors.registry import CheckInfo, Level
from scans.checks._page_check import NotAssessable, PageCheck, Sign, Signs
from scans.measure.offsets import box_offsets
from scans.view import PageView

# Print of an honest box is found to within this of where the boxes around it say, in mm.
_FLOOR_MM = 0.035
_NEIGHBOURS = 24
_FEWEST = 10


def measure(view: PageView) -> Signs | NotAssessable:
    """Score of the item whose boxes are shifted most against the boxes around it."""
    offsets = box_offsets(view)
    if int(offsets.trusted.sum()) < _FEWEST:
        return NotAssessable("too few boxes with a printed outline to measure displacement by")
    jump = _jumps(offsets.centre_mm, offsets.offset_mm, offsets.trusted, _row_of(view))
    size = np.hypot(jump[:, 0], jump[:, 1])
    honest = size[offsets.trusted]
    spread = max(_FLOOR_MM, 1.4826 * float(np.median(honest)))
    places = []
    for item, members in view.rows.items():
        row = [i for i in members if offsets.trusted[i]]
        if not row:
            continue
        shift = np.median(jump[row], axis=0)
        # Several boxes that jump together say more than one that does.
        score = float(np.hypot(*shift)) / spread * np.sqrt(min(len(row), 6))
        if len(row) == 1:
            score *= 0.8
        places.append(_sign(view, item, row, shift, score))
    places.sort(key=lambda sign: -sign.score)
    return Signs(places[0].score, tuple(places[:4]))


def _row_of(view: PageView) -> NDArray[np.int64]:
    """Number of the item that each box belongs to."""
    row = np.zeros(len(view.readings), np.int64)
    for number, members in enumerate(view.rows.values()):
        row[list(members)] = number
    return row


def _jumps(
    centre: NDArray[np.float64],
    offset: NDArray[np.float64],
    trusted: NDArray[np.bool_],
    row: NDArray[np.int64],
) -> NDArray[np.float64]:
    """Offset of each box minus what the trusted boxes of other items around it predict.

    The prediction is a plane fitted to the nearest neighbours and refitted without its
    outliers, because a feeder stretches paper smoothly.
    """
    apart = np.hypot(*np.moveaxis(centre[None, :] - centre[:, None], 2, 0))
    apart[:, ~trusted] = np.inf
    apart[row[None, :] == row[:, None]] = np.inf
    count = min(_NEIGHBOURS, len(centre))
    near = np.argsort(apart, axis=1, kind="stable")[:, :count]
    known = np.isfinite(np.take_along_axis(apart, near, axis=1))
    design = np.concatenate(
        [np.ones((*near.shape, 1)), (centre[near] - centre[:, None]) / 50.0], axis=2
    )
    target = offset[near]
    keep = known.copy()
    plane = np.zeros((len(centre), 3, 2))
    # A little ridge keeps a plane through one line of boxes from tilting off.
    ridge = np.diag([1e-9, 0.3, 0.3])
    for _ in range(3):
        weighed = design * keep[..., None]
        gram = np.einsum("nki,nkj->nij", weighed, design) + ridge
        plane = np.linalg.solve(gram, np.einsum("nki,nkj->nij", weighed, target))
        miss = np.hypot(*np.moveaxis(target - design @ plane, 2, 0))
        usual = np.nanmedian(np.where(keep, miss, np.nan), axis=1) if keep.any() else 0.0
        close = known & (miss <= np.maximum(0.06, 2.5 * np.nan_to_num(usual))[:, None])
        enough = close.sum(axis=1) >= 5
        keep = np.where(enough[:, None], close, known)
    jump: NDArray[np.float64] = offset - plane[:, 0]
    jump[known.sum(axis=1) < 6] = 0.0
    return jump


def _sign(
    view: PageView, item: str, row: list[int], shift: NDArray[np.float64], score: float
) -> Sign:
    boxes = np.array([view.template.page.boxes[i].box_mm for i in row])
    left, top = boxes[:, :2].min(axis=0)
    right, bottom = (boxes[:, :2] + boxes[:, 2:]).max(axis=0)
    length = float(np.hypot(*shift))
    return Sign(
        score=score,
        message=Message(
            f"Dấu hiệu dán chồng ở câu {item}: nét in lệch {length:.2f} mm so với các câu xung "
            "quanh.",
            f"Signs of pasted paper at item {item}: its print lies {length:.2f} mm off the items "
            "around it.",
        ),
        item=item,
        box_mm=(float(left), float(top), float(right - left), float(bottom - top)),
        evidence=(("shift_x_mm", round(float(shift[0]), 3)), ("shift_y_mm", round(shift[1], 3))),
    )


CHECK = PageCheck(
    CheckInfo(
        id="paste.displacement",
        level=Level.PAGE,
        family=Family.IMAGE,
        kind="cut_paste",
        title=Message("Giấy dán chồng (nét in lệch)", "Pasted paper (displaced print)"),
        sees=(
            "A strip cut from another form and pasted on never lies exactly where the print "
            "underneath was: its boxes are shifted together, while a feeder bends the whole sheet "
            "smoothly."
        ),
        null_model=(
            "The most shifted item of honest pages of the same scan class, each page in spreads "
            "of its own boxes; conformal p-value with a continued tail."
        ),
        source="Local displacement against the registered blank; measured in docs/accuracy.md.",
        innocent=(
            Message(
                "Nếp gấp hoặc giấy nhăn đi ngang qua câu hỏi.",
                "A fold or crease that runs across the item.",
            ),
            Message(
                "Máy quét bị trượt giấy trong lúc kéo.",
                "The scanner's feeder slipped for a moment.",
            ),
        ),
        min_scale=1.0,
    ),
    measure,
)
