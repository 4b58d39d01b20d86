"""One contract for every record and unit check that the registry finds."""

from __future__ import annotations

import json
import re
from functools import cache

import numpy as np
import pandas as pd
import pytest

from detectors.finding import Finding
from detectors.registry import Level, discover
from detectors.simulate.frauds import Fraud, FraudPlan
from detectors.simulate.round import SimulatedRound, simulate_round
from detectors.table import RecordTable, UnitTable
from tests.detectors.data import DATA

RECORD = discover(Level.RECORD)
UNIT = discover(Level.UNIT)
EVERY = [pytest.param(c, id=n) for n, c in {**RECORD, **UNIT}.items()]
PLANS = {
    0: FraudPlan(Fraud.COPY, 0.5, edits=1),
    1: FraudPlan(Fraud.STUFFING, 0.5),
    2: FraudPlan(Fraud.EDIT_UP, 0.5),
    3: FraudPlan(Fraud.INVENTED, 0.5),
    4: FraudPlan(Fraud.BOT, 0.9),
}


@cache
def world() -> SimulatedRound:
    return simulate_round(11, 24, records_per_unit=50, frauds=PLANS, digital_share=0.4)


def subject(check, responses=None, *, bare=False):
    sim = world()
    frame = sim.responses if responses is None else responses
    table = RecordTable.build(frame, sim.instrument, None if bare else sim.units)
    if check.info.level is Level.RECORD:
        return table
    if bare:
        return UnitTable(table)
    before = RecordTable.build(sim.previous, sim.instrument, sim.units)
    custody = sim.custody.copy()
    custody.loc[3, "returned"] += 5
    return UnitTable(table, sim.units, before, custody, sim.period)


@cache
def answer(name: str):
    check = {**RECORD, **UNIT}[name]
    return check.assess(subject(check), seed=1)


def same(a, b):
    np.testing.assert_array_equal(a.scores, b.scores)
    np.testing.assert_array_equal(a.p_values, b.p_values)
    assert [f.to_json() for f in a.findings] == [f.to_json() for f in b.findings]


def test_the_checks_are_there():
    assert {"answers.twin", "answers.mahalanobis", "answers.person_fit"} <= set(RECORD)
    assert {"answers.straight_lining", "channel.response_time"} <= set(RECORD)
    assert {"answers.spread", "answers.tail_deficit", "answers.unit_twins", "unit.level"} <= set(
        UNIT
    )


@pytest.mark.parametrize("check", EVERY)
def test_it_says_who_it_is(check):
    info = check.info
    assert re.fullmatch(r"[a-z0-9_]+(\.[a-z0-9_]+)*", info.id)
    assert info.sees and info.null_model and info.source and info.innocent
    assert all(message.vi and message.en for message in (info.title, *info.innocent))


@pytest.mark.parametrize("check", EVERY)
def test_it_answers_for_every_subject(check):
    seen = subject(check)
    result = answer(check.info.id)
    assert len(result.scores) == len(result.p_values) == len(seen)
    p = result.p_values[~np.isnan(result.p_values)]
    assert np.all((p > 0) & (p <= 1))
    assert set(np.flatnonzero(np.isnan(result.scores))) <= set(result.not_assessable)
    assert all(result.not_assessable.values())
    assert not np.any(np.isinf(result.scores))


@pytest.mark.parametrize("check", EVERY)
def test_the_same_seed_answers_the_same_and_nothing_is_changed(check):
    seen = subject(check)
    records = seen if isinstance(seen, RecordTable) else seen.records
    before = records.answers.copy(), records.frame.copy()
    same(check.assess(seen, seed=1), answer(check.info.id))
    np.testing.assert_array_equal(records.answers, before[0])
    pd.testing.assert_frame_equal(records.frame, before[1])


@pytest.mark.parametrize("check", EVERY)
def test_an_empty_table_gets_an_empty_answer(check):
    result = check.assess(subject(check, world().responses.iloc[:0]), seed=1)
    assert result.scores.shape == result.p_values.shape == (0,)
    assert result.findings == ()
    assert not result.not_assessable


@pytest.mark.parametrize("check", EVERY)
def test_two_bare_records_are_no_accident(check):
    few = world().responses.iloc[:2][["record_id", "unit_id", "A1", "A2"]]
    result = check.assess(subject(check, few, bare=True), seed=1)
    assert result.findings == ()


@pytest.mark.parametrize("check", list(RECORD.values()), ids=list(RECORD))
def test_a_record_without_answers_is_not_judged(check):
    frame = world().responses.copy()
    frame[[item.id for item in world().instrument.items]] = None
    result = check.assess(subject(check, frame), seed=1)
    assert np.all(np.isnan(result.p_values))
    assert result.findings == ()
    assert len(result.not_assessable) == len(frame)


@pytest.mark.parametrize(
    "check",
    [
        p
        for p in EVERY
        if not p.values[0].info.batch_dependent and p.values[0].info.level is Level.UNIT
    ],
)
def test_a_unit_is_judged_alike_whoever_else_is_there(check):
    half = world().responses[world().responses["unit_id"] <= "U0012"]
    result = check.assess(subject(check, half), seed=1)
    np.testing.assert_array_equal(result.scores, answer(check.info.id).scores[: len(result.scores)])


@pytest.mark.parametrize("check", EVERY)
def test_the_order_of_rows_has_no_effect(check):
    shuffled = world().responses.sample(frac=1, random_state=5)
    same(check.assess(subject(check, shuffled), seed=1), answer(check.info.id))


@pytest.mark.parametrize("check", EVERY)
def test_findings_are_json_that_the_schema_accepts(check):
    for finding in answer(check.info.id).findings:
        data = json.loads(json.dumps(finding.to_json(), allow_nan=False))
        assert Finding.from_json(data).to_json() == finding.to_json()
        assert data["detector"] == check.info.id
        assert "dấu hiệu" in data["message"]["vi"]
        assert "signs of" in data["message"]["en"].lower()
        assert data["record_id"] or data["unit_id"]
        schema = DATA.parent / "schema" / "finding.schema.json"
        if schema.is_file():
            import jsonschema

            jsonschema.validate(data, json.loads(schema.read_text(encoding="utf-8")))


def test_the_frauds_of_this_world_are_found():
    found = {f.detector for name in {**RECORD, **UNIT} for f in answer(name).findings}
    assert {"answers.unit_twins", "channel.response_time", "custody.balance"} <= found
