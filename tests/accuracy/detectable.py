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

__all__ = ["POWER", "detectable", "increasing", "smallest_share"]

POWER = 0.8
DRAWS = 500


def increasing(hits: NDArray[np.float64], trials: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rates made non-decreasing by pooling adjacent violators; no trials borrow from below."""
    blocks: list[list[float]] = []
    for hit, tried in zip(hits, trials, strict=True):
        blocks.append([float(hit), float(tried), 1.0])
        while len(blocks) > 1 and _rate(blocks[-2]) > _rate(blocks[-1]):
            last = blocks.pop()
            blocks[-1] = [a + b for a, b in zip(blocks[-1], last, strict=True)]
    return np.concatenate([np.full(int(b[2]), _rate(b)) for b in blocks])


def _rate(block: list[float]) -> float:
    return block[0] / block[1] if block[1] else 0.0


def smallest_share(
    grid: Sequence[float], hits: NDArray[np.float64], trials: NDArray[np.float64]
) -> float:
    """Share at which the power reaches 80 %, between grid points by line; else infinite."""
    power = increasing(hits, trials)
    reached = np.flatnonzero(power >= POWER)
    if reached.size == 0:
        return float("inf")
    k = int(reached[0])
    if k == 0:
        return float(grid[0])
    part = (POWER - power[k - 1]) / (power[k] - power[k - 1])
    return float(grid[k - 1] + part * (grid[k] - grid[k - 1]))


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
        "Smallest share of a unit's records that is found in four of five cases at q ≤ .05 (95 % "
        "bootstrap limits), in rounds of the project's generator where one unit in ten is "
        f"tampered with. Shares tried: {', '.join(f'{100 * g:g}' for g in grid)} %. *not "
        "testable*: units of this size are reported as not testable, never as clean.\n\n"
        + matrix("records of the unit, ceiling", list(COMMON), table)
    )
    return Section("Response tables: smallest detectable share", body, rows)


def _measure(
    results: Mapping[Cell, Result], grid: Sequence[float], size: int, world: str, kind: str
) -> Measure:
    name = f"own:{world}.units_of_{size}.smallest_share.{kind}"
    found = chosen(results, "sizes", lambda c: (c.records, c.ground) == (size, f"own:{world}"))
    seen = [r for _, result in found for r in result["units"]["rows"] if r[0] == kind]
    rows = [r for r in seen if r[2] is not None]
    if not rows:
        return value_of(name, float("nan"), 0.0, 1.0, 0) | {"untested": len(seen)}
    place = np.array([list(grid).index(r[1]) for r in rows])
    hit = np.array([bool(r[4]) for r in rows])
    rng = np.random.default_rng(5)
    drawn = [np.arange(len(rows)), *rng.integers(0, len(rows), (DRAWS, len(rows)))]
    values = [
        smallest_share(
            grid,
            np.bincount(place[d], hit[d], minlength=len(grid)),
            np.bincount(place[d], minlength=len(grid)).astype(np.float64),
        )
        for d in drawn
    ]
    low, high = np.quantile(np.minimum(values[1:], 1.0), [0.025, 0.975])
    return value_of(name, values[0], float(low), float(high), len(rows))


def _text(row: Measure, grid: Sequence[float]) -> str:
    if row["n"] == 0:
        return "not testable"
    if not np.isfinite(row["value"]):
        return f"not found at {100 * max(grid):g} %"
    high = "–" if row["high"] >= 1.0 else f"{100 * row['high']:.0f}"
    return f"{100 * row['value']:.0f} % ({100 * row['low']:.0f}–{high})"
