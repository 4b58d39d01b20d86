"""Scores, bounds, tiers and ranks: known answers and what must always hold."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.judge.gate import Gate
from audit.scoring.rules import load_rules, rules_at, shipped_rules
from audit.scoring.scores import (
    DISSATISFIED,
    NO_ANSWER,
    SATISFIED,
    UNREAD,
    Ballot,
    Score,
    percent,
    score,
)
from detectors.errors import ConfigError
from detectors.instrument import Instrument, load_instrument

SATISFACTION = next(p for p in shipped_rules() if p.stem == "satisfaction-2023")
RULES = load_rules(SATISFACTION)


@pytest.fixture(scope="module")
def instrument(tmp_path_factory: pytest.TempPathFactory) -> Instrument:
    path = tmp_path_factory.mktemp("i") / "i.toml"
    text = 'id = "X"\nversion = "1"\ntitle = "X"\n'
    for item in ("A1", "A2", "B1"):
        text += f'[[item]]\nid = "{item}"\nfactor = "{item[0]}"\nscale = [1, 2, 3, 4, 5]\n'
    path.write_text(text, "utf-8")
    return load_instrument(path)


ballots = st.lists(
    st.tuples(
        st.sampled_from(["u1", "u2", "u3", None]),
        st.sampled_from(list(Gate)),
        st.lists(st.integers(0, 3), min_size=3, max_size=3),
    ),
    max_size=30,
)
UNITS: dict[str, str | None] = {"u1": "G", "u2": "G", "u3": None}


def _ballot(rows: list[tuple[str | None, Gate, list[int]]]) -> Ballot:
    cells = np.array([row[2] for row in rows], dtype=np.uint8).reshape(len(rows), 3)
    return Ballot([row[0] for row in rows], [row[1] for row in rows], cells)


def _overall(scores: tuple[Score, ...], unit: str) -> Score:
    return next(s for s in scores if s.unit_id == unit and s.measure == "overall")


def test_a_small_case_by_hand(instrument: Instrument) -> None:
    rows = [
        ("u1", Gate.SCORED, [SATISFIED, SATISFIED, DISSATISFIED]),
        ("u1", Gate.SCORED, [SATISFIED, NO_ANSWER, UNREAD]),
        ("u1", Gate.HELD, [DISSATISFIED, SATISFIED, UNREAD]),
        ("u1", Gate.EXCLUDED, [DISSATISFIED, DISSATISFIED, DISSATISFIED]),
    ]
    found = _overall(score(_ballot(rows), instrument, UNITS, RULES), "u1")
    shares = {name: (s.satisfied, s.answers) for name, s in found.shares.items()}
    assert shares == {
        "as_received": (4, 9),
        "after_review": (3, 4),
        "bound_low": (3, 8),
        "bound_high": (7, 8),
    }
    assert found.tiers["after_review"] == "kha"
    assert found.tier_firm is False
    assert found.states == {"scored": 2, "held": 1, "excluded": 1, "not_scored": 0}


def test_the_whole_form_counts_people(instrument: Instrument) -> None:
    rows = [
        ("u1", Gate.SCORED, [SATISFIED, SATISFIED, NO_ANSWER]),
        ("u1", Gate.SCORED, [SATISFIED, SATISFIED, DISSATISFIED]),
        ("u1", Gate.SCORED, [NO_ANSWER, NO_ANSWER, NO_ANSWER]),
    ]
    scores = score(_ballot(rows), instrument, UNITS, RULES)
    whole = next(s for s in scores if s.unit_id == "u1" and s.measure == "whole_form")
    assert whole.shares["after_review"].value == Fraction(1, 2)


@given(ballots)
def test_bounds_hold_what_was_received_and_what_is_left(
    instrument: Instrument, rows: list[tuple[str | None, Gate, list[int]]]
) -> None:
    kept = [row for row in rows if row[1] is not Gate.EXCLUDED and row[1] is not Gate.NOT_SCORED]
    for found in score(_ballot(kept), instrument, UNITS, RULES):
        low, high = found.shares["bound_low"].value, found.shares["bound_high"].value
        for version in ("as_received", "after_review"):
            value = found.shares[version].value
            if value is not None:
                assert low is not None
                assert high is not None
                assert low <= value <= high
        assert (found.tier_firm is None) == (low is None)


@given(ballots)
def test_with_nothing_held_and_all_read_every_version_is_the_same(
    instrument: Instrument, rows: list[tuple[str | None, Gate, list[int]]]
) -> None:
    clean = [(u, Gate.SCORED, [min(c, 2) for c in cells]) for u, _, cells in rows]
    for found in score(_ballot(clean), instrument, UNITS, RULES):
        assert len({(s.satisfied, s.answers) for s in found.shares.values()}) == 1
        assert found.tier_firm is not False


@given(ballots)
def test_excluded_records_move_no_bound(
    instrument: Instrument, rows: list[tuple[str | None, Gate, list[int]]]
) -> None:
    without = [row for row in rows if row[1] in (Gate.SCORED, Gate.HELD)]
    one = score(_ballot(rows), instrument, UNITS, RULES)
    other = score(_ballot(without), instrument, UNITS, RULES)
    for a, b in zip(one, other, strict=True):
        for version in ("after_review", "bound_low", "bound_high"):
            assert a.shares[version] == b.shares[version]


@given(ballots, st.randoms())
def test_the_order_of_records_makes_no_difference(
    instrument: Instrument, rows: list[tuple[str | None, Gate, list[int]]], draw: object
) -> None:
    shuffled = list(rows)
    draw.shuffle(shuffled)
    assert score(_ballot(rows), instrument, UNITS, RULES) == score(
        _ballot(shuffled), instrument, UNITS, RULES
    )


def test_ties_share_the_best_rank_and_units_without_value_are_not_counted(
    instrument: Instrument,
) -> None:
    units: dict[str, str | None] = dict.fromkeys(["a", "b", "c", "d", "e"], "G") | {"x": None}
    best, worst = [SATISFIED] * 3, [SATISFIED, SATISFIED, DISSATISFIED]
    rows = [("a", Gate.SCORED, best), ("b", Gate.SCORED, best), ("c", Gate.SCORED, worst)]
    rows += [("d", Gate.HELD, best), ("x", Gate.SCORED, best)]
    scores = {u: _overall(score(_ballot(rows * 5), instrument, units, RULES), u) for u in units}
    assert [scores[u].ranks["after_review"] for u in "abc"] == [1, 1, 3]
    assert scores["d"].ranks["after_review"] is None
    assert scores["e"].ranks["bound_low"] is None
    assert scores["a"].ranked_units == 4
    assert (scores["d"].rank_best, scores["d"].rank_worst) == (1, 4)
    assert scores["x"].ranks == {}


def test_a_unit_of_few_forms_has_no_rank_and_leaves_no_gap(instrument: Instrument) -> None:
    """The rank that nobody else has would say between which values its own lies."""
    units: dict[str, str | None] = dict.fromkeys("abc", "G")
    best, worst = [SATISFIED] * 3, [DISSATISFIED] * 3
    rows = [("a", Gate.SCORED, best)] * 9 + [("b", Gate.SCORED, [*best[:2], DISSATISFIED])] * 9
    for few in (best, worst):
        ballot = _ballot([*rows, *[("c", Gate.SCORED, few)] * 4])
        scores = {u: _overall(score(ballot, instrument, units, RULES), u) for u in units}
        assert [scores[u].ranks["after_review"] for u in "ab"] == [1, 2]
        assert scores["a"].ranked_units == 2
        assert not scores["c"].ranks
        assert scores["c"].shares["after_review"].answers == 12


def test_tiers_are_taken_from_the_exact_value_and_shown_rounded() -> None:
    just_below = Fraction(94_999_999, 100_000_000)
    assert RULES.tier(just_below).id == "tot"
    assert percent(just_below) == Decimal("95.00")
    assert RULES.tier(Fraction(95, 100)).id == "xuat_sac"
    # The published 88,33 of Gia Lai 2020 was cut off: 6650 of 7528 rounds to 88,34.
    assert percent(Fraction(6650, 7528)) == Decimal("88.34")
    assert percent(Fraction(1, 800)) == Decimal("0.13")
    assert percent(None) is None


def test_the_rule_set_of_the_day_counts(tmp_path: Path) -> None:
    text = SATISFACTION.read_text("utf-8")
    old = text.replace("# valid_to = 2026-12-31", "valid_to = 2024-12-31")
    new = text.replace("2020-01-01", "2025-01-01").replace("satisfaction-2023", "new")
    (tmp_path / "old.toml").write_text(old, "utf-8")
    (tmp_path / "new.toml").write_text(new, "utf-8")
    assert rules_at(tmp_path, dt.date(2024, 12, 31)).id == "satisfaction-2023"
    assert rules_at(tmp_path, dt.date(2025, 1, 1)).id == "new"
    with pytest.raises(ConfigError, match="no rule set is valid on 2019"):
        rules_at(tmp_path, dt.date(2019, 1, 1))
    (tmp_path / "third.toml").write_text(text, "utf-8")
    with pytest.raises(ConfigError, match="are valid on"):
        rules_at(tmp_path, dt.date(2025, 1, 1))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("decimals = 2", "decimals = 9"), "decimals"),
        (('top_two_share"', 'mean"'), "formula"),
        (("from = 80", "from = 96"), "tier 2.from"),
        (("from = 0", "from = 10"), "begin at 0"),
        (("valid_from = 2020-01-01", 'valid_from = "soon"'), "valid_from"),
        (("source =", "sauce ="), "sauce"),
    ],
)
def test_a_wrong_rule_set_names_the_key(change: tuple[str, str], says: str, tmp_path: Path) -> None:
    path = tmp_path / "r.toml"
    path.write_text(SATISFACTION.read_text("utf-8").replace(*change), "utf-8")
    with pytest.raises(ConfigError, match=says):
        load_rules(path)
