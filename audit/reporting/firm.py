"""How firm a stored score is, and its slices that may be shown, as view objects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from audit.reporting.outcome_words import DIMENSIONS
from audit.scoring.breakdown import mask_slices, suppressed
from audit.scoring.rules import RuleSet
from reports.views import MINIMUM_CELL, suppress
from reports.views.outcomes import Firmness, ResultSlice

__all__ = ["ROUND", "firmness_of", "slices_by_unit"]

Row = Mapping[str, Any]
Scored = Mapping[str, Mapping[tuple[str, str], Row]]

ROUND = ""
"""Key of the slices of the whole round."""

_UNKNOWN = "\x00unknown"
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
    rows: Sequence[Row], scores: Scored, units: Mapping[str, Row]
) -> dict[str, tuple[ResultSlice, ...]]:
    """Slices that may be shown: of each unit, and under :data:`ROUND` of all of them.

    A reader may hold all reports side by side. So beyond what :func:`mask_slices` withholds, a
    slice is withheld where what it leaves over (records whose category is not known), or what
    of it is withheld in the units, would be a small cell by subtraction.

    Args:
        rows: Stored slices of one instrument.
        scores: Unit -> ``(measure, factor)`` -> score.
        units: Unit -> its group and level.
    """
    by_scope: dict[tuple[str, str, str], list[Row]] = {}
    factors: dict[tuple[str, str, str, str], list[Row]] = {}
    for row in mask_slices(rows):
        if row["measure"] == "overall":
            about = (row["scope"], row["scope_id"], row["dimension"])
            by_scope.setdefault(about, []).append(row)
        elif row["measure"] == "factor":
            key = (row["scope"], row["scope_id"], row["dimension"], row["category"])
            factors.setdefault(key, []).append(row)
    whole = {unit: _counted(of.get(("overall", ""))) for unit, of in scores.items()}
    found: dict[str, list[ResultSlice]] = {}
    hidden_parts: dict[tuple[str, str], int] = {}
    for (scope, unit, dimension), parts in by_scope.items():
        if scope != "unit" or not dimension:
            continue
        hidden = _withheld(parts, whole.get(unit, 0))
        for part in parts:
            if part["category"] in hidden:
                name = (dimension, part["category"])
                hidden_parts[name] = hidden_parts.get(name, 0) + part["records_counted"]
            found.setdefault(unit, []).append(_slice(part, hidden, ()))
    found[ROUND] = [
        *_of_scope("group", by_scope, factors, scores, units),
        *_of_scope("level", by_scope, factors, scores, units),
        *_cut(by_scope, factors, scores, whole, hidden_parts),
    ]
    return {unit: tuple(sorted(slices, key=_place)) for unit, slices in found.items()}


def _of_scope(
    scope: str,
    by_scope: Mapping[tuple[str, str, str], list[Row]],
    factors: Mapping[tuple[str, str, str, str], list[Row]],
    scores: Scored,
    units: Mapping[str, Row],
) -> list[ResultSlice]:
    """One row a group or level; their units' results are shown beside them."""
    parts = [
        {**row, "category": name}
        for (of, name, dimension), rows in by_scope.items()
        if of == scope and not dimension
        for row in rows
    ]
    members: dict[str, list[str]] = {}
    for unit, facts in units.items():
        if isinstance(facts[scope], str):
            members.setdefault(facts[scope], []).append(unit)
    total = sum(_counted(of.get(("overall", ""))) for of in scores.values())
    risky = {name for name, of in members.items() if _few(_small(scores, of, ("overall", "")))}
    hidden = _withheld(parts, total, risky)
    found = []
    for row in parts:
        name = row["category"]
        mine = [
            one
            for one in factors.get((scope, name, "", ""), ())
            if not _few(_small(scores, members.get(name, ()), ("factor", one["factor"])))
        ]
        left = [one["factor"] for one in factors.get((scope, name, "", ""), ())]
        found.append(_slice(row, hidden, _factor_values(mine, left), scope=scope))
    return found


