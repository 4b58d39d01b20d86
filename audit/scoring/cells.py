"""How few forms a value may rest on, and what would give a withheld one back. Pure.

One rule for reports, pages and exports. A value over few forms says what one of them says,
and so does the difference of two values. So beside small slices a slice is withheld where
the forms that nothing finer accounts for would be few once it is known (a group's total less
the units that are shown is the total of those that are not), and where sums and differences
of several slices would give back a small one (:mod:`audit.scoring.subtraction`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from audit.scoring.subtraction import PARTS, Key, given_back
from reports.views import MINIMUM_CELL

__all__ = ["FEWEST_OF_UNIT", "Key", "key_of", "small", "suppressed", "withheld"]

FEWEST_OF_UNIT = 5
"""Forms from which the operator's tables hold a unit's value, and from which it has a rank."""

_COUNTS = ("records_counted", "records_received")
_UNKNOWN = "\x00unknown"


def small(received: int, counted: int, least: int = MINIMUM_CELL) -> bool:
    """Whether a value rests on so few forms that it says what one of them says."""
    return received < least or 0 < counted < least


def suppressed(counts: Iterable[tuple[str, int]], least: int = MINIMUM_CELL) -> frozenset[str]:
    """Which parts of one whole are withheld, given how many forms each has.

    A part below ``least`` is withheld; where all withheld parts together have fewer than
    ``least`` forms, the whole less what is shown would tell of them, and the smallest part
    that is shown is withheld, too.
    """
    parts = sorted(((n, name) for name, n in counts if n > 0))
    hidden = [part for part in parts if part[0] < least]
    shown = parts[len(hidden) :]
    while hidden and sum(n for n, _ in hidden) < least and shown:
        hidden.append(shown.pop(0))
    return frozenset(name for _, name in hidden)


def key_of(row: Mapping[str, Any]) -> Key:
    """Which slice a row is."""
    about = (row["scope"], row["scope_id"], row["dimension"], row["category"])
    return (*about, row["measure"], row["factor"])


def withheld(
    rows: Sequence[Mapping[str, Any]],
    units: Mapping[tuple[str, str, str], Mapping[str, int]],
    places: Mapping[str, Mapping[str, Any]],
    least_of_unit: int = MINIMUM_CELL,
) -> frozenset[Key]:
    """The slices of one questionnaire that are withheld.

    Args:
        rows: Slices: what :class:`Key` names, ``records_counted``, ``records_received``.
        units: ``(unit, measure, factor)`` -> the same two counts of its own result.
        places: Unit -> its ``group``, ``level`` and ``parent``, where it has one.
        least_of_unit: Forms from which a unit's own value is shown elsewhere.
    """
    hidden: set[Key] = set()
    done: list[Any] = []
    for name in _COUNTS:
        counts = {key_of(row): int(row[name] or 0) for row in rows}
        sizes = {about: int(one[name] or 0) for about, one in units.items()}
        if (counts, sizes) not in done:
            hidden |= _few(counts, sizes, places, least_of_unit)
            done.append((counts, sizes))
    # What is withheld of a slice is withheld by every measure, and one factor alone would be
    # the whole less the others.
    keys = {key_of(row): int(row["records_counted"] or 0) for row in rows}
    hidden |= {key for key in keys if (*key[:4], "overall", "") in hidden}
    # Factors of units are not cut: a small one of a group would be that of all less the others.
    few = {
        (*key[2:4], key[5]) for key in keys if key[4] == "factor" and 0 < keys[key] < MINIMUM_CELL
    }
    hidden |= {key for key in keys if key[2] and (*key[2:4], key[5]) in few}
    factors: dict[tuple[str, ...], list[Key]] = defaultdict(list)
    for key in keys:
        if key[4] == "factor":
            factors[key[:4]].append(key)
    for of_slice in factors.values():
        shown = [key for key in of_slice if key not in hidden]
        if len(of_slice) - len(shown) == 1 and shown:
            hidden.add(min(shown, key=lambda key: keys[key]))
    return frozenset(hidden)


def _few(
    counts: Mapping[Key, int],
    sizes: Mapping[tuple[str, str, str], int],
    places: Mapping[str, Mapping[str, Any]],
    least_of_unit: int,
) -> set[Key]:
    hidden = {key for key, n in counts.items() if n < MINIMUM_CELL}
    for parts in _cuts(counts).values():
        scope, scope_id, _, _, measure, factor = next(iter(parts))
        if scope == "unit":
            whole = sizes.get((scope_id, measure, factor), 0)
        else:
            whole = counts.get((scope, scope_id, "", "", measure, factor), 0)
        hidden |= _cut(parts, max(whole - sum(parts.values()), 0))
    left = _left(counts, sizes, places, hidden, least_of_unit)
    hidden |= {key for key, n in left.items() if 0 < n < MINIMUM_CELL}
    return hidden | given_back(counts, sizes, places, hidden, least_of_unit)


def _left(
    counts: Mapping[Key, int],
    sizes: Mapping[tuple[str, str, str], int],
    places: Mapping[str, Mapping[str, Any]],
    hidden: set[Key],
    least_of_unit: int,
) -> dict[Key, int]:
    """Forms of each slice of several units that no shown unit, or slice of one, accounts for."""
    shown: dict[Key, int] = defaultdict(int)

    def account(unit: str, about: tuple[str, str, str, str], n: int) -> None:
        shown["all", "", *about] += n
        for kind in PARTS:
            where = places.get(unit, {}).get(kind)
            if isinstance(where, str):
                shown[kind, where, *about] += n

    for (unit, measure, factor), n in sizes.items():
        if n >= least_of_unit:
            account(unit, ("", "", measure, factor), n)
    for key, n in counts.items():
        if key[0] == "unit" and key not in hidden:
            account(key[1], key[2:], n)
    return {key: max(n - shown.get(key, 0), 0) for key, n in counts.items() if key[0] != "unit"}


def _cuts(counts: Mapping[Key, int]) -> dict[tuple[str, ...], dict[Key, int]]:
    """The categories of each cut, for each measure by itself."""
    found: dict[tuple[str, ...], dict[Key, int]] = defaultdict(dict)
    for key, n in counts.items():
        if key[2]:
            found[*key[:3], *key[4:]][key] = n
    return found


def _cut(parts: Mapping[Key, int], rest: int) -> set[Key]:
    names = {str(number): key for number, key in enumerate(sorted(parts))}
    counts = [(name, parts[key]) for name, key in names.items()]
    cut = suppressed([*counts, (_UNKNOWN, rest)])
    return {names[name] for name in cut if name != _UNKNOWN}
