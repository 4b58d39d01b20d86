"""What the checks on erased boxes share: from log odds of boxes to signs on the page."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from detectors.finding import Message
from scans.checks._page_check import NotAssessable, Sign, Signs
from scans.measure.trace_model import trace_model
from scans.types import MarkState
from scans.view import PageView

__all__ = ["Evidence", "evidence_of", "signs_of_model"]

# A page of fewer boxes without a mark has no paper of its own to compare with.
_FEWEST = 8
_MOST_PLACES = 6

Evidence = tuple[tuple[str, float | str], ...]


def signs_of_model(
    view: PageView,
    model: str,
    zero: float,
    grow_mm: float,
    say: Callable[[PageView, int], tuple[Message, Evidence]],
) -> Signs | NotAssessable:
    """Signs in the boxes that a model finds likeliest, worst first.

    Args:
        view: The page.
        model: Name of the model.
        zero: Log odds from which a box scores above 0; nearly all honest boxes stay below.
        grow_mm: How far beyond the box the altered place reaches.
        say: Message and evidence of the box at a position.
    """
    traces = view.traces
    if int(traces.judged.sum()) < _FEWEST:
        return NotAssessable("too few boxes without a mark to know the page's paper by")
    scores = np.where(traces.judged, trace_model(model).log_odds(traces.values) - zero, 0.0)
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
