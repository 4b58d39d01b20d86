"""Makes the round of a cell, screens it and counts: what the worker processes do."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from detectors.table import RecordTable
from tests.accuracy.cells import Cell, Result, checks_of, honest_scores, kept, summary
from tests.accuracy.frauds import KINDS
from tests.accuracy.peers import Peer, record_peers, unit_peers
from tests.accuracy.pools import random_round
from tests.accuracy.worlds import (
    Ground,
    digital_round,
    fourth_round,
    own_round,
    second_round,
    third_round,
    unit_name,
)

__all__ = ["CONTROLS", "work"]

# checks are measured one by one in some honest rounds: they run twice there
EVERY_UNIT_CHECK, EVERY_RECORD_CHECK = 2, 6
CONTROLS = ("half a SD better", "one SD better", "drawn from the better half")
_SHIFTS = (0.5, 1.0)
# generators whose seed draws the whole survey
_ANY = {"third": third_round, "fourth": fourth_round}
_ATTAINABLE = 0.6
_SPARE_UNITS = 20


def work(cell: Cell) -> Result:
    """The result of one cell."""
    if cell.room == "control":
        return _control(cell)
    ground, labels = ground_of(cell)
    touched = set(ground.truth["unit_id"][ground.truth["fraud"] != ""])
    # where a fraud finds nothing to do (no low answer to raise), the unit stays honest
    labels = {unit: what for unit, what in labels.items() if unit in touched}
    result = summary(ground, labels, cell.seed)
    if cell.room in {"honest", "whole"} and cell.seed % EVERY_UNIT_CHECK == 0:
        result["checks"] = checks_of(ground, cell.seed, records=cell.seed % EVERY_RECORD_CHECK == 0)
    if "peers" in cell.extra:
        result["peers"] = _peers(ground, labels)
    return result


def ground_of(cell: Cell) -> tuple[Ground, dict[str, tuple[str, float]]]:
    """The round of a cell, and unit -> what was done there."""
    origin, name = cell.ground.split(":")
    labels = {unit_name(place): (kind, share) for place, kind, share in cell.plans}
    if cell.room == "digital":
        return digital_round(name, cell.seed, labels, records=cell.records), labels
    plans = {place: KINDS[kind](share) for place, kind, share in cell.plans}
    if origin == "pool":
        plan = plans.get(0)
        ground, chosen = random_round(name, cell.seed, cell.records, plan=plan)
        return ground, dict.fromkeys(chosen, (cell.plans[0][1:]) if plan else ("", 0.0))
    if origin in _ANY:
        return _ANY[origin](cell.seed, plans=plans), labels
    size = {"units": _units(cell), "records": cell.records, "plans": plans}
    if origin == "own":
        whole = cell.room == "whole"
        return own_round(name, cell.seed, **size, whole=whole, equal=not whole), labels
    return second_round(name, cell.seed, **size), labels


def _units(cell: Cell) -> int:
    return 80 if cell.records < 100 else 40


def _peers(ground: Ground, labels: dict[str, tuple[str, float]]) -> Result:
    """Scores of tampered subjects by kind, the highest scores of the honest, default flags."""
    table = RecordTable.build(ground.responses, ground.instrument)
    truth = ground.truth.iloc[table.source_row]
    source = set(truth["copied_from"]) - {""}
    fraud = (truth["fraud"] != "").to_numpy()
    honest = ~fraud & ~truth["record_id"].isin(source).to_numpy()
    unit = truth["unit_id"].to_numpy(dtype=object)
    kinds = np.array([labels.get(u, ("", 0.0))[0] for u in unit], dtype=object)
    records = record_peers(table)
    ids = np.array(table.unit_ids, dtype=object)
    done = np.array([labels.get(u, ("", 0.0))[0] for u in ids], dtype=object)
    return {
        "records": [_opinion(peer, np.where(fraud, kinds, ""), honest) for peer in records],
        "units": [_opinion(peer, done, done == "") for peer in unit_peers(table, records)],
    }


def _opinion(peer: Peer, kinds: NDArray[np.object_], honest: NDArray[np.bool_]) -> Result:
    flagged = peer.flagged
    return {
        "name": peer.name,
        "fraud": [[k, kept(s)] for k, s in zip(kinds, peer.score, strict=True) if k],
        "honest": honest_scores(peer.score[honest]),
        "default": None
        if flagged is None
        else {
            "honest": int((flagged & honest).sum()),
            "n": int(honest.sum()),
            "fraud": [[k, bool(f)] for k, f in zip(kinds, flagged, strict=True) if k],
        },
    }


def _control(cell: Cell) -> Result:
    """Units of high level but honest shape among ordinary ones: tilted draws of honest rows."""
    origin, name = cell.ground.split(":")
    rng = np.random.default_rng([cell.seed, 4])
    if origin == "pool":
        ground, _ = random_round(name, cell.seed, cell.records)
        ids = ground.responses["unit_id"].unique()
        spare = ids[len(ids) * 2 // 3 :]
    else:
        make = own_round if origin == "own" else second_round
        ground = make(name, cell.seed, units=40 + _SPARE_UNITS, records=cell.records)
        spare = np.array([unit_name(40 + k) for k in range(_SPARE_UNITS)], dtype=object)
    table = RecordTable.build(ground.responses, ground.instrument)
    level = np.empty(len(table))
    level[table.source_row] = np.nan_to_num(table.level, nan=float(np.nanmean(table.level)))
    unit = ground.responses["unit_id"].to_numpy(dtype=object)
    away = np.isin(unit, spare)
    pool = np.flatnonzero(away)
    rows, names = [np.flatnonzero(~away)], [unit[~away]]
    size = min(cell.records, pool.size // 4)
    for label in CONTROLS:
        chosen = _best(pool, level[pool], label, size, rng)
        pool = np.setdiff1d(pool, chosen)
        rows.append(chosen)
        names.append(np.full(chosen.size, label, dtype=object))
    frame = ground.responses.iloc[np.concatenate(rows)].reset_index(drop=True)
    frame["unit_id"] = np.concatenate(names)
    truth = pd.DataFrame(
        {
            "record_id": frame["record_id"],
            "unit_id": frame["unit_id"],
            "fraud": "",
            "copied_from": "",
        }
    )
    made = Ground(frame, ground.instrument, truth)
    return summary(made, {label: (label, 0.0) for label in CONTROLS}, cell.seed)


def _best(
    pool: NDArray[np.intp],
    level: NDArray[np.float64],
    label: str,
    size: int,
    rng: np.random.Generator,
) -> NDArray[np.intp]:
    """Rows of a better unit: an exponential tilt of the pool, or the better half of it."""
    if label == CONTROLS[2]:
        order = np.argsort(-level, kind="stable")[: len(pool) // 2]
        return rng.choice(pool[order], size=size, replace=False)
    shift = _SHIFTS[CONTROLS.index(label)] * level.std()
    goal = level.mean() + min(shift, _ATTAINABLE * (level.max() - level.mean()))
    low, high = 0.0, 200.0
    for _ in range(60):
        tilt = (low + high) / 2
        weight = np.exp(tilt * (level - level.max()))
        low, high = (tilt, high) if (weight @ level) / weight.sum() < goal else (low, tilt)
    weight = np.exp(low * (level - level.max()))
    return rng.choice(pool, size=size, replace=False, p=weight / weight.sum())
