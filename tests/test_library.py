"""The packages as a library: functions, estimators, and every example that is shown."""

from __future__ import annotations

import dataclasses
import doctest
import importlib
import json
import pkgutil

import numpy as np
import pandas as pd
import pytest
from pyod.models.hbos import HBOS
from sklearn.base import clone
from sklearn.ensemble import IsolationForest
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_estimator

import detectors
import scans
from detectors.errors import InputError, UsageError
from detectors.estimators import INDICES, ConformalDetector, RecordScreen, ResponseIndices
from detectors.simulate.frauds import Fraud, FraudPlan
from detectors.simulate.round import simulate_round
from scans.simulate.form import write_instrument
from scans.types import Status
from tests.data import ROOT
from tests.scans.pages import honest, written

PACKAGES = ("audit", "detectors", "reports", "scans")


def shown() -> list[str]:
    names = []
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            if ">>> " in path.read_text(encoding="utf-8"):
                names.append(".".join(path.relative_to(ROOT).with_suffix("").parts))
    return names


@pytest.mark.parametrize("name", shown())
def test_every_example_that_is_shown_is_true(name):
    failed, tried = doctest.testmod(importlib.import_module(name))
    assert tried
    assert not failed


@pytest.mark.parametrize("package", [detectors, scans], ids=lambda p: p.__name__)
def test_the_package_gives_what_it_lists_and_nothing_else(package):
    for name in package.__all__:
        assert callable(getattr(package, name))
        assert getattr(package, name).__doc__
        # A module of the same name would take its place as soon as it is imported.
        assert name not in {module.name for module in pkgutil.iter_modules(package.__path__)}
    with pytest.raises(AttributeError, match="no attribute"):
        _ = package.nothing


# --- pages


@pytest.fixture(scope="module")
def sheets(tmp_path_factory):
    names = [written(honest("HL-01", 2, seed), f"library-{seed}") for seed in range(40, 43)]
    return names, write_instrument("HL-01", tmp_path_factory.mktemp("form"))


def test_a_page_alone_and_pages_together_are_read_alike(sheets):
    paths, toml = sheets
    together = list(scans.check_pages(paths, toml))
    for path, page in zip(paths, together, strict=True):
        assert scans.page_object(scans.check_page(path, toml)) == scans.page_object(page)


def test_results_show_themselves_in_a_few_lines(sheets):
    """A notebook's last line: what came out, not thirty thousand characters of it."""
    paths, toml = sheets
    page = scans.check_page(paths[0], toml)
    assert repr(page).startswith(f"<PageResult {paths[0]} p. 1: form page 2, not flagged")
    world = simulate_round(3, 12, records_per_unit=60)
    found = detectors.screen(world.responses, world.instrument, units=world.units, seed=1)
    assert "12 units (1 flagged, 2 not judged)" in repr(found)
    shown = found._repr_html_()
    assert shown.count("<tr>") == 1 + min(20, len(found.findings))
    assert "U0006" in shown
    assert "Có dấu hiệu" in shown
    things = [page, found, found.findings[0], world.instrument, RecordScreen(world.instrument)]
    things.append(scans.calibrate(paths[:1], toml))
    assert max(len(repr(thing)) for thing in things) < 500
    torn = dataclasses.replace(page, status=Status.UNREADABLE, reason="<torn>", flagged=None)
    assert repr(torn).endswith("unreadable, <torn>>")
    assert "&lt;torn&gt;" in torn._repr_html_()


def test_a_reference_learnt_here_judges_here(sheets, tmp_path):
    paths, toml = sheets
    (tmp_path / "torn.jpg").write_bytes(paths[0].read_bytes()[:900])
    out = []
    reference = scans.calibrate([*paths, tmp_path], toml, left_out=out.append)
    assert sum(reference.pages.values()) == len(paths)
    assert [page.origin.path.endswith("torn.jpg") for page in out] == [True]
    assert scans.check_page(paths[0], toml, reference=reference).status.value == "read"
    kept = tmp_path / "kept.json"
    kept.write_text(json.dumps(reference.to_json()), encoding="utf-8")
    assert scans.check_page(paths[0], toml, reference=kept).status.value == "read"
    old = reference.to_json() | {"checks": {}}
    kept.write_text(json.dumps(old), encoding="utf-8")
    with pytest.warns(UserWarning, match="other versions of all checks"):
        scans.check_page(paths[0], toml, reference=kept)


def test_bad_arguments_are_told(sheets, tmp_path):
    paths, toml = sheets
    with pytest.raises(InputError, match="no page 2"):
        scans.check_page(paths[0], toml, page=2)
    with pytest.raises(UsageError, match="count from 1"):
        scans.check_page(paths[0], toml, page=0)
    with pytest.raises(UsageError, match="between 0 and 1"):
        list(scans.check_pages(paths, toml, false_flag_rate=1.0))
    with pytest.raises(InputError, match="none of the pages"):
        scans.calibrate([tmp_path], toml)


# --- answers


