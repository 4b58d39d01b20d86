"""What stands beside a record: the sheets of its batch, its peers, its custody."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

import sqlalchemy as sa

from audit.store import schema

__all__ = ["Batch", "Peers", "Standing", "batch_of", "custody_of", "peers_of", "standings"]

Row = sa.RowMapping

_MOST = 5_000
"""Records of a unit that a record is compared with, at most."""


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


def standings(connection: sa.Connection, round_id: str, record: Row) -> list[Standing]:
    """Each score of a record among those of its unit in a round, the most unusual first."""
    own = {k: float(v) for k, v in (record["detectors"] or {}).items() if _is_number(v)}
    table = schema.records
    query = (
        sa.select(table.c.detectors)
        .where(
            table.c.round_id == round_id,
            table.c.unit_id == record["unit_id"],
            table.c.instrument_id == record["instrument_id"],
        )
        .limit(_MOST)
    )
    among: dict[str, list[float]] = {name: [] for name in own}
    for scores in connection.execute(query).scalars() if own else ():
        for name, values in among.items():
            value = (scores or {}).get(name)
            if value is not None and _is_number(value):
                values.append(float(value))
    found = []
    for name, values in among.items():
        values.sort()
        if values:
            higher = len(values) - bisect_left(values, own[name])
            share = higher / len(values)
            found.append(Standing(name, own[name], median(values), share, len(values)))
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
    connection: sa.Connection,
    round_id: str,
    record: Row,
    satisfied: Sequence[bool],
    group: Sequence[str],
) -> Peers:
    """How satisfied a record is beside its unit and the unit's peers.

    Args:
        connection: To read from.
        round_id: Whose results are taken.
        record: Its row.
        satisfied: Of each rated answer of the record, whether it is one of the best two.
        group: Units of the same peer group.
    """
    table = schema.scores
    query = sa.select(
        table.c.unit_id, table.c.satisfied_as_received, table.c.answers_as_received
    ).where(
        table.c.round_id == round_id,
        table.c.instrument_id == record["instrument_id"],
        table.c.measure == "overall",
    )
    found = {row[0]: (row[1], row[2]) for row in connection.execute(query)}
    good, answers = found.get(record["unit_id"], (0, 0))
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
