"""Which declared contradictions hold on which record."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detectors.instrument import Contradiction
from detectors.records._pairs_of_items import codes_of
from detectors.table import RecordTable

__all__ = ["NONE_DECLARED", "Declared", "declared_of"]

NONE_DECLARED = "the instrument declares no contradiction between its items"


@dataclass(frozen=True, eq=False)
class Declared:
    """Rules whose items the table has.

    Attributes:
        rules: As the instrument states them.
        asked: bool ``(n, rules)``: every item of the rule was answered.
        holds: bool ``(n, rules)``: the answers contradict each other.
    """

    rules: tuple[Contradiction, ...]
    asked: NDArray[np.bool_]
    holds: NDArray[np.bool_]


def declared_of(table: RecordTable) -> Declared:
    """Worked out once a table."""
    return table.memo("declared", lambda: _declared(table))


def _declared(table: RecordTable) -> Declared:
    codes = codes_of(table)
    by_id = table.instrument.by_id
    declared = table.instrument.contradictions
    rules = tuple(rule for rule in declared if all(name in codes for name in rule.answers))
    asked = np.ones((len(table), len(rules)), dtype=np.bool_)
    holds = np.ones((len(table), len(rules)), dtype=np.bool_)
    for j, rule in enumerate(rules):
        for name, values in rule.answers.items():
            places = [by_id[name].ordered_scale.index(value) for value in values]
            asked[:, j] &= codes[name] >= 0
            holds[:, j] &= np.isin(codes[name], places)
    return Declared(rules, asked, holds & asked)
