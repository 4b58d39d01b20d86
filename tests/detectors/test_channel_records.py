"""Record checks of the digital channel: scripts and hands found, their look-alikes not."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from detectors.calibration.multiplicity import q_values
from detectors.circumstances import Circumstances
from detectors.records.channel_cadence import CHECK as CADENCE
from detectors.records.channel_case import CHECK as CASE
from detectors.records.channel_source import CHECK as SOURCE
from detectors.records.exact_replay import CHECK as REPLAY
from detectors.records.response_time import CHECK as RESPONSE_TIME
from detectors.table import RecordTable
from tests.detectors.data import instrument

CHECKS = (CADENCE, CASE, SOURCE, REPLAY, RESPONSE_TIME)
ITEMS = dict.fromkeys("ABCDEFGH", (1, 2, 3, 4, 5))
START = pd.Timestamp("2026-07-06T08:00:00")


def crowd(seed: int, units: int = 20, n: int = 30) -> pd.DataFrame:
    """Honest records, each of its own phone and account, over thirty days."""
    rng = np.random.default_rng(seed)
    total = units * n
    start = START + pd.to_timedelta(rng.integers(0, 30, total), unit="D")
    start += pd.to_timedelta(rng.uniform(0, 9 * 3600, total).round(3), unit="s")
    spent = pd.to_timedelta((60 * np.exp(rng.normal(0, 0.7, total))).round(3), unit="s")
    frame = pd.DataFrame(
        rng.choice([3, 4, 5], (total, 8), p=[0.05, 0.25, 0.7]), columns=list(ITEMS)
    )
    frame.insert(0, "record_id", [f"r{i:05d}" for i in range(total)])
    frame.insert(1, "unit_id", [f"u{i // n:02d}" for i in range(total)])
    return frame.assign(
        channel="vneid",
        started_at=pd.Series(start).dt.strftime("%Y-%m-%dT%H:%M:%S.%f"),
        submitted_at=pd.Series(start + spent).dt.strftime("%Y-%m-%dT%H:%M:%S.%f"),
        device=[f"d{i}" for i in range(total)],
        account=[f"a{i}" for i in range(total)],
        case_id=[f"c{i}" for i in range(total)],
    )


def put(frame, rows, gaps, spent, **columns):
    """Records of ``rows`` one after the other, ``gaps`` seconds from start to start."""
    changed = frame.copy()
    start = START + pd.Timedelta("3D12h") + pd.to_timedelta(np.cumsum(gaps), unit="s")
    end = start + pd.to_timedelta(spent, unit="s")
    changed.loc[rows, "started_at"] = start.strftime("%Y-%m-%dT%H:%M:%S.%f")
    changed.loc[rows, "submitted_at"] = end.strftime("%Y-%m-%dT%H:%M:%S.%f")
    for name, value in columns.items():
        changed.loc[rows, name] = value
    return changed


def ask(check, frame, circumstances=None):
    table = RecordTable.build(frame, instrument(ITEMS), None, circumstances)
    answer = check.assess(table, seed=1)
    p = pd.Series(answer.p_values, table.record_ids)
    return answer, p, {finding.record_id for finding in answer.findings}


# --- constant intervals


@pytest.mark.parametrize("jitter", [0.0, 0.02, 0.1])
def test_a_script_with_fixed_delays_is_found_record_by_record(jitter):
    rng = np.random.default_rng(1)
    rows = np.arange(40, 55)
    frame = put(crowd(1), rows, 3.0 * rng.uniform(1 - jitter, 1 + jitter, 15), 1.0, device="script")
    _, _, found = ask(CADENCE, frame)
    assert {f"r{i:05d}" for i in rows} <= found


def test_sub_second_intervals_are_found():
    rows = np.arange(40, 52)
    frame = put(crowd(2), rows, np.full(12, 0.25), 0.2, account="script")
    answer, _, found = ask(CADENCE, frame)
    assert {f"r{i:05d}" for i in rows} <= found
    finding = next(f for f in answer.findings if f.evidence["series"] == "gap")
    assert finding.evidence["seconds"] == pytest.approx(0.25, rel=0.01)
    assert "tài khoản" in finding.message.vi


def test_a_script_that_changes_phone_and_account_shows_in_the_unit():
    frame = put(crowd(3), np.arange(40, 58), np.full(18, 20.0), 15.0)
    _, _, found = ask(CADENCE, frame)
    assert len(found & {f"r{i:05d}" for i in range(40, 58)}) >= 15


def test_constant_times_spent_are_found_at_any_gap():
    rng = np.random.default_rng(4)
    frame = put(crowd(4), np.arange(40, 52), rng.uniform(100, 9000, 12), 60.0, device="script")
    answer, _, found = ask(CADENCE, frame)
    assert found == {f"r{i:05d}" for i in range(40, 52)}
    assert {f.evidence["series"] for f in answer.findings} == {"spent"}


@pytest.mark.parametrize("seed", range(8))
def test_a_queue_at_one_kiosk_is_no_script(seed):
    rng = np.random.default_rng(seed)
    spent = 60 * np.exp(rng.normal(0, 0.5, 60))
    frame = put(
        crowd(seed), np.arange(60, 120), spent + rng.uniform(20, 60, 60), spent, device="kiosk"
    )
    _, p, found = ask(CADENCE, frame)
    assert not found
    assert p.min() > 0.05


def test_minutes_and_an_import_are_no_script():
    frame = put(crowd(5), np.arange(60, 90), np.full(30, 60.0), 30.0, device="kiosk")
    minutes = frame.assign(
        started_at=pd.to_datetime(frame["started_at"]).dt.floor("min").astype(str),
        submitted_at=pd.to_datetime(frame["submitted_at"]).dt.floor("min").astype(str),
    )
    assert not ask(CADENCE, minutes)[2]
    imported = frame.assign(started_at=None, submitted_at="2026-10-01T00:00:00")
    answer, _, found = ask(CADENCE, imported)
    assert not found
    assert set(answer.not_assessable.values()) == {"no times"}


# --- sources


def test_one_account_for_many_is_found_and_a_kiosk_is_not():
    hand = crowd(6)
    hand.loc[30:54, ["account", "device"]] = "hand"
    _, _, found = ask(SOURCE, hand)
    assert found == {f"r{i:05d}" for i in range(30, 55)}
    kiosk = crowd(6)
    kiosk.loc[30:54, "device"] = "kiosk"
    assert not ask(SOURCE, kiosk)[2]


def test_a_kiosk_with_one_level_and_haste_is_one_hand():
    rng = np.random.default_rng(7)
    frame = put(crowd(7, n=60), np.arange(60, 85), rng.uniform(20, 40, 25), 12.0, device="phone")
    frame.loc[60:84, list(ITEMS)] = 1
    assert ask(SOURCE, frame)[2] == {f"r{i:05d}" for i in range(60, 85)}


@pytest.mark.parametrize("how", ["assisted", "shared", "everywhere"])
def test_what_is_shared_by_right_is_not_accused(how):
    frame = crowd(8)
    circumstances = None
    if how == "everywhere":
        frame.loc[frame.index % 3 == 0, "account"] = "guest"
    else:
        frame.loc[30:54, "account"] = "desk"
        frame["assisted"] = (frame["account"] == "desk") & (how == "assisted")
        circumstances = Circumstances(shared=frozenset({"desk"} if how == "shared" else ()))
    answer, _, found = ask(SOURCE, frame, circumstances)
    assert not found
    if how != "everywhere":
        assert set(answer.not_assessable.values()) == {"assisted, or from a place shared by right"}


def test_one_account_in_three_units_within_a_second_is_a_rule():
    frame = put(crowd(9), [5, 40, 70], np.full(3, 0.1), 0.05, account="robot")
    answer, _, found = ask(SOURCE, frame)
    assert found == {"r00005", "r00040", "r00070"}
    assert all(finding.p_value is None for finding in answer.findings)
    two = put(crowd(9), [5, 6, 40], np.full(3, 0.1), 0.05, account="robot")
    assert not ask(SOURCE, two)[2]
    minutes = frame.assign(
        started_at=pd.to_datetime(frame["started_at"]).dt.floor("min").astype(str)
    )
    assert not ask(SOURCE, minutes)[2]


# --- cases


def register(frame: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {"case_id": frame["case_id"], "unit_id": frame["unit_id"], "finished_at": "2026-07-01"}
    )


def test_ratings_without_transaction_are_found_where_there_is_a_register():
    frame = crowd(10, n=60)
    known = register(frame)
    frame.loc[60:89, "case_id"] = [f"x{i}" for i in range(30)]
    assert not ask(CASE, frame)[2]
    answer, p, found = ask(CASE, frame, Circumstances(transactions=known))
    assert found == {f"r{i:05d}" for i in range(60, 90)}
    assert p.drop(list(found)).min() == 1.0
    assert answer.info == {}
    assert ask(CASE, frame)[0].info["not_assessable"]


def test_a_case_rated_by_many_is_found_and_one_rated_twice_is_not():
    frame = crowd(11, n=60)
    frame.loc[60:89, "case_id"] = "c60"
    frame.loc[[120, 121], "case_id"] = "c120"
    assert ask(CASE, frame)[2] == {f"r{i:05d}" for i in range(60, 90)}


def test_usual_faults_flag_nobody():
    rng = np.random.default_rng(12)
    frame = crowd(12)
    known = register(frame)
    frame.loc[rng.random(len(frame)) < 0.03, "case_id"] = None
    frame.loc[rng.random(len(frame)) < 0.03, "case_id"] = "typo"
    known.loc[::20, "finished_at"] = "2026-12-01"
    _, p, found = ask(CASE, frame, Circumstances(transactions=known))
    assert not found
    assert (p <= 0.01).mean() <= 0.01


def test_an_incomplete_register_of_one_unit_is_not_held_against_it():
    frame = crowd(13)
    known = register(frame[frame["unit_id"] != "u03"])
    _, _, found = ask(CASE, frame, Circumstances(transactions=known))
    assert not found


# --- replays and haste


def test_a_second_click_is_a_replay_and_two_people_alike_at_a_kiosk_are_not():
    frame = crowd(14)
    frame.loc[[40, 41], list(ITEMS)] = 5
    twice = put(frame, [40, 41], np.array([0.0, 2.0]), 1.0, device="phone")
    assert ask(REPLAY, twice)[2] == {"r00041"}
    people = put(frame, [40, 41], np.array([0.0, 45.0]), 40.0, device="kiosk")
    assert not ask(REPLAY, people)[2]


def test_few_answers_are_quick_by_right():
    frame = crowd(15)
    frame.loc[::5, list(ITEMS)[1:]] = None
    short = np.arange(0, len(frame), 5)
    begun = pd.to_datetime(frame["started_at"])
    spent = (pd.to_datetime(frame["submitted_at"]) - begun).dt.total_seconds()
    spent.iloc[short] /= 8
    frame["submitted_at"] = (begun + pd.to_timedelta(spent, unit="s")).astype(str)
    _, p, found = ask(RESPONSE_TIME, frame)
    assert not found
    assert (p <= 0.05).mean() <= 0.06


@pytest.mark.parametrize("check", CHECKS, ids=lambda c: c.info.id)
def test_what_is_missing_is_told(check):
    full = crowd(16)
    bare = full.drop(columns=["started_at", "submitted_at", "device", "account", "case_id"])
    answer, p, found = ask(check, bare)
    assert not found
    assert p.isna().all()
    assert len(answer.not_assessable) == len(bare)
    half = full.copy()
    half.loc[::2, ["started_at", "submitted_at", "device", "account", "case_id"]] = None
    answer, p, found = ask(check, half)
    assert not found
    assert set(np.flatnonzero(np.isnan(answer.scores))) <= set(answer.not_assessable)
    dates = full.assign(started_at=None, submitted_at=full["submitted_at"].str[:10])
    assert not ask(check, dates)[2]


@pytest.mark.parametrize("check", [CADENCE, CASE, SOURCE], ids=lambda c: c.info.id)
def test_honest_crowds_are_left_alone(check):
    shares = []
    for seed in range(20, 28):
        _, p, found = ask(check, crowd(seed))
        assert not found
        shares.append((p <= 0.05).mean())
        assert np.nanmin(q_values(p.to_numpy())) > 0.05
    assert np.mean(shares) <= 0.05


def test_one_unit_and_two_records_are_fine():
    frame = crowd(30).iloc[:2]
    for check in CHECKS:
        assert not ask(check, frame)[2]
        assert not ask(check, frame.drop(columns="unit_id"))[2]
