"""Satisfaction by unit: as received, after review, and between which bounds. Exact and pure.

Counts are whole numbers and values fractions; only a display rounds. What is held is
counted twice for the bounds: every answer it gave or could have given as dissatisfied, and
as satisfied. "Not applicable" and blank are in neither part of the share; an answer that
was given but could not be read is in both bounds.
"""

from __future__ import annotations

import dataclasses
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from audit.judge.gate import Gate
from audit.scoring.cells import FEWEST_OF_UNIT, small
from audit.scoring.rules import RuleSet
from detectors.instrument import Instrument

__all__ = ["VERSIONS", "Ballot", "Score", "Share", "count", "measures", "percent", "score"]

VERSIONS = ("as_received", "after_review", "bound_low", "bound_high")

DISSATISFIED, SATISFIED, NO_ANSWER, UNREAD = 0, 1, 2, 3


@dataclass(frozen=True, slots=True)
class Share:
    """A share that keeps its two whole numbers."""

    satisfied: int
    answers: int

    @property
    def value(self) -> Fraction | None:
        """The exact share; ``None`` without answers."""
        return Fraction(self.satisfied, self.answers) if self.answers else None


@dataclass(frozen=True)
class Ballot:
    """Records ready to be counted.

    Attributes:
        units: Unit of each record; ``None`` where it is not known.
        gates: What the gate says about each.
        cells: uint8 ``(records, rating items)``: ``DISSATISFIED``, ``SATISFIED``,
            ``NO_ANSWER`` (blank or not applicable), ``UNREAD`` (given, but not readable).
        received: The same before people corrected what was read; ``cells`` if ``None``.
    """

    units: Sequence[str | None]
    gates: Sequence[Gate]
    cells: NDArray[np.uint8]
    received: NDArray[np.uint8] | None = None

    @property
    def gate_names(self) -> NDArray[np.object_]:
        """``(records,)``: the gates as words."""
        names = np.empty(len(self.gates), dtype=object)
        names[:] = [str(gate) for gate in self.gates]
        return names


@dataclass(frozen=True, slots=True)
class Score:
    """One result of one unit.

    Attributes:
        unit_id: The unit.
        measure: ``overall``, ``factor`` or ``whole_form`` (the share of people whose every
            answer is satisfied).
        factor: The factor, empty for the others.
        shares: By version: ``as_received``, ``after_review``, ``bound_low``, ``bound_high``.
        records_counted: Scored records with an answer here.
        states: Records by state of the gate.
        tiers: Tier id by version.
        ranks: Rank in the peer group by version, 1 is best, ties share the best one.
        ranked_units: Denominator of the ranks.
        rank_best: Rank if this unit's held records were all satisfied and its peers' not.
        rank_worst: Rank the other way round.
        tier_firm: Whether both bounds are in one tier; ``None`` without a value.
    """

    unit_id: str
    measure: str
    factor: str
    shares: Mapping[str, Share]
    records_counted: int
    states: Mapping[str, int]
    tiers: Mapping[str, str | None] = dataclasses.field(default_factory=dict)
    ranks: Mapping[str, int | None] = dataclasses.field(default_factory=dict)
    ranked_units: int | None = None
    rank_best: int | None = None
    rank_worst: int | None = None
    tier_firm: bool | None = None


def percent(value: Fraction | None, decimals: int = 2) -> Decimal | None:
    """A share as a percentage for display, half rounded up."""
    if value is None:
        return None
    step = Decimal(1).scaleb(-decimals)
    scaled = value * 100 * 10**decimals
    whole = (2 * scaled.numerator + scaled.denominator) // (2 * scaled.denominator)
    return (Decimal(whole) * step).quantize(step, rounding=ROUND_HALF_UP)


def score(
    ballot: Ballot,
    instrument: Instrument,
    units: Mapping[str, str | None],
    rules: RuleSet,
) -> tuple[Score, ...]:
    """Results of every unit.

    Args:
        ballot: The records.
        instrument: Its rating items give the columns of ``ballot.cells``, in order.
        units: Unit -> peer group (``None``: not ranked), only units that handle procedures.
        rules: Tiers.

    Returns:
        Per unit, in order of id: overall, every factor, whole form. A unit without records
        has shares without answers, no tier and no rank.
    """
    index = {unit: number for number, unit in enumerate(sorted(units))}
    rows = np.array([index.get(unit or "", -1) for unit in ballot.units], dtype=np.int64)
    results: list[Score] = []
    order: dict[tuple[str, str], int] = {}
    before = measures(ballot.cells if ballot.received is None else ballot.received, instrument)
    for (measure, factor, cells), (_, _, seen) in zip(
        measures(ballot.cells, instrument), before, strict=True
    ):
        order[measure, factor] = len(order)
        results += count(measure, factor, cells, seen, rows, ballot.gate_names, list(index))
    ranked = _rank([_tier(result, rules) for result in results], units)
    return tuple(sorted(ranked, key=lambda s: (s.unit_id, order[s.measure, s.factor])))


def measures(
    cells: NDArray[np.uint8], instrument: Instrument
) -> Iterator[tuple[str, str, NDArray[np.uint8]]]:
    """Every measure with its factor and its part of the cells: overall, factors, whole form."""
    columns = {item.id: index for index, item in enumerate(instrument.ratings)}
    yield "overall", "", cells
    for name, items in instrument.factors.items():
        yield "factor", name, cells[:, [columns[item.id] for item in items]]
    yield "whole_form", "", _whole(cells)


