"""Scores and runs."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from audit.scoring.breakdown import Slice
from audit.scoring.scores import VERSIONS, Score
from audit.scoring.uncertainty import Firmness
from audit.store import schema
from audit.store.rows import Changes, insert, plain, sync
from audit.trail.chain import touched

__all__ = ["Breakdowns", "Runs", "Scores"]


class Scores:
    """Repository of scores."""

    def __init__(self, connection: sa.Connection, round_id: str) -> None:
        """Work on one round inside the caller's transaction."""
        self.connection = connection
        self.round_id = round_id

    def save(
        self,
        instrument_id: str,
        scores: Iterable[Score],
        rule_set: str,
        firm: Mapping[tuple[str, str, str], Firmness],
    ) -> Changes:
        """Make the scores of an instrument equal to ``scores``, with how firm each is."""
        table = schema.scores
        scope = sa.and_(table.c.round_id == self.round_id, table.c.instrument_id == instrument_id)
        rows = []
        for score in scores:
            about = (instrument_id, score.unit_id, score.measure, score.factor)
            row: dict[str, Any] = {
                "id": schema.key_of("score", self.round_id, *about),
                "round_id": self.round_id,
                "instrument_id": instrument_id,
                "unit_id": score.unit_id,
                "measure": score.measure,
                "factor": score.factor,
                "rule_set": rule_set,
                "counts": dict(score.states),
                "records_counted": score.records_counted,
                "ranked_units": score.ranked_units,
                "rank_best": score.rank_best,
                "rank_worst": score.rank_worst,
                "tier_firm": score.tier_firm,
                "firmness": _firmness(firm[score.unit_id, score.measure, score.factor]),
            }
            for version in VERSIONS:
                row[f"satisfied_{version}"] = score.shares[version].satisfied
                row[f"answers_{version}"] = score.shares[version].answers
                row[f"tier_{version}"] = score.tiers.get(version)
                row[f"rank_{version}"] = score.ranks.get(version)
            rows.append(row)
        return sync(self.connection, table, scope, rows)

    def all(self, instrument_id: str | None = None) -> Sequence[sa.RowMapping]:
        """Scores in order of unit; overall, factors, whole form."""
        table = schema.scores
        query = sa.select(table).where(table.c.round_id == self.round_id)
        if instrument_id is not None:
            query = query.where(table.c.instrument_id == instrument_id)
        order = sa.case({"overall": 0, "factor": 1, "whole_form": 2}, value=table.c.measure)
        query = query.order_by(table.c.instrument_id, table.c.unit_id, order, table.c.factor)
        return self.connection.execute(query).mappings().all()


def _firmness(firm: Firmness) -> dict[str, Any]:
    """As JSON: keys are texts."""
    data = dataclasses.asdict(firm)
    data["rank_chance"] = {str(rank): chance for rank, chance in firm.rank_chance.items()}
    return data


class Breakdowns:
    """Repository of results by slice."""

    def __init__(self, connection: sa.Connection, round_id: str) -> None:
        """Work on one round inside the caller's transaction."""
        self.connection = connection
        self.round_id = round_id

    def save(self, instrument_id: str, slices: Iterable[Slice]) -> Changes:
        """Make the slices of an instrument equal to ``slices``."""
        table = schema.breakdowns
        scope = sa.and_(table.c.round_id == self.round_id, table.c.instrument_id == instrument_id)
        rows = []
        for one in slices:
            about = (one.scope, one.scope_id, one.dimension, one.category, one.measure, one.factor)
            names = ("scope", "scope_id", "dimension", "category", "measure", "factor")
            low, high = one.interval or (None, None)
            row: dict[str, Any] = {
                "id": schema.key_of("breakdown", self.round_id, instrument_id, *about),
                "round_id": self.round_id,
                "instrument_id": instrument_id,
                **dict(zip(names, about, strict=True)),
                "records_received": one.records_received,
                "records_counted": one.records_counted,
                "interval_low": low,
                "interval_high": high,
            }
            for version in VERSIONS:
                row[f"satisfied_{version}"] = one.shares[version].satisfied
                row[f"answers_{version}"] = one.shares[version].answers
            rows.append(row)
        return sync(self.connection, table, scope, rows)

    def all(self, instrument_id: str | None = None) -> Sequence[sa.RowMapping]:
        """Slices in order of scope, dimension, measure."""
        table = schema.breakdowns
        query = sa.select(table).where(table.c.round_id == self.round_id)
        if instrument_id is not None:
            query = query.where(table.c.instrument_id == instrument_id)
        order = sa.case({"overall": 0, "factor": 1, "whole_form": 2}, value=table.c.measure)
        places = (table.c.scope, table.c.scope_id, table.c.dimension, table.c.category)
        query = query.order_by(table.c.instrument_id, *places, order, table.c.factor)
        return self.connection.execute(query).mappings().all()


class Runs:
    """Repository of runs."""

    def __init__(self, connection: sa.Connection, round_id: str) -> None:
        """Work on one round inside the caller's transaction."""
        self.connection = connection
        self.round_id = round_id

    def fresh_id(self, wish: str) -> str:
        """``wish``, or with a number behind it where a run of that name is there already."""
        table = schema.runs
        ids = set(self.connection.execute(sa.select(table.c.id)).scalars())
        names = (wish, *(f"{wish}-{number}" for number in range(2, len(ids) + 3)))
        return next(name for name in names if name not in ids)

    def start(self, row: Mapping[str, Any]) -> None:
        """Note that a run began; one that never ended is noted as interrupted."""
        table = schema.runs
        unfinished = sa.and_(table.c.round_id == self.round_id, table.c.status == "running")
        ended = sa.update(table).where(unfinished).values(status="interrupted")
        found = self.connection.execute(ended.returning(table.c.id)).scalars().all()
        touched(self.connection, table.name, found)
        insert(
            self.connection,
            table,
            [{**row, "round_id": self.round_id, "status": "running", "counts": {}}],
        )

    def finish(self, run_id: str, **values: Any) -> None:
        """Note how a run ended."""
        table = schema.runs
        clean = {name: plain(value) for name, value in values.items()}
        self.connection.execute(sa.update(table).where(table.c.id == run_id).values(clean))
        touched(self.connection, table.name, [run_id])

    def last_done(self) -> sa.RowMapping | None:
        """The latest run that came to its end."""
        table = schema.runs
        query = sa.select(table).where(table.c.round_id == self.round_id, table.c.status == "done")
        query = query.order_by(table.c.started_at.desc(), table.c.id.desc())
        return self.connection.execute(query).mappings().first()

    def all(self) -> Sequence[sa.RowMapping]:
        """Runs in order of time."""
        table = schema.runs
        query = sa.select(table).where(table.c.round_id == self.round_id)
        return (
            self.connection.execute(query.order_by(table.c.started_at, table.c.id)).mappings().all()
        )
