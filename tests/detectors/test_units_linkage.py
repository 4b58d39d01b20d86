"""Ratings against their cases: each identity, and the honest tables beside it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from detectors.units.linkage import CHECK
from tests.detectors.unit_worlds import flagged, world


def linked(seed=5, units=12, n=40):
    """Every rating has a case of its own, an account, and a case that was received before."""
    sim = world(seed, units=units, n=n, digital=1.0)
    size = len(sim.now)
    sim.now["case_id"] = [f"H-{number:05d}" for number in range(size)]
    sim.now["account"] = [f"acc{number}" for number in range(size)]
    day = pd.Timestamp("2026-08-10T09:00:00")
    sim.now["submitted_at"] = [(day + pd.Timedelta(hours=n % 300)).isoformat() for n in range(size)]
    cases = pd.DataFrame(
        {
            "case_id": sim.now["case_id"],
            "unit_id": sim.now["unit_id"],
            "received_at": pd.Timestamp("2026-08-01"),
        }
    )
    return sim, cases


def told(sim, cases, unit="U03"):
    answer = CHECK.assess(sim.table(transactions=cases))
    assert flagged(answer) <= {unit}
    return " ".join(finding.message.en for finding in answer.findings)


def test_honest_ratings_break_no_rule():
    sim, cases = linked()
    assert told(sim, cases) == ""
    answer = CHECK.assess(sim.table(transactions=cases))
    assert (answer.p_values > 0.5).all()
    # A first rating on handing in and a second by the other spouse are two people's.
    row = sim.rows("U03")[0]
    twice = sim.now.loc[[row]].assign(record_id="x", account="spouse")
    sim.now = pd.concat([sim.now, twice], ignore_index=True)
    assert told(sim, cases) == ""


def test_mistyped_cases_and_ratings_sent_twice_accuse_nobody():
    p = []
    for seed in range(8):
        sim, cases = linked(seed, units=24, n=60)
        number = np.arange(len(sim.now))
        # Mostly slips, and everywhere some of them.
        wrong = sim.rng.random(number.size) < 0.02
        sim.now.loc[wrong, "case_id"] = [f"Z-{n}" for n in number[wrong]]
        twice = sim.now[sim.rng.random(number.size) < 0.01]
        twice = twice.assign(record_id=twice["record_id"] + "b")
        sim.now = pd.concat([sim.now, twice], ignore_index=True)
        answer = CHECK.assess(sim.table(transactions=cases))
        assert not answer.findings
        p.extend(answer.p_values.tolist())
    p = np.array(p)
    assert np.isfinite(p).all()
    assert np.mean(p <= 0.05) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / p.size)


def test_few_units_give_no_verdict():
    sim, cases = linked(units=6)
    sim.now.loc[sim.rows("U03")[:8], "case_id"] = "Z-1"
    answer = CHECK.assess(sim.table(transactions=cases))
    assert not answer.findings
    assert answer.not_assessable[2].startswith("fewer than 10 peer units")


def test_one_rating_a_case_and_account():
    sim, cases = linked()
    row = sim.rows("U03")[0]
    again = sim.now.loc[[row] * 8].assign(record_id=[f"x{number}" for number in range(8)])
    sim.now = pd.concat([sim.now, again], ignore_index=True)
    assert "8 ratings repeat a case that the same account had rated" in told(sim, cases)
    # It needs no list of transactions.
    assert "8 ratings repeat" in told(sim, None)
    # A kiosk's account is many people's.
    answer = CHECK.assess(
        sim.table(transactions=cases, shared=frozenset({sim.now["account"].iat[row]}))
    )
    assert not answer.findings


def test_no_rating_before_its_case():
    sim, cases = linked()
    late = cases["unit_id"].eq("U03") & (np.arange(len(cases)) % 40 < 8)
    cases.loc[late, "received_at"] = pd.Timestamp("2026-09-20")
    assert "8 ratings are dated before their case was received" in told(sim, cases)


def test_no_rating_without_its_case_and_of_another_unit():
    sim, cases = linked()
    rows = sim.rows("U03")
    sim.now.loc[rows[:8], "case_id"] = [f"Z-{number}" for number in range(8)]
    assert "8 ratings name a case that is not in the list" in told(sim, cases)
    sim, cases = linked()
    sim.now.loc[rows[:8], "case_id"] = sim.now.loc[sim.rows("U05")[:8], "case_id"].tolist()
    assert "8 ratings name a case of another unit" in told(sim, cases)
    # A unit that is not in the list at all has an incomplete list, not false ratings.
    sim, cases = linked()
    assert told(sim, cases[cases["unit_id"] != "U03"]) == ""


def test_rated_cases_are_no_more_than_cases():
    sim, cases = linked()
    rows = sim.rows("U03")
    gone = sim.now.loc[rows[:30], "case_id"]
    less = cases[~cases["case_id"].isin(gone)]
    assert "40 cases were rated but the list has 10" in told(sim, less)


@pytest.mark.parametrize("missing", ["case_id", "everything"])
def test_without_cases_nothing_is_judged(missing):
    sim, cases = linked()
    if missing == "case_id":
        sim.now = sim.now.drop(columns="case_id")
    else:
        sim.now["case_id"] = None
    answer = CHECK.assess(sim.table(transactions=cases))
    assert not answer.findings
    assert np.isnan(answer.scores).all()
    assert len(answer.not_assessable) == 12
