"""Which slices may be shown, so that no cell of few forms follows from what is shown.

Slices of one measure are bound by sums: a scope is the sum of its categories and of what has
none, a category over all units is the sum of the groups', a group the sum of its units. Who
holds every report and export side by side knows all these sums. So where a sum leaves one
hidden cell alone, or hidden cells of fewer than :data:`~reports.views.MINIMUM_CELL` forms
together, its smallest shown cell is hidden, too, until no sum tells.

Units' whole results are fixed by the scores, which withhold those of few forms; here they take
part in the sums and cannot be hidden. What several sums together tell is solved for, too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import lsmr

from audit.scoring.scores import VERSIONS
from reports.views import MINIMUM_CELL

__all__ = ["Cell", "by_unit", "withhold"]

Row = Mapping[str, Any]
Scored = Mapping[str, Mapping[tuple[str, str], Row]]

_SCOPES = {"group": "group", "level": "level", "parent": "parent_id"}
"""Scope of several units -> the column of units that tells who is in it."""


_TURNS = 4
_NOTHING = 1e-7  # what is left of a unit normal vector by rounding


class Cell(NamedTuple):
    """A slice without its measure; the unknown part of a dimension has category ``None``."""

    scope: str
    scope_id: str
    dimension: str
    category: str | None


def by_unit(scores: Iterable[Any]) -> dict[str, dict[tuple[str, str], Row]]:
    """Stored scores of one instrument, unit -> ``(measure, factor)`` -> score."""
    found: dict[str, dict[tuple[str, str], Row]] = {}
    for row in scores:
        found.setdefault(row["unit_id"], {})[row["measure"], row["factor"]] = dict(row)
    return found


def withhold(rows: Iterable[Row], scores: Scored, units: Mapping[str, Row]) -> list[dict[str, Any]]:
    """Stored slices of one instrument, those that must not be shown without their values.

    Args:
        rows: Slices as they are stored.
        scores: Unit -> ``(measure, factor)`` -> score, which tells ``records_counted``.
        units: Unit -> its ``group``, ``level`` and ``parent_id``.

    Returns:
        Copies with a key ``suppressed``; where it is true counts of answers and the interval
        are ``None``. Numbers of records stay: n is always shown.
    """
    rows = list(rows)
    counts: dict[tuple[str, str], dict[Cell, int]] = {}
    for row in rows:
        about = (row["measure"], row["factor"])
        # Few forms that count, or few that came in: either would be a small cell.
        n = min(int(row["records_received"]), int(row["records_counted"] or 0))
        counts.setdefault(about, {})[_cell(row)] = n
    hidden = _hidden(counts, scores, units)
    return [_shown(row, hide=_cell(row) in hidden[row["measure"], row["factor"]]) for row in rows]


def _cell(row: Row) -> Cell:
    return Cell(row["scope"], row["scope_id"], row["dimension"], row["category"])


def _shown(row: Row, *, hide: bool) -> dict[str, Any]:
    out = dict(row) | {"suppressed": hide}
    if hide:
        for version in VERSIONS:
            out[f"satisfied_{version}"] = out[f"answers_{version}"] = None
        out["interval_low"] = out["interval_high"] = None
    return out


def _hidden(
    counts: Mapping[tuple[str, str], Mapping[Cell, int]], scores: Scored, units: Mapping[str, Row]
) -> dict[tuple[str, str], set[Cell]]:
    """Hidden cells of each measure, with what they pull along."""
    factors = [about for about in counts if about[0] == "factor"]
    hidden = {
        about: {cell for cell, n in cells.items() if n < MINIMUM_CELL}
        for about, cells in counts.items()
    }
    sums = {about: _sums(cells, scores, units, about) for about, cells in counts.items()}
    around = {about: _around(cells, units, scores) for about, cells in counts.items()}
    for about, cells in counts.items():
        found = _chains(counts.get(("overall", ""), {}), scores, units, about)
        hidden[about] |= found & set(cells)
    overall = hidden.setdefault(("overall", ""), set())
    if ("overall", "") in sums:
        _settle(sums["overall", ""], overall, around["overall", ""])
    for about in counts:
        if about != ("overall", ""):
            # Who may not be seen as a whole may not be seen in part.
            hidden[about] |= overall & set(counts[about])
    settled = -1
    while settled != sum(map(len, hidden.values())):
        settled = sum(map(len, hidden.values()))
        for about in counts:
            if about != ("overall", ""):
                _settle(sums[about], hidden[about], around[about])
        _complement({about: counts[about] for about in factors}, hidden, overall)
    return hidden


def _complement(
    factors: Mapping[tuple[str, str], Mapping[Cell, int]],
    hidden: Mapping[tuple[str, str], set[Cell]],
    overall: set[Cell],
) -> None:
    """The whole less all other factors would be the one that is hidden: hide a second one."""
    by_cell: dict[Cell, list[tuple[int, tuple[str, str]]]] = {}
    for about, cells in factors.items():
        for cell, n in cells.items():
            by_cell.setdefault(cell, []).append((n, about))
    for cell, parts in by_cell.items():
        shown = [part for part in parts if cell not in hidden[part[1]]]
        if cell not in overall and shown and len(parts) - len(shown) == 1:
            hidden[min(shown)[1]].add(cell)


class _Sum(NamedTuple):
    """Cells whose values add up to what is known.

    Attributes:
        counts: Forms of each cell that may be dark.
        ours: Those that this module may hide.
        minus: Those that count negatively.
    """

    counts: dict[Cell, int]
    ours: frozenset[Cell]
    minus: frozenset[Cell]

    def dark(self, hidden: set[Cell]) -> list[Cell]:
        """Cells that are not shown."""
        return [cell for cell in self.counts if cell not in self.ours or cell in hidden]

    def shown(self, hidden: set[Cell]) -> list[Cell]:
        """Cells that could be hidden, too, the smallest first."""
        left = [cell for cell in self.ours if cell not in hidden]
        return sorted(left, key=lambda cell: (self.counts[cell], cell))


def _settle(sums: Sequence[_Sum], hidden: set[Cell], around: Mapping[str, Sequence[Cell]]) -> None:
    """Hide more cells until neither one sum nor all together tell of a hidden one.

    A few rounds hide the smallest cell beside what is told. Where that does not end it, as with
    one small unit among many, all cuts of its scopes are withheld, and at last those of the round.
    """
    for turn in range(_TURNS + 2):
        for one in sums:
            dark, left = one.dark(hidden), one.shown(hidden)
            while dark and left and _tells(one, dark):
                dark.append(left.pop(0))
                hidden.add(dark[-1])
        told = _derived(sums, hidden)
        if not told:
            return
        if turn < _TURNS:
            hidden.update(_beside(sums, hidden, told))
        else:
            near = {cell for one in told for cell in around.get(one.scope_id, ())}
            hidden.update(cell for cell in near if cell.scope != "all" or turn > _TURNS)


def _beside(sums: Sequence[_Sum], hidden: set[Cell], told: set[Cell]) -> set[Cell]:
    """For each cell that is told, the smallest shown one in a sum with it."""
    more: dict[Cell, tuple[int, Cell]] = {}
    for one in sums:
        left = one.shown(hidden)
        for cell in told.intersection(one.dark(hidden)) if left else ():
            smallest = (one.counts[left[0]], left[0])
            more[cell] = min(smallest, more.get(cell, smallest))
    return {cell for _, cell in more.values()}


def _tells(one: _Sum, dark: Sequence[Cell]) -> bool:
    """Whether hidden cells of few forms together, or one that stands in for another, follow."""
    total = sum(one.counts[cell] for cell in dark)
    return 0 < total < MINIMUM_CELL or (len(dark) == 1 and dark[0] in one.ours)


def _derived(sums: Sequence[_Sum], hidden: set[Cell]) -> set[Cell]:
    """Dark cells of few forms that all sums together determine.

    A cell is determined where every vector that all sums leave at zero is zero in it. A random
    vector, less its part in the span of the sums, is such a vector; it is zero in a cell that
    is not determined with probability nought.
    """
    lines = [(one, dark) for one in sums if (dark := one.dark(hidden))]
    place = {cell: k for k, cell in enumerate(dict.fromkeys(c for _, d in lines for c in d))}
    few = {cell for one, d in lines for cell in d if 0 < one.counts[cell] < MINIMUM_CELL}
    if not few:
        return set()
    rows = np.repeat(np.arange(len(lines)), [len(dark) for _, dark in lines])
    columns = [place[cell] for _, dark in lines for cell in dark]
    signs = [-1.0 if cell in one.minus else 1.0 for one, dark in lines for cell in dark]
    matrix = sparse.csr_array((signs, (rows, columns)), shape=(len(lines), len(place)))
    drawn = np.random.default_rng(0).standard_normal(len(place))
    weights = lsmr(matrix.T, drawn, atol=1e-13, btol=1e-13, maxiter=20_000)[0]
    left = drawn - matrix.T @ weights
    return {cell for cell in few if abs(left[place[cell]]) < _NOTHING}


def _sums(
    cells: Mapping[Cell, int], scores: Scored, units: Mapping[str, Row], about: tuple[str, str]
) -> list[_Sum]:
    """Every sum that binds the slices of one measure.

    Results of whole units are not of this module: those that the scores show are known and left
    out of a sum, those that they withhold are always dark, as is what has no category.
    """
    whole = {unit: _counted(of.get(about)) for unit, of in scores.items()}
    dark = {Cell("unit", unit, "", ""): n for unit, n in whole.items() if 0 < n < MINIMUM_CELL}
    members = _members(units, scores)
    categories = sorted({(cell.dimension, cell.category) for cell in cells if cell.dimension})
    cut_by_unit = any(cell.scope == "unit" for cell in cells)  # of overall results alone
    found: list[_Sum] = []

    def add(
        parts: Iterable[Cell],
        whole_of: Iterable[Cell] = (),
        unknown: Mapping[Cell, int] = {},
        small: Mapping[Cell, int] = {},
    ) -> None:
        """Parts and what has no place among them, less their whole or small units of it."""
        tops = {cell: cells[cell] for cell in whole_of if cells.get(cell)}
        counted = {cell: cells[cell] for cell in parts if cells.get(cell)} | tops
        if counted:
            minus = frozenset((*tops, *small))
            found.append(_Sum({**counted, **unknown, **small}, frozenset(counted), minus))

    def few(names: Iterable[str]) -> dict[Cell, int]:
        return {cell: dark[cell] for u in names if (cell := Cell("unit", u, "", "")) in dark}

    cuts: dict[tuple[str, str, str], list[Cell]] = {}
    for cell in cells:
        if cell.dimension:
            cuts.setdefault(cell[:3], []).append(cell)
    for (scope, name, dimension), parts in sorted(cuts.items()):
        # A scope is its categories and what has none.
        inside = (name,) if scope == "unit" else members.get((scope, name), ())
        top = Cell(scope, name, "", "")
        every = cells.get(top, sum(whole.get(unit, 0) for unit in inside))
        rest = every - sum(cells[cell] for cell in parts)
        unknown = {Cell(scope, name, dimension, None): rest} if rest > 0 else {}
        if top in cells:
            add(parts, [top], unknown)
        add(parts, unknown=unknown, small=few(inside))
    for (scope, name), inside in members.items():
        # A group is its units: as a whole, and in each category.
        add([Cell(scope, name, "", "")], small=few(inside))
        for dimension, category in categories:
            parts = [Cell("unit", unit, dimension, category) for unit in inside]
            if cut_by_unit:
                add(parts, [Cell(scope, name, dimension, category)])
    for scope in ("group", "level"):
        # All units are the groups, or the levels, and those that stand in none.
        names = sorted(name for of, name in members if of == scope)
        loose = set(scores).difference(*(members[scope, name] for name in names))
        wholes = [Cell(scope, name, "", "") for name in names]
        add(wholes, [Cell("all", "", "", "")], few(sorted(loose)))
        for dimension, category in categories:
            top = Cell("all", "", dimension, category)
            parts = [Cell(scope, name, dimension, category) for name in names]
            lost = cells.get(top, 0) - sum(cells.get(part, 0) for part in parts)
            add(parts, [top], {Cell(scope, "", dimension, category): lost} if lost > 0 else {})
    return found


def _chains(
    overall: Mapping[Cell, int], scores: Scored, units: Mapping[str, Row], about: tuple[str, str]
) -> set[Cell]:
    """What covers a small unit that would follow from a scope less its other units.

    In each dimension one category that the unit has, the smallest of all, is hidden in every
    scope that it stands in: then its result may move without any shown one moving, and the
    categories of other groups stay shown.
    """
    members = _members(units, scores)
    small = {u: n for u, of in scores.items() if 0 < (n := _counted(of.get(about))) < MINIMUM_CELL}
    chosen: dict[str, dict[str, tuple[int, str | None]]] = {}
    for cell in overall:
        if cell.scope == "unit" and cell.scope_id in small:
            size = (overall.get(Cell("all", "", *cell[2:]), 0), cell.category)
            mine = chosen.setdefault(cell.scope_id, {})
            mine[cell.dimension] = min(size, mine.get(cell.dimension, size))
    few = {about: sum(small.get(u, 0) for u in inside) for about, inside in members.items()}
    found: set[Cell] = set()
    bare = {u for of, inside in members.items() if few[of] < MINIMUM_CELL for u in inside}
    for (scope, name), inside in members.items():
        if 0 < few[scope, name] < MINIMUM_CELL:
            found.add(Cell(scope, name, "", ""))
        for unit in bare.intersection(inside, small):
            mine = chosen.get(unit, {})
            found |= {Cell(scope, name, d, category) for d, (_, category) in mine.items()}
    return found


def _around(
    cells: Mapping[Cell, int], units: Mapping[str, Row], scores: Scored
) -> dict[str, list[Cell]]:
    """Every cut of the scopes that a unit, or a group itself, stands in."""
    cuts: dict[tuple[str, str], list[Cell]] = {}
    for cell in cells:
        if cell.dimension and cell.scope != "unit":
            cuts.setdefault(cell[:2], []).append(cell)
    found: dict[str, list[Cell]] = {}
    for about, inside in _members(units, scores).items():
        for name in (*inside, about[1]):
            found.setdefault(name, []).extend(cuts.get(about, ()))
    return found


def _members(units: Mapping[str, Row], scores: Scored) -> dict[tuple[str, str], tuple[str, ...]]:
    """Units with a score in each scope of several units."""
    found: dict[tuple[str, str], list[str]] = {("all", ""): sorted(scores)}
    for unit in sorted(scores):
        facts = units.get(unit, {})
        for scope, column in _SCOPES.items():
            name = facts.get(column)
            if isinstance(name, str):
                found.setdefault((scope, name), []).append(unit)
    return {about: tuple(inside) for about, inside in sorted(found.items())}


def _counted(score: Row | None) -> int:
    return 0 if score is None else int(score["records_counted"])
