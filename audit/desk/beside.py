"""What stands beside a record: the sheets of its batch, its peers, its custody."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from audit.desk.queue import CHANGING
from audit.desk.recent import Recent
from audit.store import schema
from audit.trail.chain import last_seq

__all__ = [
    *("Batch", "Neighbours", "Peers", "Standing"),
    *("batch_of", "custody_of", "peers_of", "standings"),
]

Row = sa.RowMapping

_MOST = 5_000
"""Records of a unit that a record is compared with, at most."""
_UNITS = 100  # whose scores are kept: 100 units of 5,000 records and 10 checks take 40 MB
_RESULTS = 8


@dataclass(frozen=True, slots=True)
class Batch:
    """The sheets with a case of their own that were collected with a record, by serial.

    The others were flagged by nobody: what stands on them is not shown beside a name.

    Attributes:
        records: ``id``, ``record_id`` and ``serial`` of each.
        at: Place of the record among them, from 0.
        whole_unit: Whether there is no batch, and the unit's sheets stand in for it.
    """

    records: Sequence[Row]
    at: int
    whole_unit: bool

    def step(self, by: int) -> Row | None:
        """The sheet so many places on, if there is one."""
        place = self.at + by
        return self.records[place] if by and 0 <= place < len(self.records) else None


def batch_of(
    connection: sa.Connection,
    record: Row,
    sees: Callable[[str | None], bool],
    rounds: Sequence[str] = (),
) -> Batch | None:
    """The batch of a scanned record; ``None`` for one without paper or out of sight.

    Args:
        connection: To read from.
        record: Its row.
        sees: Whether a unit is in sight.
        rounds: Rounds whose sheets stand beside each other; the record's own without any.
    """
    if record["source"] == "table" or record["unit_id"] is None or not sees(record["unit_id"]):
        return None
    table, cases = schema.records, schema.cases
    # Not a join: SQLite would then walk all cases of the round instead of the unit's records.
    has_case = sa.exists().where(
        cases.c.round_id == table.c.round_id,
        cases.c.instrument_id == table.c.instrument_id,
        cases.c.subject == "record",
        cases.c.subject_id == table.c.record_id,
        cases.c.withdrawn_run.is_(None),
    )
    query = (
        sa.select(table.c.id, table.c.record_id, table.c.serial)
        .where(
            has_case,
            table.c.round_id.in_(rounds or (record["round_id"],)),
            table.c.unit_id == record["unit_id"],
            table.c.instrument_id == record["instrument_id"],
            table.c.source.in_(("scan", "both")),
            table.c.batch == record["batch"] if record["batch"] else sa.true(),
        )
        .order_by(table.c.serial, table.c.record_id)
    )
    rows = connection.execute(query).mappings().all()
    at = next((n for n, row in enumerate(rows) if row["id"] == record["id"]), None)
    return None if at is None else Batch(rows, at, whole_unit=not record["batch"])


@dataclass(frozen=True, slots=True)
class Standing:
    """One score of a record among those of its unit.

    Attributes:
        check: Which check gave it.
        score: Of the record; higher is more unusual.
        middle: Median of the unit's records.
        above: Share of the unit's records with a score at least as high, in (0, 1].
        n: How many of the unit's records have one.
    """

    check: str
    score: float
    middle: float
    above: float
    n: int


class Neighbours:
    """What the records of a unit have in common, kept until a run or a correction changes it.

    Scores of some thousand records and results of all units take longer to read than the rest
    of a case's page, and are the same for the next one.
    """

    def __init__(self) -> None:
        """Begin with nothing read."""
        self._scores: Recent[Mapping[str, Sequence[float]]] = Recent(_UNITS)
        self._results: Recent[Mapping[str, tuple[int, int]]] = Recent(_RESULTS)

    def scores(
        self, connection: sa.Connection, round_id: str, record: Row
    ) -> Mapping[str, Sequence[float]]:
        """Scores of the records of a record's unit, ascending, by check."""
        of = (round_id, record["unit_id"], record["instrument_id"])
        key = (last_seq(connection, CHANGING), *of)
        return self._scores.get(key, lambda: _scores(connection, *of))

    def results(
        self, connection: sa.Connection, round_id: str, instrument_id: str
    ) -> Mapping[str, tuple[int, int]]:
        """Unit -> satisfied answers and answers, as received."""
        key = (last_seq(connection, CHANGING), round_id, instrument_id)
        return self._results.get(key, lambda: _results(connection, round_id, instrument_id))


