"""A reduced run of the accuracy lab keeps its promises."""

from tests.accuracy.statistics import WORLDS, measure_pools, measure_worlds, wilson


def test_wilson_limits():
    assert wilson(0, 0) == (0.0, 1.0)
    low, high = wilson(5, 100)
    assert 0.02 < low < 0.05 < high < 0.12


def test_honest_rows_of_real_questionnaires_are_not_accused():
    found = {m["name"]: m for m in measure_pools(4, ("attention",))}
    assert found["real.attention.honest_records_flagged"]["value"] <= 0.002
    assert found["real.attention.honest_units_flagged"]["low"] <= 0.002
    assert found["real.attention.honest_twin_p_below_01"]["low"] <= 0.01
    assert found["real.attention.recall_records_copy"]["value"] >= 0.9


def test_simulated_worlds_have_measures_for_every_ceiling():
    found = {m["name"]: m for m in measure_worlds(1, n_units=16, records=40)}
    for world in WORLDS:
        assert found[f"simulated.fives_{world}.honest_units_flagged"]["value"] <= 0.1
        assert found[f"simulated.fives_{world}.honest_records_flagged"]["value"] <= 0.01
