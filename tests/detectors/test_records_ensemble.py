"""Careless answering: known values, what each index needs, and that none of them flags."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from detectors.records import outlier_ensemble, synonyms
from detectors.records import person_total as total
from detectors.records._profile import person_total
from detectors.records._profile import synonyms as synonym_correlation
from detectors.screening import screen
from detectors.table import RecordTable
from tests.detectors.data import instrument, pool, table


def area(score: np.ndarray, positive: np.ndarray) -> float:
    """Area under the curve, ties half."""
    a, b = score[positive][:, None], score[~positive][None, :]
    return float(np.mean((a > b) + 0.5 * (a == b)))


def prepared(values: np.ndarray, levels: int) -> RecordTable:
    frame = pd.DataFrame(values, columns=[f"q{j}" for j in range(values.shape[1])])
    frame.insert(0, "record_id", [f"r{i:05d}" for i in range(len(frame))])
    scale = tuple(range(1, levels + 1))
    return RecordTable.build(frame, instrument(dict.fromkeys(frame.columns[1:], scale)))


def profile(n: int, seed: int) -> np.ndarray:
    """Two scales, one that everybody rates high, one low."""
    rng = np.random.default_rng(seed)
    mean = np.repeat([4.2, 2.0], 6)
    latent = rng.normal(0, 0.6, (n, 2)).repeat(6, axis=1) + rng.normal(0, 0.4, (n, 12))
    return np.clip(np.round(mean + latent), 1, 5)


def test_person_total_is_the_correlation_with_the_mean_answers():
    values = (profile(50, 1) - 1) / 4
    values[3, 2] = np.nan
    values[4] = 0.5
    values[5, 4:] = np.nan
    r = person_total(values)
    mean = np.nanmean(values, axis=0)
    assert r[0] == pytest.approx(np.corrcoef(values[0], mean)[0, 1])
    known = np.isfinite(values[3])
    assert r[3] == pytest.approx(np.corrcoef(values[3][known], mean[known])[0, 1])
    assert np.isnan(r[[4, 5]]).all()


def test_synonyms_do_not_depend_on_which_item_of_a_pair_comes_first():
    values = (profile(80, 2) - 1) / 4
    values[7, 0] = np.nan
    r = synonym_correlation(values)
    np.testing.assert_allclose(r, synonym_correlation(values[:, ::-1]), atol=1e-9)
    assert np.nanmedian(r) > 0.5
    values[:8] = np.random.default_rng(2).random((8, 12))
    r = synonym_correlation(values)
    assert r[:8].mean() < np.nanmedian(r[8:]) - 0.4


@pytest.mark.parametrize("check", [total.CHECK, synonyms.CHECK], ids=lambda c: c.info.id)
def test_what_careful_people_do_not_follow_is_not_held_against_anybody(check):
    rng = np.random.default_rng(3)
    noise = prepared(rng.integers(1, 6, (200, 12)), 5)
    answer = check.assess(noise)
    assert np.isnan(answer.scores).all()
    assert len(answer.not_assessable) == 200
    few = check.assess(prepared(profile(19, 3), 5))
    assert set(few.not_assessable.values()) == {"fewer than 20 peers"}
    shared = check.assess(prepared(profile(200, 3), 5))
    assert np.isfinite(shared.scores).mean() > 0.95
    assert shared.findings == ()


def test_the_ensemble_puts_careless_rows_first_and_exactly_a_share_below_each_level():
    values = profile(500, 4)
    rng = np.random.default_rng(4)
    careless = np.arange(500) < 25
    values[careless] = rng.integers(1, 6, (25, 12))
    subject = prepared(values, 5)
    answer = outlier_ensemble.CHECK.assess(subject, seed=1)
    assert area(answer.scores, careless[subject.source_row]) >= 0.97
    assert np.mean(answer.p_values <= 0.05) == pytest.approx(0.05, abs=0.003)
    assert np.mean(answer.p_values <= 0.01) == pytest.approx(0.01, abs=0.003)
    assert answer.findings == ()


def test_people_in_one_column_are_not_the_strangest():
    values = profile(400, 5)
    values[:200] = 5
    subject = prepared(values, 5)
    answer = outlier_ensemble.CHECK.assess(subject, seed=1)
    flat = subject.source_row < 200
    assert np.median(answer.p_values[flat]) > 0.4


def test_the_ensemble_needs_peers_and_copes_with_blanks_and_constant_items():
    values = profile(120, 6)
    values[:, 3] = 4
    values[5:15, 2:9] = np.nan
    values[0] = np.nan
    answer = outlier_ensemble.CHECK.assess(prepared(values, 5), seed=1)
    assert np.isnan(answer.p_values).sum() == 1
    assert set(answer.not_assessable.values()) == {"no answers"}
    few = outlier_ensemble.CHECK.assess(prepared(values[1:20], 5), seed=1)
    assert np.isnan(few.p_values).all()


def test_failed_attention_checks_are_ordered_first():
    raw = table("attention/responses.csv")
    answers, form = pool("attention/responses.csv")
    kept = tuple(item for item in form.items if not item.id.startswith("rt_"))
    frame = answers[[item.id for item in kept]].copy()
    frame.insert(0, "record_id", raw["record_id"])
    found = screen(frame, instrument({item.id: item.scale for item in kept}), seed=3).records
    failed = (raw["failed_checks"] >= 2).to_numpy()
    assert area(-found["p_value"].to_numpy(), failed) >= 0.95
    assert not found["flagged"].any()
    assert (found["q_value"] >= found["p_value"]).all()
