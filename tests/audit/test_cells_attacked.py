"""No small cell follows from the slices that are shown, attacked with linear algebra."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from audit.scoring.cells import key_of, withheld

_LEAST = 10
_Where = tuple[str, str, str]


class _World:
    """Units in groups and levels, records in categories of one dimension or in none."""

    def __init__(self, seed: int) -> None:
        chance = np.random.default_rng(seed)
        self.units = {
            f"u{k}": {
                "group": str(chance.choice(["G", "H"])) if chance.random() < 0.9 else None,
                "level": str(chance.choice(["x", "y", "z"])),
                "parent": None,
            }
            for k in range(int(chance.integers(3, 9)))
        }
        kinds = int(chance.integers(2, 5))
        size = chance.choice([3.0, 8.0, 30.0], size=(len(self.units), 1))
        # Last column: records whose category is not known.
        self.atoms = chance.poisson(size * chance.uniform(0.1, 1.5, size=(1, kinds + 1)))
        self.atoms[:, -1] //= 4

    @property
    def sizes(self) -> dict[tuple[str, str, str], dict[str, int]]:
        """Forms of each unit."""
        every = zip(self.units, self.atoms.sum(axis=1), strict=True)
        return {
            (unit, "overall", ""): {"records_counted": int(n), "records_received": int(n)}
            for unit, n in every
        }

    def masks(self) -> dict[tuple[str, str, str, str], NDArray[np.bool_]]:
        """Every cell with the atoms that it is made of."""
        names = list(self.units)
        scopes: dict[tuple[str, str], NDArray[np.bool_]] = {
            ("all", ""): np.ones(len(names), np.bool_)
        }
        for scope in ("group", "level"):
            for name in {facts[scope] for facts in self.units.values()} - {None}:
                inside = [self.units[u][scope] == name for u in names]
                scopes[scope, str(name)] = np.array(inside)
        for k, unit in enumerate(names):
            scopes["unit", unit] = np.arange(len(names)) == k
        found = {}
        for about, inside in scopes.items():
            whole = np.repeat(inside[:, None], self.atoms.shape[1], axis=1)
            found[(*about, "", "")] = whole
            for column in range(self.atoms.shape[1] - 1):
                only = np.zeros_like(whole)
                only[:, column] = True
                found[(*about, "channel", str(column))] = whole & only
        return found

    def rows(self) -> list[dict[str, Any]]:
        """Stored slices: a whole unit is in the scores."""
        found = []
        for (scope, name, dimension, category), mask in self.masks().items():
            n = int(self.atoms[mask].sum())
            if n and not (scope == "unit" and not dimension):
                found.append(_row(scope, name, dimension, category, n))
        return found


def _row(scope: str, name: str, dimension: str, category: str, n: int) -> dict[str, Any]:
    return {
        **{"scope": scope, "scope_id": name, "dimension": dimension, "category": category},
        **{"measure": "overall", "factor": "", "records_received": n, "records_counted": n},
    }


@pytest.mark.parametrize("seed", range(60))
def test_nothing_small_is_a_sum_of_what_is_shown(seed: int) -> None:
    world = _World(seed)
    masks = world.masks()
    hidden = withheld(world.rows(), world.sizes, world.units)
    shown = [
        masks[row["scope"], row["scope_id"], row["dimension"], row["category"]]
        for row in world.rows()
        if key_of(row) not in hidden
    ]
    wholes = [(about[0], one["records_counted"]) for about, one in world.sizes.items()]
    shown += [masks["unit", unit, "", ""] for unit, n in wholes if n >= _LEAST]
    if not shown:
        return
    there = world.atoms.ravel() > 0  # who knows all n knows which atoms are empty
    known = np.array([mask.ravel()[there] for mask in shown], dtype=float)
    rank = np.linalg.matrix_rank(known)
    for about, mask in masks.items():
        n = int(world.atoms[mask].sum())
        if 0 < n < _LEAST:
            row = mask.ravel()[there].astype(float)
            found = np.linalg.matrix_rank(np.vstack([known, row]))
            assert found > rank, f"{about}, {n} forms, follows from what is shown"


def test_an_ordinary_round_is_shown_whole() -> None:
    world = _World(1)
    world.atoms[:] = 40
    assert not withheld(world.rows(), world.sizes, world.units)
