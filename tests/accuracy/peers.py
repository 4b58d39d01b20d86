"""What others would flag: the rules in use, as scores that can be swept, and as they come.

Every peer gives a score a record or a unit (higher is more suspicious) and what it flags at
its own setting. The best threshold of a score is sought elsewhere
(``measures.threshold_at_fdp``), knowing the truth: a peer's user could not.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detectors.indices import irv, longstring, mahalanobis
from detectors.table import RecordTable

__all__ = ["Peer", "record_peers", "unit_peers"]

Vector = NDArray[np.float64]
PERCENTILE = 95.0
MATCH = 0.85
MOST_ROWS_MATCHED = 0.5
TOP = 0.10
FUNNEL = 3.0902  # 99.8 %


@dataclass(frozen=True, eq=False)
class Peer:
    """A peer's opinion of every subject; ``flagged`` is ``None`` where it has no rule."""

    name: str
    score: Vector
    flagged: NDArray[np.bool_] | None


def record_peers(table: RecordTable) -> list[Peer]:
    """Peers that judge records."""
    x = table.answers
    match = _match_within_units(table)
    forest = _forest(np.where(np.isnan(x), np.nanmean(x, axis=0), x))
    peers = [
        _ier(x),
        Peer("percent match 85 %", match, match >= MATCH),
        Peer("PyOD IForest, top 10 %", forest, _top(forest, TOP)),
    ]
    for name, score in (
        ("careless long string, 95th percentile", longstring(x)),
        ("careless IRV, 95th percentile", -irv(x)),
        ("careless Mahalanobis, 95th percentile", mahalanobis(x)),
    ):
        peers.append(Peer(name, _ranked(score), _above(score, PERCENTILE)))
    return peers


def unit_peers(table: RecordTable, records: list[Peer]) -> list[Peer]:
    """Peers that judge units; record rules become the share of a unit's flagged rows."""
    count = len(table.unit_ids)
    size = np.maximum(np.bincount(table.unit, minlength=count), 1)
    peers = []
    for peer in records:
        if peer.flagged is None or peer.name.startswith("PyOD"):
            continue
        rows = np.bincount(table.unit, peer.flagged, minlength=count) / size
        rule = rows > MOST_ROWS_MATCHED if peer.name.startswith("percent match") else None
        label = "percent match 85 % of > 50 % of rows" if rule is not None else peer.name
        peers.append(Peer(f"{label}, share of rows" if rule is None else label, rows, rule))
    features = _features(table, count, size)
    forest = _forest(features)
    peers.append(Peer("PyOD IForest on unit features, top 10 %", forest, _top(forest, TOP)))
    best = np.nan_to_num(table.answers) == table.levels
    asked = np.bincount(table.unit, table.answered, minlength=count)
    hits = np.bincount(table.unit, best.sum(axis=1), minlength=count)
    plain, spread = _funnel(hits, asked)
    peers.append(Peer("funnel plot 99.8 %", plain, np.abs(plain) > FUNNEL))
    peers.append(Peer("funnel plot 99.8 %, over-dispersed", spread, np.abs(spread) > FUNNEL))
    return peers


def _ier(x: Vector) -> Peer:
    """``ier.screen``: two flags at the 95th percentile; swept by the second largest rank."""
    import ier

    options = ier.IndexOptions(scale_min=1, scale_max=int(np.nanmax(x)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found: dict[str, Any] = dict(ier.screen(x, options=options))
    catalog: Any = ier.index_catalog()
    ranks = []
    for name, score in found["scores"].items():
        low = catalog[name]["flag_direction"] == "low"
        ranks.append(_ranked(-np.asarray(score) if low else np.asarray(score)))
    second = np.sort(np.column_stack(ranks), axis=1)[:, -2]
    return Peer("ier screen", second, np.asarray(found["consensus_flags"], dtype=bool))


def _match_within_units(table: RecordTable) -> Vector:
    """Largest share of items on which another record of the unit agrees (Kuriakose-Robbins).

    Within the unit rather than the whole table, which is kinder to the rule near the ceiling.
    """
    best = np.zeros(len(table))
    for unit in range(len(table.unit_ids)):
        rows = np.flatnonzero(table.unit == unit)
        x = table.answers[rows]
        same = np.zeros((rows.size, rows.size))
        known = np.zeros((rows.size, rows.size))
        for j in range(x.shape[1]):
            here = np.isfinite(x[:, j])
            same += x[:, j][:, None] == x[:, j][None, :]
            known += here[:, None] & here[None, :]
        agreed = np.divide(same, known, out=np.zeros_like(same), where=known > 0)
        np.fill_diagonal(agreed, 0.0)
        best[rows] = agreed.max(axis=1, initial=0.0)
    return best


def _features(table: RecordTable, count: int, size: NDArray[Any]) -> Vector:
    """Mean, spread between and within records, all-best and low answers of each unit."""
    x = table.answers
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # records without answers
        level, within = np.nanmean(x, axis=1), np.nanstd(x, axis=1)
    level, within = np.nan_to_num(level), np.nan_to_num(within)
    all_best = (np.isnan(x) | (x == table.levels)).all(axis=1)
    low = (x < table.levels - 1).any(axis=1)

    def average(values: NDArray[Any]) -> Vector:
        mean: Vector = np.bincount(table.unit, values, minlength=count) / size
        return mean

    mean = average(level)
    spread = np.sqrt(np.maximum(average(level**2) - mean**2, 0.0))
    return np.column_stack([mean, spread, average(within), average(all_best), average(low)])


def _funnel(hits: NDArray[Any], asked: NDArray[Any]) -> tuple[Vector, Vector]:
    """z of the share of best answers; plain, and with Spiegelhalter's additive tau²."""
    n = np.maximum(asked.astype(np.float64), 1.0)
    y = np.arcsin(np.sqrt(hits / n))
    error2 = 1.0 / (4.0 * n)
    centre = np.average(y, weights=1.0 / error2)
    z = (y - centre) / np.sqrt(error2)
    low, high = np.quantile(z, [0.1, 0.9])
    phi = np.mean(np.clip(z, low, high) ** 2)
    weight = 1.0 / error2
    k = len(y)
    tau2 = max(0.0, float((k * phi - (k - 1)) / (weight.sum() - (weight**2).sum() / weight.sum())))
    return z, (y - centre) / np.sqrt(error2 + tau2)


def _forest(x: Vector) -> Vector:
    from pyod.models.iforest import IForest

    scores: Vector = IForest(random_state=1, n_jobs=1).fit(x).decision_scores_
    return scores


def _ranked(score: Vector) -> Vector:
    """Percentile of every score among all; unknown scores are never suspicious."""
    known = np.isfinite(score)
    order = np.sort(score[known])
    ranks = np.full(score.size, -np.inf)
    ranks[known] = 100.0 * np.searchsorted(order, score[known], side="left") / max(order.size, 1)
    return ranks


def _above(score: Vector, percentile: float) -> NDArray[np.bool_]:
    known = np.isfinite(score)
    limit = np.percentile(score[known], percentile) if known.any() else np.inf
    flagged: NDArray[np.bool_] = known & (np.nan_to_num(score, nan=-np.inf) >= limit)
    return flagged


def _top(score: Vector, part: float) -> NDArray[np.bool_]:
    flagged = np.zeros(score.size, dtype=bool)
    flagged[np.argsort(-score, kind="stable")[: max(1, round(part * score.size))]] = True
    return flagged
