"""Checks of paper: order of serials, corrections, comments, gaps; frauds and look-alikes."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from detectors.calibration.multiplicity import q_values
from detectors.records import comment_copy, paper_run
from detectors.records._comments import fold
from detectors.records._order import _Scan
from detectors.registry import Level, discover
from detectors.serials import serial_key
from detectors.units import (
    blanks,
    collector,
    comments,
    contradictions,
    no_comments,
    not_applicable,
    paper_changes,
    paper_direction,
    paper_runs,
)
from detectors.units._rates import rate_test
from tests.detectors.paper_world import corrections, records_of, run_of_copies, units_of, world
from tests.schemas import accept_finding

OURS = (
    *("paper.run", "comments.copy", "answers.contradiction", "answers.declared_contradiction"),
    *("answers.overall_item", "answers.reverse_keyed", "paper.unit_runs", "paper.changes"),
    *("paper.direction", "paper.collector", "comments.unit_copies", "comments.none"),
    *("answers.not_applicable", "answers.blanks", "answers.unit_contradictions"),
)
UNIT = "U0005"


@pytest.fixture(scope="module")
def honest():
    return world(53)


def flagged_units(check, table):
    answer = check.CHECK.assess(table, seed=3)
    q = np.nan_to_num(q_values(answer.p_values), nan=1.0)
    return {name for name, value in zip(table.unit_ids, q, strict=True) if value <= 0.05}


def flagged_rows(check, table):
    answer = check.CHECK.assess(table, seed=3)
    q = np.nan_to_num(q_values(answer.p_values), nan=1.0)
    return set(table.source_row[q <= 0.05].tolist())


# --- order


def test_serials_stand_in_order_of_their_numbers():
    given = ["PB-23-004217-6", "PB-23-000999-1", "PB-23-010000-0", "pb-23-004216-9"]
    expected = [given[1], given[3], given[0], given[2]]
    assert sorted(given, key=serial_key) == expected


def test_the_best_run_stays_inside_its_batch_and_spares_its_neighbours():
    scan = _Scan(np.array([0.0, 0, 0, 0, 1, 1, 1]))
    link = np.array([-4.0, 3.0, 3.0, 5.0, -1.0, 2.0])
    score, first, last = scan.best(link)
    np.testing.assert_allclose(score, [0, 6, 6, 6, 0, 2, 2])
    np.testing.assert_array_equal(first[[1, 2, 3, 5, 6]], [1, 1, 1, 5, 5])
    np.testing.assert_array_equal(last[[1, 2, 3, 5, 6]], [3, 3, 3, 6, 6])


def test_a_batch_filled_by_one_hand_is_found_form_by_form(honest):
    frame = honest.responses.drop(columns="collector")
    block = run_of_copies(frame, UNIT, 14, np.random.default_rng(1))
    table = records_of(honest, frame)
    found = flagged_rows(paper_run, table)
    assert len(found & set(block.tolist())) >= 8
    assert found <= set(block.tolist())
    assert flagged_units(paper_runs, units_of(honest, frame)) == {UNIT}
    mates = {f.record_id for f in paper_run.CHECK.assess(table, seed=3).findings}
    named = paper_run.CHECK.assess(table, seed=3).findings[0].evidence["records"]
    assert len(mates & set(named)) >= 7


def test_the_same_forms_in_any_other_order_are_no_run(honest):
    frame = honest.responses.drop(columns="collector")
    block = run_of_copies(frame, UNIT, 6, np.random.default_rng(1))
    mine = np.flatnonzero(frame["unit_id"] == UNIT)
    far = mine[:: len(mine) // 6][:6]
    serials = frame["serial"].to_numpy(dtype=object).copy()
    serials[block], serials[far] = serials[far].copy(), serials[block].copy()
    frame["serial"] = serials
    assert flagged_rows(paper_run, records_of(honest, frame)) == set()


def test_families_that_queue_everywhere_accuse_nobody(honest):
    frame = honest.responses.drop(columns="collector")
    items = [item.id for item in honest.instrument.ratings]
    values = frame[items].to_numpy(dtype=object).copy()
    chance = np.random.default_rng(4)
    same = frame["unit_id"].to_numpy()[1:] == frame["unit_id"].to_numpy()[:-1]
    for row in np.flatnonzero(same & (chance.random(len(same)) < 0.1)):
        kept = chance.random(len(items)) < 0.9
        values[row + 1, kept] = values[row, kept]
    frame[items] = values
    assert flagged_units(paper_runs, units_of(honest, frame)) == set()
    assert flagged_rows(paper_run, records_of(honest, frame)) == set()


def test_without_any_order_nothing_is_judged_and_time_stands_in_for_serials(honest):
    frame = honest.responses.drop(columns=["serial", "collector"])
    answer = paper_run.CHECK.assess(records_of(honest, frame), seed=3)
    assert np.isnan(answer.scores).all()
    assert set(answer.not_assessable.values()) == {"the order of the forms is not known"}
    stamps = pd.Timestamp("2026-07-01") + pd.to_timedelta(np.arange(len(frame)), unit="min")
    timed = frame.assign(submitted_at=stamps.strftime("%Y-%m-%dT%H:%M:%S"))
    block = run_of_copies(timed, UNIT, 14, np.random.default_rng(1))
    assert len(flagged_rows(paper_run, records_of(honest, timed)) & set(block.tolist())) >= 8


# --- rates


def test_rates_of_honest_units_that_differ_are_calibrated(honest):
    table = records_of(honest, honest.responses)
    low = {np.negative: 0, np.positive: 0}
    for seed in range(20):
        chance = np.random.default_rng(seed)
        rate = chance.beta(7.0, 28.0, len(table.unit_ids))
        hits = (chance.random(len(table)) < rate[table.unit]).astype(np.float64)
        for side in low:
            p = rate_test(table, hits, np.ones(len(table)), side, seed=seed).result.p_value
            low[side] += int((p <= 0.05).sum())
    tested = 20 * 24
    for count in low.values():
        assert count <= 0.05 * tested + 2 * np.sqrt(0.05 * 0.95 * tested)
    assert low[np.positive] >= 0.02 * tested


@pytest.mark.parametrize("check", [not_applicable, blanks, no_comments])
def test_who_fills_in_for_others_leaves_no_gaps(honest, check):
    frame = honest.responses.copy()
    mine = frame["unit_id"] == UNIT
    assert flagged_units(check, units_of(honest, frame)) == set()
    for item in honest.instrument.ratings:
        values = frame[item.id].to_numpy(dtype=object).copy()
        gap = mine.to_numpy() & np.array([v is None or v == 9 for v in values])
        values[gap] = 5
        frame[item.id] = values
    frame.loc[mine, "comment"] = None
    found = flagged_units(check, units_of(honest, frame))
    assert UNIT in found
    assert len(found) <= 2  # at a false-discovery rate, a true sign lets a chance one pass


def test_a_single_batch_without_not_applicable_is_named(honest):
    frame = honest.responses.copy()
    rows = np.flatnonzero(frame["unit_id"] == UNIT)
    frame.loc[frame.index[rows], "batch"] = [f"{UNIT}-B{1 + (i % 2)}" for i in range(len(rows))]
    batch = (frame["batch"] == f"{UNIT}-B2").to_numpy()
    for item in ("E3", "E4"):
        values = frame[item].to_numpy(dtype=object).copy()
        values[batch & (values == 9)] = 4
        frame[item] = values
    (finding,) = not_applicable.CHECK.assess(units_of(honest, frame), seed=3).findings
    assert finding.unit_id == UNIT
    assert finding.evidence["batch"] == f"{UNIT}-B2"
    assert f"{UNIT}-B2" in finding.message.vi


def test_comments_that_only_some_units_type_in_say_nothing(honest):
    frame = honest.responses.copy()
    frame.loc[frame["unit_id"] > "U0012", "comment"] = None
    answer = no_comments.CHECK.assess(units_of(honest, frame), seed=3)
    assert np.isnan(answer.p_values).all()
    assert set(answer.not_assessable.values()) == {"comments are not recorded everywhere"}


# --- corrections


def edited(frame, how, step):
    """A fifth of the unit's forms changed by one hand."""
    rows = frame.index[frame["unit_id"] == UNIT][::5]
    ids = frame.loc[rows, "record_id"]
    low = {1: (2, 5), -1: (5, 2)}[step]
    return pd.DataFrame(
        {"record_id": ids, "item": "C2", "before": low[0], "after": low[1], "how": how}
    )


