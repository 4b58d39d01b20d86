"""Twins: what is counted, what the null is, and who is not accused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from detectors.calibration.multiplicity import q_values
from detectors.circumstances import Circumstances
from detectors.records._classes import classes_of
from detectors.records._likeness import CHANGED_SHARE, likeness_of
from detectors.records._overdispersion import Overdispersion
from detectors.records._twin_units import selected_p_values, twin_units_of
from detectors.records._twins import MOST_SURPRISE, surprise, twins_of
from detectors.records.twin import CHECK
from detectors.simulate.frauds import Fraud, FraudPlan
from detectors.simulate.population import Population
from detectors.simulate.round import simulate_round
from detectors.table import RecordTable
from tests.detectors.data import in_random_units, instrument, pool


def made(
    values: np.ndarray,
    levels: int,
    unit: np.ndarray | None = None,
    *,
    blank: float = 0.0,
    known: Circumstances | None = None,
) -> RecordTable:
    """A table of ``values`` in ``levels`` categories; a share of blanks."""
    n, k = values.shape
    rng = np.random.default_rng(1)
    frame = pd.DataFrame(values.astype(float), columns=[f"q{j}" for j in range(k)])
    frame = frame.mask(rng.random((n, k)) < blank)
    frame.insert(0, "record_id", [f"r{i:05d}" for i in range(n)])
    frame.insert(1, "unit_id", np.zeros(n, dtype=int) if unit is None else unit)
    scale = tuple(range(1, levels + 1))
    form = instrument({f"q{j}": scale for j in range(k)})
    return RecordTable.build(frame, form, circumstances=known)


def ordinal(n: int, k: int, levels: int, seed: int, loading: float = 0.7) -> np.ndarray:
    """Correlated ordinal answers."""
    rng = np.random.default_rng(seed)
    latent = loading * rng.normal(size=(n, 1)) + np.sqrt(1 - loading**2) * rng.normal(size=(n, k))
    cuts = np.quantile(latent, np.linspace(0, 1, levels + 1)[1:-1])
    return 1 + np.searchsorted(cuts, latent)


# --- the score


@pytest.mark.parametrize("blank", [0.0, 0.2])
def test_the_score_is_the_sum_over_partners_written_out(blank):
    table = made(ordinal(40, 6, 4, 3), 4, blank=blank)
    classes = classes_of(table)
    own = np.exp(classes.own_log_p())
    rows = np.arange(12)
    score, place = likeness_of(table).among(rows, rows)
    for i in rows:
        ratios = []
        for j in rows:
            total = 0.0
            for item in range(6):
                mine, theirs = table.answers[i, item], table.answers[j, item]
                if np.isnan(mine) or np.isnan(theirs):
                    continue
                p = own[i, item]
                match = (1 - CHANGED_SHARE + CHANGED_SHARE * p) / p
                total += np.log(match) if mine == theirs else np.log(CHANGED_SHARE)
            ratios.append(-np.inf if i == j else total)
        assert score[i] == pytest.approx(np.log1p(np.exp(ratios) / 11).sum(), rel=1e-3)
        assert ratios[place[i]] == pytest.approx(max(ratios), abs=1e-4)


def test_copies_of_one_form_add_up_and_blank_answers_match_nothing():
    values = ordinal(60, 8, 5, 4)
    values[1] = values[0]
    once = made(values, 5)
    values[2] = values[0]
    twice = made(values, 5)
    rows = np.arange(len(once))
    one = likeness_of(once).among(rows, rows)[0]
    two = likeness_of(twice).among(rows, rows)[0]
    first = np.flatnonzero((once.answers == values[0]).all(axis=1))
    again = np.flatnonzero((twice.answers == values[0]).all(axis=1))
    assert two[again].min() > one[first].max() > np.median(one)
    blank = values.astype(float)
    blank[:2, 1:] = np.nan
    few = made(blank, 5)
    empty = np.flatnonzero(few.answered == 1)
    assert likeness_of(few).among(rows, rows)[0][empty].max() < one[first].min()


# --- p-values


def test_p_values_of_exchangeable_records_are_uniform():
    shares = []
    for seed in range(4):
        table = made(ordinal(600, 12, 5, seed), 5, np.arange(600) // 30)
        p = twins_of(table, seed).p_value
        shares.append([np.mean(p <= level) for level in (0.01, 0.05, 0.2)])
    low, usual, many = np.mean(shares, axis=0)
    assert 0.006 <= low <= 0.0115
    assert 0.038 <= usual <= 0.053
    assert 0.17 <= many <= 0.205


@pytest.mark.parametrize(
    ("levels", "items"), [(2, 20), (3, 10)], ids=["yes or no", "ten items of three answers"]
)
def test_coarse_answers_accuse_no_record_and_no_unit(levels, items):
    records, units = [], []
    for seed in range(3):
        table = made(ordinal(300, items, levels, 50 + seed), levels, np.arange(300) // 30)
        records.append((q_values(selected_p_values(table, seed)) <= 0.05).sum())
        units.append((q_values(twin_units_of(table, seed).p_value) <= 0.05).sum())
    assert sum(records) == 0
    assert sum(units) == 0


def test_people_who_answer_in_one_column_are_no_twins():
    rng = np.random.default_rng(8)
    values = ordinal(1200, 15, 5, 8)
    flat = rng.random(1200) < 0.5
    values[flat] = rng.choice([3, 4, 5], p=[0.1, 0.3, 0.6], size=(flat.sum(), 1))
    table = made(values, 5, np.arange(1200) // 40)
    p = selected_p_values(table, 1)
    assert not (q_values(p) <= 0.05).any()
    constant = np.ptp(table.answers, axis=1) == 0
    assert p[constant].min() > 0.005
    assert np.mean(p[~constant] <= 0.05) <= 0.12


def test_real_rows_with_copies_are_found_with_their_partner_and_what_differs():
    answers, form = pool("attention/responses.csv")
    frame = in_random_units(answers, 30, np.random.default_rng(4))
    items = [item.id for item in form.items]
    for number, copy in enumerate(range(60, 70)):
        frame.loc[copy, items] = frame.loc[70 + number, items].to_numpy()
        frame.loc[copy, items[number]] = form.items[number].scale[-1]
    table = RecordTable.build(frame, form)
    found = CHECK.assess(table, seed=2)
    named = {finding.record_id: finding for finding in found.findings}
    copies = [f"r{row:05d}" for row in range(60, 80)]
    assert len(set(named) & set(copies)) >= 18
    assert set(named) <= set(copies)
    finding = named["r00061"]
    assert finding.matches == ("r00071",)
    assert finding.evidence["answered_by_both"] >= finding.evidence["same"] >= len(items) - 12
    assert set(finding.evidence["differing_items"]) <= {items[1]}


def test_copies_select_their_unit_and_few_others():
    population = Population(fives=0.55, top_two=0.90, lowest_two=0.02)
    found = []
    for seed in range(41, 46):
        round_ = simulate_round(
            seed,
            24,
            records_per_unit=100,
            equal_sizes=True,
            population=population,
            frauds={3: FraudPlan(Fraud.COPY, 0.15)},
            digital_share=0.0,
        )
        table = RecordTable.build(round_.responses, round_.instrument, round_.units)
        truth = round_.truth.records.set_index("record_id").loc[list(table.record_ids)]
        copied = (truth["fraud"] == "copy").to_numpy()
        source = truth.index.isin(set(truth["copied_from"]))
        flagged = q_values(selected_p_values(table, 1)) <= 0.05
        found.append(flagged[copied].mean())
        if seed == 41:
            q = q_values(twin_units_of(table, 1).p_value)
            assert np.flatnonzero(q <= 0.05).tolist() == [3]
            assert (flagged & ~copied & ~source).sum() <= 1
    assert np.mean(found) >= 0.5


def test_without_other_units_there_is_no_null():
    table = made(ordinal(60, 8, 5, 2), 5)
    answer = CHECK.assess(table, seed=1)
    assert np.isnan(answer.p_values).all()
    assert set(answer.not_assessable.values()) == {"too few records in other units"}


# --- what honest units have in common


def test_uniform_p_values_are_hardly_widened_even_with_copies_among_them():
    rng = np.random.default_rng(6)
    p = rng.random(20_000)
    clean = Overdispersion.fit(p)
    assert clean.centre <= 0.03
    assert clean.scale <= 1.03
    p[:600] = 1e-6
    touched = Overdispersion.fit(p)
    assert touched.scale <= 1.03
    assert touched.widen(p)[:600].max() < 1e-5


def test_p_values_of_units_that_differ_become_honest():
    rng = np.random.default_rng(7)
    p = norm.sf(rng.normal(0.05, 1.08, 40_000))
    wider = Overdispersion.fit(p).widen(p)
    assert np.mean(p <= 0.01) > 0.013
    assert np.mean(wider <= 0.01) == pytest.approx(0.01, abs=0.0015)
    assert np.mean(wider <= 0.05) == pytest.approx(0.05, abs=0.003)
    assert np.all(wider >= p)


def test_nothing_to_learn_from_changes_nothing():
    assert Overdispersion.fit(np.zeros(0)) == Overdispersion(0.0, 1.0)
    p = np.array([1e-9, 0.2, 1.0])
    np.testing.assert_allclose(Overdispersion(0.0, 1.0).widen(p), p)


def test_ordinary_p_values_hardly_speak_for_copies_and_no_single_one_decides():
    p = np.linspace(0.001, 1.0, 1000)
    value = surprise(p)
    assert np.all(np.diff(value) < 0)
    assert abs(surprise(np.random.default_rng(1).random(20_000)).mean()) < 0.02
    assert surprise(np.array([1e-12])) == MOST_SURPRISE


# --- the trusted baseline


def test_a_baseline_of_trusted_records_sees_copies_that_every_unit_holds():
    honest = ordinal(800, 16, 5, 31, loading=0.6)
    unit = np.repeat(np.arange(16), 50)
    values = honest.copy()
    for first in range(0, 800, 50):  # in every unit a third are copies of the same three forms
        values[first : first + 16] = honest[np.arange(16) % 3]
    known = Circumstances(baseline=made(ordinal(800, 16, 5, 32, loading=0.6), 5).responses)
    copied = np.arange(800) % 50 < 16
    alone, beside = made(values, 5, unit), made(values, 5, unit, known=known)
    of = [twins_of(table, 1).p_foreign[np.argsort(table.source_row)] for table in (alone, beside)]
    assert np.median(of[0][copied]) > 0.05
    assert np.median(of[1][copied]) < 0.001
    # and honest records are what they were
    assert 0.01 < (of[1][~copied] <= 0.05).mean() < 0.09


def test_too_small_a_baseline_takes_nobodys_place():
    values, unit = ordinal(600, 8, 5, 33), np.repeat(np.arange(2), 300)
    known = Circumstances(baseline=made(ordinal(250, 8, 5, 34), 5).responses)
    one, other = (twins_of(made(values, 5, unit, known=k), 1) for k in (None, known))
    np.testing.assert_array_equal(one.p_value, other.p_value)
