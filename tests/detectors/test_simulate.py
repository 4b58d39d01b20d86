"""Simulated rounds have the shares that were asked for, and a truth that is true."""

import numpy as np
import pandas as pd
import pytest

from detectors.simulate.frauds import Fraud, FraudPlan
from detectors.simulate.plant import plant
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


def test_what_is_lent_is_the_lenders_and_changes_nothing_else():
    plans = {
        0: FraudPlan(Fraud.COPY_BETWEEN, 0.3, edits=0),
        1: FraudPlan(Fraud.REUSE, 0.3, edits=0),
        2: FraudPlan(Fraud.PLAUSIBLE, 0.3),
    }
    world = simulate_round(6, 10, records_per_unit=40, equal_sizes=True, frauds=plans)
    honest = simulate_round(6, 10, records_per_unit=40, equal_sizes=True, frauds={})
    items = [i.id for i in world.instrument.ratings]
    truth = world.truth.records.set_index("record_id")
    rows = world.responses.set_index("record_id")[items].astype(object)
    copied = truth.query("fraud == 'copy_between'")
    assert (truth.loc[copied["copied_from"], "fraud"] == "").all()
    assert not (copied["copied_from"].str[:5] == "U0001").any()
    for record, source in copied["copied_from"].items():
        assert rows.loc[record].equals(rows.loc[source])
    before = world.previous[world.previous["unit_id"] == "U0002"][items].astype(object)
    known = {tuple(row) for row in before.fillna(0).to_numpy()}
    reused = rows.loc[truth.query("fraud == 'reuse'").index].fillna(0)
    assert all(tuple(row) in known for row in reused.to_numpy())
    untouched = truth.index[truth["fraud"] == ""]
    same = honest.responses.set_index("record_id")[items].astype(object)
    pd.testing.assert_frame_equal(rows.loc[untouched], same.loc[untouched])
    assert world.truth.units["share"].head(3).tolist() == pytest.approx([0.3, 0.3, 0.3])


def test_one_hand_keeps_the_averages_and_loses_what_holds_answers_together():
    plan = {0: FraudPlan(Fraud.ONE_HAND, 1.0)}
    population = Population(fives=0.4, top_two=0.8, lowest_two=0.05, blank=0.0)
    made = simulate_round(
        7, 2, records_per_unit=400, equal_sizes=True, frauds=plan, population=population
    )
    rated = [i.id for i in made.instrument.ratings if i.not_applicable is None]
    invented, honest = (
        made.responses.loc[made.responses["unit_id"] == unit, rated].to_numpy(dtype=float)
        for unit in ("U0001", "U0002")
    )
    assert abs(invented.mean() - honest.mean()) < 0.2
    far = lambda x: np.corrcoef(x[:, 0], x[:, -1])[0, 1]  # noqa: E731 - one line, used twice
    assert far(invented) < far(honest) - 0.15


def test_plant_refuses_what_it_was_not_given():
    made = simulate_round(8, 3, records_per_unit=20, frauds={})
    chance = np.random.default_rng(1)
    for kind in (Fraud.REUSE, Fraud.PLAUSIBLE):
        with pytest.raises(ValueError, match="not given"):
            plant(made.responses, made.instrument, {"U0001": FraudPlan(kind)}, chance)
    with pytest.raises(ValueError, match="no records"):
        plant(made.responses, made.instrument, {"U9999": FraudPlan(Fraud.COPY)}, chance)


def test_a_copyist_changes_as_many_answers_as_asked():
    made = simulate_round(9, 3, records_per_unit=50, equal_sizes=True, frauds={})
    plan = {"U0001": FraudPlan(Fraud.COPY, 0.4, edits=0)}
    planted = plant(made.responses, made.instrument, plan, np.random.default_rng(2))
    items = [i.id for i in made.instrument.ratings]
    rows = planted.responses.set_index("record_id")[items].astype(object)
    copied = planted.truth.query("fraud == 'copy'")
    assert len(copied) == 20
    for record, source in zip(copied["record_id"], copied["copied_from"], strict=True):
        assert rows.loc[record].equals(rows.loc[source])
    kept = planted.truth["fraud"] == ""
    pd.testing.assert_frame_equal(planted.responses[kept], made.responses[kept])


def test_the_period_before_can_be_left_out():
    made = simulate_round(10, 3, records_per_unit=20, before=False)
    assert len(made.previous) == 0
    assert list(made.previous.columns) == list(made.responses.columns)
    with pytest.raises(ValueError, match="no records"):
        simulate_round(10, 3, frauds={0: FraudPlan(Fraud.REUSE)}, before=False)