def test_answers_raised_afterwards_are_seen_in_number_and_direction(honest):
    usual = corrections(honest.responses, 5)
    plain = units_of(honest, honest.responses, changes=usual)
    assert flagged_units(paper_changes, plain) == flagged_units(paper_direction, plain) == set()
    raised = pd.concat([usual, edited(honest.responses, "erased", 1)])
    table = units_of(honest, honest.responses, changes=raised)
    assert flagged_units(paper_changes, table) == {UNIT}
    assert flagged_units(paper_direction, table) == {UNIT}


def test_allowed_corrections_are_no_alteration_but_their_direction_counts(honest):
    usual = corrections(honest.responses, 5)
    raised = pd.concat([usual, edited(honest.responses, "cancelled", 1)])
    table = units_of(honest, honest.responses, changes=raised)
    assert flagged_units(paper_changes, table) == set()
    assert flagged_units(paper_direction, table) == {UNIT}
    lowered = pd.concat([usual, edited(honest.responses, "cancelled", -1)])
    table = units_of(honest, honest.responses, changes=lowered)
    assert flagged_units(paper_direction, table) == set()


def test_without_images_corrections_are_not_judged(honest):
    for check in (paper_changes, paper_direction):
        answer = check.CHECK.assess(units_of(honest, honest.responses), seed=3)
        assert set(answer.not_assessable.values()) == {"no marks were read from images"}


def test_odd_tables_of_changes_are_no_accident(honest):
    known = pd.DataFrame(
        [("nobody", "B1", 1, 5, "erased"), (honest.responses["record_id"].iat[0], "Z", 1, 2, "x")],
        columns=["record_id", "item", "before", "after", "how"],
    )
    table = units_of(honest, honest.responses, changes=known)
    answer = paper_changes.CHECK.assess(table, seed=3)
    assert set(answer.not_assessable.values()) == {"the rate is the same everywhere"}