def _scores(
    connection: sa.Connection, round_id: str, unit_id: str | None, instrument_id: str
) -> Mapping[str, Sequence[float]]:
    table = schema.records
    query = (
        sa.select(table.c.detectors)
        .where(
            table.c.round_id == round_id,
            table.c.unit_id == unit_id,
            table.c.instrument_id == instrument_id,
        )
        .limit(_MOST)
    )
    among: dict[str, list[float]] = {}
    for scores in connection.execute(query).scalars():
        for name, value in (scores or {}).items():
            if _is_number(value):
                among.setdefault(name, []).append(float(value))
    return {name: array("d", sorted(values)) for name, values in among.items()}


def _results(
    connection: sa.Connection, round_id: str, instrument_id: str
) -> Mapping[str, tuple[int, int]]:
    table = schema.scores
    query = sa.select(
        table.c.unit_id, table.c.satisfied_as_received, table.c.answers_as_received
    ).where(
        table.c.round_id == round_id,
        table.c.instrument_id == instrument_id,
        table.c.measure == "overall",
    )
    return {row[0]: (row[1], row[2]) for row in connection.execute(query)}


def standings(among: Mapping[str, Sequence[float]], record: Row) -> list[Standing]:
    """Each score of a record among those of its unit, the most unusual first.

    Args:
        among: Of :meth:`Neighbours.scores`.
        record: Its row.
    """
    own = {k: float(v) for k, v in (record["detectors"] or {}).items() if _is_number(v)}
    found = []
    for name, score in own.items():
        values = among.get(name, ())
        if values:
            share = (len(values) - bisect_left(values, score)) / len(values)
            # Already in order: `statistics.median` would sort again.
            middle = (values[(len(values) - 1) // 2] + values[len(values) // 2]) / 2
            found.append(Standing(name, score, middle, share, len(values)))
    return sorted(found, key=lambda s: (s.above, s.check))


@dataclass(frozen=True, slots=True)
class Peers:
    """Share of satisfied answers: of a record, of its unit, of the unit's group.

    Attributes:
        record: Of the record; ``None`` without answers.
        unit: As received.
        group: As received, of all units of the group together.
    """

    record: float | None
    unit: float | None
    group: float | None


def peers_of(
    found: Mapping[str, tuple[int, int]],
    unit_id: str | None,
    satisfied: Sequence[bool],
    group: Sequence[str],
) -> Peers:
    """How satisfied a record is beside its unit and the unit's peers.

    Args:
        found: Of :meth:`Neighbours.results`.
        unit_id: Of the record.
        satisfied: Of each rated answer of the record, whether it is one of the best two.
        group: Units of the same peer group.
    """
    good, answers = found.get(unit_id or "", (0, 0))
    all_good = sum(found[unit][0] for unit in group if unit in found)
    all_answers = sum(found[unit][1] for unit in group if unit in found)
    return Peers(
        sum(satisfied) / len(satisfied) if satisfied else None,
        good / answers if answers else None,
        all_good / all_answers if all_answers else None,
    )


def custody_of(
    connection: sa.Connection, round_id: str, record: Row
) -> Mapping[str, object] | None:
    """The custody row of the batch that a record came with."""
    if not record["batch"]:
        return None
    table = schema.batches
    query = sa.select(table).where(
        table.c.round_id == round_id,
        table.c.unit_id == record["unit_id"],
        table.c.batch == record["batch"],
    )
    row = connection.execute(query.order_by(table.c.id)).mappings().first()
    return None if row is None else dict(row)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
