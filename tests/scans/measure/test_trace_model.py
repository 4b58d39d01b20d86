"""Traces and their models: physics decides which way evidence goes."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scans.measure.trace_model import FALLING, RISING, TraceModel, trace_model
from scans.measure.trace_spreads import TRACE_NAMES

MODELS = ("taken_off", "covered")


def boxes(seed: int, count: int = 40) -> np.ndarray:
    return np.random.default_rng(seed).normal(0.0, 1.5, (count, len(TRACE_NAMES)))


@pytest.mark.parametrize("name", MODELS)
def test_a_model_survives_its_file(name: str) -> None:
    model = trace_model(name)
    again = TraceModel.from_json(json.loads(json.dumps(model.to_json())))
    values = boxes(1)
    assert np.allclose(again.log_odds(values), model.log_odds(values), atol=1e-3)


@pytest.mark.parametrize("name", MODELS)
@given(seed=st.integers(0, 1000), step=st.floats(0.1, 6.0))
def test_evidence_goes_the_way_of_physics(name: str, seed: int, step: float) -> None:
    model, values = trace_model(name), boxes(seed, 10)
    before = model.log_odds(values)
    for trace, sign in [(t, 1.0) for t in RISING] + [(t, -1.0) for t in FALLING]:
        moved = values.copy()
        moved[:, TRACE_NAMES.index(trace)] += step
        assert (sign * (model.log_odds(moved) - before) >= -1e-9).all(), trace


def test_a_rubber_is_told_without_the_outline() -> None:
    assert not any(name.startswith("outline") for name in trace_model("taken_off").traces)
    for name in MODELS:  # and a mark is found alone in its item, too
        assert "partner" not in trace_model(name).traces


@pytest.mark.parametrize("name", MODELS)
def test_boxes_are_judged_one_by_one(name: str) -> None:
    model, values = trace_model(name), boxes(3)
    order = np.random.default_rng(0).permutation(len(values))
    assert np.array_equal(model.log_odds(values)[order], model.log_odds(values[order]))
    assert model.log_odds(values[:0]).shape == (0,)
