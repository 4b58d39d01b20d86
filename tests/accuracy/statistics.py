"""The statistical part of the accuracy lab: which rounds are made, and what they show.

Seeds start at 29,000; the checks were tuned on others (up to 19,999, and from 40,000 on).
One in ten units is tampered with, as far as is known of such surveys (evidence: 8 to 12 %).
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterator

import numpy as np

from tests.accuracy import pools
from tests.accuracy.attention import attention
from tests.accuracy.cells import Cell, run
from tests.accuracy.comparison import compared
from tests.accuracy.detectable import detectable
from tests.accuracy.frauds import COMMON, DIGITAL, KINDS, SHARES
from tests.accuracy.rates import controls, rates
from tests.accuracy.recall import recall, shares
from tests.accuracy.rounds import work
from tests.accuracy.section import Section, overview
from tests.accuracy.uniformity import uniform
from tests.accuracy.worlds import ANY, GENERATORS, WORLDS

__all__ = ["FIRST_SEED", "GRID", "cells_of", "measure"]

FIRST_SEED = 29_000
SEEDS = 50
# the ground that the targets are set on: a share of .95 wants more than a dozen trials
TARGET_GROUND, TARGET_SEEDS = "own:76", 240
HONEST_SEEDS = 24
PEER_SEEDS = 12
WHOLE = 10
CONTROLS = 5
SHARE_ROUNDS = 30
SIZE_ROUNDS = 10
HONEST_SIZES = (150, 100, 60)
SHARE = 0.15
SIZES = (15, 30, 60, 150, 350)
GRID = (0.05, 0.10, 0.15, 0.20, 0.30, 0.40, 0.60, 0.80)
POOL_SHARES = (0.15, 0.30)
POOL_KINDS = (*COMMON, "copy between units", "invented by one hand")


def cells_of(scale: float) -> list[Cell]:
    """Every round of the lab at a scale."""
    found = [
        *_world_cells(scale),
        *_other_cells(scale),
        *_pool_cells(scale),
        *_share_cells(_count(SHARE_ROUNDS, scale)),
        *_size_cells(_count(SIZE_ROUNDS, scale)),
    ]
    # the first rounds of every ground first: a lab that is cut short has something of each
    return sorted(found, key=lambda cell: (cell.seed % 1_000, -cell.records))


def _count(full: int, scale: float) -> int:
    return max(1, round(full * scale))


def _world_cells(scale: float) -> Iterator[Cell]:
    plans = tuple((place, kind, SHARE) for place, kind in enumerate(COMMON))
    for generator, world in (*itertools.product(GENERATORS, WORLDS), ("second", "76 uneven")):
        ground = f"{generator}:{world}"
        for i in range(_count(HONEST_SEEDS, scale)):
            size = HONEST_SIZES[i % len(HONEST_SIZES)]
            yield Cell("honest", ground, FIRST_SEED + i, records=size)
        for i in range(_count(TARGET_SEEDS if ground == TARGET_GROUND else SEEDS, scale)):
            extra = "peers" if i < _count(PEER_SEEDS, scale) else ""
            yield Cell("fraud", ground, FIRST_SEED + 1_000 + i, plans=plans, extra=extra)
        for i in range(_count(CONTROLS, scale)):
            yield Cell("control", ground, FIRST_SEED + 2_000 + i)
        if generator == "own":
            # Events are drawn by the seed alone: with one seed all ceilings would share a night.
            first = FIRST_SEED + 10_000 * list(WORLDS).index(world)
            for i in range(_count(WHOLE, scale)):
                yield Cell("whole", ground, first + 3_000 + i, records=80)
                kinds = [DIGITAL[(4 * i + k) % len(DIGITAL)] for k in range(4)]
                share = (0.1, 0.3)[i // 2 % 2]
                done = tuple((place, kind, share) for place, kind in enumerate(kinds))
                yield Cell("digital", ground, first + 6_000 + i, plans=done)


def _other_cells(scale: float) -> Iterator[Cell]:
    """Another survey in every round: sizes are drawn by the seed."""
    plans = tuple((place, kind, SHARE) for place, kind in enumerate(COMMON))
    for ground in ANY:
        for i in range(_count(HONEST_SEEDS, scale)):
            yield Cell("honest", ground, FIRST_SEED + i)
        for i in range(_count(SEEDS, scale)):
            extra = "peers" if i < _count(PEER_SEEDS, scale) else ""
            yield Cell("fraud", ground, FIRST_SEED + 1_000 + i, plans=plans, extra=extra)


def _pool_cells(scale: float) -> Iterator[Cell]:
    for name in pools.names():
        ground, sizes = f"pool:{name}", pools.sizes_of(name)
        done = list(itertools.product(POOL_KINDS, POOL_SHARES, sizes))
        # kinds, shares, sizes and the seeds at which checks are measured must not go in step
        order = np.random.default_rng(len(sizes)).permutation(len(done))
        for i in range(_count(HONEST_SEEDS, scale)):
            size = sizes[(i + i // len(sizes)) % len(sizes)]
            yield Cell("honest", ground, FIRST_SEED + i, records=size)
        for i in range(_count(SEEDS, scale)):
            kind, share, size = done[order[i % len(done)]]
            extra = "peers" if i < _count(2 * PEER_SEEDS, scale) else ""
            plans = ((0, kind, share),)
            yield Cell("fraud", ground, FIRST_SEED + 1_000 + i, size, plans, extra)
        for i in range(_count(CONTROLS, scale)):
            yield Cell("control", ground, FIRST_SEED + 2_000 + i, records=sizes[-1])


def _share_cells(rounds: int) -> Iterator[Cell]:
    """Every kind at every share, four units a round, in turn over the ceilings."""
    each = np.random.default_rng(1).permutation(list(itertools.product(KINDS, SHARES)))
    turn = itertools.cycle([(str(kind), float(share)) for kind, share in each])
    for i, world in itertools.product(range(rounds), WORLDS):
        plans = tuple((place, *next(turn)) for place in range(4))
        yield Cell("shares", f"own:{world}", FIRST_SEED + 4_000 + i, plans=plans)


def _size_cells(rounds: int) -> Iterator[Cell]:
    """The issue's kinds over a grid of shares, by size of unit."""
    for world, (k, size) in itertools.product(WORLDS, enumerate(SIZES)):
        for i in range(rounds if size >= 20 else 1):
            plans = tuple(
                (place, kind, GRID[(i + 2 * place + k) % len(GRID)])
                for place, kind in enumerate(COMMON * (2 if size < 100 else 1))
            )
            yield Cell("sizes", f"own:{world}", FIRST_SEED + 5_000 + i, size, plans)


def measure(scale: float = 1.0, workers: int = 1) -> list[Section]:
    """All sections; under an hour on two cores at full scale."""
    cells = cells_of(scale)
    sys.stderr.write(f"  {len(cells)} rounds\n")
    results = run(cells, work, workers)
    sections = [
        rates(results),
        uniform(results),
        recall(results),
        shares(results),
        detectable(results, GRID),
        compared(results),
        attention(),
        controls(results),
    ]
    return [overview("Response tables: targets", sections), *sections]
