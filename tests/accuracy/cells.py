"""One screened round as a small dictionary, kept on disk, so that a lab can be resumed.

What is kept is told by a key of everything that can change it: the sources of ``detectors``
and of the lab, and the cell itself. Cells run in worker processes with one thread each.
"""

from __future__ import annotations

import concurrent.futures
import hashlib
import json
import multiprocessing
import os
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from detectors.registry import Level, discover
from detectors.screening import screen
from detectors.simulate.frauds import Fraud
from detectors.table import RecordTable, UnitTable
from tests.accuracy.measures import false_discovery_proportion
from tests.accuracy.worlds import Ground

__all__ = [
    *("Cell", "Result", "checks_of", "honest_scores", "kept", "lenders_of", "run", "summary"),
    "units_of",
]

ROOT = Path(__file__).resolve().parents[2]
KEPT = ROOT / ".accuracy_cache"
# files of the lab that make and count a round; the others only lay results out
_ROUND = (
    *(
        "cells.py",
        "frauds.py",
        "peers.py",
        "pools.py",
        "rounds.py",
        "second.py",
        "third.py",
        "fourth.py",
        "worlds.py",
    ),
    *("custody.py", "custody_worlds.py", "unit_rounds.py"),
)
RATES = (0.01, 0.05)
MOST_HONEST_SCORES = 400

Result = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Cell:
    """One round to make and screen.

    Attributes:
        room: What it serves: ``honest``, ``fraud``, ``shares``, ``sizes``, ``control``, ….
        ground: World or pool.
        seed: Of the round.
        records: Records a unit.
        plans: ``(place, kind, share)`` of the units tampered with.
        extra: What else a room wants.
    """

    room: str
    ground: str
    seed: int
    records: int = 150
    plans: tuple[tuple[int, str, float], ...] = ()
    extra: str = ""


def run(
    cells: Sequence[Cell], work: Callable[[Cell], Result], workers: int, *, fresh: bool = False
) -> dict[Cell, Result]:
    """Results of all cells, those of an earlier run read from disk.

    Args:
        cells: What to do.
        work: Makes and screens one; a function of a module, as it goes to other processes.
        workers: Processes.
        fresh: Do everything again.
    """
    KEPT.mkdir(exist_ok=True)
    (KEPT / ".gitignore").write_text("*\n", encoding="utf-8")
    results, todo = {}, []
    for cell in cells:
        place = _place(cell)
        if place.is_file() and not fresh:
            results[cell] = json.loads(place.read_text(encoding="utf-8"))
        else:
            todo.append(cell)
    began, last = time.monotonic(), 0.0
    for done, (cell, result) in enumerate(_all(todo, work, workers), start=1):
        results[cell] = result
        part = _place(cell).with_suffix(f".{os.getpid()}")
        part.write_text(json.dumps(result), encoding="utf-8")
        part.replace(_place(cell))
        spent = time.monotonic() - began
        if spent - last > 20 or done == len(todo):
            last, left = spent, spent / done * (len(todo) - done)
            times = f"{spent / 60:.1f} min, about {left / 60:.1f} left"
            sys.stderr.write(f"  {done} of {len(todo)} rounds, {times}\n")
            sys.stderr.flush()
    return {cell: results[cell] for cell in cells}


def _all(
    todo: Sequence[Cell], work: Callable[[Cell], Result], workers: int
) -> Iterable[tuple[Cell, Result]]:
    if workers <= 1 or len(todo) < 2:
        yield from ((cell, work(cell)) for cell in todo)
        return
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "NUMBA_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    context = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(workers, mp_context=context) as pool:
        waiting = {pool.submit(work, cell): cell for cell in todo}
        for future in concurrent.futures.as_completed(waiting):
            yield waiting[future], future.result()


def _place(cell: Cell) -> Path:
    text = json.dumps([_sources(), asdict(cell)], sort_keys=True)
    return KEPT / f"{hashlib.sha256(text.encode()).hexdigest()[:24]}.json"


