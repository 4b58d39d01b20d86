"""Which slices have to be withheld so that no small one follows from sums and differences.

Whatever is shown is the sum of what it is made of: the cells of one unit and one category.
Those that are shown themselves are known; the rest are unknowns, and every other shown value
is an equation between them. A small cell is given away if its unit vector lies in the space
that the equations span, that is where its leverage is one. Then a slice that the solution
uses is withheld, the one of fewest forms, until nothing is given away.

Reference: Cox (1980), Suppression methodology and statistical disclosure control, J. Am.
Stat. Assoc. 75, 377-385.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Mapping, Sequence, Set
from typing import Any

import numpy as np

from reports.views import MINIMUM_CELL

__all__ = ["PARTS", "Key", "given_back"]

Key = tuple[str, str, str, str, str, str]
"""A slice: scope, its id, dimension, category, measure, factor."""

PARTS = ("group", "level", "parent")
"""What units are gathered by, beside all of them together."""

_Cell = tuple[str, str]
_NO_CATEGORY = "\x00none"
_EQUAL = 1e-7
_RIDGE = 1e-11
_USED = 1e-4


def given_back(
    counts: Mapping[Key, int],
    sizes: Mapping[tuple[str, str, str], int],
    places: Mapping[str, Mapping[str, Any]],
    hidden: Set[Key],
    least_of_unit: int,
) -> set[Key]:
    """Slices of several units that must be withheld beside ``hidden``.

    Args:
        counts: Forms of every slice.
        sizes: ``(unit, measure, factor)`` -> forms of its own result.
        places: Unit -> where it stands, by :data:`PARTS`.
        hidden: What is withheld anyway.
        least_of_unit: Forms from which a unit's own value is shown elsewhere.
    """
    found: set[Key] = set()
    for measure, factor in sorted({key[4:] for key in counts}):
        units = {of[0]: n for of, n in sizes.items() if of[1:] == (measure, factor) and n}
        mine = {key: n for key, n in counts.items() if key[4:] == (measure, factor)}
        for dimension in sorted({key[2] for key in mine}):
            part = {key: n for key, n in mine.items() if key[2] in ("", dimension)}
            found |= _of_cut(part, units, places, hidden | found, least_of_unit)
    return found


def _of_cut(
    counts: Mapping[Key, int],
    units: Mapping[str, int],
    places: Mapping[str, Mapping[str, Any]],
    hidden: Set[Key],
    least_of_unit: int,
) -> set[Key]:
    cells = _cells(counts, units)
    known = {
        (key[1], key[3]) for key in counts if key[0] == "unit" and key[2] and key not in hidden
    }
    known |= {(unit, "") for unit, n in units.items() if n >= least_of_unit and (unit, "") in cells}
    unknown = {cell: place for place, cell in enumerate(c for c in cells if c not in known)}
    targets = [unknown[cell] for cell, n in cells.items() if cell in unknown and n < MINIMUM_CELL]
    sum_of = _inside(unknown, places)
    # A group's category of few forms is one too, though each of its units has fewer still.
    sums = [
        inside
        for key, n in counts.items()
        if key[0] != "unit"
        and 0 < n < MINIMUM_CELL
        and (inside := sum_of.get((key[0], key[1], key[3])))
    ]
    if not targets and not sums:
        return set()
    size = len(unknown)
    by_unit: dict[str, list[int]] = defaultdict(list)
    for (unit, _), place in unknown.items():
        by_unit[unit].append(place)
    totals = [mine for unit, mine in by_unit.items() if units[unit] >= least_of_unit]
    small = [mine for unit, mine in by_unit.items() if units[unit] < least_of_unit]
    aims = _rows([*([place] for place in targets), *small, *sums], size)
    shown = {
        key: inside
        for key, n in counts.items()
        if key[0] != "unit" and key not in hidden and n
        if (inside := sum_of.get((key[0], key[1], key[3])))
    }
    gone: set[Key] = set()
    while used := _used(totals, shown, aims):
        chosen = {min(keys, key=lambda one: (counts[one], one)) for keys in used}
        gone |= chosen
        shown = {key: inside for key, inside in shown.items() if key not in chosen}
    return gone


def _cells(counts: Mapping[Key, int], units: Mapping[str, int]) -> dict[_Cell, int]:
    """Forms of each unit and category, those of no category too; whole units without a cut."""
    cells = {(key[1], key[3]): n for key, n in counts.items() if key[0] == "unit" and key[2] and n}
    cut = {key[2] for key in counts} - {""}
    if not cut or not cells:
        return {(unit, ""): n for unit, n in units.items()}
    told: dict[str, int] = defaultdict(int)
    for (unit, _), n in cells.items():
        told[unit] += n
    for unit, n in units.items():
        if n > told[unit]:
            cells[unit, _NO_CATEGORY] = n - told[unit]
    return cells


def _inside(
    unknown: Mapping[_Cell, int], places: Mapping[str, Mapping[str, Any]]
) -> dict[tuple[str, str, str], list[int]]:
    """Scope, its id, category ("" for all) -> which unknown cells it is the sum of."""
    found: dict[tuple[str, str, str], list[int]] = defaultdict(list)
    for (unit, category), place in unknown.items():
        spots = [("all", "")]
        for kind in PARTS:
            where = places.get(unit, {}).get(kind)
            if isinstance(where, str):
                spots.append((kind, where))
        for kind, where in spots:
            found[kind, where, ""].append(place)
            if category:
                found[kind, where, category].append(place)
    return found


def _rows(places: Sequence[Sequence[int]], size: int) -> Any:
    """Sparse ``(rows, size)``: one at each of the places."""
    from scipy.sparse import csr_array

    rows = np.repeat(np.arange(len(places)), [len(mine) for mine in places])
    columns = np.fromiter(itertools.chain.from_iterable(places), dtype=np.int64)
    return csr_array((np.ones(len(rows)), (rows, columns)), shape=(len(places), size))


def _used(totals: Sequence[Sequence[int]], shown: Mapping[Key, list[int]], aims: Any) -> list[Any]:
    """For each aim that is given away, the slices by which it is; totals are shown anyway."""
    from scipy.linalg import cho_factor, cho_solve

    if not shown:
        return []
    names, size = list(shown), aims.shape[1]
    slices, goals = _rows(list(shown.values()), size), aims
    if totals:
        # Totals of units have no cell in common: what lies in their span is a mean over each.
        units = _rows(totals, size)
        share = units.multiply(1.0 / units.sum(axis=1)[:, None]).tocsr()
        slices = slices - (slices @ units.T) @ share
        goals = goals - (goals @ units.T) @ share
    within = (slices @ slices.T).toarray()
    # The ridge makes it regular; what it adds to an aim that is given away is far below _EQUAL.
    within[np.diag_indices_from(within)] += _RIDGE * max(within.diagonal().max(), 1.0)
    across = (goals @ slices.T).toarray()
    solved = cho_solve(cho_factor(within, check_finite=False), across.T, check_finite=False).T
    length = goals.multiply(goals).sum(axis=1)
    open_ = length - (across * solved).sum(axis=1)
    found = []
    for aim in np.flatnonzero((length > _EQUAL) & (open_ < _EQUAL)):
        found.append([n for n, w in zip(names, solved[aim], strict=True) if abs(w) > _USED])
    return [keys for keys in found if keys]
