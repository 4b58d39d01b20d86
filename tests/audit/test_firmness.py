"""How firm results are at their edges, and what may be shown of slices."""

from __future__ import annotations

import numpy as np
import pytest

from audit.judge.gate import Gate
from audit.scoring.breakdown import UnitFacts, breakdown, mask_slices
from audit.scoring.rules import load_rules, shipped_rules, untiered
from audit.scoring.scores import DISSATISFIED, NO_ANSWER, SATISFIED, UNREAD, Ballot, score
from audit.scoring.uncertainty import Firmness, firmness, rank_chances, tier_chances
from detectors.instrument import Instrument, load_instrument

RULES = load_rules(next(p for p in shipped_rules() if p.stem == "satisfaction-2023"))
GOOD, BAD = [SATISFIED] * 3, [DISSATISFIED] * 3


@pytest.fixture(scope="module")
def instrument(tmp_path_factory: pytest.TempPathFactory) -> Instrument:
    path = tmp_path_factory.mktemp("i") / "i.toml"
    text = 'id = "X"\nversion = "1"\ntitle = "X"\n'
    for item in ("A1", "A2", "B1"):
        text += f'[[item]]\nid = "{item}"\nfactor = "{item[0]}"\nscale = [1, 2, 3, 4, 5]\n'
    path.write_text(text, "utf-8")
    return load_instrument(path)


def _ballot(rows: list[tuple[str, Gate, list[int]]]) -> Ballot:
    cells = np.array([row[2] for row in rows], dtype=np.uint8).reshape(len(rows), 3)
    return Ballot([row[0] for row in rows], [row[1] for row in rows], cells)


def _firm(
    instrument: Instrument, rows: list[tuple[str, Gate, list[int]]], units: str = "abcde"
) -> tuple[dict[str, Firmness], dict[str, object]]:
    groups = dict.fromkeys(units, "G")
    ballot = _ballot(rows)
    scores = score(ballot, instrument, groups, RULES)
    served = dict.fromkeys(units, 1000)
    firm = firmness(ballot, None, instrument, scores, groups, served, RULES, seed=1)
    overall = {s.unit_id: s for s in scores if s.measure == "overall"}
    return {u: firm[u, "overall", ""] for u in units}, overall


def test_a_unit_without_records_has_nothing_and_never_a_zero(instrument: Instrument) -> None:
    firm, overall = _firm(instrument, [("a", Gate.SCORED, GOOD)] * 40)
    assert firm["b"].interval is None
    assert firm["b"].tier_chance == {}
    assert firm["b"].rank_interval is None
    assert firm["b"].margin is None
    assert firm["b"].sample_needed == 286
    assert overall["b"].shares["bound_low"].value is None
    assert overall["b"].tier_firm is None


def test_all_held_leaves_the_whole_scale_open(instrument: Instrument) -> None:
    rows = [("a", Gate.SCORED, GOOD)] * 40 + [("b", Gate.HELD, GOOD)] * 40
    firm, overall = _firm(instrument, rows)
    shares = overall["b"].shares
    assert (shares["bound_low"].value, shares["bound_high"].value) == (0, 1)
    assert shares["after_review"].value is None
    assert firm["b"].interval is None
    assert firm["b"].rank_interval_bounds is None
    # The other unit may end behind it, should everything held count as satisfied.
    assert firm["a"].rank_interval == (1, 1)
    assert firm["a"].rank_interval_bounds is not None
    assert firm["a"].rank_interval_bounds[1] == 2


def test_all_excluded_is_as_if_nothing_had_come(instrument: Instrument) -> None:
    firm, overall = _firm(instrument, [("a", Gate.EXCLUDED, BAD)] * 20)
    shares = overall["a"].shares
    assert shares["as_received"].value == 0
    assert shares["after_review"].value is None
    assert shares["bound_low"].value is None
    assert firm["a"].interval is None


def test_all_satisfied_is_not_certainty(instrument: Instrument) -> None:
    firm, _ = _firm(instrument, [("a", Gate.SCORED, GOOD)] * 12 + [("b", Gate.SCORED, BAD)] * 12)
    low, high = firm["a"].interval or (0.0, 0.0)
    assert high == 1.0
    assert low < 0.97
    assert 0 < firm["a"].tier_chance["xuat_sac"] < 1


def test_not_applicable_and_blank_are_worth_nothing(instrument: Instrument) -> None:
    rows = [("a", Gate.SCORED, [SATISFIED, NO_ANSWER, NO_ANSWER])] * 30
    firm, overall = _firm(instrument, rows + [("b", Gate.SCORED, [NO_ANSWER] * 3)] * 30)
    assert overall["a"].shares["after_review"].answers == 30
    assert firm["a"].effective <= 30
    assert firm["b"].interval is None


