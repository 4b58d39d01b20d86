"""Erased marks that still show: far fainter than the respondent's others."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from detectors.finding import Family, Message
from detectors.registry import CheckInfo, Level
from scans.checks._erased_boxes import is_speck
from scans.checks._page_check import NotAssessable, PageCheck, Sign, Signs
from scans.measure.pens import runs_far
from scans.types import BoxReading, MarkState, ScanClass
from scans.view import PageView

# Honest marks of one sheet differ by at least this share of their darkness.
_FLOOR = 0.035
_FEWEST_MARKS = 4
# Ink below this share of a box has no darkness to speak of; nor has what is no more than so often
# the noise of empty boxes, which sharpening and compression raise.
_LEAST_INK = 0.012
_TIMES_NOISE, _QUIETER = 2.5, 0.97
# A faint mark that is an item's only one is far likelier honest than erased.
_ALONE = 0.4
# Where marks are filled in, an item's only tick is a thin line, and paler for that at 150 dpi.
_FILLED, _LINE = 0.25, 0.5
# A pale area without a line in it: a stain or a smear, of which a rubber leaves none.
_BROAD, _PALE = 0.05, 0.25
# Lines of a mark end near its box: what was erased has hardly any ink 2.5 mm and more beyond. A
# stain beside a box had .37 of its own there, underlinings and slips of a pen have more.
_MOST_AROUND = 0.3
# What has a tenth of the usual ink and is nearly as dark is a speck; rubbing pales what it leaves.
_SPECK_SHARE, _SPECK_DARK = 0.1, 0.6
_MOST_PLACES = 6
# Below this many spreads honest marks are found as well: no need to look.
_CLOSELY = 3.0


def measure(view: PageView) -> Signs | NotAssessable:
    """Score of the most faded mark, in robust spreads of the sheet's other marks."""
    noise = [r.features["ink"] for r in view.readings if r.state is MarkState.EMPTY]
    least = max(_LEAST_INK, _TIMES_NOISE * float(np.quantile(noise or [0.0], _QUIETER)))
    drawn = {
        i: r.features["faded"]
        for i, r in enumerate(view.readings)
        # Nobody rubs at what they have taken back as the form asks.
        if r.state not in (MarkState.EMPTY, MarkState.CANCELLED)
        and r.features["ink"] >= least
        and not r.features["foreign"]
        and not _is_stain(r)
        and not runs_far(r, _MOST_AROUND)
    }
    if len(drawn) < _FEWEST_MARKS:
        return NotAssessable("too few marks on the page to know the respondent's pen by")
    spread = max(_FLOOR, _spread(list(drawn.values())))
    # Beside nothing else an uneven hand's faintest mark is its faintest mark.
    of_hand = max(spread, _spread(_darkness(view, drawn)))
    inks = [r.features["ink"] for r in view.readings if r.state is MarkState.MARKED]
    usual = float(np.median(inks)) if inks else 0.0
    found = []
    for members in view.rows.values():
        inked = [i for i in members if i in drawn]
        for i in inked:
            full = [j for j in inked if j != i and drawn[j] >= drawn[i] + 2 * spread]
            speck = (
                view.readings[i].features["ink"] < _SPECK_SHARE * usual and drawn[i] > _SPECK_DARK
            )
            beside = bool(full) and not speck
            if not beside and _is_line_among_fills(view.readings, i):
                continue
            score = (1.0 - drawn[i]) / (spread if beside else of_hand / _ALONE)
            if score > 0:
                found.append((score, i, full))
    found.sort(key=lambda one: -one[0])
    # Dust on the glass is as faint as a rubbed line: only the worst are looked at closely.
    places = [
        _sign(view, i, drawn[i], score, full)
        for score, i, full in found[: 2 * _MOST_PLACES]
        if score < _CLOSELY or not is_speck(view, i)
    ][:_MOST_PLACES]
    return Signs(places[0].score if places else 0.0, tuple(places))


