"""The arithmetic of the lab: shares, means, intervals, areas, and when a target is met.

A measure is a dictionary ``name, value, low, high, n, target``; ``low`` and ``high`` are
95 % limits: Wilson's for independent trials, of a ratio over clusters (rounds, or rows of
a pool that come again in every round), or of a mean over rounds.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "Measure",
    "area",
    "area_interval",
    "clustered",
    "false_discovery_proportion",
    "mean",
    "missed",
    "share",
    "threshold_at_fdp",
    "value_of",
    "wilson",
]

Measure = dict[str, Any]
Z = 1.959964
MOST_THRESHOLDS = 2_000
ENOUGH_CLUSTERS = 30


def wilson(hits: float, n: float) -> tuple[float, float]:
    """95 % limits of a share; (0, 1) without trials."""
    if n == 0:
        return 0.0, 1.0
    rate = hits / n
    middle = (rate + Z * Z / (2 * n)) / (1 + Z * Z / n)
    half = Z * np.sqrt(rate * (1 - rate) / n + Z * Z / (4 * n * n)) / (1 + Z * Z / n)
    return max(0.0, float(middle - half)), min(1.0, float(middle + half))


def value_of(name: str, value: float, low: float, high: float, n: int, target: str = "") -> Measure:
    """A measure with limits that are known already."""
    return {"name": name, "value": value, "low": low, "high": high, "n": n, "target": target}


def share(name: str, hits: int, n: int, target: str = "") -> Measure:
    """Hits among independent trials."""
    return value_of(name, hits / n if n else float("nan"), *wilson(hits, n), n, target)


def mean(name: str, values: Iterable[float], target: str = "") -> Measure:
    """Mean over independent rounds, with its 95th percentile as ``p95``."""
    series = np.asarray(list(values), dtype=np.float64)
    if series.size == 0:
        return value_of(name, float("nan"), 0.0, 1.0, 0, target)
    half = Z * series.std(ddof=1) / np.sqrt(series.size) if series.size > 1 else 0.0
    middle = float(series.mean())
    low, high = max(0.0, middle - float(half)), min(1.0, middle + float(half))
    found = value_of(name, middle, low, high, int(series.size), target)
    return found | {"p95": float(np.percentile(series, 95))}


def clustered(
    name: str, hits: Sequence[float], trials: Sequence[float], target: str = ""
) -> Measure:
    """Share of hits whose trials come in clusters that may hang together."""
    hit, tried = np.asarray(hits, dtype=np.float64), np.asarray(trials, dtype=np.float64)
    clusters = int((tried > 0).sum())
    total = float(tried.sum())
    if clusters < 2:
        return share(name, int(hit.sum()), int(total), target)
    rate = float(hit.sum()) / total
    error = np.sqrt(((hit - rate * tried) ** 2).sum() * clusters / (clusters - 1)) / total
    low, high = rate - Z * error, rate + Z * error
    if clusters < ENOUGH_CLUSTERS or error == 0:
        # a few clusters can agree by chance: not closer than independent trials would be
        apart = wilson(float(hit.sum()), total)
        low, high = min(low, apart[0]), max(high, apart[1])
    return value_of(name, rate, max(0.0, low), min(1.0, high), int(total), target)


def missed(row: Measure) -> str | None:
    """Why a target is missed: empty where it is met, ``None`` without one.

    ``<= x + 2 SE`` fails where the lower limit lies above x. ``x within 20 %`` fails as
    *above* there, too, and as *conservative* where the upper limit lies below 0.8 x.
    """
    found = re.match(r"\s*(>=|<=)?\s*([0-9.]+)\s*(\+ 2 SE|within 20 %)?", row["target"])
    if found is None:
        return None
    sign, wanted, slack = found[1], float(found[2]), found[3]
    value, low, high = (float(row[key]) for key in ("value", "low", "high"))
    if np.isnan(value):
        return None
    if slack == "within 20 %":
        return "above" if low > wanted else "conservative" if high < 0.8 * wanted else ""
    if sign == ">=":
        return "" if value >= wanted else "missed"
    if sign == "<=":
        # a rate that may exceed its target by chance: its lower limit may not
        return "" if (low if slack else value) <= wanted else "missed"
    return "" if value == wanted else "missed"


def false_discovery_proportion(flagged: NDArray[np.bool_], honest: NDArray[np.bool_]) -> float:
    """Share of the honest among the flagged; 0 where nothing is flagged."""
    return float((flagged & honest).sum() / max(1, flagged.sum()))


def area(suspicion: NDArray[np.float64], positive: NDArray[np.bool_]) -> float:
    """Area under the curve; ties count half."""
    values, place = np.unique(suspicion, return_inverse=True)
    ours = np.bincount(place, positive, minlength=values.size)
    theirs = np.bincount(place, ~positive, minlength=values.size)
    below = np.concatenate([[0.0], np.cumsum(theirs)[:-1]])
    return float((ours * (below + 0.5 * theirs)).sum() / (ours.sum() * theirs.sum()))


def area_interval(
    suspicion: NDArray[np.float64],
    positive: NDArray[np.bool_],
    rng: np.random.Generator,
    draws: int = 2_000,
) -> tuple[float, float]:
    """95 % bootstrap limits of the area, positives and negatives drawn apart."""
    yes, no = np.flatnonzero(positive), np.flatnonzero(~positive)
    found = []
    for _ in range(draws):
        drawn = np.concatenate([rng.choice(yes, yes.size), rng.choice(no, no.size)])
        found.append(area(suspicion[drawn], positive[drawn]))
    low, high = np.percentile(found, [2.5, 97.5])
    return float(low), float(high)


def threshold_at_fdp(
    rounds: Sequence[tuple[NDArray[np.float64], NDArray[np.float64]]], budget: float
) -> float:
    """Lowest threshold at which the mean false-discovery proportion stays in the budget.

    The threshold is one for all rounds and is chosen knowing the truth, which no user of a
    peer could do. Infinite where no threshold serves.

    Args:
        rounds: Scores of the tampered and of the honest, round by round; higher is more
            suspicious, ``-inf`` for what was not scored.
        budget: Wanted false-discovery proportion.
    """
    scores = np.concatenate([fraud for fraud, _ in rounds])
    candidates = np.unique(scores[np.isfinite(scores)])[::-1]
    if candidates.size > MOST_THRESHOLDS:
        picks = np.linspace(0, candidates.size - 1, MOST_THRESHOLDS).astype(np.intp)
        candidates = candidates[np.unique(picks)]
    total = np.zeros(candidates.size)
    for fraud, honest in rounds:
        right, wrong = (
            group.size - np.searchsorted(np.sort(group), candidates, side="left")
            for group in (fraud, honest)
        )
        total += wrong / np.maximum(1, right + wrong)
    within = np.flatnonzero(total / max(1, len(rounds)) <= budget)
    return float(candidates[within[-1]]) if within.size else float("inf")
