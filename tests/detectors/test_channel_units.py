"""Unit checks of the digital channel on whole rounds, honest and tampered with."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest
from scipy.stats import betabinom

from detectors.calibration.multiplicity import q_values
from detectors.calibration.peers import among_peers
from detectors.records._hand import staged, unlike_rest
from detectors.registry import Level, discover
from detectors.units._shares import log_tail
from tests.detectors.channel_rounds import honest_round, known, tables, tampered

UNITS = {name: check for name, check in discover(Level.UNIT).items() if name.startswith("channel.")}
EXPECTED = {
    "one_device": {"channel.shared_sources"},
    "one_sitting": {"channel.shared_sources", "channel.burst"},
    "device_farm": {"channel.burst", "channel.rapid_share"},
    "no_case": {"channel.case_share"},
    "opening": {"channel.opening"},
    "low_flood": {"channel.burst"},
}


@cache
def round_():
    return honest_round(41, 24, 120)


@cache
def answers(kind: str | None = None, *, told: bool = True):
    sim = round_()
    frauds = {} if kind is None else {"U0003": (kind, 0.4)}
    frame, _ = tampered(sim, frauds, 5)
    table = tables(frame, sim.instrument, known(frame) if told else None)
    return {name: check.assess(table, seed=1) for name, check in UNITS.items()}


def flagged(kind: str | None = None, *, told: bool = True) -> dict[str, set[str]]:
    return {n: {f.unit_id for f in a.findings} for n, a in answers(kind, told=told).items()}


@pytest.mark.parametrize("told", [True, False], ids=["kiosks_known", "kiosks_unknown"])
def test_an_honest_round_has_no_findings(told):
    assert set().union(*flagged(told=told).values()) == set()


@pytest.mark.parametrize("kind", EXPECTED)
def test_the_tampered_unit_is_found_by_what_it_left(kind):
    found = flagged(kind)
    assert {name for name, units in found.items() if "U0003" in units} >= EXPECTED[kind]
    assert set().union(*found.values()) == {"U0003"}


def test_the_finding_names_records_that_were_tampered_with():
    sim = round_()
    frame, touched = tampered(sim, {"U0003": ("opening", 0.4)}, 5)
    mine = set(frame["record_id"][touched])
    (finding,) = answers("opening")["channel.opening"].findings
    named = finding.evidence["record_ids"]
    assert len(set(named) & mine) >= 0.9 * len(named) > 5


def test_a_flood_of_low_ratings_tells_its_level():
    (finding,) = answers("low_flood")["channel.burst"].findings
    assert finding.evidence["level_inside"] < 0.2 < finding.evidence["level_outside"]


def test_a_clock_that_is_hours_off_is_told_and_not_accused():
    sim = round_()
    frame = sim.responses.copy()
    own = (frame["unit_id"] == "U0004") & frame["started_at"].notna()
    for name in ("started_at", "submitted_at"):
        moved = pd.to_datetime(frame.loc[own, name], format="ISO8601") - pd.Timedelta(hours=7)
        frame.loc[own, name] = moved.dt.strftime("%Y-%m-%dT%H:%M:%S.%f")
    table = tables(frame, sim.instrument)
    answer = UNITS["channel.off_hours"].assess(table, seed=1)
    unit = table.unit_ids.index("U0004")
    assert np.isnan(answer.p_values[unit])
    assert "hours off" in answer.not_assessable[unit]
    assert not answer.findings


def test_zones_written_out_change_nothing():
    sim = round_()
    frame = sim.responses.copy()
    for name in ("started_at", "submitted_at"):
        stamps = pd.to_datetime(frame[name], format="ISO8601")
        utc = stamps - pd.Timedelta(hours=7)
        frame[name] = utc.dt.strftime("%Y-%m-%dT%H:%M:%S.%fZ").where(stamps.notna(), None)
    plain, zoned = (tables(f, sim.instrument) for f in (sim.responses, frame))
    for check in UNITS.values():
        one, other = check.assess(plain), check.assess(zoned)
        np.testing.assert_allclose(one.p_values, other.p_values)


@pytest.mark.parametrize("name", UNITS)
def test_what_is_missing_is_told(name):
    sim = round_()
    events = ["started_at", "submitted_at", "device", "account", "ip", "case_id"]
    table = tables(sim.responses.drop(columns=events), sim.instrument)
    answer = UNITS[name].assess(table, seed=1)
    assert np.isnan(answer.p_values).all()
    assert all(reason.startswith("no ") for reason in answer.not_assessable.values())
    dates = sim.responses.assign(
        started_at=None, submitted_at=sim.responses["submitted_at"].str[:10]
    )
    assert not UNITS[name].assess(tables(dates, sim.instrument), seed=1).findings


@pytest.mark.parametrize("name", UNITS)
def test_few_peers_and_one_unit_are_not_judged(name):
    sim = round_()
    for count in (1, 5):
        few = sim.responses[sim.responses["unit_id"] <= f"U{count:04d}"]
        answer = UNITS[name].assess(tables(few, sim.instrument, known(few)), seed=1)
        assert np.isnan(answer.p_values).all()
        assert len(answer.not_assessable) == count


# --- arithmetic


def test_the_tail_is_the_beta_binomial_one():
    k, n = np.array([0.0, 3.0, 20.0, 75.0]), np.array([10, 75, 75, 75])
    share, spread = 0.04, 0.03
    size = (1 - spread) / spread
    expected = betabinom.logsf(k - 1, n, share * size, (1 - share) * size)
    # far out, one minus the distribution function is rounding: there it is the last term alone
    expected[3] = betabinom.logpmf(75, 75, share * size, (1 - share) * size)
    np.testing.assert_allclose(log_tail(k, n, share, spread), expected, rtol=1e-6, atol=1e-9)


def test_ranks_are_uniform_and_far_out_scores_are_rare():
    rng = np.random.default_rng(3)
    score = rng.exponential(size=(200, 40))
    group = np.zeros(40, dtype=np.intp)
    p = np.array([among_peers(row, group) for row in score])
    assert (p <= 0.05).mean() == pytest.approx(0.05, abs=0.006)
    assert (p <= 0.01).mean() <= 0.012
    far = score[0].copy()
    far[:2] = (60.0, 40.0)
    p_far = among_peers(far, group)
    assert p_far[0] < p_far[1] < 1e-4
    assert np.nanmin(q_values(p_far[2:])) > 0.05
    assert np.isnan(among_peers(score[0, :9], group[:9])).all()


def test_a_stage_keeps_p_values_uniform():
    rng = np.random.default_rng(4)
    p = staged(rng.random(200_000), rng.random(200_000))
    for level in (0.01, 0.05, 0.3):
        assert (p <= level).mean() == pytest.approx(level, rel=0.05)


def test_a_group_like_the_rest_is_like_the_rest():
    rng = np.random.default_rng(5)
    member = np.arange(75) < 20
    p = np.array(
        [
            unlike_rest(rng.integers(18, 24, 75) / 23, rng.normal(size=75), member)
            for _ in range(2000)
        ]
    )
    assert (p <= 0.05).mean() <= 0.05
    low = np.where(member, 0.1, 0.9)
    assert unlike_rest(low, np.full(75, np.nan), member) < 1e-4
    assert unlike_rest(np.full(75, 0.9), np.where(member, -2.0, 0.0), member) < 1e-4
    assert unlike_rest(low, np.zeros(75), np.arange(75) < 4) == 1.0
    assert unlike_rest(np.full(75, 1.0), np.zeros(75), member) == 1.0
