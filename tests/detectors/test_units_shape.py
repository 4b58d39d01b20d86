"""The shape tests of units: their parts by known answers, the whole on small rounds."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from itertools import product

import numpy as np
import pandas as pd
import pytest

from detectors.circumstances import Circumstances
from detectors.registry import Level, discover
from detectors.simulate.frauds import FRAUDS, Fraud, FraudPlan
from detectors.simulate.population import Population, draw_levels, survey_instrument, unit_effects
from detectors.table import RecordTable, UnitTable
from detectors.units import _alike, _lift, _shape
from detectors.units._alike import Alike
from detectors.units._classes import Classes, Density
from detectors.units._features import features_of_codes
from detectors.units._odds import Material, edited_gain, invented_odds
from detectors.units._power import Drift, smallest_share
from detectors.units._pseudo import Draws
from detectors.units._shape import TESTS, shape_of
from detectors.units._tilt import Peers, normal_scores
from tests.detectors.data import instrument

FORM = survey_instrument()
ITEMS = [item.id for item in FORM.ratings]
CEILING = Population(fives=0.76)
BY_FRAUD = {
    Fraud.COPY: "answers.unit_twins",
    Fraud.STUFFING: "answers.all_best",
    Fraud.EDIT_UP: "answers.tail_deficit",
    Fraud.INVENTED: "answers.incoherence",
}


def answers_of(seed: int, units: int, size: int, frauds=None, share=0.6) -> np.ndarray:
    rng = np.random.default_rng(seed)
    effects = np.repeat(unit_effects(CEILING, units, len(ITEMS), rng), size, axis=0)
    levels = draw_levels(CEILING, FORM, effects, rng)
    best = np.full(len(ITEMS), 5)
    for unit, kind in (frauds or {}).items():
        part = levels[unit * size : (unit + 1) * size]
        FRAUDS[kind](part, best, FraudPlan(kind, share, templates=size), rng)
    return levels


def table_of(levels: np.ndarray, size: int, circumstances=None) -> RecordTable:
    frame = pd.DataFrame(levels.astype(float), columns=ITEMS)
    frame.insert(0, "record_id", [f"r{i:05d}" for i in range(len(frame))])
    frame.insert(1, "unit_id", [f"u{i // size:03d}" for i in range(len(frame))])
    frame.insert(2, "channel", "paper")
    return RecordTable.build(frame, FORM, circumstances=circumstances)


@cache
def tampered() -> RecordTable:
    frauds = dict(enumerate(BY_FRAUD))
    return table_of(answers_of(13, 30, 100, frauds), 100)


def material(codes: np.ndarray, levels: int = 5) -> Material:
    most = np.full(codes.shape[1], levels, dtype=np.intp)
    found = features_of_codes(codes, most)
    rows = np.arange(len(codes))
    return Material(codes, most, found.level, found.not_best, found.low, found.spread, rows)


def density(data: Material) -> Density:
    rng = np.random.default_rng(3)
    return Density.of(data.codes, data.level, data.levels, data.peers, rng)


def alike_of(data: Material) -> Alike:
    return Alike.of(data, density(data).records)


# --- tilting


def test_normal_scores_are_means_of_a_normal_over_its_stretch():
    level = np.repeat([0.25, 1.0], 50)
    scores = normal_scores(level, np.ones(100, dtype=bool))
    half = np.sqrt(2 / np.pi)
    np.testing.assert_allclose(scores, np.repeat([-half, half], 50), atol=1e-9)


def test_peers_take_the_level_of_the_unit_and_nothing_else_stands_out():
    rng = np.random.default_rng(3)
    t = rng.normal(size=40_000)
    h = (0.5 * t + rng.normal(size=t.size))[:, None]
    peers = Peers.of(t, h, np.arange(t.size), t.size)
    tilt = peers.tilt(np.array([-0.7, 0.0, 0.9]))
    mean_t, mean_h, slope, variance = peers.moments(tilt, 1)
    np.testing.assert_allclose(mean_t, [-0.7, 0.0, 0.9], atol=0.02)
    np.testing.assert_allclose(mean_h[:, 0], [-0.35, 0.0, 0.45], atol=0.03)
    np.testing.assert_allclose(slope, 0.5, atol=0.05)
    np.testing.assert_allclose(variance, 1.0, atol=0.06)
    # a unit that is high in both by its level is no surprise, one that is high in h alone is
    n = np.array([100.0, 100.0])
    z, _ = peers.z(n, np.array([1.0, 0.0]), np.array([[0.5], [0.5]]))
    assert abs(z[0, 0]) < 0.5
    assert z[1, 0] == pytest.approx(5.0, abs=0.4)


def test_no_record_stands_twice_in_a_pseudo_unit_of_a_small_stratum():
    t = np.linspace(-1, 1, 300)
    peers = Peers.of(t, t[:, None], np.arange(300), 300)
    drawn = peers.draw(peers.edges(np.array([0.5]))[0], 40, 200, np.random.default_rng(1))
    assert drawn.shape == (200, 40)
    assert all(np.unique(row).size == 40 for row in drawn)
    assert t[drawn].mean() == pytest.approx(peers.moments(np.array([0.5]), 1)[0][0], abs=0.02)


# --- odds


def test_lift_is_nothing_for_independent_answers_and_much_for_linked_ones():
    rng = np.random.default_rng(5)
    alone = rng.integers(1, 4, (3000, 4)).astype(np.int8)
    assert np.abs(_lift.lift_of(alone, 4).table).max() < 0.25
    linked = np.repeat(rng.integers(1, 4, (3000, 1)), 4, axis=1).astype(np.int8)
    lift = _lift.lift_of(linked, 4)
    # six pairs, three of them in the tree, each three times as often as by chance
    expected = np.broadcast_to(np.log(3.0) * np.array([6, 3]), (3000, 2))
    np.testing.assert_allclose(_lift.lift_scores(linked, lift), expected, rtol=0.06)
    blank = np.zeros((2, 4), dtype=np.int8)
    assert not _lift.lift_scores(blank, lift).any()


def test_the_tree_spans_the_items_along_their_closest_pairs():
    rng = np.random.default_rng(6)
    first, second = rng.integers(1, 4, (2, 4000, 1))
    noise = rng.random((4000, 6)) < 0.3
    codes = np.where(noise, rng.integers(1, 4, (4000, 6)), np.hstack([first, second] * 3))
    pairs = {tuple(pair) for pair in _lift.lift_of(codes.astype(np.int8), 4).tree.tolist()}
    assert len(pairs) == 5
    assert sum((b - a) % 2 == 0 for a, b in pairs) == 4  # each kind by itself, one bridge


def test_rows_put_together_item_by_item_have_the_higher_odds():
    codes = answers_of(2, 20, 80).astype(np.int8)
    rng = np.random.default_rng(0)
    made = np.column_stack([rng.permutation(column) for column in codes.T]).astype(np.int8)
    both = np.vstack([codes, made])
    data = replace(material(both), peers=np.arange(len(codes)))
    odds = invented_odds(data, density(data), rng)
    assert np.median(odds[len(codes) :]) > 5 * np.median(odds[: len(codes)])


def test_a_raised_record_looks_raised_and_a_low_one_does_not():
    codes = answers_of(4, 20, 80).astype(np.int8)
    codes[0], codes[1] = 5, 4
    codes[1, :2] = 2
    data = material(codes)
    gain = edited_gain(data, np.random.default_rng(0))
    assert gain is not None
    low = data.low > 0
    assert gain[low].max() < 0 < gain[~low].max()
    assert gain[0] == pytest.approx(0.0, abs=0.05)
    yes_no = np.random.default_rng(1).integers(1, 3, (100, 5)).astype(np.int8)
    assert edited_gain(material(yes_no, 2), np.random.default_rng(0)) is None


# --- near duplicates


def total(codes: np.ndarray, rows: list[int]) -> float:
    alike = alike_of(material(codes))
    return float(alike.totals(np.array(rows), np.array([0, len(rows)]))[0])


def test_a_rare_record_counts_twice_seen_and_a_best_one_never():
    codes = answers_of(6, 20, 60).astype(np.int8)
    codes[0] = np.tile([2, 4, 3, 5, 5], 5)[: codes.shape[1]]
    codes[1] = codes[0]
    codes[2:12] = 5
    others = list(range(20, 40))
    assert total(codes, [0, *others]) < total(codes, [0, 1, *others]) - 1.0
    assert total(codes, [*range(2, 12)]) == 0.0
    assert total(codes, [0, 0]) == 0.0  # a record is no twin of itself
    codes[1, ::2] = 0
    codes[0, 1::2] = 0
    assert total(codes, [0, 1]) == 0.0  # nothing that both answered


def test_best_records_may_be_what_a_rare_one_was_copied_from_but_are_no_copies():
    codes = answers_of(6, 20, 60).astype(np.int8)
    codes[:12] = 5
    codes[0, :2] = 1
    assert total(codes, [0, 1]) > 0.0 == total(codes, [*range(1, 12)])
    alike = alike_of(material(codes))
    left, right = alike._matrices()
    assert alike.to_best[0] == pytest.approx(float(left[0] @ right[1]) + alike.rare[0], abs=1e-4)
    assert alike.best[1:12].all() and np.isneginf(alike.to_best[1:12]).all()


# --- how usual a record is


def test_all_records_that_could_be_given_have_the_probability_one():
    rng = np.random.default_rng(5)
    levels = np.array([2, 3, 4])
    codes = rng.integers(1, levels + 1, (600, 3)).astype(np.int8)
    level = rng.random(600)
    found = Classes.of(codes, level, levels, rng)
    every = np.array(list(product(*(range(1, most + 1) for most in levels))), dtype=np.int8)
    assert np.exp(found.log_likelihood(every)).sum() == pytest.approx(1.0, abs=1e-4)
    nothing = np.zeros((1, 3), dtype=np.int8)
    assert found.log_likelihood(nothing)[0] == pytest.approx(0.0, abs=1e-5)


def test_what_hangs_together_is_more_usual_than_its_answers_one_by_one():
    rng = np.random.default_rng(6)
    one, two = rng.integers(1, 4, (2, 4000, 1))
    codes = np.hstack([np.repeat(one, 3, axis=1), np.repeat(two, 3, axis=1)]).astype(np.int8)
    slips = rng.random(codes.shape) < 0.1
    codes[slips] = rng.integers(1, 4, int(slips.sum()))
    data = material(codes, 3)
    found = density(data)
    # two free answers of three kinds, six of which each slips once in fifteen
    truth = 2 * np.log(3) - 6 * (14 / 15 * np.log(14 / 15) + 1 / 15 * np.log(1 / 30))
    assert found.records.mean() == pytest.approx(-truth, abs=0.15)
    assert found.independent(codes).mean() == pytest.approx(-6 * np.log(3), abs=0.02)
    mixed = np.array([[1, 2, 3, 3, 1, 2]], dtype=np.int8)
    assert found.of_made(mixed, np.array([0]))[0] < found.independent(mixed)[0]


def test_compiled_loops_answer_what_the_plain_ones_do(monkeypatch):
    codes = answers_of(8, 6, 60, {0: Fraud.COPY}).astype(np.int8)
    codes[np.random.default_rng(0).random(codes.shape) < 0.05] = 0
    data = material(codes)
    rows, first = np.arange(len(codes)), np.arange(7) * 60
    usual = density(data)
    plain = Alike.of(data, usual.records).totals(rows, first)
    lift = _lift.lift_of(codes, 6)
    lifts = _lift.lift_scores(codes, lift)
    counts = features_of_codes(codes, data.levels)
    monkeypatch.setattr(_alike, "COMPILED_FROM", 1)
    monkeypatch.setattr(_lift, "COMPILED_FROM", 1)
    monkeypatch.setattr("detectors.units._classes.COMPILED_FROM", 1)
    monkeypatch.setattr("detectors.units._features.COMPILED_FROM", 1)
    fast_alike = Alike.of(data, usual.records)
    np.testing.assert_allclose(fast_alike.totals(rows, first), plain, rtol=1e-4)
    again = usual.of_made(codes, np.arange(len(codes)))
    np.testing.assert_allclose(again, usual.records, atol=1e-4)
    np.testing.assert_allclose(_lift.lift_scores(codes, lift), lifts, rtol=1e-4, atol=1e-4)
    fast = features_of_codes(codes, data.levels)
    for name in ("level", "not_best", "low", "all_best", "top_two"):
        np.testing.assert_allclose(getattr(fast, name), getattr(counts, name))
    np.testing.assert_allclose(fast.spread, counts.spread, atol=1e-7)
    assert plain[0] > 5 * plain[1:].max()


def test_compiled_counts_know_scales_of_any_length(monkeypatch):
    levels = np.array([2, 3, 5, 11])
    codes = np.random.default_rng(2).integers(0, levels + 1, (300, 4)).astype(np.int8)
    plain = features_of_codes(codes, levels)
    monkeypatch.setattr("detectors.units._features.COMPILED_FROM", 1)
    fast = features_of_codes(codes, levels)
    for name in ("asked", "not_best", "low", "all_best", "top_two", "level"):
        np.testing.assert_array_equal(getattr(fast, name), getattr(plain, name))


@pytest.mark.parametrize("values", [1, 2, 7, 400])
def test_compiled_draws_are_the_plain_ones(values, monkeypatch):
    # bins of very unequal width: one value is nearly all, others are rare
    t = np.random.default_rng(3).integers(0, values, 5000) / values
    t[:4000] = t[0]
    peers = Peers.of(t, t[:, None], np.arange(5000), 5000)
    for edge in peers.edges(np.array([-6.0, 0.0, 0.3, 6.0])):
        plain = peers.draw(edge, 40, 50, np.random.default_rng(1))
        with monkeypatch.context() as patch:
            patch.setattr("detectors.units._tilt.COMPILED_FROM", 1)
            fast = peers.draw(edge, 40, 50, np.random.default_rng(1))
        np.testing.assert_array_equal(fast, plain)


# --- what could be seen


def test_the_smallest_share_falls_with_the_root_of_the_size():
    share = smallest_share(Drift(2.0, 1.0), 3.0, 1.0, np.array([16.0, 64.0, 256.0]))
    # share x root(n) x 2 = 3 + .84
    np.testing.assert_allclose(share, [0.49, 0.25, 0.13], atol=0.011)
    assert np.isnan(smallest_share(Drift(0.1, 1.0), 3.0, 1.0, np.array([100.0]))[0])
    assert np.isnan(smallest_share(Drift(2.0, 1.0, most=0.1), 3.0, 1.0, np.array([64.0]))[0])


def test_more_units_than_draws_are_stood_for_by_a_part():
    assert Draws(units=1000, paired=300).rounds(np.full(50, 20)) == (20, 6)
    assert Draws(units=1000, paired=300).rounds(np.full(1000, 20)) == (1, 1)


# --- the whole


@pytest.mark.parametrize("kind", list(BY_FRAUD))
def test_each_tampering_is_seen_by_the_test_made_for_it(kind):
    shape = shape_of(tampered(), 1)
    unit = list(BY_FRAUD).index(kind)
    assert shape.together[unit] < 0.002
    assert min(TESTS, key=lambda name: shape.tests[name].p_value[unit]) == BY_FRAUD[kind]


def test_honest_units_beside_them_are_let_alone():
    assert shape_of(tampered(), 1).together[len(BY_FRAUD) :].min() > 0.002


def long_survey(seed: int, units: int, size: int, items: int = 80) -> np.ndarray:
    """Answers to many items of four traits, nearly free of chance: ``(records, items)``."""
    rng = np.random.default_rng(seed)
    trait = rng.normal(size=(units * size, 4))
    noise = rng.normal(0.0, 0.45, (units * size, items))
    return np.clip(np.rint(3.2 + 1.1 * trait[:, np.arange(items) % 4] + noise), 1, 5)


@pytest.mark.parametrize("seed", range(3))
def test_one_careless_person_neither_accuses_a_unit_nor_hides_another(seed):
    """Eighty items tell such a person for sure; of the unit that is one record of sixty."""
    rng = np.random.default_rng([seed, 1])
    levels = long_survey(seed, 16, 60)
    levels[3 * 60 + 7] = rng.integers(1, 6, levels.shape[1])
    levels[5 * 60 : 5 * 60 + 12] = rng.integers(1, 6, (12, levels.shape[1]))
    form = instrument({f"L{j}": (1, 2, 3, 4, 5) for j in range(levels.shape[1])})
    frame = pd.DataFrame(levels, columns=[item.id for item in form.ratings])
    frame.insert(0, "record_id", [f"r{i:05d}" for i in range(len(frame))])
    frame.insert(1, "unit_id", [f"u{i // 60:03d}" for i in range(len(frame))])
    frame.insert(2, "channel", "paper")
    p = shape_of(RecordTable.build(frame, form), 1).tests["answers.incoherence"].p_value
    assert p[3] > 0.001
    assert p[5] < 1e-4


def test_copies_are_named_and_what_could_be_seen_is_told():
    checks = discover(Level.UNIT)
    answer = checks["answers.unit_twins"].assess(UnitTable(tampered()), seed=1)
    (finding,) = [f for f in answer.findings if f.unit_id == "u000"]
    assert all(len(pair) == 2 for pair in finding.evidence["pairs"])
    assert finding.evidence["pairs"]
    assert 0 < finding.evidence["smallest_share"] < 0.4
    shares = [answer.info["smallest_share"][str(n)] for n in (30, 60, 150, 350)]
    assert shares == sorted(shares, reverse=True)


def test_a_small_unit_is_told_what_it_could_have_shown():
    levels = answers_of(21, 12, 40)
    table = table_of(levels, 40)
    kept = np.ones(len(levels), dtype=bool)
    kept[12:40] = False
    frame = table.responses[kept]
    shape = shape_of(RecordTable.build(frame, FORM), 1)
    assert np.isnan(shape.together[0])
    assert np.isfinite(shape.together[1:]).all()
    for name in BY_FRAUD.values():
        assert shape.tests[name].reason[0].startswith("fewer than 20 records (n = 12), ")


def test_a_baseline_of_trusted_records_sees_what_a_tampered_pool_hides():
    frauds = dict.fromkeys(range(8), Fraud.INVENTED)
    levels = answers_of(31, 12, 60, frauds, share=0.25)
    trusted = table_of(answers_of(32, 12, 60), 60).responses
    alone = shape_of(table_of(levels, 60), 1).tests["answers.incoherence"]
    known = Circumstances(baseline=trusted)
    beside = shape_of(table_of(levels, 60, known), 1).tests["answers.incoherence"]
    assert np.median(beside.observed[:8] - beside.expected[:8]) > 1.5 * np.median(
        alone.observed[:8] - alone.expected[:8]
    )


def test_p_values_of_honest_units_are_what_they_say():
    p = [shape_of(table_of(answers_of(seed, 50, 40), 40), seed).together for seed in (41, 42, 43)]
    together = np.concatenate(p)
    assert (together <= 0.05).mean() <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / 150)
    assert 0.1 <= (together <= 0.2).mean() <= 0.3


# --- several strata


def two_channels(levels: np.ndarray, size: int) -> RecordTable:
    frame = table_of(levels, size).responses
    frame["channel"] = np.where(np.arange(len(frame)) % 2 == 0, "paper", "online")
    return RecordTable.build(frame, FORM)


def test_what_was_done_to_forms_of_both_kinds_shows_best_over_both(monkeypatch):
    frauds = {0: Fraud.INVENTED, 1: Fraud.EDIT_UP}
    table = two_channels(answers_of(51, 24, 120, frauds, share=0.2), 120)
    joint = shape_of(table, 1)
    assert joint.tests["answers.incoherence"].tested[0] == 120
    monkeypatch.setattr(_shape, "across", lambda parts, weights: None)
    alone = shape_of(replace(table, _memo={}), 1)
    assert (joint.together[:2] < 0.3 * alone.together[:2]).all()


def test_p_values_of_honest_units_of_two_channels_are_what_they_say():
    p = [shape_of(two_channels(answers_of(s, 40, 60), 60), s).together for s in (61, 62, 63)]
    together = np.concatenate(p)
    assert (together <= 0.05).mean() <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / 120)
    assert (together <= 0.3).mean() >= 0.15