@cache
def _sources() -> str:
    """Hash of everything that a round's result hangs on."""
    digest = hashlib.sha256()
    beside = ROOT / "tests" / "detectors"
    paths = [
        *(ROOT / "detectors").rglob("*.py"),
        *(Path(__file__).with_name(name) for name in _ROUND),
        *(beside / name for name in ("channel_rounds.py", "data.py")),
    ]
    for path in sorted(paths):
        digest.update(path.relative_to(ROOT).as_posix().encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def summary(ground: Ground, labels: Mapping[str, tuple[str, float]], seed: int) -> Result:
    """Screen a round and count: what is flagged, of honest and of fraud.

    Args:
        ground: The round.
        labels: Unit -> what was done there and to which share.
        seed: Of the screen.
    """
    began = time.process_time()
    found = screen(ground.responses, ground.instrument, seed=seed, **ground.given)
    spent = time.process_time() - began
    truth = ground.truth
    fraud = (truth["fraud"] != "").to_numpy()
    # whoever was copied from belongs to the fraud: it is neither honest nor missed
    source = truth["record_id"].isin(set(truth["copied_from"]) - {""}).to_numpy()
    records = _records(found.records, ~fraud & ~source)
    records["by_kind"] = _by_kind(found.records, truth, fraud, labels)
    if ground.rows is not None:
        p = found.records["p_value"].to_numpy(dtype=np.float64)
        rows = np.asarray(ground.rows)
        records["rows"] = {str(rate): rows[p <= rate].tolist() for rate in RATES}
        records["tested_rows"] = rows[np.isfinite(p)].tolist()
    lenders = lenders_of(truth, labels)
    return {
        "records": records,
        "units": units_of(found.units, labels, lenders),
        "seconds": round(spent, 2),
    }


def lenders_of(truth: pd.DataFrame, labels: Mapping[str, tuple[str, float]]) -> frozenset[str]:
    """Honest units that records were copied from: they share the trace of the fraud."""
    if not (truth["fraud"] == Fraud.COPY_BETWEEN.value).any():
        return frozenset()
    unit_of = dict(zip(truth["record_id"], truth["unit_id"], strict=True))
    return frozenset(unit_of[r] for r in truth["copied_from"] if r) - frozenset(labels)


def _records(frame: pd.DataFrame, honest: NDArray[np.bool_]) -> Result:
    p, q = (frame[name].to_numpy(dtype=np.float64) for name in ("p_value", "q_value"))
    flagged = frame["flagged"].to_numpy(dtype=bool)
    q = np.nan_to_num(q, nan=1.0)
    return {
        "n": int(honest.sum()),
        "tested": int((honest & np.isfinite(p)).sum()),
        "hits": {str(rate): int((p[honest] <= rate).sum()) for rate in RATES},
        "flagged": int((flagged & honest).sum()),
        "fdp": {
            "0.05": false_discovery_proportion(q <= 0.05, honest),
            "0.1": false_discovery_proportion(q <= 0.10, honest),
            "flagged": false_discovery_proportion(flagged, honest),
        },
    }


def _by_kind(
    frame: pd.DataFrame,
    truth: pd.DataFrame,
    fraud: NDArray[np.bool_],
    labels: Mapping[str, tuple[str, float]],
) -> list[list[Any]]:
    """``[kind, share, flagged, records]`` for every tampered unit."""
    flagged = frame["flagged"].to_numpy(dtype=bool)
    unit = truth["unit_id"].to_numpy(dtype=object)
    counts = []
    for name, (kind, share) in labels.items():
        mine = fraud & (unit == name)
        counts.append([kind, share, int(flagged[mine].sum()), int(mine.sum())])
    return counts


def units_of(
    frame: pd.DataFrame, labels: Mapping[str, tuple[str, float]], lenders: frozenset[str]
) -> Result:
    """Count what became of the honest, and of each tampered unit."""
    ids = frame["unit_id"].astype(str).to_numpy(dtype=object)
    p, q = (frame[name].to_numpy(dtype=np.float64) for name in ("p_value", "q_value"))
    flagged = frame["flagged"].to_numpy(dtype=bool)
    told = np.nan_to_num(q, nan=1.0)
    honest = np.array([name not in labels and name not in lenders for name in ids], dtype=bool)
    rows = [
        [*labels[name], _number(p[i]), _number(q[i]), bool(flagged[i])]
        for i, name in enumerate(ids)
        if name in labels
    ]
    return {
        "n": int(honest.sum()),
        "p": [round(v, 6) for v in p[honest & np.isfinite(p)].tolist()],
        "flagged": int((flagged & honest).sum()),
        "fdp": {
            "0.05": false_discovery_proportion(told <= 0.05, honest),
            "0.1": false_discovery_proportion(told <= 0.10, honest),
            "flagged": false_discovery_proportion(flagged, honest),
        },
        "rows": rows,
    }


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def checks_of(ground: Ground, seed: int, *, records: bool) -> dict[str, list[int]]:
    """``id -> [p <= .01, p <= .05, p-values]`` of every check on an honest round.

    Args:
        ground: The round.
        seed: Of the checks.
        records: The record checks, too, which are dearer.
    """
    given = dict(ground.given)
    units, previous = given.get("units"), given.get("previous")
    known = given.get("circumstances")
    table = RecordTable.build(ground.responses, ground.instrument, units, known)
    before = None
    if previous is not None:
        before = RecordTable.build(previous, ground.instrument, units, known)
    whole = UnitTable(table, units, before, given.get("custody"), given.get("period"))
    subjects: list[tuple[Level, Any]] = [(Level.UNIT, whole)]
    if records:
        subjects.append((Level.RECORD, table))
    counts = {}
    for level, subject in subjects:
        for name, check in discover(level).items():
            p = check.assess(subject, seed=seed).p_values
            p = p[np.isfinite(p)]
            counts[name] = [*(int((p <= rate).sum()) for rate in RATES), int(p.size)]
    return counts


def honest_scores(scores: NDArray[np.float64]) -> list[float]:
    """The highest scores of the honest: below them no threshold serves."""
    return [kept(v) for v in np.sort(scores)[::-1][:MOST_HONEST_SCORES].tolist()]


def kept(value: float) -> float:
    """A score as it is kept."""
    # JSON has no infinity; a subject that was not scored is never suspicious
    return round(value, 6) if np.isfinite(value) else -1e9