def _is_line_among_fills(readings: Sequence[BoxReading], i: int) -> bool:
    solid = [r.features["solid"] for r in readings if r.state is MarkState.MARKED]
    usual = float(np.median(solid)) if solid else 0.0
    return usual >= _FILLED and readings[i].features["solid"] < _LINE * usual


def _darkness(view: PageView, drawn: Iterable[int]) -> list[float]:
    """Darkness of the marks of the pen that most are in, against their middle.

    What is usual on a sheet counts as fully dark, however uneven the hand: here it does not.
    """
    own = [f["peak"] for i in drawn if not (f := view.readings[i].features)["second"]]
    return (np.array(own) / max(float(np.median(own)), 1e-6)).tolist() if own else []


def _spread(values: Sequence[float]) -> float:
    if len(values) < _FEWEST_MARKS:
        return 0.0
    return 1.4826 * float(np.median(np.abs(np.array(values) - np.median(values))))


def _is_stain(reading: BoxReading) -> bool:
    return (
        reading.state is MarkState.AMBIGUOUS
        and reading.features["solid"] > _BROAD
        and reading.features["dark"] < _PALE
    )


def _sign(view: PageView, i: int, faded: float, score: float, full: list[int]) -> Sign:
    reading = view.readings[i]
    evidence: list[tuple[str, float | str]] = [
        ("value", str(reading.value)),
        ("darkness_against_usual", round(faded, 3)),
    ]
    if full:
        # The direction of the change is for the statistics: from this value to that.
        evidence.append(("now_marked", str(view.readings[full[0]].value)))
    return Sign(
        score=score,
        message=Message(
            f"Dấu hiệu tẩy ở ô {reading.item} = {reading.value}: nét đánh dấu chỉ còn đậm "
            f"{100 * faded:.0f} % so với các nét khác của người trả lời.",
            f"Signs of erasure in box {reading.item} = {reading.value}: the mark is only "
            f"{100 * faded:.0f} % as dark as the respondent's other marks.",
        ),
        item=reading.item,
        box_mm=view.template.page.boxes[i].box_mm,
        evidence=tuple(evidence),
    )


CHECK = PageCheck(
    CheckInfo(
        id="erasure.faded",
        level=Level.PAGE,
        family=Family.IMAGE,
        kind="erasure",
        title=Message("Nét đánh dấu bị tẩy mờ", "Mark rubbed or scraped faint"),
        sees=(
            "A rubber, an eraser pen or a blade leaves part of the line. Within one sheet by one "
            "hand the darkest sixth of every mark is the same to a tenth; an erased mark keeps "
            "half to three quarters of it. A faint mark beside a full one in the same item "
            "counts whole, one alone or a speck counts less; what is little more than the ink that "
            "noise leaves in empty boxes is no mark, nor is what runs far beyond the box, as "
            "stains, underlinings and slips of a pen do. Ink of another hue is compared with the "
            "sheet's other marks of that hue; a mark taken back as the form asks, and an item's "
            "only tick on a sheet of filled boxes, are not judged."
        ),
        null_model=(
            "The most faded mark of honest pages of the same scan class; conformal p-value with a "
            "continued tail."
        ),
        source="Own measurement on simulated and real marks, docs/accuracy.md.",
        innocent=(
            Message(
                "Người trả lời tự tẩy để sửa câu trả lời của mình.",
                "The respondent rubbed out and changed their own answer.",
            ),
            Message(
                "Bút hết mực hoặc đổi bút giữa chừng.",
                "A pen running dry, or two pens on one sheet.",
            ),
        ),
        valid_for=frozenset(
            {
                # Not where the paper's texture survives: traces beside the page's other boxes
                # tell more there, and 4 of some 100 honest pages in trouble looked faded.
                ScanClass.CLIPPED_COLOUR,
                ScanClass.CLIPPED_GREY,
                ScanClass.PHOTO,
            }
        ),
        min_scale=1.0,
        version="6",
    ),
    measure,
)
