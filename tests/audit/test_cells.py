"""An attacker with a pencil: no small cell follows from sums and differences of what is shown."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audit.scoring.cells import FEWEST_OF_UNIT, Key, key_of, suppressed, withheld
from reports.views import MINIMUM_CELL

CATEGORIES = ("QR", "paper", "web")
KINDS = ("group", "level", "parent")
Cell = tuple[str, str]
World = tuple[dict[str, dict[str, str | None]], dict[Cell, int]]


def world(seed: int) -> World:
    """Where units stand, and how many forms each has of each channel; some have none."""
    draw = np.random.default_rng(seed)
    places, forms = {}, {}
    for number in range(int(draw.integers(2, 8))):
        unit = f"u{number}"
        spots = (("G", "H", "I", ""), ("x", "y", ""), ("p", "q", ""))
        chosen = [str(draw.choice(names)) or None for names in spots]
        places[unit] = dict(zip(KINDS, chosen, strict=True))
        most = 40 if draw.random() < 0.6 else 5
        for category in (*CATEGORIES, ""):
            n = int(draw.integers(0, most)) if draw.random() < 0.8 else 0
            n = n if category else n // 8
            if n:
                forms[unit, category] = n
    return places, forms


def slices(
    places: dict[str, dict[str, str | None]], forms: dict[Cell, int]
) -> dict[Key, set[Cell]]:
    """Every slice that a round has, with the cells that it is the sum of."""
    found: dict[Key, set[Cell]] = {}
    for cell in forms:
        spots = [("all", ""), *((k, name) for k in KINDS if (name := places[cell[0]][k]))]
        for scope, name in spots:
            found.setdefault((scope, name, "", "", "overall", ""), set()).add(cell)
        if cell[1]:
            for scope, name in [*spots, ("unit", cell[0])]:
                key = (scope, name, "channel", cell[1], "overall", "")
                found.setdefault(key, set()).add(cell)
    return found


def solved(known: list[set[Cell]], wanted: set[Cell], cells: list[Cell]) -> bool:
    """Whether a sum is a combination of known sums: elimination over fractions."""
    rows = [[Fraction(cell in one) for cell in cells] for one in known]
    goal = [Fraction(cell in wanted) for cell in cells]
    for column in range(len(cells)):
        pivot = next((row for row in rows if row[column]), None)
        if pivot is None:
            continue
        rows.remove(pivot)
        for row in (*rows, goal):
            if row[column]:
                factor = row[column] / pivot[column]
                row[:] = [a - factor * b for a, b in zip(row, pivot, strict=True)]
    return not any(goal)


def leaks(seed: int, least: int, *, guarded: bool = True) -> Iterator[tuple[object, int]]:
    """Small cells that follow from what is shown of a world."""
    places, forms = world(seed)
    cut = slices(places, forms)
    size = {key: sum(forms[cell] for cell in inside) for key, inside in cut.items()}
    names = ("scope", "scope_id", "dimension", "category", "measure", "factor")
    rows = [
        {**dict(zip(names, key, strict=True)), "records_counted": n, "records_received": n}
        for key, n in size.items()
    ]
    assert {key_of(row) for row in rows} == set(cut)
    units = {
        unit: {cell for cell in forms if cell[0] == unit}
        for unit in places
        if any(cell[0] == unit for cell in forms)
    }
    totals = {unit: sum(forms[cell] for cell in inside) for unit, inside in units.items()}
    told = {
        (unit, "overall", ""): {"records_counted": n, "records_received": n}
        for unit, n in totals.items()
    }
    hidden = withheld(rows, told, places, least) if guarded else frozenset[Key]()
    known = [inside for key, inside in cut.items() if key not in hidden]
    if not guarded:
        known = [inside for key, inside in cut.items() if size[key] >= MINIMUM_CELL]
    else:
        assert all(size[key] >= MINIMUM_CELL for key in set(cut) - hidden)
    known += [units[unit] for unit, n in totals.items() if n >= least]
    open_ = [units[unit] for unit, n in totals.items() if n >= least]
    for cell, n in forms.items():
        # A unit whose forms came by one channel: its value, shown or not, is that slice's.
        if n < MINIMUM_CELL and {cell} not in open_ and solved(known, {cell}, list(forms)):
            yield cell, n
    for unit, n in totals.items():
        if n < least and solved(known, units[unit], list(forms)):
            yield unit, n


@pytest.mark.parametrize("least", [FEWEST_OF_UNIT, MINIMUM_CELL])
def test_no_small_cell_follows_from_what_is_shown(least: int) -> None:
    assert [found for seed in range(60) for found in leaks(seed, least)] == []


def test_without_the_rule_the_attacker_finds_many() -> None:
    """The attack is a real one: leaving out small slices alone stops nobody."""
    assert sum(bool(list(leaks(seed, FEWEST_OF_UNIT, guarded=False))) for seed in range(25)) > 8


def test_what_needs_no_cover_is_shown() -> None:
    """Large units with large slices lose nothing."""
    cut = {
        (scope, name, "channel", c, "overall", ""): n
        for c in CATEGORIES
        for scope, name, n in (("all", "", 60), ("unit", "u0", 30), ("unit", "u1", 30))
    }
    cut |= {("all", "", "", "", "overall", ""): 180}
    names = ("scope", "scope_id", "dimension", "category", "measure", "factor")
    rows = [
        {**dict(zip(names, key, strict=True)), "records_counted": n, "records_received": n}
        for key, n in cut.items()
    ]
    told = {
        (u, "overall", ""): {"records_counted": 90, "records_received": 90} for u in ("u0", "u1")
    }
    assert withheld(rows, told, {"u0": {}, "u1": {}}) == frozenset()


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(st.text("abcdefgh", min_size=1, max_size=2), st.integers(0, 40))))
def test_no_hidden_slice_can_be_had_by_subtraction(parts: list[tuple[str, int]]) -> None:
    counts = dict(parts)
    hidden = suppressed(counts.items(), 10)
    whole = sum(counts.values())
    shown = sum(n for name, n in counts.items() if n and name not in hidden)
    assert all(n >= 10 for name, n in counts.items() if n and name not in hidden)
    if hidden:
        assert whole - shown >= 10 or shown == 0
