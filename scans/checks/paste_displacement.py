"""Physically pasted paper: a row or box whose print does not lie where its surroundings do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from detectors.finding import Family, Message
from detectors.registry import CheckInfo, Level
from scans.checks._page_check import NotAssessable, PageCheck, Sign, Signs
from scans.measure.jumps import Jumps, jumps, precisions
from scans.measure.offsets import BoxOffsets, box_offsets
from scans.template import PageTemplate
from scans.view import PageView

__all__ = ["CHECK", "measure", "sets_of"]

_FEWEST = 10
# A strip holds at most so many rows, and less than this share of the page's boxes.
_MOST_ROWS, _LARGEST_SHARE = 5, 0.5
# Rows farther apart than this many ordinary distances are not of one strip.
_FAR_ROWS = 2.5
# Share of a box that is inked where ink begins to pull at its outline.
_PULLS = 0.012
# The registration, bent towards a single box that moved, leaves at least 1 in so many of it.
_BENT = 2.5
# Sets that score at least this share of the worst may be what moved.
_NEARLY_WORST = 0.45
# More boxes than this foretell each other no better.
_MOST_BOXES = 320


def measure(view: PageView) -> Signs | NotAssessable:
    """Score of the box, or of the rows together, that moved most against all others."""
    offsets = box_offsets(view)
    known = np.flatnonzero(offsets.trusted)
    if len(known) < _FEWEST:
        return NotAssessable("too few boxes with a printed outline to measure displacement by")
    known = known[:: -(-len(known) // _MOST_BOXES)]
    # Ink pulls at an outline: marked boxes are looked at one by one, and with more doubt.
    marked = np.zeros(len(offsets.trusted), np.bool_)
    # What a person is asked about for ink beside the box has none that pulls.
    marked[[i for i in view.marked if view.readings[i].ink >= _PULLS]] = True
    names, member = _sets(view.template, offsets.trusted & ~marked)
    found = jumps(
        _inverse(view.template, tuple(known.tolist())),
        offsets.centre_mm[known],
        offsets.offset_mm[known],
        np.abs(offsets.laid_mm - offsets.least_mm)[known],
        _BENT * np.abs(offsets.least_mm)[known],
        marked[known],
        member[:, known],
    )
    laid = offsets.laid_mm - np.median(offsets.laid_mm[known], axis=0)
    signs = [
        *_set_signs(view, found, names, member, laid),
        *_box_signs(view, found, known, offsets),
    ]
    if not signs:
        return Signs(0.0)
    # The first set is where the piece lies; a box or another set may score higher by a little.
    worst = max(sign.score for sign in signs)
    if signs[0].score < _NEARLY_WORST * worst:
        signs.sort(key=lambda sign: -sign.score)
    return Signs(worst, tuple(signs[:4]))


@lru_cache(maxsize=32)
def _inverse(template: PageTemplate, known: tuple[int, ...]) -> tuple[NDArray[np.float64], ...]:
    boxes = np.array([template.page.boxes[i].box_mm for i in known])
    return precisions(boxes[:, :2] + boxes[:, 2:] / 2)


def _sets(template: PageTemplate, usable: NDArray[np.bool_]) -> tuple[list[str], NDArray[np.bool_]]:
    """Names and members of the sets that hold two boxes of use at least, and not most."""
    names, every = _sets_of_page(template)
    member = every & usable
    count = member.sum(axis=1)
    kept = np.flatnonzero((count >= 2) & (count <= _LARGEST_SHARE * usable.sum()))
    return [names[k] for k in kept], member[kept]


@lru_cache(maxsize=16)
def _sets_of_page(template: PageTemplate) -> tuple[list[str], NDArray[np.bool_]]:
    rows: dict[str, list[int]] = {}
    for i, box in enumerate(template.page.boxes):
        rows.setdefault(box.item, []).append(i)
    return sets_of(rows, np.array([box.box_mm for box in template.page.boxes]))


def sets_of(
    rows: Mapping[str, Sequence[int]], boxes: NDArray[np.float64]
) -> tuple[list[str], NDArray[np.bool_]]:
    """Boxes that a piece of paper may hold: rows below each other, and parts of one row.

    Args:
        rows: Positions of the boxes of each item.
        boxes: ``(n, 4)`` in mm.

    Returns:
        A name for each of ``m`` sets, and bool ``(m, n)``.
    """
    names: list[str] = []
    sets: list[NDArray[np.bool_]] = []
    places = {item: boxes[list(members)] for item, members in rows.items()}
    top = {item: float(b[:, 1].mean()) for item, b in places.items()}
    below = {item: _next_below(item, places, top) for item in rows}
    gaps = [top[b] - top[a] for a, b in below.items() if b is not None]
    usual = float(np.median(gaps)) if gaps else 0.0

    def add(name: str, members: Sequence[int]) -> None:
        chosen = np.zeros(len(boxes), np.bool_)
        chosen[list(members)] = True
        names.append(name)
        sets.append(chosen)

    for item in rows:
        run, last, members = [item], item, list(rows[item])
        add(item, members)
        while len(run) < _MOST_ROWS and (after := below[last]) is not None:
            if top[after] - top[last] > _FAR_ROWS * usual:
                break
            run.append(after)
            members += rows[after]
            last = after
            add(f"{item}–{after}", members)
        ordered = sorted(rows[item], key=lambda i: boxes[i, 0])
        for cut in range(2, len(ordered) - 1):
            add(item, ordered[:cut])
            add(item, ordered[-cut:])
    return names, np.array(sets, np.bool_).reshape(-1, len(boxes))


def _next_below(
    item: str, places: Mapping[str, NDArray[np.float64]], top: Mapping[str, float]
) -> str | None:
    """The nearest row below that stands in the same columns."""
    mine = places[item]
    left, right = mine[:, 0].min(), (mine[:, 0] + mine[:, 2]).max()
    best: str | None = None
    for other, theirs in places.items():
        if top[other] <= top[item] + 0.5:
            continue
        start, stop = theirs[:, 0].min(), (theirs[:, 0] + theirs[:, 2]).max()
        shared = min(right, stop) - max(left, start)
        if shared > 0.5 * min(right - left, stop - start) and (
            best is None or top[other] < top[best]
        ):
            best = other
    return best


def _set_signs(
    view: PageView,
    found: Jumps,
    names: Sequence[str],
    member: NDArray[np.bool_],
    laid_mm: NDArray[np.float64],
) -> list[Sign]:
    signs = []
    taken = np.zeros(member.shape[1], np.bool_)
    # A row beside the piece is off it as well: of the high scores the one is meant that is
    # off the registration, too, which all other print had its say in.
    high = found.sets >= _NEARLY_WORST * found.sets.max(initial=0.0)
    count = np.maximum(member.sum(axis=1), 1)
    off = np.hypot(*((member @ laid_mm) / count[:, None]).T) * np.sqrt(count)
    for k in np.lexsort((-found.sets, -np.where(high, off, 0.0)))[:40]:
        if (member[k] & taken).any():
            continue
        taken |= member[k]
        boxes = np.flatnonzero(member[k]).tolist()
        shift, tilt = found.set_mm[k], float(found.tilt[k])
        length = float(np.hypot(*shift))
        turned_vi = f", xoay {abs(np.degrees(tilt)):.2f}°" if abs(tilt) > 1e-3 else ""
        turned_en = f" and turned by {abs(np.degrees(tilt)):.2f}°" if abs(tilt) > 1e-3 else ""
        message = Message(
            f"Dấu hiệu dán chồng ở câu {names[k]}: nét in của {len(boxes)} ô cùng lệch "
            f"{length:.2f} mm{turned_vi} so với các ô xung quanh.",
            f"Signs of pasted paper at item {names[k]}: the print of {len(boxes)} boxes lies "
            f"{length:.2f} mm off{turned_en} against the boxes around them.",
        )
        signs.append(
            _sign(view, float(found.sets[k]), boxes, message, (float(shift[0]), float(shift[1])))
        )
        if len(signs) == 3:
            break
    return signs


def _box_signs(
    view: PageView, found: Jumps, known: NDArray[np.int64], offsets: BoxOffsets
) -> list[Sign]:
    signs = []
    for k in np.argsort(-found.box, kind="stable")[:3]:
        i = int(known[k])
        reading, shift = view.readings[i], found.box_mm[k]
        message = Message(
            f"Dấu hiệu dán chồng ở ô {reading.item} = {reading.value}: nét in của ô lệch "
            f"{float(np.hypot(*shift)):.2f} mm so với các ô xung quanh.",
            f"Signs of pasted paper at box {reading.item} = {reading.value}: its print lies "
            f"{float(np.hypot(*shift)):.2f} mm off the boxes around it.",
        )
        signs.append(
            _sign(view, float(found.box[k]), [i], message, (float(shift[0]), float(shift[1])))
        )
    return signs


def _sign(
    view: PageView, score: float, boxes: Sequence[int], message: Message, shift: tuple[float, float]
) -> Sign:
    mm = np.array([view.template.page.boxes[i].box_mm for i in boxes])
    left, top = mm[:, :2].min(axis=0) - 0.7
    right, bottom = (mm[:, :2] + mm[:, 2:]).max(axis=0) + 0.7
    items = {view.readings[i].item for i in boxes}
    return Sign(
        score=score,
        message=message,
        item=items.pop() if len(items) == 1 else None,
        box_mm=(float(left), float(top), float(right - left), float(bottom - top)),
        evidence=(
            ("shift_x_mm", round(shift[0], 3)),
            ("shift_y_mm", round(shift[1], 3)),
            ("boxes", float(len(boxes))),
        ),
    )


CHECK = PageCheck(
    CheckInfo(
        id="paste.displacement",
        level=Level.PAGE,
        family=Family.IMAGE,
        kind="cut_paste",
        title=Message("Giấy dán chồng (nét in lệch)", "Pasted paper (displaced print)"),
        sees=(
            "A piece cut from another form and pasted on never lies exactly where the print "
            "underneath was: all sides of its box outlines, and all its boxes, are shifted and "
            "turned together, while a feeder bends the whole sheet smoothly. The boxes of a page "
            "foretell each other (a Gaussian process with the page's own warp and noise); a box "
            "or a run of rows that does not fit is scored in errors of that. It needs no grey "
            "levels, so it holds on 1-bit scans and photos."
        ),
        null_model=(
            "The most moved box or set of rows of honest pages of the same scan class, each page "
            "in errors of its own boxes with a floor of what printing makes (0.015 mm a box, "
            "0.025 mm a set); conformal p-value with a continued tail."
        ),
        source=(
            "Local displacement against the registered blank; leave-group-out prediction of a "
            "Gaussian process (Rasmussen & Williams 2006, 5.4.2); measured in docs/accuracy.md."
        ),
        innocent=(
            Message(
                "Nếp gấp hoặc giấy nhăn đi ngang qua câu hỏi.",
                "A fold or crease that runs across the item.",
            ),
            Message(
                "Máy quét bị trượt giấy trong lúc kéo.",
                "The scanner's feeder slipped for a moment.",
            ),
            Message(
                "Một dải in của mẫu phiếu gốc khác phiên bản đã in.",
                "The printed edition differs from the blank that was given.",
            ),
        ),
        min_scale=1.5,
        version="2",
    ),
    measure,
)
