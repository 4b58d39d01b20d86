"""The lab's arithmetic has known answers, and a small round of it keeps its promises."""

import numpy as np
import pytest

from detectors.table import RecordTable
from tests.accuracy.cells import Cell
from tests.accuracy.detectable import smallest_share
from tests.accuracy.fourth import habit_round
from tests.accuracy.frauds import DIGITAL, KINDS
from tests.accuracy.measures import (
    area,
    area_interval,
    clustered,
    false_discovery_proportion,
    mean,
    missed,
    share,
    threshold_at_fdp,
    value_of,
    wilson,
)
from tests.accuracy.page import HEAD, replace_rows, replace_sections
from tests.accuracy.peers import record_peers, unit_peers
from tests.accuracy.pools import random_round
from tests.accuracy.rounds import CONTROLS, work
from tests.accuracy.second import GRADED, draw_units, honest_round
from tests.accuracy.section import Section, overview
from tests.accuracy.statistics import FIRST_SEED, cells_of
from tests.accuracy.worlds import WORLDS, own_round
from tests.detectors.data import table


def test_wilson_limits():
    assert wilson(0, 0) == (0.0, 1.0)
    low, high = wilson(5, 100)
    assert low == pytest.approx(0.02154, abs=1e-4)
    assert high == pytest.approx(0.11175, abs=1e-4)


def test_shares_and_means_know_their_error():
    assert share("a", 1, 4)["value"] == 0.25
    assert np.isnan(share("a", 0, 0)["value"])
    found = mean("m", [0.0, 0.0, 0.0, 0.4])
    assert found["value"] == pytest.approx(0.1)
    assert found["high"] == pytest.approx(0.1 + 1.96 * 0.2 / 2, abs=1e-3)
    assert found["p95"] == pytest.approx(0.34)


def test_clusters_that_hang_together_widen_the_limits():
    # one row in ten hits in every round: as many clusters as rows, not as rounds
    hits, trials = [10] * 2 + [0] * 18, [10] * 20
    tied = clustered("c", hits, trials)
    free = share("f", 20, 200)
    assert tied["value"] == free["value"] == pytest.approx(0.1)
    assert tied["high"] - tied["low"] > 2 * (free["high"] - free["low"])
    assert clustered("c", [0, 0], [50, 50])["high"] == pytest.approx(wilson(0, 100)[1])


def test_targets_are_read_with_their_slack():
    def judged(value, low, high, target):
        return missed(value_of("x", value, low, high, 10, target))

    assert judged(0.06, 0.04, 0.08, "<= 0.05 + 2 SE") == ""
    assert judged(0.06, 0.051, 0.07, "<= 0.05 + 2 SE") == "missed"
    assert judged(0.06, 0.04, 0.08, "<= 0.05") == "missed"
    assert judged(0.96, 0.9, 1.0, ">= 0.95") == ""
    assert judged(0.0, 0.0, 0.1, "0") == ""
    assert judged(0.012, 0.0105, 0.013, "0.01 within 20 %") == "above"
    assert judged(0.006, 0.005, 0.007, "0.01 within 20 %") == "conservative"
    assert judged(0.0095, 0.007, 0.012, "0.01 within 20 %") == ""
    assert judged(0.5, 0.4, 0.6, "") is None


def test_false_discovery_proportion():
    flagged = np.array([True, True, True, False])
    assert false_discovery_proportion(flagged, np.array([True, False, False, True])) == 1 / 3
    assert false_discovery_proportion(np.zeros(4, bool), np.ones(4, bool)) == 0.0


def test_area_counts_ties_half():
    positive = np.array([True, True, False, False])
    assert area(np.array([4.0, 3.0, 2.0, 1.0]), positive) == 1.0
    assert area(np.array([1.0, 2.0, 3.0, 4.0]), positive) == 0.0
    assert area(np.ones(4), positive) == 0.5
    assert area(np.array([2.0, 1.0, 1.0, 0.0]), positive) == pytest.approx(3.5 / 4)
    low, high = area_interval(np.array([2.0, 1.0, 1.0, 0.0]), positive, np.random.default_rng(1))
    assert low <= 3.5 / 4 <= high


def test_the_best_threshold_at_a_false_discovery_proportion():
    # at 3: two frauds, no honest; at 2: three and one (.25); at 1: three and three (.5)
    one = (np.array([3.0, 3.0, 2.0]), np.array([2.5, 1.0, 1.0]))
    assert threshold_at_fdp([one], 0.05) == 3.0
    assert threshold_at_fdp([one], 0.25) == 2.0
    # a second round in which nothing reaches 2 halves the mean
    quiet = (np.array([0.5]), np.array([0.0]))
    assert threshold_at_fdp([one, quiet], 0.125) == 2.0
    assert threshold_at_fdp([(np.array([1.0]), np.array([2.0]))], 0.4) == float("inf")
    unscored = (np.array([-np.inf, 3.0]), np.array([-np.inf]))
    assert threshold_at_fdp([unscored], 0.05) == 3.0


def test_smallest_share_is_where_power_reaches_four_in_five():
    rng = np.random.default_rng(3)
    shares = np.repeat([0.05, 0.1, 0.2, 0.4, 0.8], 400)
    # four in five at .2, with a slope of three logits an e-fold
    chance = 1 / (1 + np.exp(-(np.log(4) + 3.0 * np.log(shares / 0.2))))
    found = rng.random(shares.size) < chance
    assert smallest_share(shares, found) == pytest.approx(0.2, rel=0.1)
    few = np.array([0.05, 0.1, 0.2, 0.4, 0.8])
    assert smallest_share(few, np.zeros(5, bool)) > 0.8
    assert smallest_share(few, np.ones(5, bool)) < 0.05
    assert 0.1 < smallest_share(few, few > 0.15) < 0.4