def _whole(cells: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """One column: whether every answer of the form is satisfied."""
    worse = (cells == DISSATISFIED).any(axis=1)
    unread = (cells == UNREAD).any(axis=1)
    any_ = (cells == SATISFIED).any(axis=1)
    whole = np.where(
        worse, DISSATISFIED, np.where(unread, UNREAD, np.where(any_, SATISFIED, NO_ANSWER))
    )
    return whole.astype(np.uint8)[:, None]


def count(
    measure: str,
    factor: str,
    cells: NDArray[np.uint8],
    received: NDArray[np.uint8],
    rows: NDArray[np.int64],
    gates: NDArray[np.object_],
    units: Sequence[str],
) -> list[Score]:
    """Count one measure: results without tier and rank, one for each of ``units``.

    Args:
        measure: Its name.
        factor: Its factor, empty for the others.
        cells: uint8 ``(records, items)`` as in :class:`Ballot`.
        received: The same as they were received, before anything was corrected.
        rows: int64 ``(records,)``: place of each record in ``units``, -1 for none of them.
        gates: ``(records,)``: state of the gate as a word.
        units: Units, or anything else that records are gathered by.
    """
    size = len(units)
    good = (cells == SATISFIED).sum(axis=1)
    given = good + (cells == DISSATISFIED).sum(axis=1)
    unread = (cells == UNREAD).sum(axis=1)
    good_before = (received == SATISFIED).sum(axis=1)
    given_before = good_before + (received == DISSATISFIED).sum(axis=1)
    known = rows >= 0
    scored, held = gates == str(Gate.SCORED), gates == str(Gate.HELD)

    def total(values: NDArray[np.int64], mask: NDArray[np.bool_]) -> NDArray[np.int64]:
        chosen = known & mask
        sums = np.zeros(size, dtype=np.int64)
        np.add.at(sums, rows[chosen], values[chosen].astype(np.int64))
        return sums

    everything = np.ones(len(rows), dtype=np.bool_)
    kept_good, kept = total(good, scored), total(given, scored)
    open_ = total(given + unread, held) + total(unread, scored)
    seen_good, seen = total(good_before, everything), total(given_before, everything)
    counted = total((given > 0).astype(np.int64), scored)
    states = {str(s): total(np.ones(len(rows), dtype=np.int64), gates == str(s)) for s in Gate}
    return [
        Score(
            unit_id=unit,
            measure=measure,
            factor=factor,
            shares={
                "as_received": Share(int(seen_good[i]), int(seen[i])),
                "after_review": Share(int(kept_good[i]), int(kept[i])),
                "bound_low": Share(int(kept_good[i]), int(kept[i] + open_[i])),
                "bound_high": Share(int(kept_good[i] + open_[i]), int(kept[i] + open_[i])),
            },
            records_counted=int(counted[i]),
            states={name: int(sums[i]) for name, sums in states.items()},
        )
        for i, unit in enumerate(units)
    ]


def _tier(result: Score, rules: RuleSet) -> Score:
    found = {version: rules.tier(share.value) for version, share in result.shares.items()}
    tiers = {version: tier.id if tier else None for version, tier in found.items()}
    low = tiers["bound_low"]
    firm = None if low is None else low == tiers["bound_high"]
    return dataclasses.replace(result, tiers=tiers, tier_firm=firm)


def _rank(results: Iterable[Score], groups: Mapping[str, str | None]) -> list[Score]:
    """Ranks inside each peer group, for each measure by itself.

    A unit of fewer than five forms has no rank and takes none from others: the place that is
    missing among those that are shown would say between which values its own lies.
    """
    peers: dict[tuple[str, str, str | None], list[Score]] = {}
    for result in results:
        key = (result.measure, result.factor, groups[result.unit_id])
        received = sum(result.states.values())
        if received and small(received, result.records_counted, FEWEST_OF_UNIT):
            key = (*key[:2], None)
        peers.setdefault(key, []).append(result)
    ranked: list[Score] = []
    for (_, _, group), members in peers.items():
        if group is None:
            ranked += members
            continue
        sorted_values = {v: _sorted(m.shares[v].value for m in members) for v in VERSIONS}
        for member in members:
            values = {v: member.shares[v].value for v in VERSIONS}
            low, high = values["bound_low"], values["bound_high"]
            # Among its peers' upper bounds stands its own, which is no rival.
            own = low is not None and high is not None and high > low
            worst = _place(low, sorted_values["bound_high"])
            ranked.append(
                dataclasses.replace(
                    member,
                    ranks={v: _place(values[v], sorted_values[v]) for v in VERSIONS},
                    ranked_units=len(sorted_values["bound_low"]),
                    rank_best=_place(high, sorted_values["bound_low"]),
                    rank_worst=worst - 1 if worst is not None and own else worst,
                )
            )
    return ranked


def _sorted(values: Iterable[Fraction | None]) -> list[Fraction]:
    return sorted(value for value in values if value is not None)


def _place(value: Fraction | None, ascending: Sequence[Fraction]) -> int | None:
    """One more than the number of strictly better values."""
    return None if value is None else 1 + len(ascending) - bisect_right(ascending, value)
