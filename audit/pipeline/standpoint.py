"""What statements about results are made from, and how it is looked up."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from audit.pipeline.brought import Brought
from audit.pipeline.index_standing import IndexStanding
from audit.scoring.cells import FEWEST_OF_UNIT, small
from audit.scoring.lineage import Kind, Link, Previous, descent
from audit.scoring.rules import INDEX, RuleSet
from audit.scoring.scores import VERSIONS
from audit.settings import Settings
from reports.views import MINIMUM_CELL

__all__ = [
    "Row",
    "Standpoint",
    "as_number",
    "before_of",
    "current_of",
    "descent_of",
    "gives_back",
    "is_small",
    "links_of",
    "shares_of",
    "without_value",
]

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Standpoint:
    """Everything that statements are made from.

    Attributes:
        settings: Of the round.
        rules: Programme -> rule set.
        brought: What people brought.
        units: Unit -> its version of the last day.
        scores: Programme -> ``(unit, measure, factor)`` -> stored score.
        whole: Programme -> ``(measure, factor)`` -> all units together.
        index: The index of the round's year.
        cases: Unit -> open cases: records held, serious signs about the unit itself.
        signs: ``(unit, detector)`` of the findings that stand.
        tests: Unit -> results of the unit checks.
    """

    settings: Settings
    rules: Mapping[str, RuleSet]
    brought: Brought
    units: Mapping[str, Row]
    scores: Mapping[str, Mapping[tuple[str, str, str], Row]]
    whole: Mapping[str, Mapping[tuple[str, str], Row]]
    index: IndexStanding
    cases: Mapping[str, tuple[int, int]]
    signs: frozenset[tuple[str, str]]
    tests: Mapping[str, Row]


def shares_of(row: Row | None) -> dict[str, Fraction | None]:
    """By version; empty without a row."""
    if row is None:
        return {}
    return {
        version: Fraction(row[f"satisfied_{version}"], row[f"answers_{version}"])
        if row[f"answers_{version}"]
        else None
        for version in VERSIONS
    }


def is_small(row: Row, least: int = FEWEST_OF_UNIT) -> bool:
    """Whether a stored score rests on so few forms that its value is withheld."""
    return small(sum((row["counts"] or {}).values()), int(row["records_counted"] or 0), least)


def without_value(row: Row) -> dict[str, Any]:
    """A stored result with its counts of forms and nothing that follows from answers."""
    gone = dict(row)
    for version in VERSIONS:
        gone[f"satisfied_{version}"] = gone[f"answers_{version}"] = 0
        for part in ("tier", "rank"):
            if f"{part}_{version}" in gone:
                gone[f"{part}_{version}"] = None
    for name in ("rank_best", "rank_worst", "tier_firm", "firmness"):
        if name in gone:
            gone[name] = None
    return gone


def gives_back(whole: Row, units: Sequence[Row]) -> bool:
    """Whether a total less the units that are shown would tell of those that are not.

    A total that is told to a hundredth of a per cent (:data:`TOLD`) tells nothing of units with
    fewer answers than that is worth.
    """
    few = [row for row in units if row["factor"] == whole["factor"] and is_small(row)]
    forms = sum(sum((row["counts"] or {}).values()) for row in few)
    answers = sum(int(row["answers_as_received"] or 0) for row in few)
    return 0 < forms < MINIMUM_CELL and answers > TOLD * (whole["answers_as_received"] or 0)


TOLD = 1e-4
"""Step to which a total over all units is told."""


def as_number(value: Fraction | float | None) -> float | None:
    """For JSON: six decimals."""
    return None if value is None else round(float(value), 6)


def before_of(found: Standpoint, programme: str) -> dict[str, Previous]:
    """Unit -> its overall result in the period before."""
    return {
        unit: one
        for (of, unit, measure, _), one in found.brought.previous.items()
        if of == programme and measure == "overall"
    }


def links_of(found: Standpoint) -> list[Link]:
    """The lineage, and what ``[collection] successors`` adds to it."""
    links = list(found.brought.links)
    named = {(link.predecessor, link.successor) for link in links}
    heirs = found.settings.collection.successors
    for old, new in heirs.items():
        if (old, new) not in named:
            several = sum(heir == new for heir in heirs.values()) > 1 or new in heirs
            links.append(Link(old, new, Kind.MERGED if several else Kind.RENAMED))
    return links


def current_of(found: Standpoint, programme: str) -> Iterator[tuple[str, Row]]:
    """Unit with value, what it is worth, rank and denominator."""
    if programme == INDEX:
        yield from found.index.current.items()
        return
    for (unit, measure, _), row in found.scores.get(programme, {}).items():
        if measure == "overall":
            firm = row["firmness"] or {}
            yield (
                unit,
                {
                    "value": shares_of(row)["after_review"],
                    "effective": firm.get("effective"),
                    "rank": row["rank_after_review"],
                    "ranked_units": row["ranked_units"],
                    "tier": row["tier_after_review"],
                    "few": is_small(row, MINIMUM_CELL),
                },
            )


def descent_of(
    found: Standpoint,
    unit: str,
    links: Sequence[Link],
    before: Mapping[str, Previous],
    since: dt.date | None,
) -> Any:
    """Where a unit comes from."""
    version = found.units.get(unit, {}).get("valid_from")
    return descent(
        unit,
        links,
        before,
        since=since,
        until=found.settings.round.date_to,
        valid_from=version.date() if version is not None and version == version else None,
    )