@pytest.fixture(scope="module")
def world():
    plans = {0: FraudPlan(Fraud.BOT, 0.9)}
    return simulate_round(5, 8, records_per_unit=60, frauds=plans)


def answers_of(sim) -> pd.DataFrame:
    items = [item.id for item in sim.instrument.ratings]
    return sim.responses[items].where(sim.responses[items] <= 5).astype(float)


def test_indices_are_columns_with_the_index_of_the_table(world):
    answers = answers_of(world).set_index(world.responses["record_id"])
    found = ResponseIndices().fit_transform(answers)
    assert list(found.columns) == list(INDICES)
    assert found.index.equals(answers.index)
    assert found.notna().to_numpy().mean() > 0.9
    same = ResponseIndices(["irv"], categories=5).fit_transform(answers.to_numpy())
    np.testing.assert_array_equal(same["irv"], found["irv"])


def test_they_stand_in_a_pipeline_and_can_be_cloned(world):
    chosen = ResponseIndices(["longstring", "irv", "extreme_share"])
    pipeline = make_pipeline(chosen, StandardScaler(), IsolationForest(random_state=0))
    labels = clone(pipeline).fit_predict(answers_of(world))
    assert set(labels) == {-1, 1}
    assert list(chosen.get_feature_names_out()) == ["longstring", "irv", "extreme_share"]


@pytest.mark.parametrize(
    ("table", "told"),
    [
        ([[1.0, 2.5]], "whole numbers"),
        ([[0.0, 2.0]], "whole numbers"),
        ([1.0, 2.0], "a table of records"),
    ],
)
def test_answers_that_are_none_are_told(table, told):
    with pytest.raises(ValueError, match=told):
        ResponseIndices().fit(np.array(table))


def test_another_table_than_the_fitted_one_is_told():
    fitted = ResponseIndices().fit([[1, 2, 3], [5, 5, 5]])
    with pytest.raises(ValueError, match="2 items; fitted with 3"):
        fitted.transform([[1, 2]])
    with pytest.raises(ValueError, match="end of the scale"):
        fitted.transform([[1, 2, 6]])
    with pytest.raises(ValueError, match="unknown: loudness"):
        ResponseIndices(["loudness"]).fit([[1, 2, 3]])


@pytest.mark.parametrize("estimator", [IsolationForest(random_state=0), HBOS()], ids=str)
def test_conformal_rates_hold_whatever_the_polarity_of_the_detector(estimator):
    chance = np.random.default_rng(8)
    detector = ConformalDetector(estimator).fit(chance.normal(size=(2000, 4)))
    p = detector.p_values(chance.normal(size=(4000, 4)))
    # Three standard errors of 4,000 draws and of the 1,000 honest scores.
    assert abs(np.mean(p <= 0.05) - 0.05) < 3 * (0.05 * 0.95 * (1 / 4000 + 1 / 1000)) ** 0.5
    far = chance.normal(size=(20, 4)) + 8.0
    assert np.all(detector.predict(np.vstack([chance.normal(size=(200, 4)), far]))[-20:] == -1)
    assert detector.score_samples(far).min() > np.median(detector.honest_scores_)


# A false-discovery rate flags nobody among honest rows, and needs rows to halve.
_BY_DESIGN = {
    "check_outliers_train": "flags by a rate of false discoveries, not a share of the rows",
    "check_outliers_fit_predict": "the same",
}


def test_a_conformal_detector_is_what_scikit_learn_calls_an_estimator():
    detector = ConformalDetector(IsolationForest(n_estimators=5, random_state=0))
    checked = check_estimator(
        detector, on_fail=None, on_skip=None, expected_failed_checks=_BY_DESIGN
    )
    failed = {c["check_name"]: c["exception"] for c in checked if c["status"] == "failed"}
    assert failed == {}


def test_a_conformal_detector_refuses_what_it_cannot_halve():
    with pytest.raises(ValueError, match="halved"):
        ConformalDetector(IsolationForest()).fit([[1.0], [2.0]])
    with pytest.raises(ValueError, match="alpha"):
        ConformalDetector(IsolationForest(), alpha=0.0).fit(np.zeros((9, 1)))


def test_the_record_screen_is_the_screen(world):
    screened = detectors.screen(world.responses, world.instrument, seed=2)
    detector = RecordScreen(world.instrument, seed=2)
    labels = detector.fit_predict(world.responses)
    np.testing.assert_array_equal(labels == -1, screened.records["flagged"].to_numpy(dtype=bool))
    pd.testing.assert_frame_equal(detector.screening_.records, screened.records)


def test_new_records_are_judged_among_the_peers_it_was_fitted_on(world):
    new = world.responses["unit_id"] == world.responses["unit_id"].iloc[0]
    detector = RecordScreen(world.instrument).fit(world.responses[~new])
    rows = world.responses[new]
    scores, labels = detector.score_samples(rows), detector.predict(rows)
    assert scores.shape == labels.shape == (int(new.sum()),)
    known = scores[np.isfinite(scores)]
    assert known.size
    assert np.all(known >= 0)
    with pytest.raises(InputError, match="among the peers"):
        detector.predict(world.responses)