def test_held_records_that_could_change_the_tier_are_seen_in_its_chance(
    instrument: Instrument,
) -> None:
    rows = [("a", Gate.SCORED, GOOD)] * 400 + [("b", Gate.SCORED, GOOD)] * 400
    rows += [("b", Gate.HELD, GOOD)] * 40
    firm, _ = _firm(instrument, rows)
    assert (firm["a"].tier_chance_least or 0) > 0.99
    assert firm["b"].tier_chance_least == pytest.approx(0, abs=0.01)


def test_the_same_seed_gives_the_same_and_order_makes_no_difference(instrument: Instrument) -> None:
    draw = np.random.default_rng(5)
    rows = [
        (unit, Gate.SCORED, [int(draw.random() < p) for _ in range(3)])
        for unit, p in zip("abcde", (0.99, 0.97, 0.95, 0.9, 0.8), strict=True)
        for _ in range(60)
    ]
    one, _ = _firm(instrument, rows)
    other, _ = _firm(instrument, rows[::-1])
    assert one == other
    assert one["a"].rank_interval != (1, 5)
    assert sum(one["e"].rank_chance.values()) == pytest.approx(1, abs=0.05)


def test_rank_chances_are_what_two_units_give_by_hand() -> None:
    """Two units of one share: either is first half the time."""
    found = rank_chances(np.array([0.9, 0.9]), np.array([200.0, 200.0]), np.ones(2), (1, 2))
    for one in found:
        assert one is not None
        assert one[2][1] == pytest.approx(0.5, abs=0.05)


def test_chances_of_tiers_add_up_and_need_tiers() -> None:
    chances = tier_chances(0.951, 300, RULES)
    assert sum(chances.values()) == pytest.approx(1, abs=1e-3)
    assert 0.4 < chances["xuat_sac"] < 0.6
    import datetime as dt

    assert tier_chances(0.951, 300, untiered("agency", dt.date(2026, 1, 1))) == {}


def test_the_chance_of_a_tier_errs_as_often_as_it_says() -> None:
    """At a share right at a cut-off the chance of the better tier is spread evenly."""
    draw = np.random.default_rng(11)
    seen = draw.binomial(400, 0.95, 2000) / 400
    chances = np.array([tier_chances(share, 400, RULES)["xuat_sac"] for share in seen])
    assert chances.mean() == pytest.approx(0.5, abs=0.03)
    assert (chances > 0.95).mean() == pytest.approx(0.05, abs=0.02)
    assert (chances < 0.05).mean() == pytest.approx(0.05, abs=0.02)


def test_where_everybody_is_satisfied_a_form_is_worth_one_answer(instrument: Instrument) -> None:
    """Nothing tells how far answers depend on each other: the worst is taken."""
    firm, _ = _firm(instrument, [("a", Gate.SCORED, GOOD)] * 50 + [("b", Gate.SCORED, GOOD)] * 20)
    assert firm["a"].effective == pytest.approx(50)
    assert firm["b"].effective == pytest.approx(20)


def test_slices_pool_their_answers_and_small_ones_are_withheld(instrument: Instrument) -> None:
    rows = [("a", Gate.SCORED, GOOD)] * 30 + [("b", Gate.SCORED, BAD)] * 15
    rows += [("b", Gate.HELD, [UNREAD] * 3)] * 2
    channels: list[str | None] = ["paper"] * 25 + ["QR"] * 16 + ["kiosk"] * 4 + ["QR"] * 2
    facts = {"a": UnitFacts("G", "xã", "p"), "b": UnitFacts("G", "xã", None)}
    found = breakdown(_ballot(rows), None, {"channel": channels}, instrument, facts)
    by = {(s.scope, s.scope_id, s.dimension, s.category, s.measure): s for s in found}
    whole = by["all", "", "", "", "overall"]
    assert (whole.shares["after_review"].satisfied, whole.shares["after_review"].answers) == (
        90,
        135,
    )
    assert whole.shares["bound_low"].answers == 141
    assert by["parent", "p", "", "", "overall"].records_counted == 30
    assert by["group", "G", "", "", "whole_form"].shares["after_review"].answers == 45
    assert by["unit", "b", "channel", "kiosk", "overall"].records_received == 4
    rows_ = [
        {
            "instrument_id": "X",
            **{n: getattr(s, n) for n in ("scope", "scope_id", "dimension", "category")},
            **{n: getattr(s, n) for n in ("measure", "factor", "records_received")},
            "records_counted": s.records_counted,
            **{f"satisfied_{v}": x.satisfied for v, x in s.shares.items()},
            **{f"answers_{v}": x.answers for v, x in s.shares.items()},
            "interval_low": None,
            "interval_high": None,
        }
        for s in found
    ]
    hidden = {
        (r["scope"], r["dimension"], r["category"])
        for r in mask_slices(rows_)
        if r["suppressed"] and r["measure"] == "overall"
    }
    assert ("all", "channel", "kiosk") in hidden
    # 4 kiosk forms could be had by subtracting paper and QR from the whole.
    assert ("all", "channel", "QR") in hidden
    assert ("all", "channel", "paper") not in hidden
