"""How firm a stored score is, and its slices that may be shown, as view objects."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from audit.reporting.outcome_words import DIMENSIONS
from audit.scoring.cells import FEWEST_OF_UNIT, key_of, withheld
from audit.scoring.rules import RuleSet
from detectors.finding import Message
from reports.views import suppress
from reports.views.outcomes import Firmness, ResultSlice

__all__ = ["ROUND", "firmness_of", "slices_by_unit"]

Row = Mapping[str, Any]
Scored = Mapping[str, Mapping[tuple[str, str], Row]]

ROUND = ""
"""Key of the slices of the whole round."""

_LIKELY = 0.05


def firmness_of(score: Row | None, rules: RuleSet) -> Firmness | None:
    """How firm a stored score is; ``None`` without one, or where it is over few forms."""
    if score is None or score["firmness"] is None or suppress(int(score["records_counted"])):
        return None
    firm = score["firmness"]
    chances = firm["tier_chance"]
    ranks = sorted((int(rank), chance) for rank, chance in firm["rank_chance"].items())
    return Firmness(
        interval=_pair(firm["interval"]),
        effective=firm["effective"],
        sample_needed=firm["sample_needed"],
        margin=firm["margin"],
        tier_chances=tuple((t.name, chances[t.id]) for t in rules.tiers if t.id in chances),
        tier_chance_least=firm["tier_chance_least"],
        rank_interval=_pair(firm["rank_interval"]),
        rank_interval_bounds=_pair(firm["rank_interval_bounds"]),
        rank_chances=tuple((rank, chance) for rank, chance in ranks if chance >= _LIKELY),
    )


def slices_by_unit(
    rows: Sequence[Row],
    scores: Scored,
    units: Mapping[str, Row],
    names: Callable[[str, str], Message | None] = lambda _dimension, _category: None,
) -> dict[str, tuple[ResultSlice, ...]]:
    """Slices that may be shown: of each unit, and under :data:`ROUND` of all of them.

    A reader may hold all reports and exports side by side: what is withheld is decided over
    all that is shown in any of them, as exports decide it (:mod:`audit.scoring.cells`).

    Args:
        rows: Stored slices of one instrument.
        scores: Unit -> ``(measure, factor)`` -> score.
        units: Unit -> its group, level and unit above.
        names: What a category of a dimension is called, where that is known.
    """
    told = [row for row in rows if row["measure"] != "whole_form" and _told(row)]
    sizes = {
        (unit, *about): {
            "records_counted": row["records_counted"],
            "records_received": sum((row.get("counts") or {}).values()) or row["records_counted"],
        }
        for unit, of in scores.items()
        for about, row in of.items()
    }
    places = {unit: {**facts, "parent": facts.get("parent_id")} for unit, facts in units.items()}
    # Who has the reports alone knows no unit below ten forms; who has the exports, too, knows
    # units of five, and cuts of units above.
    hidden = withheld(told, sizes, places) | withheld(rows, sizes, places, FEWEST_OF_UNIT)
    factors: dict[tuple[str, ...], list[tuple[str, float | None]]] = {}
    for row in told:
        if row["measure"] == "factor":
            value = None if key_of(row) in hidden else _share(row)
            factors.setdefault(key_of(row)[:4], []).append((row["factor"], value))
    found: dict[str, list[ResultSlice]] = {ROUND: []}
    for row in told:
        whole = row["scope"] in ("unit", "all") and not row["dimension"]
        if row["measure"] != "overall" or whole:
            continue
        gone = key_of(row) in hidden
        label = names(row["dimension"], row["category"]) if row["dimension"] else None
        mine = tuple(factors.get(key_of(row)[:4], ()))
        key = row["scope_id"] if row["scope"] == "unit" else ROUND
        found.setdefault(key, []).append(_slice(row, mine, label, gone=gone))
    return {unit: tuple(sorted(slices, key=_place)) for unit, slices in found.items()}


def _told(row: Row) -> bool:
    """Whether reports show it: units below one are told as a whole, their cuts in the export."""
    return not (row["scope"] == "parent" and row["dimension"])


def _slice(
    row: Row,
    factors: tuple[tuple[str, float | None], ...],
    label: Message | None,
    *,
    gone: bool,
) -> ResultSlice:
    return ResultSlice(
        scope=row["scope"],
        where="" if row["scope"] == "unit" else row["scope_id"],
        dimension=DIMENSIONS.get(row["dimension"]),
        category=row["category"],
        label=label,
        n=int(row["records_received"]),
        value=None if gone else _share(row),
        low=None if gone else row["interval_low"],
        high=None if gone else row["interval_high"],
        suppressed=gone,
        factors=tuple((name, None) for name, _ in factors) if gone else factors,
    )


def _place(one: ResultSlice) -> tuple[int, str, int, bool, int, str]:
    """Whole groups, levels and units above first, then cuts; codes by number."""
    scopes = ("group", "level", "parent", "all", "unit")
    order = list(DIMENSIONS.values())
    cut = -1 if one.dimension is None else order.index(one.dimension)
    code = one.category
    number = int(code) if code.isdigit() else 0
    return scopes.index(one.scope), one.where, cut, not code.isdigit(), number, code


def _share(row: Row) -> float | None:
    if not row["answers_after_review"]:
        return None
    return float(row["satisfied_after_review"] / row["answers_after_review"])


def _pair(value: Any) -> Any:
    return None if value is None else (value[0], value[1])
