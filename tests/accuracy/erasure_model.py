"""Learns the two models of erased boxes: ``python -m tests.accuracy.erasure_model``.

Pages of the simulator from seeds that nothing else uses, every device and form that is not
held out: two in five tampered with (renderings that are not held out, one to five answers,
every strength), two in five in honest trouble, one in five plain. A box is one row: its
traces, and whether a mark was taken off it or covered. Boxes of other frauds are left out.
The result is ``scans/measure/trace_model.json``; the same code gives the same file.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier

from scans.measure.trace_model import FALLING, RISING, TraceModel
from scans.measure.trace_spreads import TRACE_NAMES
from scans.page import view_of
from scans.simulate.controls import CONTROLS, with_control
from scans.simulate.page import simulate_page
from scans.simulate.respondents import random_spec, tampered_spec
from scans.simulate.spec import PageSpec
from scans.source import PageError, read_pages
from scans.types import Refusal, ScanClass
from tests.accuracy.pages import in_parallel, instrument

FIRST_SEED, PAGES = 3_000_000, 1000
TARGET = Path(__file__).resolve().parents[2] / "scans" / "measure" / "trace_model.json"

# Continuous tone carries most traces, so most pages are of that class.
_PROFILES = (
    *("flatbed", "flatbed_sharp", "grey", "office_200", "flatbed", "grey", "flatbed_sharp", "adf"),
    *("office_150", "office_200", "flatbed_bright", "adf_grey", "phone"),
)
_FORMS = (("HL-01", 1), ("HL-01", 2), ("YK-01", 1))
_FRAUDS = (
    *(("TAY_1", "rubber"), ("TAY_1", "abrasive"), ("TAY_1", "gum"), ("TAY_2", "brush")),
    *(("TAY_2", "tape"), ("TAY_2", "dab"), ("TAY_3", "blade")),
)
_STRENGTHS = ("gross", "moderate", "subtle")
_CONTROLS = tuple(c for c in sorted(CONTROLS) if c != "phone")
_HARD = (
    *("dirt", "stain", "bleed", "fold", "dirt", "bleed", "light", "two_pens", "highlighter"),
    *("copied_blank", "stray"),
)
# What each model looks for and what it must not lean on: whether the item holds another mark
# (it must be found alone too), and for marks taken off the print, which a rubber may spare.
MODELS = {
    "taken_off": (
        frozenset({"TAY_1", "TAY_3"}),
        frozenset({"partner", "outline_pale", "outline_lost", "ink", "smooth_most", "bright_out"}),
    ),
    "covered": (frozenset({"TAY_2"}), frozenset({"partner", "ink", "foreign", "faded"})),
}

Rows = tuple[NDArray[np.float64], list[str], str]


def recipe(k: int) -> tuple[PageSpec, str]:
    """Page ``k`` and what was done to it: ``honest``, ``control`` or the fraud's kind."""
    rng = np.random.default_rng([k, 991])
    form, page = _FORMS[int(rng.integers(len(_FORMS)))]
    profile = _PROFILES[int(rng.integers(len(_PROFILES)))]
    spec = random_spec(form, page, FIRST_SEED + k, profile=profile)
    what = ("control", "fraud", "control", "honest", "fraud")[k % 5]
    if what == "control":
        control = _CONTROLS[int(rng.integers(len(_CONTROLS)))]
        if rng.random() < 0.6:
            control = _HARD[int(rng.integers(len(_HARD)))]
        spec = with_control(spec, control, rng)
    if what == "fraud":
        what, variant = _FRAUDS[int(rng.integers(len(_FRAUDS)))]
        strength = _STRENGTHS[int(rng.integers(3))]
        count = int(rng.integers(1, 6))
        spec = tampered_spec(spec, what, rng, variant=variant, strength=strength, items=count)
        if rng.random() < 0.15:
            spec = with_control(spec, _CONTROLS[int(rng.integers(len(_CONTROLS)))], rng)
    return spec, what


def rows_of(k: int) -> Rows | None:
    """Traces of the judged boxes of page ``k``, the fraud of each (or ""), and of the page."""
    spec, what = recipe(k)
    page = simulate_page(spec, FIRST_SEED + k)
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"page{page.suffix}"
        path.write_bytes(page.data)
        (raw,) = list(read_pages(path))
    assert not isinstance(raw, PageError)
    view = view_of(raw, instrument(spec.form), reference=None)
    if isinstance(view, Refusal) or raw.scan_class is ScanClass.BITONAL:
        return None
    removed = {(t.item, t.before): t.kind for t in page.tampers if t.part == "removed"}
    traces = view.traces
    keep = np.flatnonzero(traces.judged)
    labels = [removed.get((view.readings[i].item, view.readings[i].value), "") for i in keep]
    return traces.values[keep], labels, what


def learn(pages: Sequence[Rows], kinds: frozenset[str], left_out: frozenset[str]) -> TraceModel:
    """Fit one model; boxes of tampered pages are used only where the mark was."""
    names = tuple(name for name in TRACE_NAMES if name not in left_out)
    columns = [TRACE_NAMES.index(name) for name in names]
    parts, answers = [], []
    for values, labels, what in pages:
        wanted = np.array([label in kinds for label in labels], dtype=bool)
        use = wanted if what.startswith("TAY") else np.ones(len(labels), np.bool_)
        parts.append(values[use][:, columns])
        answers.append(wanted[use])
    signs = [1 if n in RISING else -1 if n in FALLING else 0 for n in names]
    forest = HistGradientBoostingClassifier(
        max_iter=120,
        max_depth=3,
        learning_rate=0.08,
        min_samples_leaf=15,
        l2_regularization=3.0,
        monotonic_cst=signs,
        early_stopping=False,
        random_state=0,
    )
    forest.fit(np.concatenate(parts), np.concatenate(answers))
    return _plain(forest, names)


def _plain(forest: HistGradientBoostingClassifier, names: tuple[str, ...]) -> TraceModel:
    """The forest as numbers that need no library to be read."""
    trees: list[dict[str, Any]] = []
    depth = 0
    for (tree,) in forest._predictors:
        nodes = tree.nodes
        own = np.arange(len(nodes))
        leaf = nodes["is_leaf"].astype(bool)
        depth = max(depth, int(nodes["depth"].max()))
        trees.append(
            {
                "feature": np.where(leaf, 0, nodes["feature_idx"]).tolist(),
                "threshold": np.where(leaf, 0.0, nodes["num_threshold"]).tolist(),
                "left": np.where(leaf, own, nodes["left"]).tolist(),
                "right": np.where(leaf, own, nodes["right"]).tolist(),
                "value": np.where(leaf, nodes["value"], 0.0).tolist(),
            }
        )
    start = float(np.ravel(forest._baseline_prediction)[0])
    return TraceModel.from_json({"traces": names, "start": start, "depth": depth, "trees": trees})


def all_rows() -> Iterator[Rows]:
    """Rows of every page that was read."""
    for k, rows in enumerate(in_parallel(rows_of, range(PAGES), workers=1), start=1):
        if rows is not None:
            yield rows
        if k % 50 == 0:
            sys.stderr.write(f"{k} of {PAGES} pages\n")


def main() -> None:
    """Write the models."""
    pages = list(all_rows())
    models = {name: learn(pages, *how).to_json() for name, how in MODELS.items()}
    made = {"made_by": "python -m tests.accuracy.erasure_model", "pages": len(pages)}
    data = {"source": {**made, "first_seed": FIRST_SEED}, "models": models}
    TARGET.write_text(json.dumps(data, separators=(",", ":"), sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
