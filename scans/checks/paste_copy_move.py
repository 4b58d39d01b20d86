"""A mark copied inside the page: two marks that are the same picture."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from detectors.finding import Family, Message
from detectors.registry import CheckInfo, Level
from scans.checks._page_check import NotAssessable, PageCheck, Sign, Signs
from scans.measure.strokes import likeness, mark_pictures
from scans.view import PageView

# Correlation saturates near 1; this scale keeps .98 and .995 apart and honest pairs small.
_CEILING = 1.0005
# A mark must be a line drawing of this many pixels of contour: a dot or a solid disc
# looks like every other dot or disc.
_FEWEST_EDGE_PX = 30


def measure(view: PageView) -> Signs | NotAssessable:
    """Score of the most alike pair of marks, weighed by how much line there is in it."""
    pictures = mark_pictures(view.patches, view.ink, view.marked)
    if len(pictures.index) < 2:
        return NotAssessable("fewer than two marks on the page")
    detail = np.array([_detail(ink) for ink in pictures.ink])
    alike = likeness(pictures.ink, pictures.ink)
    np.fill_diagonal(alike, -1.0)
    score = -np.log10(_CEILING - np.clip(alike, -1.0, 1.0))
    weight = np.minimum(1.0, np.minimum.outer(detail, detail) / _FEWEST_EDGE_PX)
    score = np.triu(np.maximum(score, 0.0) * weight, k=1)
    places = []
    for flat in np.argsort(-score, axis=None)[:4]:
        a, b = np.unravel_index(int(flat), score.shape)
        if score[a, b] <= 0:
            break
        first, second = view.readings[pictures.index[a]], view.readings[pictures.index[b]]
        same = 100.0 * float(alike[a, b])
        places.append(
            Sign(
                score=float(score[a, b]),
                message=Message(
                    f"Dấu hiệu sao chép nét đánh dấu: ô {first.item} = {first.value} và ô "
                    f"{second.item} = {second.value} giống nhau {same:.1f} % từng nét, cao hơn "
                    "mức một người viết tay lặp lại được.",
                    f"Signs of a copied mark: boxes {first.item} = {first.value} and "
                    f"{second.item} = {second.value} agree {same:.1f} % line for line, more than a "
                    "hand repeats itself.",
                ),
                item=second.item,
                box_mm=_box_of(view, int(pictures.index[b])),
                evidence=(
                    ("value", str(second.value)),
                    ("other_item", first.item),
                    ("other_value", str(first.value)),
                    ("likeness", round(float(alike[a, b]), 5)),
                ),
            )
        )
    return Signs(places[0].score if places else 0.0, tuple(places))


def _detail(ink: NDArray[np.float32]) -> float:
    """Length of the contour of the drawn lines, in pixels."""
    solid = ink > 0.3
    inner = solid[1:-1, 1:-1] & solid[:-2, 1:-1] & solid[2:, 1:-1]
    inner &= solid[1:-1, :-2] & solid[1:-1, 2:]
    return float(solid.sum() - inner.sum())


def _box_of(view: PageView, i: int) -> tuple[float, float, float, float]:
    return view.template.page.boxes[i].box_mm


CHECK = PageCheck(
    CheckInfo(
        id="paste.copy_move",
        level=Level.PAGE,
        family=Family.IMAGE,
        kind="cut_paste",
        title=Message("Nét đánh dấu được sao chép trong trang", "Mark copied inside the page"),
        sees=(
            "No hand draws the same line twice. With the form's print subtracted, every pair of "
            "marks is compared; a copied mark agrees line for line, noise included."
        ),
        null_model=(
            "The most alike pair of marks on honest pages of the same scan class; conformal "
            "p-value with a continued tail."
        ),
        source=(
            "Copy-move by normalised cross-correlation after template subtraction; digital copies "
            "reach .985, natural pairs .95 in 0.15 % of pairs (docs/accuracy.md)."
        ),
        innocent=(
            Message(
                "Hai nét rất đơn giản (chấm, vạch ngắn) có thể trùng nhau ngẫu nhiên.",
                "Two very simple marks (dots, short dashes) can agree by chance.",
            ),
            Message(
                "Máy quét nén kiểu JBIG2 có thể thay hai nét gần giống bằng cùng một hình.",
                "A scanner that compresses with JBIG2 may print one symbol for two alike marks.",
            ),
        ),
        min_scale=0.1,
    ),
    measure,
)
