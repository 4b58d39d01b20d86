"""Changes against the period before, groups, and bunching at cut-offs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from audit.intake.results_rows import ALL_UNITS
from audit.pipeline.standpoint import (
    Standpoint,
    as_number,
    before_of,
    current_of,
    descent_of,
    links_of,
)
from audit.scoring.index_groups import group_summary
from audit.scoring.lineage import change_of
from audit.scoring.rules import INDEX
from audit.store.outcomes import Outcome
from detectors.bunching import bunching
from detectors.units._peers import FEWEST_PEERS

__all__ = ["bunchings", "changes", "groups"]

BUNCHED = 0.01


def changes(found: Standpoint) -> Iterator[Outcome]:
    """Each unit against the period before, where it has one."""
    links = links_of(found)
    for programme in (*found.scores, INDEX):
        before = before_of(found, programme)
        if programme == INDEX:
            before = {**found.index.before, **before}
        if not before:
            continue
        ended = [one.ended for one in before.values() if one.ended is not None]
        since = max(ended, default=None)
        for unit, now in current_of(found, programme):
            line = descent_of(found, unit, links, before, since)
            broken = found.settings.round.method_break is not None and programme != INDEX
            change = change_of(
                unit,
                line,
                before,
                value=as_number(now["value"]),
                effective=now["effective"],
                rank=now["rank"],
                ranked_units=now["ranked_units"],
                method_break=broken,
            )
            body = {
                "state": line.state,
                "predecessors": list(line.predecessors),
                "value": as_number(change.value),
                "before": as_number(change.before),
                "points": as_number(change.points),
                "interval": None if change.interval is None else [*map(as_number, change.interval)],
                "rank": change.rank,
                "ranked_units": change.ranked_units,
                "rank_before": change.rank_before,
                "ranked_before": change.ranked_before,
                "places": change.places,
                "method_break": change.method_break,
                "spread_before": change.spread_before and [*map(as_number, change.spread_before)],
                "period": next((before[p].period for p in line.predecessors if p in before), ""),
            }
            yield Outcome("change", programme, unit, "overall", change.verdict, body)


def groups(found: Standpoint) -> Iterator[Outcome]:
    """Each peer group of each programme."""
    for programme in (*found.scores, INDEX):
        rules = found.rules[programme] if programme != INDEX else found.index.rules
        before = before_of(found, programme) or (found.index.before if programme == INDEX else {})
        groups: dict[str, dict[str, Fraction | None]] = {}
        for unit, now in current_of(found, programme):
            group = found.units.get(unit, {}).get("group")
            if isinstance(group, str):
                # A mean less the units that are shown would be the one that is not.
                groups.setdefault(group, {})[unit] = None if now.get("few") else now["value"]
        for group, values in sorted(groups.items()):
            one = group_summary(group, values, rules)
            told = [before[unit].tier for unit in values if unit in before]
            named = [rules.tier_called(tier) for tier in told if tier]
            body = {
                "units": one.units,
                "ranked": one.ranked,
                "mean": as_number(one.mean),
                "lowest": as_number(one.lowest),
                "highest": as_number(one.highest),
                "spread": as_number(one.spread),
                "iqr": one.iqr,
                "leaders": list(one.leaders),
                "tiers": dict(one.tiers),
                "tiers_before": {
                    tier.id: sum(t is not None and t.id == tier.id for t in named)
                    for tier in rules.tiers
                }
                if named
                else None,
            }
            yield Outcome("group", programme, None, group, "summary", body)


def bunchings(found: Standpoint) -> Iterator[Outcome]:
    """Units just above a cut-off, all units of a programme together."""
    for programme in (*found.scores, INDEX):
        rules = found.rules[programme] if programme != INDEX else found.index.rules
        values = [now["value"] for _, now in current_of(found, programme)]
        cuts = {f"tier {t.id}": t.cut_off for t in rules.tiers if t.cut_off > 0}
        wanted = {"satisfaction": "overall"}.get(programme, programme)
        cuts |= {
            f"target {t.value}": Fraction(t.value) / 100
            for t in found.brought.targets
            if t.unit_id == ALL_UNITS and t.indicator == wanted and t.operator in (">", ">=")
        }
        if values:
            yield from _cuts(programme, values, cuts)


def _cuts(
    programme: str, values: Sequence[Fraction | None], cuts: Mapping[str, Fraction]
) -> Iterator[Outcome]:
    known = np.array([float(v) for v in values if v is not None])
    inner = np.clip(known, 1e-4, 1 - 1e-4)
    for about, cut in cuts.items():
        body: dict[str, Any] = {"cut_off": as_number(cut), "units": int(known.size)}
        if known.size < FEWEST_PEERS:
            body["reason"] = f"fewer than {FEWEST_PEERS} units"
            yield Outcome("bunching", programme, None, about, "not_testable", body)
            continue
        above, below, p = bunching(known, np.log(inner / (1 - inner)), float(cut))
        body |= {"above": above, "below": below, "p_value": float(f"{p:.4g}")}
        verdict = "sign" if p <= BUNCHED / max(len(cuts), 1) else "no_sign"
        yield Outcome("bunching", programme, None, about, verdict, body)