def _cut(
    by_scope: Mapping[tuple[str, str, str], list[Row]],
    factors: Mapping[tuple[str, str, str, str], list[Row]],
    scores: Scored,
    whole: Mapping[str, int],
    hidden_parts: Mapping[tuple[str, str], int],
) -> list[ResultSlice]:
    """All units together by channel, respondent kind and field."""
    found = []
    left_over = _few(_small(scores, list(scores), ("overall", "")))
    for (scope, _, dimension), parts in by_scope.items():
        if scope != "all" or not dimension:
            continue
        names = [row["category"] for row in parts]
        risky = {name for name in names if _few(hidden_parts.get((dimension, name), 0))}
        hidden = _withheld(parts, sum(whole.values()), risky)
        if left_over and not hidden and parts:
            hidden = frozenset({min(parts, key=lambda row: row["records_counted"])["category"]})
        for row in parts:
            rows = factors.get(("all", "", dimension, row["category"]), ())
            mine = [
                one
                for one in rows
                if not _few(_small(scores, list(scores), ("factor", one["factor"])))
            ]
            values = _factor_values(mine, [one["factor"] for one in rows])
            found.append(_slice(row, hidden, values))
    return found


def _withheld(
    parts: Sequence[Row], whole: int, risky: frozenset[str] | set[str] = frozenset()
) -> frozenset[str]:
    """Categories of one cut that are withheld.

    A risky one alone would follow from the whole and the others, so that it gets a companion.
    """
    counts = {row["category"]: int(row["records_counted"]) for row in parts}
    rest = max(whole - sum(counts.values()), 0)
    hidden = suppressed([*counts.items(), (_UNKNOWN, rest)], MINIMUM_CELL)
    hidden |= {row["category"] for row in parts if row["suppressed"]} | risky
    shown = sorted((n, name) for name, n in counts.items() if name not in hidden)
    if risky and len(hidden) == 1 and shown:
        hidden |= {shown[0][1]}
    return frozenset(hidden)


def _factor_values(
    rows: Sequence[Row], names: Sequence[str]
) -> tuple[tuple[str, float | None], ...]:
    values = {row["factor"]: None if row["suppressed"] else _share(row) for row in rows}
    counts = {row["factor"]: int(row["records_counted"]) for row in rows}
    shown = [name for name, value in values.items() if value is not None]
    if len(names) - len(shown) == 1 and shown:
        # The whole less the others would be the one that is withheld.
        values[min(shown, key=lambda name: counts[name])] = None
    return tuple((name, values.get(name)) for name in names)


def _slice(
    row: Row,
    hidden: frozenset[str],
    factors: tuple[tuple[str, float | None], ...],
    *,
    scope: str | None = None,
) -> ResultSlice:
    gone = row["suppressed"] or row["category"] in hidden
    return ResultSlice(
        scope=scope or row["scope"],
        dimension=DIMENSIONS.get(row["dimension"]),
        category=row["category"],
        n=int(row["records_received"]),
        value=None if gone else _share(row),
        low=None if gone else row["interval_low"],
        high=None if gone else row["interval_high"],
        suppressed=gone,
        factors=tuple((name, None) for name, _ in factors) if gone else factors,
    )


def _small(scores: Scored, units: Sequence[str], about: tuple[str, str]) -> int:
    """Forms of those units whose own value is withheld."""
    counts = [_counted(scores[unit].get(about)) for unit in units if unit in scores]
    return sum(n for n in counts if n < MINIMUM_CELL)


def _place(one: ResultSlice) -> tuple[int, bool, int, str]:
    """Groups, levels, then each dimension in its order; codes by number."""
    order = list(DIMENSIONS.values())
    cut = -1 if one.dimension is None else order.index(one.dimension)
    code = one.category
    scope = {"group": -3, "level": -2}.get(one.scope, cut)
    return scope, not code.isdigit(), int(code) if code.isdigit() else 0, code


def _few(n: int) -> bool:
    return 0 < n < MINIMUM_CELL


def _counted(score: Row | None) -> int:
    return 0 if score is None else int(score["records_counted"])


def _share(row: Row) -> float | None:
    if not row["answers_after_review"]:
        return None
    return float(row["satisfied_after_review"] / row["answers_after_review"])


def _pair(value: Any) -> Any:
    return None if value is None else (value[0], value[1])
