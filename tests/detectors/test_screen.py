"""The screen as users call it: columns, order, seeds, bad tables, frauds on real rows."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from detectors.errors import InputError
from detectors.finding import Severity
from detectors.instrument import Instrument, Item, Marks
from detectors.registry import Level, discover
from detectors.screening import screen
from detectors.simulate.frauds import Fraud, FraudPlan
from detectors.simulate.round import simulate_round
from detectors.table_coding import positions
from tests.detectors.data import in_random_units, instrument, pool

TAIL = ["p_value", "q_value", "severity", "flagged", "not_testable"]


@pytest.fixture(scope="module")
def sim():
    plans = {0: FraudPlan(Fraud.COPY, 0.4), 1: FraudPlan(Fraud.BOT, 0.9)}
    return simulate_round(31, 24, records_per_unit=60, frauds=plans, digital_share=0.4)


@pytest.fixture(scope="module")
def found(sim):
    return screen(
        sim.responses, sim.instrument, units=sim.units, previous=sim.previous, custody=sim.custody
    )


def test_columns_are_those_of_the_contract(sim, found):
    assert list(found.records) == ["record_id", "unit_id", *discover(Level.RECORD), *TAIL]
    assert list(found.units) == ["unit_id", "n", "value", *discover(Level.UNIT), *TAIL]
    assert found.records["record_id"].tolist() == sim.responses["record_id"].tolist()
    ratings = [item.id for item in sim.instrument.ratings]
    answers = sim.responses[sim.responses["unit_id"] == "U0005"][ratings].to_numpy().ravel()
    valid = [a for a in answers if a in (1, 2, 3, 4, 5)]
    row = found.units.set_index("unit_id").loc["U0005"]
    assert row["value"] == pytest.approx(np.mean([a >= 4 for a in valid]))
    assert row["n"] == (sim.responses["unit_id"] == "U0005").sum()


def test_whatever_is_flagged_has_a_finding_and_nothing_else_has(found):
    named = {f.record_id for f in found.findings if f.record_id}
    flagged = set(found.records["record_id"][found.records["flagged"].astype(bool)])
    assert named == flagged
    units = {f.unit_id for f in found.findings if f.record_id is None}
    assert units == set(found.units["unit_id"][found.units["flagged"].astype(bool)])
    assert {f.severity for f in found.findings} <= {Severity.YELLOW, Severity.ORANGE, Severity.RED}
    assert "U0001" in units


def test_the_script_is_seen_by_its_speed(sim, found):
    bots = set(sim.truth.records.query("fraud == 'bot'")["record_id"])
    seen = {f.record_id for f in found.findings if f.detector == "channel.response_time"}
    assert seen == bots


def test_the_order_of_rows_changes_nothing_and_the_input_stays(sim, found):
    mixed = sim.responses.sample(frac=1, random_state=9)
    kept = mixed.copy()
    again = screen(
        mixed, sim.instrument, units=sim.units, previous=sim.previous, custody=sim.custody
    )
    pd.testing.assert_frame_equal(mixed, kept)
    key = found.records["record_id"].tolist()
    rows = again.records.set_index("record_id").loc[key].reset_index()
    pd.testing.assert_frame_equal(rows, found.records)
    pd.testing.assert_frame_equal(again.units, found.units)


def test_an_empty_table_is_fine(sim):
    empty = screen(sim.responses.iloc[:0], sim.instrument)
    assert len(empty.records) == len(empty.units) == len(empty.findings) == 0
    assert list(empty.records)[-5:] == TAIL


def test_a_table_without_units_runs_record_checks_only(sim):
    alone = screen(sim.responses.drop(columns="unit_id"), sim.instrument)
    assert len(alone.units) == 0
    assert alone.records["p_value"].notna().all()
    assert alone.records["answers.twin"].isna().all()


@pytest.mark.parametrize("name", ["one unit", "constant", "two people", "all N/A"])
def test_odd_tables_are_told_and_accuse_nobody(sim, name):
    rows = sim.responses.drop(columns=["started_at", "submitted_at"]).head(60).copy()
    items = [item.id for item in sim.instrument.items]
    if name == "one unit":
        rows["unit_id"] = "U1"
    elif name == "constant":
        rows[items] = 5
    elif name == "two people":
        rows = rows.head(2)
    else:
        rows[items] = 9
    result = screen(rows, sim.instrument)
    assert not result.records["flagged"].any()
    assert not result.units["flagged"].any()
    assert (result.units["not_testable"] != "").all()
    assert (result.units["severity"] == "").all()
    if name == "all N/A":
        assert (result.records["not_testable"] != "").all()
        assert (result.records["severity"] == "").all()


def test_small_units_are_not_testable_and_say_so(sim):
    rows = sim.responses.groupby("unit_id").head(12)
    result = screen(rows, sim.instrument)
    assert result.units["not_testable"].str.contains("fewer than 20").all()


def test_a_blank_unit_is_no_unit(sim):
    rows = sim.responses.copy()
    rows.loc[rows["unit_id"] == "U0007", "unit_id"] = None
    result = screen(rows, sim.instrument)
    assert "" not in set(result.units["unit_id"])
    assert len(result.units) == 23
    assert len(result.records) == len(rows)


def test_repeated_ids_are_kept_and_told(sim):
    rows = sim.responses.head(200).copy()
    rows.loc[5, "record_id"] = rows.loc[4, "record_id"]
    result = screen(rows, sim.instrument)
    assert len(result.records) == 200
    assert any("occur more than once" in note.en for note in result.notes)


def test_missing_columns(sim):
    with pytest.raises(InputError, match="record_id"):
        screen(sim.responses.drop(columns="record_id"), sim.instrument)
    with pytest.raises(InputError, match="no rating item"):
        screen(sim.responses[["record_id", "unit_id"]], sim.instrument)
    result = screen(sim.responses.drop(columns=["A1", "B2"]), sim.instrument)
    assert any("A1, B2" in note.en for note in result.notes)


def test_items_that_tell_nothing_and_gaps_are_told(sim):
    rows = sim.responses.head(200).copy()
    rows["A1"], rows["B2"] = 5, None
    rows.loc[rows.index[:190], "C3"] = None
    notes = [note.en for note in screen(rows, sim.instrument).notes]
    assert any(note.startswith("Every record has the same answer to: A1;") for note in notes)
    assert "No record has a valid answer to: B2." in notes
    assert any(note.startswith("9% of the answers are missing;") for note in notes)


def test_values_become_positions():
    item = Item(id="Q", scale=(1, 2, 3, 4), reverse=True, not_applicable=9)
    column = pd.Series([1, "4", 4.0, "2.0", 9, None, 7, [3, 4], " 3 "], dtype=object)
    expected = [4, 1, 1, 3, np.nan, np.nan, np.nan, np.nan, 2]
    np.testing.assert_array_equal(positions(column, item), expected)
    words = Item(id="W", scale=("Kém", "Khá", "Tốt"))
    np.testing.assert_array_equal(
        positions(pd.Series(["Tốt", "Kém", "x", None]), words), [3, 1, np.nan, np.nan]
    )


def test_a_category_is_never_a_rating():
    items = (Item("A", (1, 2, 3)), Item("B", (1, 2, 3)), Item("AGE", (1, 2, 3), kind="category"))
    form = Instrument("T", "1", {}, items, Marks(), (), "t", None)
    rng = np.random.default_rng(0)
    rows = pd.DataFrame(rng.integers(1, 4, (60, 3)), columns=["A", "B", "AGE"])
    rows.insert(0, "record_id", range(60))
    other = rows.assign(AGE=1)
    pd.testing.assert_frame_equal(screen(rows, form).records, screen(other, form).records)


def test_copies_among_real_rows_are_found_and_few_others():
    answers, form = pool("attention/responses.csv")
    rng = np.random.default_rng(77)
    rows = in_random_units(answers, 30, rng)
    assert not screen(rows, form).units["flagged"].any()
    items = [item.id for item in form.items]
    unit = np.flatnonzero(rows["unit_id"] == "u004")
    originals, copies = unit[:9], unit[9:18]
    rows.loc[copies, items] = rows.loc[originals, items].to_numpy()
    result = screen(rows, form)
    flagged = result.records["flagged"].to_numpy(dtype=bool)
    assert flagged[copies].mean() >= 0.8
    touched = np.concatenate([originals, copies])
    assert np.delete(flagged, touched).sum() == 0
    assert set(result.units["unit_id"][result.units["flagged"].astype(bool)]) == {"u004"}


def test_a_high_level_alone_is_no_sign():
    world = simulate_round(
        5, 30, records_per_unit=60, equal_sizes=True, frauds={}, digital_share=0.0
    )
    rows = world.responses.copy()
    best = rows.groupby("record_id")[["A1", "B1", "C1", "D1", "G"]].sum().sum(axis=1)
    happiest = best.sort_values(kind="stable").index[-60:]
    chosen = rows["record_id"].isin(happiest)
    rows.loc[chosen, "unit_id"] = "HAPPY"
    result = screen(rows, world.instrument).units.set_index("unit_id")
    assert result["unit.level"].idxmax() == "HAPPY"
    assert result.loc["HAPPY", "severity"] in ("", "green")


def test_scales_of_different_length_and_reversed_items_go_together():
    form = instrument({"A": (1, 2), "B": (0, 1, 2, 3), "C": (1, 2, 3, 4, 5, 6, 7)})
    rng = np.random.default_rng(3)
    rows = pd.DataFrame({i.id: rng.choice(i.scale, 300) for i in form.items})
    rows.insert(0, "record_id", [f"r{i}" for i in range(300)])
    rows.insert(1, "unit_id", [f"u{i % 6}" for i in range(300)])
    result = screen(rows, form)
    assert not result.units["flagged"].any()
    assert not result.records["flagged"].any()
