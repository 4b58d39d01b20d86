"""Custody: every identity by itself, and the honest books that look nearly alike."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from detectors.screening import screen
from detectors.table import RecordTable, UnitTable
from detectors.units.custody import CHECK
from tests.detectors.unit_worlds import ITEMS, flagged, world


def told(sim, unit, **known):
    """What is said of a unit; everybody else must be left alone."""
    answer = CHECK.assess(sim.table(**known))
    assert flagged(answer) <= {unit}
    return " ".join(f.message.en for f in answer.findings)


def book(sim, unit, **changes):
    for column, value in changes.items():
        if column not in sim.custody.columns:
            sim.custody[column] = np.nan if not isinstance(value, str) else None
        if isinstance(value, str):
            sim.custody[column] = sim.custody[column].astype(object)
        sim.custody.loc[sim.custody["unit_id"] == unit, column] = value


def entry(sim, unit, column):
    return int(sim.custody.loc[sim.custody["unit_id"] == unit, column].iloc[0])


def test_an_honest_book_breaks_no_rule():
    sim = world(71)
    answer = CHECK.assess(sim.table())
    assert not answer.findings
    assert (answer.scores == 0).all()
    assert np.isnan(answer.p_values).all()


def test_more_returned_than_issued_and_a_sum_of_valid_that_differs():
    sim = world(72)
    back = entry(sim, "U03", "returned")
    book(sim, "U03", returned=back + 30)
    text = told(sim, "U03")
    assert "returned, lost, spoilt or outstanding but only" in text
    assert f"valid or invalid but {back + 30} returned" in text


@pytest.mark.parametrize("spoilt_is", ["among the issued", "among those left"])
def test_spoilt_forms_may_be_counted_on_either_side(spoilt_is):
    sim = world(73)
    issued = entry(sim, "U03", "issued") + (4 if spoilt_is == "among the issued" else 0)
    book(sim, "U03", issued=issued, spoilt=4, outstanding=0)
    book(sim, "U03", serial_to="U03-000900")
    assert told(sim, "U03") == ""
    book(sim, "U03", printed=issued + 10, unissued=10)
    assert told(sim, "U03") == ""
    book(sim, "U03", printed=issued + 14, unissued=10)
    assert told(sim, "U03") == ""
    book(sim, "U03", printed=issued + 40, unissued=10)
    assert "issued or unissued but" in told(sim, "U03")
    book(sim, "U03", printed=issued - 1, unissued=np.nan)
    assert "printed" in told(sim, "U03")


def test_issued_forms_that_nobody_accounts_for_are_told_only_where_the_rest_is_counted():
    sim = world(74)
    book(sim, "U03", issued=entry(sim, "U03", "issued") + 7, serial_to="U03-000900")
    assert told(sim, "U03") == ""
    book(sim, "U03", outstanding=0)
    assert "7 issued forms are neither returned, lost nor outstanding" in told(sim, "U03")


def test_paper_records_against_valid_forms():
    sim = world(75)
    sim.now = sim.now.drop(index=sim.rows("U03", "paper")[:9]).reset_index(drop=True)
    assert "36 valid forms in the book but only 27 paper records" in told(sim, "U03")
    sim = world(75)
    book(sim, "U03", valid=20, invalid=18)
    assert "36 paper records received but only 20 valid forms" in told(sim, "U03")
    # blank forms are no valid ones, and one form is a slip
    sim = world(75)
    sim.now.loc[sim.rows("U03", "paper")[:1], ITEMS] = None
    assert told(sim, "U03") == ""


def test_while_forms_are_still_being_read_nobody_lacks_any():
    sim = world(76)
    paper = (sim.now["channel"] == "paper").to_numpy()
    read = ~paper | (sim.rng.random(len(sim.now)) < 0.6)
    sim.now = sim.now[read].reset_index(drop=True)
    assert not CHECK.assess(sim.table()).findings


def test_more_records_than_people_served_by_the_row_in_force():
    sim = world(77)
    sim.units.loc[2, "served"] = 50
    assert "60 records but only 50 people served" in told(sim, "U03")
    later = sim.units.loc[[2]].assign(served=90, valid_from="2026-08-01")
    sim.units["valid_to"] = None
    sim.units.loc[2, "valid_to"] = "2026-07-31"
    sim.units = pd.concat([sim.units, later], ignore_index=True)
    assert told(sim, "U03") == ""


def test_a_serial_belongs_to_one_batch():
    sim = world(78)
    book(sim, "U03", serial_from="PB-26-000100-1", serial_to="PB-26-000199-3")
    book(sim, "U04", serial_from="PB-26-000190-7", serial_to="PB-26-000289-2")
    found = {f.unit_id: f for f in CHECK.assess(sim.table()).findings}
    assert set(found) == {"U03", "U04"}
    assert "10 serials in common" in found["U03"].message.en
    assert found["U03"].evidence["batches"] == ["U03-B1", "U04-B1"]
    book(sim, "U04", serial_from="PB-26-000200-7")
    assert not CHECK.assess(sim.table()).findings


def test_a_wide_range_overlaps_all_that_lie_in_it():
    sim = world(79)
    book(sim, "U03", serial_from="A1", serial_to="A9000")
    book(sim, "U04", serial_from="A100", serial_to="A199")
    book(sim, "U05", serial_from="A300", serial_to="A399")
    assert flagged(CHECK.assess(sim.table())) == {"U03", "U04", "U05"}


def test_more_issued_than_the_range_holds_and_ranges_nobody_understands():
    sim = world(80)
    book(sim, "U03", serial_from="U03-000001", serial_to="U03-000010")
    assert "its range holds 10 serials" in told(sim, "U03")
    for low, high in (("A-1-0001", "A-2-0050"), ("B7", "C9"), ("", "C9"), ("9", "1")):
        book(sim, "U03", serial_from=low, serial_to=high)
        assert told(sim, "U03") == ""


def test_a_row_that_stands_twice_is_one_row():
    sim = world(81)
    sim.custody = pd.concat([sim.custody, sim.custody.iloc[[2]]], ignore_index=True)
    assert told(sim, "U03") == ""


def test_returned_before_issued():
    sim = world(82)
    book(sim, "U03", issued_at="2026-07-10T15:00", returned_at="2026-07-10")
    assert told(sim, "U03") == ""
    book(sim, "U03", returned_at="2026-07-09")
    assert "batch U03-B1 was returned on 2026-07-09" in told(sim, "U03")


@pytest.mark.parametrize(
    ("stamp", "inside"),
    [
        ("2026-09-30T23:50:00", True),
        ("2026-09-30T23:50:00+07:00", True),
        ("2026-09-30T18:30:00Z", False),
        ("2026-06-30T17:30:00Z", True),
        ("2026-06-30T23:59:00", False),
        ("2026-10-01", False),
        ("2026-07-01", True),
        ("soon", True),
    ],
)
def test_dates_outside_the_period(stamp, inside):
    sim = world(83)
    sim.now["submitted_at"] = "2026-08-01T09:00:00"
    sim.now["batch"] = "L7"
    sim.now.loc[sim.rows("U03")[:2], "submitted_at"] = stamp
    expected = "" if inside else "2 records are dated outside the period (batch L7)"
    assert expected in told(sim, "U03")
    assert bool(told(sim, "U03")) is not inside


def test_without_book_register_and_dates_nothing_is_judged():
    sim = world(84)
    answer = CHECK.assess(UnitTable(RecordTable.build(sim.now, sim.form)))
    assert np.isnan(answer.scores).all()
    assert "no custody counts" in answer.not_assessable[0]


def test_units_with_a_book_and_no_record_are_listed():
    sim = world(85)
    sim.now = sim.now[sim.now["unit_id"] != "U03"]
    assert CHECK.assess(sim.table()).info["units_without_records"] == ["U03"]


def test_units_outside_the_register_and_units_without_procedures_are_noted_not_accused():
    sim = world(86, units=8, n=25)
    sim.units["handles_procedures"] = True
    sim.units.loc[3, "handles_procedures"] = False
    register = sim.units[sim.units["unit_id"] != "U02"]
    result = screen(sim.now, sim.form, units=register)
    notes = [note.en for note in result.notes]
    assert "1 units are not in the table of units: U02." in notes
    assert "1 units do not handle procedures, yet have records: U04." in notes
    assert not result.units["flagged"].any()
    assert not screen(sim.now, sim.form).notes
