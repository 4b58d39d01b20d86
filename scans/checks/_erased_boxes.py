"""What the checks on erased boxes share: from log odds of boxes to signs on the page."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from detectors.finding import Message
from scans.checks._page_check import NotAssessable, Sign, Signs
from scans.measure.boxes import PX_PER_MM
from scans.types import MarkState
from scans.view import PageView

__all__ = ["Evidence", "evidence_of", "is_crease", "is_speck", "signs_of_odds"]

# Models of erasure have learned from 150 dpi up: below, paper and brush are finer than a pixel.
_FEWEST_PX = 5.5
# A page of fewer boxes without a mark has no paper of its own to compare with.
_FEWEST = 8
_MOST_PLACES = 6
# Dust on the glass is no larger than this, and clearly darker than paper; of the toner that copiers
# scatter two or three grains may lie in one box.
_SPECK_MM, _SPECK_DARK = 1.3, 0.08
_GRAIN_MM, _MOST_GRAINS = 0.6, 3
# A fold or a streak is at least so much darker than paper beside it, on both sides of the box and
# through it, at most so far off one straight line; a mark ends before the edges of the patch.
_CREASE_DARK, _CREASE_NOISES, _CREASE_OFF_MM = 0.04, 4.0, 0.6
_BESIDE_MM, _BARE, _BROAD_MM, _ONE_LINE_MM = 0.4, 0.4, 1.1, 1.0

Evidence = tuple[tuple[str, float | str], ...]


def signs_of_odds(
    view: PageView,
    odds: NDArray[np.float64],
    zero: float,
    grow_mm: float,
    say: Callable[[PageView, int], tuple[Message, Evidence]],
) -> Signs | NotAssessable:
    """Signs in the boxes that models of erasure find likeliest, worst first.

    Args:
        view: The page.
        odds: Log odds of each of its boxes.
        zero: Log odds from which a box scores above 0; nearly all honest boxes stay below.
        grow_mm: How far beyond the box the altered place reaches.
        say: Message and evidence of the box at a position.
    """
    if view.faint_print:
        return NotAssessable(
            "the form's thin lines are pale or broken all over, as on coarse copies"
        )
    if view.registration.px_per_mm < _FEWEST_PX:
        return NotAssessable("too coarse to see the surface of the paper (below 140 dpi)")
    traces = view.traces
    if int(traces.judged.sum()) < _FEWEST:
        return NotAssessable("too few boxes without a mark to know the page's paper by")
    scores = np.where(traces.judged, odds - zero, 0.0)
    worst = [i for i in np.argsort(-scores, kind="stable").tolist() if scores[i] > 0]
    for i in worst[: 2 * _MOST_PLACES]:
        if is_speck(view, i) or is_crease(view, i):
            scores[i] = 0.0
    places = []
    for i in np.argsort(-scores, kind="stable")[:_MOST_PLACES].tolist():
        if scores[i] <= 0:
            break
        reading = view.readings[i]
        message, evidence = say(view, i)
        x, y, w, h = view.template.page.boxes[i].box_mm
        places.append(
            Sign(
                score=float(scores[i]),
                message=message,
                item=reading.item,
                box_mm=(x - grow_mm, y - grow_mm, w + 2 * grow_mm, h + 2 * grow_mm),
                evidence=evidence_of(view, i) + evidence,
            )
        )
    return Signs(max(0.0, float(scores.max())), tuple(places))


def is_speck(view: PageView, i: int) -> bool:
    """Whether all that stands out in a box at a position is one small spot or a few grains.

    Where a mark was, what is nearly as dark as the darkest pixel spreads over millimetres;
    where nothing stands out of the noise, such pixels lie all over the box.
    """
    group = next(g for g in view.patches if i in g.index)
    row = int(np.flatnonzero(group.index == i)[0])
    there = (group.allowed[row] < 0.12) & (group.distance < 1.0) & group.own[row]
    soft = cv2.blur(np.where(there, group.dark[row], 0.0).astype(np.float32), (3, 3))
    if float(soft.max()) < _SPECK_DARK:
        return False
    dark = soft > 0.35 * soft.max()
    rows, columns = np.nonzero(dark)
    if max(np.ptp(rows), np.ptp(columns)) < _SPECK_MM * PX_PER_MM:
        return True
    count, _, stats, _ = cv2.connectedComponentsWithStats(dark.astype(np.uint8), connectivity=8)
    sizes = stats[1:, [cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT]]
    return bool(count - 1 <= _MOST_GRAINS and sizes.max() < _GRAIN_MM * PX_PER_MM)


def is_crease(view: PageView, i: int) -> bool:
    """Whether a thin straight line runs from edge to edge through a box and the next beside it.

    Folds, streaks of the feeder and underlinings go on beyond the box on both sides, where
    nobody marks and no rubber leaves a line; the edge of a tape ends before the next box.
    """
    boxes = view.template.page.boxes
    x, y = boxes[i].box_mm[:2]
    for level in (True, False):
        if not _runs_through(view, i, level=level):
            continue
        row = [
            k
            for k, box in enumerate(boxes)
            if k != i and abs(box.box_mm[1] - y if level else box.box_mm[0] - x) < _ONE_LINE_MM
        ]
        if any(_runs_through(view, k, level=level) for k in row):
            return True
    return False


def _runs_through(view: PageView, i: int, *, level: bool) -> bool:
    """Whether one level or upright line is seen on both sides of a box and in it."""
    group = next(g for g in view.patches if i in g.index)
    row = int(np.flatnonzero(group.index == i)[0])
    bare = (group.allowed[row] < 0.12) & group.own[row]
    dark = np.where(bare, group.dark[row], np.nan)
    dark, margin_mm = (dark if level else dark.T), group.margin_mm
    edge = round((margin_mm - _BESIDE_MM) * PX_PER_MM)
    inner = round((margin_mm + _BESIDE_MM) * PX_PER_MM)
    width = dark.shape[1]
    left, right = _peak(dark[:, :edge]), _peak(dark[:, width - edge :])
    within = _peak(dark[:, inner : width - inner])
    if left is None or right is None or within is None:
        return False
    off = _CREASE_OFF_MM * PX_PER_MM
    return abs(left - right) <= 2 * off and abs(within - (left + right) / 2) <= off


def _peak(zone: NDArray[np.floating]) -> int | None:
    """Row of the darkest thin line of a zone, if it stands out."""
    seen = np.isfinite(zone)
    enough = seen.mean(axis=1) > _BARE
    profile = np.where(seen, zone, 0.0).sum(axis=1) / np.maximum(seen.sum(axis=1), 1)
    if int(enough.sum()) < len(profile) / 2:
        return None
    # Rows under print are bridged, so that their neighbours keep a background.
    known = np.flatnonzero(enough)
    whole = np.interp(np.arange(len(profile)), known, profile[known])
    reach = round(_BROAD_MM * PX_PER_MM / 2)
    padded = np.pad(whole, reach, mode="edge")
    ground = np.median(np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1), axis=1)
    line = np.where(enough, whole - ground, 0.0)
    noise = 1.4826 * float(np.median(np.abs(line[enough])))
    peak = int(np.argmax(line))
    return peak if line[peak] > max(_CREASE_DARK, _CREASE_NOISES * noise) else None


def evidence_of(view: PageView, i: int) -> Evidence:
    """The value that was taken away and, for the direction, the one that the row shows now."""
    reading = view.readings[i]
    now = [
        str(view.readings[k].value)
        for k in view.rows[reading.item]
        if k != i and view.readings[k].state is MarkState.MARKED
    ]
    first = ("value", str(reading.value))
    return (first, ("now_marked", ",".join(now))) if now else (first,)
