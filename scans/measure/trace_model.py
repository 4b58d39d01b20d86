"""From the traces of a box to how much likelier they are after an erasure than without.

Two small sums of trees, learnt by ``python -m tests.accuracy.erasure_model`` (seeded) from
pages of the simulator: one for marks taken off (rubbed, scraped, bleached), one for marks
covered (fluid, tape). They are kept as plain numbers in ``trace_model.json``. Evidence only
grows with what it physically must grow with (``rising``) and shrinks with trouble of the
paper around (``falling``), so that an unknown form or scanner cannot turn it round. The model
of marks taken off never sees the printed outline, which a rubber may spare.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scans.measure.trace_loops import sum_of_trees
from scans.measure.trace_spreads import TRACE_NAMES

__all__ = ["FALLING", "RISING", "TraceModel", "trace_model"]

Doubles = NDArray[np.float64]

RISING = frozenset(
    {
        *("mark_like", "ink_left", "lines_in", "tint_in", "rough_most", "dark_spot"),
        *("outline_lost", "outline_pale"),
    }
)
FALLING = frozenset(
    {"lines_out", "tint_out", "rough_out", "near_trouble", "page_trouble", "foreign"}
)


@dataclass(frozen=True, eq=False)
class TraceModel:
    """A sum of trees over some of the traces; node 0 of each tree is its root.

    Attributes:
        traces: Names of the traces that it looks at.
        start: Log odds before any tree.
        feature: int ``(trees, nodes)``: index into ``traces``.
        threshold: float64 ``(trees, nodes)``: up to it a box goes left.
        left, right: int ``(trees, nodes)``: next node; a leaf points at itself.
        value: float64 ``(trees, nodes)``: what a leaf adds to the log odds.
        depth: Steps from root to the deepest leaf.
    """

    traces: tuple[str, ...]
    start: float
    feature: NDArray[np.int64]
    threshold: Doubles
    left: NDArray[np.int64]
    right: NDArray[np.int64]
    value: Doubles
    depth: int

    def log_odds(self, values: Doubles) -> Doubles:
        """Log odds ``(n,)`` of traces ``(n, len(TRACE_NAMES))``, on the scale of training."""
        seen = np.ascontiguousarray(values[:, [TRACE_NAMES.index(name) for name in self.traces]])
        added = np.zeros(len(seen))
        sum_of_trees(
            seen, self.feature, self.threshold, self.left, self.right, self.value, self.depth, added
        )
        return self.start + added

    def to_json(self) -> dict[str, Any]:
        """Plain numbers, without the padding of small trees."""
        trees = []
        for k in range(len(self.feature)):
            used = 1 + int(max(self.left[k].max(), self.right[k].max()))
            trees.append(
                {
                    "feature": self.feature[k, :used].tolist(),
                    "threshold": [round(v, 4) for v in self.threshold[k, :used].tolist()],
                    "left": self.left[k, :used].tolist(),
                    "right": self.right[k, :used].tolist(),
                    "value": [round(v, 5) for v in self.value[k, :used].tolist()],
                }
            )
        return {
            "traces": list(self.traces),
            "start": round(self.start, 5),
            "depth": self.depth,
            "trees": trees,
        }

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> TraceModel:
        """The inverse of :meth:`to_json`."""
        trees = data["trees"]
        shape = (len(trees), max(len(tree["value"]) for tree in trees))
        whole = {k: np.zeros(shape, np.int64) for k in ("feature", "left", "right")}
        real = {k: np.zeros(shape) for k in ("threshold", "value")}
        for row, tree in enumerate(trees):
            for arrays in (whole, real):
                for name, array in arrays.items():
                    array[row, : len(tree[name])] = tree[name]
        return TraceModel(
            traces=tuple(data["traces"]),
            start=float(data["start"]),
            depth=int(data["depth"]),
            feature=whole["feature"],
            threshold=real["threshold"],
            left=whole["left"],
            right=whole["right"],
            value=real["value"],
        )


@cache
def trace_model(name: str) -> TraceModel:
    """The model of marks ``taken_off`` or ``covered``."""
    text = files("scans.measure").joinpath("trace_model.json").read_text(encoding="utf-8")
    return TraceModel.from_json(json.loads(text)["models"][name])