# --- comments


def test_tone_marks_case_and_punctuation_make_no_difference():
    assert fold("Hoà  nhã, LỊCH SỰ!") == fold("hòa nhã lịch sự")
    assert fold("thuỷ") == fold("thủy")
    assert fold("hoa") != fold("hòa")
    assert fold("ma") != fold("mơ")
    assert fold("...") == ()


COPIED = "Gia đình tôi được giải quyết tạm trú ngay trong buổi sáng, xin cảm ơn các đồng chí"


def with_copies(frame, rows):
    copied = frame.copy()
    for number, row in enumerate(rows):
        words = COPIED.split()
        if number % 3 == 1:
            words[4] = "làm"
        text = " ".join(words)
        copied.loc[copied.index[row], "comment"] = text.upper() if number % 4 == 0 else text
    return copied


def test_copied_comments_are_found_and_never_quoted(honest):
    rows = np.flatnonzero(honest.responses["unit_id"] == UNIT)[3:60:6]
    frame = with_copies(honest.responses, rows)
    table = records_of(honest, frame)
    assert flagged_units(comments, units_of(honest, frame)) == {UNIT}
    found = flagged_rows(comment_copy, table)
    assert found == set(rows.tolist())
    said = (
        comment_copy.CHECK.assess(table, seed=3).findings
        + comments.CHECK.assess(units_of(honest, frame), seed=3).findings
    )
    told = " ".join(f"{f.message.vi} {f.message.en} {f.evidence}" for f in said)
    assert "tạm trú" not in told.casefold()


def test_usual_words_cost_nothing_however_often_they_stand_in_a_unit(honest):
    frame = honest.responses.copy()
    frame.loc[frame["unit_id"] == UNIT, "comment"] = "Không có ý kiến"
    assert flagged_units(comments, units_of(honest, frame)) == set()
    assert flagged_rows(comment_copy, records_of(honest, frame)) == set()


# --- collectors and contradictions


def test_a_collector_who_fills_in_alike_stands_out_and_honest_ones_do_not():
    made = world(52, 24, fives=0.45, records_per_unit=120)
    assert flagged_units(collector, units_of(made, made.responses)) == set()
    frame = made.responses.copy()
    items = [item.id for item in made.instrument.ratings]
    rows = frame["collector"] == f"{UNIT}-C1"
    frame.loc[rows, items] = 5
    answer = collector.CHECK.assess(units_of(made, frame), seed=3)
    assert [f.unit_id for f in answer.findings] == [UNIT]
    assert answer.findings[0].evidence["collector"] == f"{UNIT}-C1"


def test_facts_left_as_they_were_contradict_raised_answers(honest):
    frame = honest.responses.copy()
    chance = np.random.default_rng(8)
    many = chance.random(len(frame)) < 0.08
    trips = np.where(many, ">3", "1").astype(object)
    content = (frame["B2"] == 5) & (frame["D3"] == 5)
    # who made many trips is seldom content with both
    trips[many & content & (chance.random(len(frame)) < 0.8)] = "2"
    frame["K1"] = trips
    assert flagged_units(contradictions, units_of(honest, frame)) == set()
    rows = frame.index[frame["unit_id"] == UNIT][::5]
    frame.loc[rows, ["B2", "D3"]] = 5
    frame.loc[rows, "K1"] = ">3"
    assert flagged_units(contradictions, units_of(honest, frame)) == {UNIT}


# --- the contract, on a table that has what these checks look at


@pytest.fixture(scope="module")
def traced(honest):
    frame = honest.responses.copy()
    run_of_copies(frame, UNIT, 30, np.random.default_rng(1))
    rows = np.flatnonzero(frame["unit_id"] == "U0009")[3:60:6]
    frame = with_copies(frame, rows)
    changes = pd.concat([corrections(frame, 2), edited(frame, "erased", 1)])
    return frame, changes


@pytest.mark.parametrize("name", OURS)
def test_answers_hang_on_content_and_seed_alone(honest, traced, name):
    frame, changes = traced
    level = next(level for level in (Level.RECORD, Level.UNIT) if name in discover(level))
    build = records_of if level is Level.RECORD else units_of
    check = discover(level)[name]
    answer = check.assess(build(honest, frame, changes=changes), seed=2)
    mixed = frame.sample(frac=1, random_state=3)
    again = check.assess(
        build(honest, mixed, changes=changes.sample(frac=1, random_state=4)), seed=2
    )
    np.testing.assert_array_equal(answer.scores, again.scores)
    np.testing.assert_array_equal(answer.p_values, again.p_values)
    assert [f.to_json() for f in answer.findings] == [f.to_json() for f in again.findings]
    assert set(np.flatnonzero(np.isnan(answer.scores))) <= set(answer.not_assessable)
    for finding in answer.findings:
        accept_finding(finding.to_json())
    if name != "answers.reverse_keyed":
        assert np.isfinite(answer.scores).any()
