"""Contradictions: learned, declared, of the overall item and of reversed items."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from detectors.errors import InputError
from detectors.instrument import Contradiction, Instrument, Item, Marks, load_instrument
from detectors.records import contradiction, declared_contradiction, overall_item, reverse_keyed
from detectors.table import RecordTable

FIVE = (1, 2, 3, 4, 5)


def form(*items, rules=()):
    return Instrument("T", "1", {}, items, Marks(), (), "t", None, tuple(rules))


def table(frame, instrument):
    frame = frame.copy()
    frame.insert(0, "record_id", [f"r{i:04d}" for i in range(len(frame))])
    return RecordTable.build(frame, instrument)


def asked(check, prepared):
    """What a check answers, in the order in which the rows were given."""
    answer = check.assess(prepared)
    given = np.argsort(prepared.source_row)
    places = {int(row): i for i, row in enumerate(prepared.source_row)}
    back = {row: answer.not_assessable.get(i) for row, i in places.items()}
    return replace(
        answer,
        scores=answer.scores[given],
        p_values=answer.p_values[given],
        not_assessable={row: why for row, why in back.items() if why is not None},
    )


def answers(n, seed=1):
    """Two items that go together, a third that does not, and a fact that goes with the first."""
    chance = np.random.default_rng(seed)
    a = chance.choice(FIVE, n, p=[0.02, 0.04, 0.14, 0.35, 0.45])
    b = np.where(chance.random(n) < 0.95, a, chance.choice(FIVE, n))
    late = np.where(a <= 2, "Có", "Không")
    late = np.where(chance.random(n) < 0.03, "Có", late)
    return pd.DataFrame({"A": a, "B": b, "C": chance.choice(FIVE, n), "K2": late})


ITEMS = (
    Item("A", FIVE),
    Item("B", FIVE),
    Item("C", FIVE),
    Item("K2", ("Không", "Có"), kind="category"),
)


def test_a_pair_that_is_rare_together_scores_and_an_unrelated_one_does_not():
    frame = answers(800)
    frame.loc[0, ["A", "B", "C", "K2"]] = [5, 1, 1, "Có"]
    frame.loc[1, ["A", "B", "C", "K2"]] = [5, 5, 1, "Không"]
    answer = asked(contradiction.CHECK, table(frame, form(*ITEMS)))
    assert answer.p_values[0] <= 0.06
    assert np.mean(answer.scores == 0) > 0.5
    assert answer.scores[1] == 0.0
    assert answer.p_values[1] == 1.0
    assert answer.findings == ()


def test_items_that_have_nothing_in_common_are_not_judged():
    chance = np.random.default_rng(3)
    frame = pd.DataFrame(chance.choice(FIVE, (300, 3)), columns=["A", "B", "C"])
    answer = asked(contradiction.CHECK, table(frame, form(*ITEMS)))
    assert np.isnan(answer.scores).all()
    assert "go together" in answer.not_assessable[0]


RULE = Contradiction({"K2": ("Có",), "A": (4, 5)}, {"vi": "trễ hẹn", "en": "late"})


def test_a_declared_contradiction_ranks_by_how_rare_it_is():
    frame = answers(500)
    frame["K2"] = "Không"
    frame.loc[[3, 4], "K2"] = "Có"
    frame.loc[[3, 4], "A"] = [5, 2]
    frame.loc[5, "K2"] = None
    answer = asked(declared_contradiction.CHECK, table(frame, form(*ITEMS, rules=[RULE])))
    assert answer.scores[3] > 5
    assert answer.p_values[3] == pytest.approx(1 / 499)
    assert answer.scores[4] == 0.0
    assert answer.not_assessable[5] == "no declared contradiction was asked in full"
    many = frame.assign(A=5, K2="Có")
    common = asked(declared_contradiction.CHECK, table(many, form(*ITEMS, rules=[RULE])))
    assert common.scores.max() < 0.01
    assert common.p_values.min() == 1.0


def test_no_rule_no_judgement():
    answer = asked(declared_contradiction.CHECK, table(answers(50), form(*ITEMS)))
    assert set(answer.not_assessable.values()) == {
        "the instrument declares no contradiction between its items"
    }


def test_an_overall_item_that_fits_nothing_else_stands_out_both_ways():
    chance = np.random.default_rng(2)
    level = chance.choice([2, 3, 4, 5], 600)
    items = [f"A{i}" for i in range(6)]
    frame = pd.DataFrame(
        {name: np.clip(level + chance.integers(-1, 2, 600), 1, 5) for name in items}
    )
    frame["G"] = level
    frame.loc[0, [*items, "G"]] = [5] * 6 + [1]
    frame.loc[1, [*items, "G"]] = [1] * 6 + [5]
    paper = form(*(Item(name, FIVE, factor="A") for name in items), Item("G", FIVE))
    answer = asked(overall_item.CHECK, table(frame, paper))
    assert (answer.p_values[:2] <= 0.01).all()
    assert answer.findings == ()
    none = form(*(Item(name, FIVE, factor="A") for name in items))
    silent = asked(overall_item.CHECK, table(frame, none))
    assert np.isnan(silent.scores).all()
    assert set(silent.not_assessable.values()) == {"the form has no overall item, or more than one"}


def test_agreement_with_an_item_and_its_reverse():
    paper = form(Item("A", FIVE), Item("B", FIVE), Item("R", FIVE, reverse=True))
    frame = pd.DataFrame(
        {"A": [5, 5, 3, 1, None], "B": [5, 5, 3, 1, None], "R": [5, 1, 3, 1, 4]}, dtype=object
    )
    answer = asked(reverse_keyed.CHECK, table(frame, paper))
    np.testing.assert_allclose(answer.scores[:4], [1.0, 0.0, 0.0, 1.0])
    assert answer.not_assessable[4] == "no item together with its reverse was answered"
    plain = asked(reverse_keyed.CHECK, table(frame, form(Item("A", FIVE), Item("B", FIVE))))
    assert np.isnan(plain.scores).all()


BASE = """
id = "T"
[[item]]
id = "A"
scale = [1, 2, 3]
[[item]]
id = "K"
scale = ["1", ">3"]
kind = "category"
"""


def test_contradictions_are_read_from_the_instrument(tmp_path):
    path = tmp_path / "t.toml"
    path.write_text(
        BASE + '[[contradiction]]\nwhen = { K = [">3"] }\nand = { A = [3] }\ntext = "x"\n', "utf-8"
    )
    (rule,) = load_instrument(path).contradictions
    assert rule == Contradiction({"K": (">3",), "A": (3,)}, {"vi": "x", "en": "x"})
    path.write_text(BASE, "utf-8")
    assert load_instrument(path).contradictions == ()


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        ("when = { K = ['>3'] }", "and must name at least one item"),
        ("when = { Z = [1] }\nand = { A = [3] }", "'Z', which is not asked"),
        ("when = { K = ['4'] }\nand = { A = [3] }", "K must list values of its scale"),
        ("when = { A = [1] }\nand = { A = [3] }", "'A' is named twice"),
        ("when = { A = [1] }\nand = { K = ['1'] }\nor = 1", "unknown key 'or'"),
    ],
)
def test_a_mistake_in_a_contradiction_is_told(tmp_path, rule, told):
    path = tmp_path / "t.toml"
    path.write_text(f"{BASE}[[contradiction]]\n{rule}\n", "utf-8")
    with pytest.raises(InputError, match=told):
        load_instrument(path)
