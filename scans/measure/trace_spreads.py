"""Traces of each box put beside the page's other boxes.

A scanner, a kind of paper and a rendering of the form shift every box alike; what counts is
how far one box stands from the others of its page, in robust spreads with a physical floor.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from scans.quantiles import medians, quantile
from scans.types import BoxReading

__all__ = ["TRACE_NAMES", "beside_others"]

Doubles = NDArray[np.float64]

_NEIGHBOURS = 8
# Cells whose middles lie so near in one direction share their lines.
_ONE_LINE_MM = 0.5
# Borne by print: in a table those of a whole row or column say how its lines were drawn.
_BY_PRINT = frozenset(
    {"mark_like", "lines_in", "lines_out", "bright_in", "bright_out"}
    | {"outline_pale", "outline_gone"}
)

TRACE_NAMES = (
    "mark_like",  # lines that run as the respondent's own marks do
    "ink_left",  # the same as a share of a whole mark
    "lines_in",  # dark lines in the box, any direction
    "lines_out",  # and 1 to 2 mm beside it
    "bright_in",  # bright lines in the box
    "bright_out",
    "rough",  # fine unevenness of bare paper in and around the box
    "rough_in",
    "rough_out",
    "rough_most",  # of the roughest spot of 1 mm
    "smooth_most",  # of the smoothest
    "tone_in",  # paper in the box against paper 1 to 2 mm beside it
    "tone_rim",
    "tone",  # paper against the boxes around
    "tone_out",
    "tint_in",  # colour of the paper, the same way; always positive
    "tint",
    "tint_out",
    "bright_spot",  # brightest and darkest spot of 1 mm
    "dark_spot",
    "outline_pale",  # the printed outline against the page's others
    "outline_lost",
    "near_trouble",  # how troubled the paper is at the two worst boxes around
    "page_trouble",  # and at the page's worst tenth
    "partner",  # 1 where another box of the item holds a full mark
    "ink",  # what the reader saw
    "faded",
    "foreign",
)


def beside_others(
    raw: Mapping[str, Doubles],
    places: Doubles,
    judged: NDArray[np.bool_],
    readings: Sequence[BoxReading],
    *,
    ruled: bool = False,
) -> Doubles:
    """Every trace against the page's other boxes, in the order of :data:`TRACE_NAMES`.

    Spreads grow by their logarithm: twice as strange is not twice as strong evidence.

    Args:
        raw: Traces as measured, ``(n,)`` each.
        places: ``(n, 2)``: middles of the boxes in mm.
        judged: bool ``(n,)``: boxes that are judged; the others are no measure.
        readings: What was read in the boxes.
        ruled: The boxes are cells of a table: what all cells of a row or column show of the lines
            that they share is the table's, and none of theirs.
    """
    count = len(judged)
    values = np.zeros((count, len(TRACE_NAMES)))
    if not judged.any():
        return values
    apart = np.hypot(*(places[:, None] - places[None]).transpose(2, 0, 1))
    np.fill_diagonal(apart, np.inf)
    apart[:, ~judged] = np.inf
    around = np.argsort(apart, axis=1)[:, : min(_NEIGHBOURS, max(1, int(judged.sum()) - 1))]

    def logs(name: str) -> Doubles:
        return np.asarray(np.log(np.maximum(raw[name], 0.5)))

    def tints(zone: str) -> tuple[Doubles, Doubles]:
        return raw.get(f"first_{zone}", none), raw.get(f"second_{zone}", none)

    none = np.zeros(count)
    (a_in, b_in), (a_rim, b_rim), (a_out, b_out) = (tints(z) for z in ("in", "rim", "out"))
    # Name, value, least spread; those with a star against the boxes around first.
    columns: tuple[tuple[str, Doubles, float], ...] = (
        ("mark_like", raw["like"], 1.0),
        ("lines_in", raw["lines_in"], 0.05),
        ("lines_out", raw["lines_out"], 0.05),
        ("bright_in", raw["bright_in"], 0.05),
        ("bright_out", raw["bright_out"], 0.05),
        ("rough", (logs("power_in") + logs("power_rim")) / 2, 0.1),
        ("rough_in", logs("power_in"), 0.15),
        ("rough_out", logs("power_out"), 0.15),
        ("rough_most", logs("power_most"), 0.15),
        ("smooth_most", -logs("power_least"), 0.2),
        ("tone_in", raw["grey_in"] - raw["grey_out"], 0.5),
        ("tone_rim", raw["grey_rim"] - raw["grey_out"], 0.5),
        ("tone*", raw["grey_in"] + raw["grey_rim"], 1.0),
        ("tone_out*", raw["grey_out"], 0.7),
        ("bright_spot", raw["spot_high"], 0.5),
        ("dark_spot", raw["spot_low"], 0.5),
        ("outline_pale", -raw["outline"], 0.03),
        ("outline_gone", -raw["outline_close"], 0.03),
        ("a_in", a_in - a_out, 0.5),
        ("b_in", b_in - b_out, 0.5),
        ("a*", a_in + a_rim, 1.0),
        ("b*", b_in + b_rim, 1.0),
        ("a_out*", a_out, 1.0),
        ("b_out*", b_out, 1.0),
    )
    table = np.column_stack([value for _, value, _ in columns])
    local = [k for k, (name, _, _) in enumerate(columns) if name.endswith("*")]
    table[:, local] -= medians(table[:, local][around], 1)
    middle = medians(table[judged])
    table -= middle
    spread = 1.4826 * medians(np.abs(table[judged]))
    if ruled:
        borne = [k for k, (name, _, _) in enumerate(columns) if name in _BY_PRINT]
        for axis in (1, 0):
            table[:, borne] -= _shared(table[:, borne], places[:, axis], judged)
    table /= np.maximum(spread, [least for _, _, least in columns])
    table = np.sign(table) * np.log1p(np.abs(table))
    found = {name.rstrip("*"): table[:, k] for k, (name, _, _) in enumerate(columns)}
    for tint, end in (("tint_in", "_in"), ("tint", ""), ("tint_out", "_out")):
        found[tint] = np.hypot(found[f"a{end}"], found[f"b{end}"])
    found["outline_pale"] = np.minimum(found["outline_pale"], found["outline_gone"])
    found["ink_left"] = raw["share"]
    found["outline_lost"] = raw["lost"]
    for name in ("ink", "faded", "foreign"):
        found[name] = np.array([r.features[name] for r in readings])
    trouble = np.clip(found["lines_in"], 0, None) + np.clip(found["dark_spot"] - 1, 0, None)
    trouble = np.where(judged, trouble, 0.0)
    found["near_trouble"] = np.sort(trouble[around], axis=1)[:, -2:].mean(axis=1)
    found["page_trouble"] = np.full(count, quantile(trouble[judged], 0.9))
    found["partner"] = _partners(judged, readings)
    for k, name in enumerate(TRACE_NAMES):
        values[:, k] = found[name]
    return values


def _shared(table: Doubles, middle: Doubles, judged: NDArray[np.bool_]) -> Doubles:
    """What the other judged boxes of each one's line have above the page's usual, ``(n, traces)``.

    Args:
        table: Traces against the page's median.
        middle: ``(n,)``: where each box lies across the lines, in mm.
        judged: Boxes that are judged.
    """
    shared = np.zeros_like(table)
    for i, at in enumerate(middle):
        others = judged & (np.abs(middle - at) < _ONE_LINE_MM)
        others[i] = False
        if others.any():
            shared[i] = medians(table[others])
    return np.maximum(shared, 0.0)


def _partners(judged: NDArray[np.bool_], readings: Sequence[BoxReading]) -> Doubles:
    """1 for boxes whose item holds a full mark in another box."""
    marks: dict[str, int] = {}
    for reading, open_ in zip(readings, judged.tolist(), strict=True):
        marks[reading.item] = marks.get(reading.item, 0) + (not open_)
    own = [
        marks[r.item] - (not open_) > 0 for r, open_ in zip(readings, judged.tolist(), strict=True)
    ]
    return np.array(own, dtype=np.float64)
