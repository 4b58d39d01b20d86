"""A seal or signature laid on with its own paper: the paper in the field is another one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from detectors.finding import Family, Message
from detectors.instrument import BoxMm
from detectors.registry import CheckInfo, Level
from scans.checks._page_check import NotAssessable, PageCheck, Sign, Signs
from scans.measure.field_paper import FieldPaper, field_paper
from scans.measure.fields import zone_of
from scans.quantiles import median
from scans.view import PageView

__all__ = ["CHECK", "measure"]

_KINDS = ("seal", "signature")
# The border of a patch is not known: blocks this near the field's edge count for neither.
_BORDER_MM = 1.5
_FEWEST_IN, _FEWEST_OUT = 12, 60
# What honest paper differs by from place to place: grain as a share, level in grey levels.
_GRAIN_FLOOR, _LEVEL_FLOOR = 0.035, 0.7
# Paper that is burnt out has no grain to compare.
_BURNT_OUT, _LEAST_GRAIN = 254.0, 0.25


def measure(view: PageView) -> Signs | NotAssessable:
    """Score of the field zone whose paper differs most from the paper around it."""
    zone = zone_of(view.template.page, _KINDS)
    if zone is None:
        return NotAssessable("the page has no field for a seal or a signature")
    paper = field_paper(
        view.raw.image, view.registration, zone, view.template.page.size_mm, view.ink.black
    )
    inside, outside = _where(paper, zone)
    if inside.sum() < _FEWEST_IN or outside.sum() < _FEWEST_OUT:
        return NotAssessable("too little bare paper in and around the field")
    if float(np.median(paper.level[outside])) >= _BURNT_OUT:
        return NotAssessable("the paper is burnt out to white: its grain is lost")
    grain, grain_error = _grain(paper, inside, outside)
    step, step_error = _step(paper, inside, outside)
    by_grain, by_level = abs(grain) / grain_error, step / step_error
    score = float(np.hypot(by_grain, by_level))
    names = "+".join(f.id for f in view.template.page.fields if f.kind in _KINDS)
    share = 100.0 * (np.exp(grain) - 1.0)
    message = Message(
        f"Dấu hiệu dán ảnh con dấu hoặc chữ ký kèm nền giấy khác: thớ giấy trong vùng khác "
        f"{share:+.0f} %, độ sáng khác {step:.1f} mức so với giấy xung quanh.",
        f"Signs of a seal or signature laid on with other paper: grain in the zone differs by "
        f"{share:+.0f} %, brightness by {step:.1f} levels from the paper around it.",
    )
    sign = Sign(
        score=score,
        message=message,
        field=names,
        box_mm=zone,
        evidence=(
            ("grain_log_ratio", round(grain, 4)),
            ("grain_error", round(grain_error, 4)),
            ("level_step", round(step, 3)),
        ),
    )
    return Signs(score, (sign,))


def _where(paper: FieldPaper, zone: BoxMm) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Bare blocks well inside the zone, and well outside."""
    x, y, w, h = zone
    px, py = paper.place_mm[..., 0], paper.place_mm[..., 1]
    deep = np.minimum.reduce([px - x, x + w - px, py - y, y + h - py])
    return paper.bare & (deep > _BORDER_MM), paper.bare & (deep < -_BORDER_MM)


def _grain(
    paper: FieldPaper, inside: NDArray[np.bool_], outside: NDArray[np.bool_]
) -> tuple[float, float]:
    """Logarithm of the ratio of grain, and what it varies by between parts of the outside."""
    log = np.log(np.maximum(paper.grain, _LEAST_GRAIN))
    ratio = float(np.median(log[inside]) - np.median(log[outside]))
    place = paper.place_mm
    parts = (place[..., 0] // 24.0).astype(int) * 1000 + (place[..., 1] // 15.0).astype(int)
    beside, part = log[outside], parts[outside]
    own, count_of = np.unique(part, return_counts=True)
    medians = [median(beside[part == p]) for p in own[count_of >= 8]]
    spread = 1.4826 * float(np.median(np.abs(np.array(medians) - np.median(medians))))
    count = 1.25 * float(beside.std()) / np.sqrt(min(int(inside.sum()), int(outside.sum())))
    return ratio, float(np.sqrt(_GRAIN_FLOOR**2 + spread**2 + count**2))


def _step(
    paper: FieldPaper, inside: NDArray[np.bool_], outside: NDArray[np.bool_]
) -> tuple[float, float]:
    """Step of the paper's colour against a plane through both, and its error."""
    used = inside | outside
    place = paper.place_mm[used]
    centre = place.mean(axis=0)
    u, v = ((place - centre) / 50.0).T
    design = np.column_stack([np.ones(len(u)), u, v, u * u, v * v, u * v, inside[used]])
    target = paper.level[used].astype(np.float64)
    weight = np.ones(len(u))
    solution = np.zeros((design.shape[1], target.shape[1]))
    rest = target
    for _ in range(3):
        gram = (design * weight[:, None]).T @ design + 1e-3 * np.eye(design.shape[1])
        solution = np.linalg.solve(gram, (design * weight[:, None]).T @ target)
        rest = np.abs(target - design @ solution).max(axis=1)
        weight = 1.0 / (1.0 + (rest / (3.0 * max(float(np.median(rest)), 0.3))) ** 2)
    rough = 1.4826 * float(np.median(rest))
    step = float(np.abs(solution[-1]).max())
    return step, float(np.hypot(_LEVEL_FLOOR, rough * 0.6))


CHECK = PageCheck(
    CheckInfo(
        id="seal.patch",
        level=Level.PAGE,
        family=Family.IMAGE,
        kind="cut_paste",
        title=Message(
            "Con dấu, chữ ký dán kèm nền giấy khác", "Seal or signature laid on with other paper"
        ),
        sees=(
            "A seal or signature cut out of another scan, or from another sheet, brings its own "
            "paper: the grain of resampled or other paper, and its tint, differ from the paper "
            "around the field."
        ),
        null_model=(
            "Logarithm of the ratio of grain in bare blocks inside and outside the field zone, in "
            "spreads between parts of the outside, and the step of the paper's colour against a "
            "smooth shading, of honest pages of the same scan class; conformal p-value."
        ),
        source="Noise level by region (Mahdian & Saic 2009), on blocks without ink.",
        innocent=(
            Message(
                "Vùng ký bị ẩm, ố, dán tem hoặc bị tẩy rửa khi làm thủ tục.",
                "The signed part is damp or stained, or carries an official sticker.",
            ),
            Message(
                "Bóng hoặc nếp cong của giấy khi chụp ảnh.",
                "A shadow or the bend of the sheet in a photo.",
            ),
        ),
        valid_for=frozenset({"continuous"}),
        min_scale=0.3,
    ),
    measure,
)
