"""Results by group, level, parent, channel, respondent kind and field. Exact and pure.

A slice pools the answers of all its forms. What may be shown of slices is decided by
:mod:`audit.scoring.cells`: a slice of few forms is withheld, and so is a second one where the
first could be had by subtracting what is shown from the whole.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audit.judge.gate import Gate
from audit.scoring.cells import suppressed
from audit.scoring.scores import DISSATISFIED, SATISFIED, VERSIONS, Ballot, Share, count, measures
from detectors.instrument import Instrument
from detectors.proportions import dispersion, effective_size, wilson
from reports.views import MINIMUM_CELL

__all__ = ["Slice", "UnitFacts", "breakdown", "mask_slices"]


@dataclass(frozen=True, slots=True)
class UnitFacts:
    """Where a unit stands: peer group, level, unit above; ``None`` where not known."""

    group: str | None = None
    level: str | None = None
    parent: str | None = None


@dataclass(frozen=True, slots=True)
class Slice:
    """One result over a slice of the records.

    Attributes:
        scope: ``all``, ``group``, ``level``, ``parent`` (units below one unit) or ``unit``.
        scope_id: Which one; empty for ``all``.
        dimension: ``channel``, ``respondent`` or ``field``; empty for all records of the scope.
        category: Which one; empty where the dimension is.
        measure: ``overall``, ``factor`` or ``whole_form``.
        factor: The factor, empty for the others.
        records_received: Records in the slice, scored or not.
        records_counted: Scored records with an answer here.
        shares: By version, as in :class:`~audit.scoring.scores.Score`.
        interval: 95 % interval of the value after review; ``None`` without a value.
    """

    scope: str
    scope_id: str
    dimension: str
    category: str
    measure: str
    factor: str
    records_received: int
    records_counted: int
    shares: Mapping[str, Share]
    interval: tuple[float, float] | None


def breakdown(
    ballot: Ballot,
    clusters: NDArray[np.int64] | None,
    dimensions: Mapping[str, Sequence[str | None]],
    instrument: Instrument,
    units: Mapping[str, UnitFacts],
) -> list[Slice]:
    """Every slice that has a record.

    Units by themselves are in the scores; here they are only cut by dimension, overall.

    Args:
        ballot: The records.
        clusters: ``(records,)`` number of each record's batch or collector; ``None``: unknown.
        dimensions: Name -> category of each record, ``None`` where it is not known.
        instrument: What was asked.
        units: The units that have a result, with where they stand.
    """
    known = np.array([unit in units for unit in ballot.units], dtype=np.bool_)
    _, unit = np.unique([name or "" for name in ballot.units], return_inverse=True)
    unit = unit.astype(np.int64)
    gates = ballot.gate_names
    used = known & (gates == str(Gate.SCORED))
    cuts = list(_cuts(ballot, units, dimensions))
    found: list[Slice] = []
    before = measures(ballot.cells if ballot.received is None else ballot.received, instrument)
    for (measure, factor, cells), (_, _, seen) in zip(
        measures(ballot.cells, instrument), before, strict=True
    ):
        good = (cells == SATISFIED).sum(axis=1).astype(np.int64)
        given = good + (cells == DISSATISFIED).sum(axis=1)
        label = None if clusters is None else clusters[used]
        measured = dispersion(good[used], given[used], unit[used], label)
        for scope, dimension, keys in cuts:
            if scope == "unit" and measure != "overall":
                continue
            names = sorted({key for key in keys if key is not None})
            place = {name: number for number, name in enumerate(names)}
            rows = np.array([-1 if k is None else place[k] for k in keys], dtype=np.int64)
            inside = used & (rows >= 0)
            label = None if clusters is None else clusters[inside]
            worth = effective_size(given[inside], rows[inside], len(names), measured, label)
            counted = count(
                *(measure, factor, cells, seen, rows, gates), ["\x1f".join(n) for n in names]
            )
            for (scope_id, category), one, size in zip(names, counted, worth, strict=True):
                value = one.shares["after_review"].value
                interval = None
                if value is not None and size > 0:
                    low, high = wilson(float(value), float(size))
                    interval = (round(low, 6), round(high, 6))
                found.append(
                    Slice(
                        *(scope, scope_id, dimension, category, measure, factor),
                        records_received=sum(one.states.values()),
                        records_counted=one.records_counted,
                        shares=one.shares,
                        interval=interval,
                    )
                )
    return found


def _cuts(
    ballot: Ballot, units: Mapping[str, UnitFacts], dimensions: Mapping[str, Sequence[str | None]]
) -> Iterator[tuple[str, str, list[tuple[str, str] | None]]]:
    """Scope, dimension and, for each record, which of their slices it is in."""
    facts = [units.get(unit) if unit is not None else None for unit in ballot.units]
    scopes: dict[str, list[str | None]] = {
        "all": [None if fact is None else "" for fact in facts],
        "group": [None if fact is None else fact.group for fact in facts],
        "level": [None if fact is None else fact.level for fact in facts],
        "parent": [None if fact is None else fact.parent for fact in facts],
        "unit": [
            unit if fact is not None else None
            for unit, fact in zip(ballot.units, facts, strict=True)
        ],
    }
    for scope, ids in scopes.items():
        if scope != "unit":
            yield scope, "", [None if one is None else (one, "") for one in ids]
        for dimension, categories in dimensions.items():
            pairs = zip(ids, categories, strict=True)
            yield scope, dimension, [None if s is None or c is None else (s, c) for s, c in pairs]


def mask_slices(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Stored slices with what must not be shown taken away, and a key ``suppressed``.

    Within one scope and dimension the slices are parts of one whole; every measure of a part
    is withheld or none. A unit's whole is shown elsewhere, so its parts are held against each
    other, too.
    """
    wholes: dict[tuple[Any, ...], dict[str, int]] = {}
    for row in rows:
        if row["measure"] == "overall":
            counts = wholes.setdefault(_whole_of(row), {})
            counts[row["category"]] = min(row["records_received"], row["records_counted"] or 0)
    hidden = {
        about: suppressed(counts.items(), MINIMUM_CELL)
        | {name for name, n in counts.items() if n == 0}
        for about, counts in wholes.items()
    }
    masked = []
    for row in rows:
        out = dict(row)
        out["suppressed"] = row["category"] in hidden.get(_whole_of(row), frozenset())
        if row["records_counted"] < MINIMUM_CELL:
            out["suppressed"] = True
        if out["suppressed"]:
            for version in VERSIONS:
                out[f"satisfied_{version}"] = out[f"answers_{version}"] = None
            out["interval_low"] = out["interval_high"] = None
        masked.append(out)
    return masked


def _whole_of(row: Mapping[str, Any]) -> tuple[Any, ...]:
    return (row["instrument_id"], row["scope"], row["scope_id"], row["dimension"])
