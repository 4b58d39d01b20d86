"""Which answers of the previous period can be held against those of this one.

Units are followed through mergers, records are compared on the items that both periods
asked on one scale. What looks like another scale is left out and told: values off the
scale, or a best value that one period uses freely and the other never.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from detectors.instrument import Item
from detectors.table import RecordTable, UnitTable

__all__ = ["Before", "before_of", "mode_of"]

OFF_SCALE = 0.2
FREELY_USED = 0.2
FEWEST_ANSWERS = 100


@dataclass(frozen=True, eq=False)
class Before:
    """The previous period in the units of this one.

    Attributes:
        records: Its records.
        unit: int ``(n,)``: index into this period's units; -1 where no unit of this
            period took the record's unit over.
        now_items: int ``(common,)``: columns of this period's answers.
        old_items: int ``(common,)``: the same items in the previous period's answers.
        left_out: Items of this period that cannot be compared.
        reason: Why nothing can be compared; empty where something can.
        merged: Units of this period that took over more than one unit.
    """

    records: RecordTable
    unit: NDArray[np.intp]
    now_items: NDArray[np.intp]
    old_items: NDArray[np.intp]
    left_out: tuple[str, ...]
    reason: str
    merged: frozenset[int]

    @property
    def known(self) -> frozenset[int]:
        """Units of this period that have records in the previous one."""
        return frozenset(np.unique(self.unit[self.unit >= 0]).tolist())


def before_of(table: UnitTable) -> Before | None:
    """Worked out once a table; ``None`` without a previous period."""
    old = table.previous
    if old is None:
        return None
    return table.records.memo(("before", id(old)), lambda: _before(table.records, old))


def mode_of(stratum: str) -> str:
    """Mode of collection of a stratum's name: paper, digital or empty."""
    return stratum.partition("|")[0]


def _before(now: RecordTable, old: RecordTable) -> Before:
    place = {name: i for i, name in enumerate(now.unit_ids) if name}
    heir = now.circumstances.successors
    target = [place.get(heir.get(name, name), -1) if name else -1 for name in old.unit_ids]
    sources: dict[int, int] = {}
    for unit in target:
        sources[unit] = sources.get(unit, 0) + 1
    where = {item.id: j for j, item in enumerate(old.items)}
    pairs, left_out = [], []
    for j, item in enumerate(now.items):
        k = where.get(item.id, -1)
        if k >= 0 and _same_scale(now, j, old, k):
            pairs.append((j, k))
        else:
            left_out.append(item.id)
    reason = ""
    if 2 * len(pairs) < len(now.items):
        reason = (
            f"only {len(pairs)} of {len(now.items)} items were asked on the same scale in the "
            "previous period, half are needed"
        )
    chosen = np.array(pairs, dtype=np.intp).reshape(-1, 2)
    return Before(
        records=old,
        unit=np.array(target, dtype=np.intp)[old.unit] if len(old) else old.unit,
        now_items=chosen[:, 0],
        old_items=chosen[:, 1],
        left_out=tuple(left_out),
        reason=reason,
        merged=frozenset(unit for unit, count in sources.items() if unit >= 0 and count > 1),
    )


def _same_scale(now: RecordTable, j: int, old: RecordTable, k: int) -> bool:
    if now.items[j].ordered_scale != old.items[k].ordered_scale:
        return False
    if max(_off_scale(now, j), _off_scale(old, k)) > OFF_SCALE:
        return False
    top = now.levels[j]
    here, there = now.answers[:, j], old.answers[:, k]
    here, there = here[np.isfinite(here)], there[np.isfinite(there)]
    if min(here.size, there.size) < FEWEST_ANSWERS:
        return True
    used = sorted((float(np.mean(here == top)), float(np.mean(there == top))))
    return not (used[0] == 0.0 and used[1] >= FREELY_USED)


def _off_scale(table: RecordTable, j: int) -> float:
    """Share of written answers that have no place on the scale."""
    item = table.items[j]
    missing = np.flatnonzero(~np.isfinite(table.answers[:, j]))
    written = _written(table.frame[item.id].iloc[missing], item)
    total = written + len(table) - missing.size
    return written / total if total else 0.0


def _written(cells: pd.Series[Any], item: Item) -> int:
    blank = {"", str(item.not_applicable), f"{item.not_applicable}.0"}
    return sum(str(cell).strip() not in blank for cell in cells.dropna())