def test_a_part_of_the_page_is_replaced_and_the_rest_kept(tmp_path):
    page = HEAD + "\n## Real scans\n\nMade by x.\n\n| a |\n\n## Response tables: old\n\nb\n"
    made = replace_sections(page, "tables", [Section("Response tables: new", "c\n")], 0.5)
    assert "## Real scans\n\nMade by x.\n\n| a |" in made
    assert "old" not in made
    assert "--only tables --scale 0.5`.\n\nc" in made
    again = replace_sections(made, "tables", [Section("Response tables: new", "c\n")], 0.5)
    assert again == made
    path = tmp_path / "rows.json"
    replace_rows(path, "real", [share("r", 1, 2)], 1.0)
    replace_rows(path, "tables", [share("t", 0, 0)], 0.5)
    replace_rows(path, "tables", [share("u", 1, 2)], 0.5)
    text = path.read_text()
    assert '"r"' in text
    assert '"u"' in text
    assert '"t"' not in text


def test_every_missed_target_is_listed():
    rows = [share("good", 0, 100, "<= 0.05"), share("bad", 9, 100, "<= 0.05"), share("free", 1, 2)]
    found = overview("all", [Section("Response tables: x", "", rows)])
    assert "| x | 2 | 1 |" in found.body
    assert "- bad: 0.090" in found.body
    assert "good" not in found.body


def test_the_second_generator_has_the_ceilings_asked_for():
    for name, population in GRADED.items():
        rng = np.random.default_rng(4)
        frame = honest_round(population, 60, draw_units(population, 30, rng), rng)
        answers = frame.filter(regex="^Q").to_numpy(dtype=float, na_value=np.nan)
        known = answers[np.isfinite(answers)]
        assert (known == 5).mean() == pytest.approx(int(name[:2]) / 100, abs=0.04)
        straight = np.nanmin(answers, axis=1) == np.nanmax(answers, axis=1)
        assert straight.mean() >= population.straight - 0.05
        assert 0.005 < np.isnan(answers).mean() < 0.05


def test_peers_give_every_subject_a_score():
    ground = own_round("55", 3, units=6, records=40)
    rows = RecordTable.build(ground.responses, ground.instrument)
    records = record_peers(rows)
    assert {peer.name for peer in records} >= {"ier screen", "percent match 85 %"}
    for peer in [*records, *unit_peers(rows, records)]:
        assert not np.isnan(peer.score).any(), peer.name
    forest = next(p for p in records if "IForest" in p.name)
    assert forest.flagged.sum() == 24


def test_the_plan_of_the_lab_uses_its_own_seeds_once():
    cells = cells_of(0.02)
    assert len(cells) == len(set(cells))
    assert min(cell.seed for cell in cells) >= FIRST_SEED
    assert {cell.ground for cell in cells if cell.room == "honest"} >= {
        f"{g}:{w}" for g in ("own", "second") for w in WORLDS
    }
    assert {kind for cell in cells_of(1.0) for _, kind, _ in cell.plans} == {*KINDS, *DIGITAL}


def test_a_small_round_has_all_its_figures():
    plans = ((0, "copy", 0.4), (1, "plausible", 0.4))
    found = work(Cell("fraud", "second:55", 4, 30, plans, "peers"))
    assert [row[:2] for row in found["units"]["rows"]] == [["copy", 0.4], ["plausible", 0.4]]
    assert found["units"]["n"] == 78
    assert found["records"]["n"] <= 80 * 30 - 24
    assert [row[3] for row in found["records"]["by_kind"]] == [12, 12]
    assert found["records"]["flagged"] <= 0.01 * found["records"]["n"]


def test_honest_rows_of_real_questionnaires_are_not_accused():
    table("attention/responses.csv")
    found = work(Cell("honest", "pool:attention", 5, 30))
    assert found["records"]["flagged"] <= 1
    assert found["units"]["flagged"] <= 1
    assert len(found["records"]["tested_rows"]) == 360
    ground, chosen = random_round("attention", 5, 30, plan=KINDS["copy"](0.3))
    assert len(chosen) == 1
    assert (ground.truth["fraud"] != "").sum() == 9
    control = work(Cell("control", "pool:attention", 5, 30))
    assert {row[0] for row in control["units"]["rows"]} == set(CONTROLS)


def test_units_of_the_fourth_generator_differ_by_habit():
    responses, form, habits = habit_round(5, units=30)
    again, _, _ = habit_round(5, units=30)
    assert responses.equals(again)
    answers = responses[[item.id for item in form.ratings]].to_numpy(dtype=float)
    straight = np.nanmax(answers, axis=1) == np.nanmin(answers, axis=1)
    shown = straight.astype(float) @ np.eye(30)[np.repeat(np.arange(30), habits.size)]
    # people who are alike in all items come on top of those who mark one column
    assert (shown / habits.size >= habits.straight - 3 * np.sqrt(0.25 / habits.size)).all()
    assert np.corrcoef(shown / habits.size, habits.straight)[0, 1] > 0.5
    assert set(np.unique(answers[np.isfinite(answers)])) <= {1.0, 2.0, 3.0, 4.0, 5.0}
