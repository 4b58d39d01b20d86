"""Change against the period before, where units merge, split and are renamed. Pure.

A unit that was merged has no simple previous value: its predecessors had one each. So a
change is only computed between a unit and itself, or its only predecessor under another name;
everything else says why there is none.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from detectors.proportions import difference

__all__ = ["Change", "Descent", "Kind", "Link", "Previous", "change_of", "descent"]


class Kind(StrEnum):
    """How a unit came from another."""

    RENAMED = "renamed"
    MERGED = "merged"
    SPLIT = "split"
    DISSOLVED = "dissolved"


@dataclass(frozen=True, slots=True)
class Link:
    """One line of the lineage: on ``day`` a predecessor went into a successor.

    Attributes:
        predecessor: Unit of the time before.
        successor: Unit of the time after; ``None`` where it was dissolved without one.
        kind: How.
        day: First day of the new order; ``None``: not known, taken as between the periods.
        source: The document.
    """

    predecessor: str
    successor: str | None
    kind: Kind
    day: dt.date | None = None
    source: str = ""


@dataclass(frozen=True, slots=True)
class Previous:
    """Result of one unit in the period before.

    Attributes:
        value: Share in [0, 1].
        n: Forms behind it, or what they are worth; ``None`` if not known.
        rank: Its rank.
        ranked_units: Denominator of that rank.
        tier: What its tier was called.
        period: Name of that period.
        ended: Its last day.
    """

    value: float | None
    n: float | None = None
    rank: int | None = None
    ranked_units: int | None = None
    tier: str | None = None
    period: str = ""
    ended: dt.date | None = None


@dataclass(frozen=True, slots=True)
class Descent:
    """Where a unit comes from.

    Attributes:
        state: ``same`` (with itself), ``renamed`` (with its one predecessor), ``merged``,
            ``split``, ``changed`` (a new version of the unit that no lineage explains) or
            ``new``. Only the first two have a simple previous value.
        predecessors: Units of the period before that it comes from.
    """

    state: str
    predecessors: tuple[str, ...]

    @property
    def simple(self) -> bool:
        """Whether there is one previous value to compare with."""
        return self.state in ("same", "renamed")


@dataclass(frozen=True, slots=True)
class Change:
    """Change of one unit against the period before.

    Attributes:
        unit_id: The unit.
        descent: Where it comes from.
        value: Now, a share.
        before: The one previous value; ``None`` where there is none.
        points: Change of the share; ``None`` without one.
        interval: 95 % interval of the change by sampling; ``None`` where a size is not known.
        rank: Now.
        ranked_units: Denominator now.
        rank_before: Of the period before.
        ranked_before: Denominator of the period before.
        places: Places gained (positive) or lost; ``None`` unless both rankings had as many
            units.
        method_break: Whether the method changed, so that the change tells little.
        spread_before: Lowest and highest value of several predecessors.
    """

    unit_id: str
    descent: Descent
    value: float | None
    before: float | None = None
    points: float | None = None
    interval: tuple[float, float] | None = None
    rank: int | None = None
    ranked_units: int | None = None
    rank_before: int | None = None
    ranked_before: int | None = None
    places: int | None = None
    method_break: bool = False
    spread_before: tuple[float, float] | None = None

    @property
    def verdict(self) -> str:
        """``no_previous``, a state of descent that forbids it, ``noise``, ``up``, ``down``.

        ``points`` where the change is known but not what sampling could have done.
        """
        if not self.descent.simple:
            return self.descent.state
        if self.points is None:
            return "no_previous"
        if self.interval is None:
            return "points"
        if self.interval[0] <= 0 <= self.interval[1]:
            return "noise"
        return "up" if self.points > 0 else "down"


def descent(
    unit: str,
    links: Sequence[Link],
    before: Mapping[str, Previous],
    *,
    since: dt.date | None,
    until: dt.date,
    valid_from: dt.date | None = None,
) -> Descent:
    """Where a unit of this period comes from.

    Args:
        unit: The unit.
        links: The lineage; lines outside ``(since, until]`` do not count.
        before: Units that had a result in the period before.
        since: Last day of the period before; ``None``: not known.
        until: Last day of this period.
        valid_from: First day of the unit's present version, where it has one.
    """
    counted = [
        link
        for link in links
        if link.day is None or ((since is None or link.day > since) and link.day <= until)
    ]
    origins = _origins(unit, counted)
    named = tuple(sorted(origins))
    if not origins:
        if unit not in before:
            return Descent("new", ())
        moved = valid_from is not None and since is not None and valid_from > since
        return Descent("changed" if moved else "same", (unit,))
    shared = [link for link in counted if link.predecessor in origins and link.successor]
    heirs = {link.successor for link in shared}
    if len(heirs) > 1 and any(link.kind is Kind.SPLIT for link in shared):
        return Descent("split", named)
    # A unit that took others over is another one, even where it kept its name and id.
    taken_over = len(origins) > 1 or any(link.kind is Kind.MERGED for link in shared)
    return Descent("merged" if taken_over else "renamed", named)


def _origins(unit: str, links: Sequence[Link]) -> set[str]:
    """The units at the start of all lines that lead to ``unit``."""
    direct = {link.predecessor for link in links if link.successor == unit}
    found: set[str] = set()
    seen = {unit}
    waiting = sorted(direct)
    while waiting:
        name = waiting.pop()
        if name in seen:
            found.add(name)
            continue
        seen.add(name)
        earlier = [link.predecessor for link in links if link.successor == name]
        earlier = [one for one in earlier if one != name]
        found.add(name) if not earlier else waiting.extend(earlier)
    return found


def change_of(
    unit: str,
    line: Descent,
    before: Mapping[str, Previous],
    *,
    value: float | None,
    effective: float | None,
    rank: int | None,
    ranked_units: int | None,
    method_break: bool = False,
) -> Change:
    """The change of one unit.

    Args:
        unit: The unit.
        line: Where it comes from.
        before: Results of the period before.
        value: Share now.
        effective: What its answers are worth as independent ones.
        rank: Rank now.
        ranked_units: Denominator now.
        method_break: Whether the method changed between the periods.
    """
    origins = [before[name] for name in line.predecessors if name in before]
    values = [one.value for one in origins if one.value is not None]
    spread = (min(values), max(values)) if len(values) > 1 and not line.simple else None
    if not line.simple or len(origins) != 1:
        return Change(
            *(unit, line, value),
            rank=rank,
            ranked_units=ranked_units,
            method_break=method_break,
            spread_before=spread,
        )
    old = origins[0]
    points = None if value is None or old.value is None else value - old.value
    interval = None
    if points is not None and value is not None and old.value is not None and effective and old.n:
        interval = difference(value, effective, old.value, old.n)
    same = old.ranked_units is not None and old.ranked_units == ranked_units
    places = old.rank - rank if same and old.rank is not None and rank is not None else None
    return Change(
        *(unit, line, value),
        before=old.value,
        points=points,
        interval=interval,
        rank=rank,
        ranked_units=ranked_units,
        rank_before=old.rank,
        ranked_before=old.ranked_units,
        places=places,
        method_break=method_break,
    )
