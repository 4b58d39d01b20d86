"""Edits in the file: edges sharper than the scanner that saw the rest of the page."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from detectors.finding import Family, Message
from detectors.registry import CheckInfo, Level
from scans.checks._page_check import SHADED, NotAssessable, PageCheck, Sign, Signs
from scans.measure.hard_edges import HardEdges, hard_edges
from scans.view import PageView

Ints = NDArray[np.int64]

_FEWEST = 8
# Whoever alters a page alters few of its boxes.
_USUAL_SHARE = 0.8
# Where boxes usually show so many, all edges are hard, as a program draws them.
_DRAWN = 25.0
_MOST_PLACES = 6
# Shares of fewer edges, and the middle of fewer places, say too little.
_FEWEST_EDGES, _FEWEST_PLACES = 40, 4
# A pen's line (0.45 mm) is two pixels wide then: finer ones have no plateau, and a photo that was
# sharpened at so few pixels draws its edges as hard as a brush.
_COARSEST_PX_PER_MM = 4.5


def measure(view: PageView) -> Signs | NotAssessable:
    """Score of the place with most hard edges beyond those of the page's boxes."""
    if view.registration.px_per_mm < _COARSEST_PX_PER_MM:
        return NotAssessable("the scan is too coarse to tell a hard edge from a soft one")
    found = hard_edges(*view.upright, view.patches, view.template, view.ink)
    seen = found.boxes[found.boxes >= 0]
    if len(seen) < _FEWEST:
        return NotAssessable("too few boxes on the scan to know its edges by")
    usual = float(np.quantile(seen, _USUAL_SHARE))
    if usual > _DRAWN:
        return NotAssessable("all edges of the page are as sharp as a program draws them")
    rate = _usual_rate(found, view.marked)
    boxes = _scores(found.box_steps, found.box_edges, usual, rate)
    on_fields = max(rate, _middle(_rates(found.tiles, found.tile_edges)))
    tiles = _scores(found.tile_steps, found.tile_edges, usual, on_fields)
    places = [
        _box_sign(view, i, int(found.box_steps[i]), float(boxes[i]))
        for i in np.argsort(-boxes, kind="stable")[:_MOST_PLACES].tolist()
    ]
    places += [
        _field_sign(
            found.tile_field[k],
            found.tile_mm[k].tolist(),
            int(found.tile_steps[k]),
            float(tiles[k]),
        )
        for k in np.argsort(-tiles, kind="stable")[:_MOST_PLACES].tolist()
    ]
    places = sorted((p for p in places if p.score > 0), key=lambda sign: -sign.score)
    kept = tuple(places[:_MOST_PLACES])
    return Signs(kept[0].score if kept else 0.0, kept)


def _usual_rate(found: HardEdges, marked: frozenset[int]) -> float:
    """Share of the edges of ink that is hard at usual boxes, and at usual marked ones.

    A program that whitens or filters a page makes edges hard, those of ink other than those of
    print, but those of all ink alike.
    """
    inked = np.array(sorted(marked), np.int64)
    every = _rates(found.boxes, found.box_edges)
    of_print = float(np.quantile(every, _USUAL_SHARE)) if len(every) else 0.0
    return max(of_print, _middle(_rates(found.boxes[inked], found.box_edges[inked])))


def _rates(steps: Ints, edges: Ints) -> NDArray[np.float64]:
    """Share of edges that is hard, where there are enough of them."""
    known = (steps >= 0) & (edges >= _FEWEST_EDGES)
    return np.asarray(steps[known] / np.maximum(edges[known], 1), np.float64)


def _middle(rates: NDArray[np.float64]) -> float:
    """What half of the places exceed; 0 of too few."""
    return float(np.median(rates)) if len(rates) >= _FEWEST_PLACES else 0.0


def _scores(steps: Ints, edges: Ints, usual: float, rate: float) -> NDArray[np.float64]:
    """Steps beyond what a usual box has, or as much ink, in units of their chance spread."""
    expected = np.maximum(usual, rate * edges)
    return np.asarray(np.maximum(0.0, (steps - expected) / np.sqrt(1.0 + expected)), np.float64)


def _box_sign(view: PageView, i: int, count: int, score: float) -> Sign:
    reading = view.readings[i]
    x, y, w, h = view.template.page.boxes[i].box_mm
    vi, en = f"ô {reading.item} = {reading.value}", f"box {reading.item} = {reading.value}"
    return Sign(
        score=score,
        message=_message(vi, en, count),
        item=reading.item,
        box_mm=(x - 0.5, y - 0.5, w + 1.0, h + 1.0),
        evidence=(("value", str(reading.value)), ("hard_steps", float(count))),
    )


def _field_sign(field: str, tile: list[float], count: int, score: float) -> Sign:
    x, y, w, h = tile
    return Sign(
        score=score,
        message=_message(f"vùng {field}", f"field {field}", count),
        field=field,
        box_mm=(x, y, w, h),
        evidence=(("hard_steps", float(count)),),
    )


def _message(where_vi: str, where_en: str, count: int) -> Message:
    return Message(
        f"Dấu hiệu chỉnh sửa tệp ở {where_vi}: {count} điểm mép chuyển từ tối sang sáng trong một "
        "điểm ảnh, sắc hơn mọi mép mà máy quét đã ghi trên trang, như thể bị xóa, cắt hoặc vẽ "
        "bằng phần mềm.",
        f"Signs of an edit in the file at {where_en}: {count} points of edge turn from dark to "
        "light within one pixel, sharper than the scanner drew the rest of the page, as if wiped "
        "out, cut or drawn by a program.",
    )


CHECK = PageCheck(
    CheckInfo(
        id="splice.hard_edge",
        level=Level.PAGE,
        family=Family.IMAGE,
        kind="cut_paste",
        title=Message("Mép sắc hơn máy quét", "Edges sharper than the scanner"),
        sees=(
            "Optics spread every edge over two pixels or more. A brush that wipes a mark out, a "
            "rectangle that cuts through a stroke or ink drawn by a program turn from dark to "
            "light from one pixel to the next. Steps between two plateaus are counted at every "
            "box and on every field, few of them on any one straight line, and put beside the "
            "page's other boxes and beside how much ink is there. It needs no grain of "
            "paper, so it holds on burnt-out scans. A soft brush and borders on bare paper are "
            "not seen."
        ),
        null_model=(
            "The place with most hard steps on honest pages of the same scan class, each page "
            "beside its own boxes; conformal p-value with a continued tail."
        ),
        source=(
            "Edge spread of an imaging system (ISO 12233) as a trace of what it did not see; "
            "measured in docs/accuracy.md."
        ),
        innocent=(
            Message(
                "Máy quét hoặc phần mềm in thêm số, tem hoặc che công khai một phần trang.",
                "The scanner or its software stamped a number or covered a part openly.",
            ),
            Message(
                "Phần mềm quét tự làm sạch vết bẩn hoặc lỗ đục.",
                "Scan software that cleaned dirt or punch holes by itself.",
            ),
        ),
        valid_for=SHADED,
        # Sharpened scans of honest pages reach 13, whatever kind of scan they are taken for.
        min_scale=2.0,
        version="2",
    ),
    measure,
)
