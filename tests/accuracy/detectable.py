"""Section: the smallest share of tampered records that is found, by size of unit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from tests.accuracy.cells import Cell, Result
from tests.accuracy.frauds import COMMON
from tests.accuracy.measures import Measure, value_of
from tests.accuracy.section import Section, chosen, matrix
from tests.accuracy.worlds import WORLDS

__all__ = ["POWER", "detectable", "smallest_share"]

POWER = 0.8
DRAWS = 200
SLOPE, SLOPE_SD, FLAT = 4.0, 1.5, 20.0
ROUNDS = 40
# wherever units of a size were tampered with in the project's generator, paper alone
ROOMS = ("sizes", "fraud", "shares")


def smallest_share(shares: NDArray[np.float64], found: NDArray[np.bool_]) -> float:
    """Share at which the power reaches 80 %, by a logistic curve over log shares.

    The slope has a weak prior (four logits an e-fold, SD 1.5: from 20 to 80 % power when the
    share doubles), so that few trials, all found or none, give a curve, too.
    """
    x = np.log(shares)
    y = found.astype(np.float64)
    weights, goal = np.array([0.0, SLOPE]), np.array([0.0, SLOPE])
    design = np.column_stack([np.ones_like(x), x])
    precision = np.diag([1.0 / FLAT**2, 1.0 / SLOPE_SD**2])
    for _ in range(ROUNDS):
        rate = 1.0 / (1.0 + np.exp(-np.clip(design @ weights, -30.0, 30.0)))
        gradient = design.T @ (y - rate) - precision @ (weights - goal)
        curvature = (design * (rate * (1.0 - rate))[:, None]).T @ design + precision
        step = np.linalg.solve(curvature, gradient)
        weights = weights + step * min(1.0, 2.0 / float(np.abs(step).max() + 1e-12))
    slope = max(float(weights[1]), 0.5)
    return float(np.exp((np.log(POWER / (1.0 - POWER)) - weights[0]) / slope))


def detectable(results: Mapping[Cell, Result], grid: Sequence[float]) -> Section:
    """Smallest share found with 80 % power, by size, ceiling and kind."""
    rows: list[Measure] = []
    table: dict[str, list[str]] = {}
    sizes = sorted({cell.records for cell in results if cell.room == "sizes"})
    for size in sizes:
        for world in WORLDS:
            fields = []
            for kind in COMMON:
                row = _measure(results, grid, size, world, kind)
                rows.append(row)
                fields.append(_text(row, grid))
            table[f"{size}, {world} % fives"] = fields
    body = (
        "Smallest share of a unit's records that is found in four of five cases at q ≤ .05, by a "
        "logistic curve over log shares (95 % bootstrap limits), in rounds of the project's "
        "generator where one unit in ten is tampered with. Shares tried: "
        f"{', '.join(f'{100 * g:g}' for g in grid)} %; forms are edited up only where they have a "
        "low answer, so near the ceiling fewer than asked for. *not "
        "testable*: units of this size are reported as not testable, never as clean.\n\n"
        + matrix("records of the unit, ceiling", list(COMMON), table)
    )
    return Section("Response tables: smallest detectable share", body, rows)


def _measure(
    results: Mapping[Cell, Result], grid: Sequence[float], size: int, world: str, kind: str
) -> Measure:
    name = f"own:{world}.units_of_{size}.smallest_share.{kind}"
    seen = [
        row
        for room in ROOMS
        for _, result in chosen(
            results, room, lambda c: (c.records, c.ground) == (size, f"own:{world}")
        )
        for row in result["units"]["rows"]
        if row[0] == kind
    ]
    rows = [r for r in seen if r[2] is not None]
    if not rows:
        return value_of(name, float("nan"), 0.0, 1.0, 0)
    shares = np.array([r[1] for r in rows])
    hit = np.array([bool(r[4]) for r in rows])
    rng = np.random.default_rng(5)
    drawn = rng.integers(0, len(rows), (DRAWS, len(rows)))
    values = [smallest_share(shares[d], hit[d]) for d in drawn]
    low, high = np.quantile(np.minimum(values, 1.0), [0.025, 0.975])
    return value_of(name, smallest_share(shares, hit), float(low), float(high), len(rows))


def _text(row: Measure, grid: Sequence[float]) -> str:
    if row["n"] == 0:
        return "not testable"
    if row["value"] > max(grid):
        return f"not found at {100 * max(grid):g} %"
    if row["value"] < min(grid):
        return f"< {100 * min(grid):g} %"
    high = "–" if row["high"] >= 1.0 else f"{100 * row['high']:.0f}"
    return f"{100 * row['value']:.0f} % ({100 * row['low']:.0f}–{high})"
