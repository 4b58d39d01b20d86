"""Flag rates by group: what gathers in units is not held against a group."""

from __future__ import annotations

import numpy as np

from audit.reporting.fairness import _table
from detectors.finding import Message

BY = Message("Nhóm", "Group")


def p_of(rows, flagged):
    return _table(BY, rows, frozenset(flagged), lambda r: Message(r["group"], r["group"])).p_value


def world(seed: int, *, within: bool):
    """Twelve units whose groups differ; one unit is flagged a lot, or one group everywhere."""
    chance = np.random.default_rng(seed)
    rows, flagged = [], set()
    for unit in range(12):
        share = 0.9 if unit == 0 else 0.2
        for k in range(60):
            group = "a" if chance.random() < share else "b"
            name = f"{unit}-{k}"
            rows.append({"unit_id": f"u{unit}", "record_id": name, "group": group})
            rate = (0.15 if group == "a" else 0.01) if within else (0.4 if unit == 0 else 0.01)
            if chance.random() < rate:
                flagged.add(name)
    return rows, flagged


def test_a_flagged_unit_does_not_make_its_commonest_group_look_picked_on():
    found = [p_of(*world(seed, within=False)) for seed in range(60)]
    # At .05 three of sixty are expected; seven are beyond 97 of 100 such runs.
    assert sum(p <= 0.05 for p in found) <= 7


def test_a_group_that_is_flagged_more_in_every_unit_is_seen():
    assert all(p_of(*world(seed, within=True)) <= 0.01 for seed in range(5))


def test_nothing_to_compare_is_no_number():
    rows, _ = world(1, within=True)
    assert p_of(rows, set()) is None
    alone = [row | {"unit_id": row["group"]} for row in rows]
    assert p_of(alone, {rows[0]["record_id"]}) is None
