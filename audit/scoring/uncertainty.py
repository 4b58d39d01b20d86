"""How firm a result is: intervals, the chance of each tier, where a rank may lie. Pure.

A unit's true share is taken as Beta(n p + ½, n (1 - p) + ½), Jeffreys' posterior, with ``n``
what its answers are worth as independent ones. The chance of a tier follows exactly. Ranks
depend on all units of a group: they are drawn together, from a seed, 2,000 times (fewer in
groups of more than 1,000 units). Held
records are no sampling error: they shift a share to its bounds, and what is said about ranks
and tiers is said with and without them.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from audit.judge.gate import Gate
from audit.scoring.rules import RuleSet
from audit.scoring.scores import DISSATISFIED, SATISFIED, Ballot, Score, measures
from detectors.instrument import Instrument
from detectors.proportions import (
    Dispersion,
    dispersion,
    effective_size,
    margin_reached,
    minimal_sample,
    wilson,
)

__all__ = ["DRAWS", "Firmness", "firmness", "rank_chances", "tier_chances"]

DRAWS = 2_000
MOST_DRAWN = 2_000_000
FEWEST_SHOWN = 0.01
MOST_RANKS = 40
_About = tuple[str, str, str]


@dataclass(frozen=True)
class Firmness:
    """What sampling, and what is held, leave open about one score.

    Attributes:
        effective: What the answers are worth as independent ones.
        form_correlation: Measured correlation of two answers on one form.
        cluster_correlation: The same for two forms of a batch or collector; ``None`` where it
            was not measured.
        interval: 95 % interval of the value after review (Wilson); ``None`` without a value.
        sample_needed: Smallest sample for the transactions served; ``None`` if not known.
        margin: Margin of error that the sample reached; ``None`` if not known.
        tier_chance: Tier id -> chance that the true share lies in it, by sampling alone.
        tier_chance_least: Smallest chance of the tier after review over no bound, the lower
            and the upper one: near 1 only where nothing that is open could change the tier.
        rank_interval: 95 % interval of the rank by sampling alone; ``None`` if not ranked.
        rank_interval_bounds: The same when held records may count either way.
        rank_chance: Rank -> chance, where at least 1 %.
    """

    effective: float = 0.0
    form_correlation: float = 0.0
    cluster_correlation: float | None = None
    interval: tuple[float, float] | None = None
    sample_needed: int | None = None
    margin: float | None = None
    tier_chance: Mapping[str, float] = field(default_factory=dict)
    tier_chance_least: float | None = None
    rank_interval: tuple[int, int] | None = None
    rank_interval_bounds: tuple[int, int] | None = None
    rank_chance: Mapping[int, float] = field(default_factory=dict)


def firmness(
    ballot: Ballot,
    clusters: NDArray[np.int64] | None,
    instrument: Instrument,
    scores: Sequence[Score],
    groups: Mapping[str, str | None],
    served: Mapping[str, int],
    rules: RuleSet,
    *,
    seed: int,
) -> Mapping[_About, Firmness]:
    """Firmness of every score, by ``(unit, measure, factor)``.

    Args:
        ballot: The records.
        clusters: ``(records,)`` number of each record's batch or collector; ``None``: unknown.
        instrument: What was asked.
        scores: From :func:`audit.scoring.scores.score`.
        groups: Unit -> peer group, ``None``: not ranked.
        served: Unit -> transactions served, where known.
        rules: Tiers.
        seed: Of the draws.
    """
    units = sorted(groups)
    index = {unit: number for number, unit in enumerate(units)}
    rows = np.array([index.get(unit or "", -1) for unit in ballot.units], dtype=np.int64)
    used = (rows >= 0) & (ballot.gate_names == str(Gate.SCORED))
    unit = rows[used]
    label = None if clusters is None else clusters[used]
    by_measure: dict[tuple[str, str], dict[str, Score]] = {}
    for one in scores:
        by_measure.setdefault((one.measure, one.factor), {})[one.unit_id] = one
    found: dict[_About, Firmness] = {}
    for measure, factor, cells in measures(ballot.cells, instrument):
        good = (cells[used] == SATISFIED).sum(axis=1).astype(np.int64)
        given = good + (cells[used] == DISSATISFIED).sum(axis=1)
        measured = dispersion(good, given, unit, label)
        worth = effective_size(given, unit, len(units), measured, label)
        mine = by_measure[measure, factor]
        ranks = (
            _ranks(mine, dict(zip(units, worth, strict=True)), groups, seed, measure)
            if measure != "factor"
            else {}
        )
        for name in units:
            about = (name, measure, factor)
            effective = float(worth[index[name]])
            found[about] = _one(
                mine[name], effective, measured, served.get(name), rules, ranks.get(name)
            )
    return found


def _one(
    score: Score,
    effective: float,
    measured: Dispersion,
    served: int | None,
    rules: RuleSet,
    ranks: tuple[tuple[int, int], tuple[int, int], Mapping[int, float]] | None,
) -> Firmness:
    value = score.shares["after_review"].value
    known = value is not None and effective > 0
    tier = score.tiers.get("after_review")
    chances = tier_chances(float(value), effective, rules) if known and value is not None else {}
    least = None
    if tier is not None and known:
        answers = score.shares["after_review"].answers
        options = [chances.get(tier, 0.0)]
        for bound in ("bound_low", "bound_high"):
            share = score.shares[bound]
            at = share.value
            if at is not None:
                more = effective * share.answers / answers
                options.append(tier_chances(float(at), more, rules).get(tier, 0.0))
        least = min(options)
    n = score.records_counted
    return Firmness(
        effective=round(effective, 3),
        form_correlation=round(measured.form, 4),
        cluster_correlation=None if measured.cluster is None else round(measured.cluster, 4),
        interval=_interval(None if value is None else float(value), effective),
        sample_needed=None if served is None else minimal_sample(served),
        margin=None if served is None else _rounded(margin_reached(n, served)),
        tier_chance=chances,
        tier_chance_least=least,
        rank_interval=None if ranks is None else ranks[0],
        rank_interval_bounds=None if ranks is None else ranks[1],
        rank_chance={} if ranks is None else ranks[2],
    )


def _interval(value: float | None, effective: float) -> tuple[float, float] | None:
    if value is None or effective <= 0:
        return None
    low, high = wilson(value, effective)
    return round(low, 6), round(high, 6)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 6)


def tier_chances(value: float, effective: float, rules: RuleSet) -> Mapping[str, float]:
    """Tier id -> chance that the true share lies in it; empty without tiers."""
    from scipy.stats import beta

    if not rules.tiers or effective <= 0:
        return {}
    good, bad = effective * value + 0.5, effective * (1 - value) + 0.5
    above = [float(beta.sf(float(tier.cut_off), good, bad)) for tier in rules.tiers]
    parts = [above[0], *(here - before for before, here in itertools.pairwise(above))]
    return {
        tier.id: round(max(part, 0.0), 4) for tier, part in zip(rules.tiers, parts, strict=True)
    }


def _ranks(
    scores: Mapping[str, Score],
    worth: Mapping[str, float],
    groups: Mapping[str, str | None],
    seed: int,
    measure: str,
) -> dict[str, tuple[tuple[int, int], tuple[int, int], Mapping[int, float]]]:
    members: dict[str, list[str]] = {}
    for unit, group in groups.items():
        ranked = scores[unit].ranked_units is not None  # of few forms: no rank
        if group is not None and ranked and scores[unit].shares["bound_low"].answers:
            members.setdefault(group, []).append(unit)
    found: dict[str, tuple[tuple[int, int], tuple[int, int], Mapping[int, float]] | None] = {}
    for group, units in members.items():
        units = sorted(units)
        after = [scores[u].shares["after_review"] for u in units]
        total = [scores[u].shares["bound_low"].answers for u in units]
        kept = np.array([a.answers / t for a, t in zip(after, total, strict=True)])
        value = np.array([float(a.value) if a.value is not None else np.nan for a in after])
        effective = np.array([worth[u] for u in units])
        key = int.from_bytes(hashlib.sha256(f"{measure}|{group}".encode()).digest()[:4], "big")
        found |= dict(zip(units, rank_chances(value, effective, kept, (seed, key)), strict=True))
    return {unit: one for unit, one in found.items() if one is not None}


def rank_chances(
    value: NDArray[np.float64],
    effective: NDArray[np.float64],
    kept: NDArray[np.float64],
    seed: tuple[int, int],
) -> list[tuple[tuple[int, int], tuple[int, int], Mapping[int, float]] | None]:
    """Where the ranks of a group may lie.

    Args:
        value: ``(units,)`` value after review; NaN where all answers are held.
        effective: ``(units,)`` what the answers are worth.
        kept: ``(units,)`` share of the answers that count in the bounds and are scored: 1
            where nothing is held, 0 where all is.
        seed: Of the draws.

    Returns:
        For each unit its 95 % interval of the rank by sampling alone, the one with held
        records counted either way, and the chance of each rank; ``None`` where it has no
        value after review.
    """
    draw = np.random.default_rng(list(seed))
    size = value.size
    known = np.isfinite(value) & (effective > 0)
    safe = np.where(known, value, 0.5)
    worth = np.where(known, effective, 1.0)
    draws = int(np.clip(MOST_DRAWN // max(size, 1), 400, DRAWS))
    shares = draw.beta(worth * safe + 0.5, worth * (1 - safe) + 0.5, size=(draws, size))
    shares[:, ~known] = -1.0
    places = np.argsort(-shares, axis=1)
    rank = np.empty((draws, size), dtype=np.int64)
    np.put_along_axis(rank, places, np.arange(1, size + 1), axis=1)
    best, worst = rank, rank
    if (kept < 1).any():
        best, worst = _under_bounds(np.where(known, shares, 0.0), kept, places)
    outcome: list[tuple[tuple[int, int], tuple[int, int], Mapping[int, float]] | None] = []
    for unit in range(size):
        if not known[unit]:
            outcome.append(None)
            continue
        ranks, times = np.unique(rank[:, unit], return_counts=True)
        chance = {
            int(r): round(float(t) / draws, 4)
            for r, t in zip(ranks, times, strict=True)
            if t >= FEWEST_SHOWN * draws
        }
        most = sorted(chance, key=lambda r: (-chance[r], r))[:MOST_RANKS]
        inner = _quantiles(rank[:, unit], rank[:, unit])
        outcome.append(
            (inner, _quantiles(best[:, unit], worst[:, unit]), {r: chance[r] for r in sorted(most)})
        )
    return outcome


def _under_bounds(
    shares: NDArray[np.float64], kept: NDArray[np.float64], places: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Best and worst rank of each unit in each draw, ``(draws, units)`` both."""
    low, high = shares * kept, shares * kept + (1 - kept)
    own = (kept < 1).astype(np.int64)
    size = kept.size
    best, worst = np.empty(shares.shape, np.int64), np.empty(shares.shape, np.int64)
    for number, order in enumerate(places):  # in this order the search is nearly sequential
        lows, highs = np.sort(low[number]), np.sort(high[number])
        best[number, order] = 1 + size - np.searchsorted(lows, high[number, order], side="right")
        # Among the others' upper bounds stands the unit's own, which is no rival.
        worse = np.searchsorted(highs, low[number, order], side="right")
        worst[number, order] = 1 + size - worse - own[order]
    return best, worst


def _quantiles(low: NDArray[np.int64], high: NDArray[np.int64]) -> tuple[int, int]:
    return (
        int(np.quantile(low, 0.025, method="inverted_cdf")),
        int(np.quantile(high, 0.975, method="inverted_cdf")),
    )
