"""Simulated rounds have the shares that were asked for, and a truth that is true."""

import numpy as np
import pandas as pd
import pytest

from detectors.simulate.frauds import Fraud, FraudPlan
from detectors.simulate.population import Population
from detectors.simulate.round import simulate_round


def test_shares_are_as_asked():
    population = Population(fives=0.55, top_two=0.9, lowest_two=0.02)
    world = simulate_round(
        1, 60, records_per_unit=100, equal_sizes=True, frauds={}, population=population
    )
    rated = world.responses[[i.id for i in world.instrument.items if i.not_applicable is None]]
    values = rated.to_numpy(dtype=float)
    values = values[np.isfinite(values)]
    assert (values == 5).mean() == pytest.approx(0.55, abs=0.03)
    assert (values >= 4).mean() == pytest.approx(0.90, abs=0.02)
    assert (values <= 2).mean() == pytest.approx(0.02, abs=0.01)
    skipped = (world.responses["E3"] == 9).mean()
    assert 0.60 <= skipped <= 0.85


def test_the_same_seed_gives_the_same_round():
    a, b = simulate_round(2, 8, records_per_unit=20), simulate_round(2, 8, records_per_unit=20)
    pd.testing.assert_frame_equal(a.responses, b.responses)
    pd.testing.assert_frame_equal(a.truth.records, b.truth.records)


def test_copies_are_copies_and_the_books_balance():
    plan = {0: FraudPlan(Fraud.COPY, 0.4, edits=2)}
    world = simulate_round(3, 4, records_per_unit=60, frauds=plan, digital_share=0.0)
    rows = world.responses.set_index("record_id")[[i.id for i in world.instrument.items]]
    copied = world.truth.records.query("fraud == 'copy'")
    assert 0.3 < len(copied) / (world.responses["unit_id"] == "U0001").sum() < 0.5
    for record, source in zip(copied["record_id"], copied["copied_from"], strict=True):
        mine, theirs = rows.loc[record], rows.loc[source]
        differ = ~((mine == theirs) | (mine.isna() & theirs.isna()))
        assert differ.sum() <= 2
    book = world.custody
    assert (book["issued"] == book["returned"] + book["lost"] + book["spoilt"]).all()
    assert (book["returned"] == book["valid"] + book["invalid"]).all()


def test_edit_up_leaves_no_low_answer_in_the_forms_it_touches():
    plan = {0: FraudPlan(Fraud.EDIT_UP, 0.3)}
    world = simulate_round(4, 3, records_per_unit=80, frauds=plan, digital_share=0.0)
    touched = world.truth.records.query("fraud == 'edit_up'")["record_id"]
    rows = world.responses.set_index("record_id").loc[touched]
    rated = rows[[i.id for i in world.instrument.items if i.not_applicable is None]]
    assert np.nanmin(rated.to_numpy(dtype=float)) >= 4


def test_contradictory_shares_are_refused():
    with pytest.raises(ValueError, match="fives"):
        Population(fives=0.99, top_two=0.9)
    with pytest.raises(ValueError, match="variance"):
        Population(general=0.9, group=0.2)
