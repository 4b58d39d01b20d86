"""Which cases and units a user sees: the one place where that is said."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from audit.desk.people import User
from audit.judge.authority import Role, belongs_to
from audit.settings import Settings
from audit.store import schema
from audit.store.known import known_round
from audit.trail.acts import Action
from audit.trail.chain import last_seq

__all__ = ["Books", "Scope", "UnitBook", "scope_of", "unit_book"]

_JUDGES = frozenset({Role.INSPECTOR, Role.APPROVER})


@dataclass(frozen=True)
class UnitBook:
    """The units of the round as of its last day.

    Attributes:
        rows: Unit id -> its row.
        parents: Unit id -> the unit above it.
    """

    rows: Mapping[str, Mapping[str, object]]
    parents: Mapping[str, str | None]

    def below(self, top: str) -> frozenset[str]:
        """A unit and every unit under it, however deep."""
        children: dict[str, list[str]] = {}
        for unit, parent in self.parents.items():
            if parent is not None:
                children.setdefault(parent, []).append(unit)
        found: set[str] = set()
        waiting = [top]
        while waiting:
            unit = waiting.pop()
            if unit not in found:
                found.add(unit)
                waiting.extend(children.get(unit, ()))
        return frozenset(found)

    def top(self, unit: str) -> str:
        """The highest unit above one, or the unit itself."""
        seen: set[str] = set()
        while (above := self.parents.get(unit)) is not None and above in self.parents:
            if unit in seen:
                break
            seen.add(unit)
            unit = above
        return unit

    def name(self, unit: str | None) -> str:
        """What a unit is called."""
        row = self.rows.get(unit or "")
        return str(row["name"]) if row else unit or ""


def unit_book(connection: sa.Connection, settings: Settings) -> UnitBook:
    """Units that are valid on the last day of the round."""
    table, day = schema.units, settings.round.date_to
    query = sa.select(table).where(
        table.c.round_id == settings.round.id,
        sa.or_(table.c.valid_from.is_(None), table.c.valid_from <= day),
        sa.or_(table.c.valid_to.is_(None), table.c.valid_to >= day),
    )
    rows = {r["unit_id"]: dict(r) for r in connection.execute(query).mappings()}
    return UnitBook(rows, {unit: row["parent_id"] for unit, row in rows.items()})


class Books:
    """The units as they stand now, read again when a run has read the registers."""

    def __init__(self, settings: Settings) -> None:
        """Of the round of ``settings``."""
        self._settings = settings
        self._kept: tuple[int, UnitBook] | None = None

    def now(self, connection: sa.Connection) -> UnitBook:
        """The units of the round."""
        stand = last_seq(connection, (Action.REGISTERS,))
        kept = self._kept
        if kept is None or kept[0] != stand:
            kept = self._kept = (stand, unit_book(connection, self._settings))
        return kept[1]


@dataclass(frozen=True)
class Scope:
    """What one user sees.

    Attributes:
        user: Who.
        book: The units.
        units: Units in sight; ``None`` for all of them, and for what belongs to none.
    """

    user: User
    book: UnitBook
    units: frozenset[str] | None

    def sees(self, unit: str | None) -> bool:
        """Whether a unit, or what belongs to it, is in sight."""
        return self.units is None or unit in self.units

    def is_own(self, unit: str | None) -> bool:
        """Whether the user belongs to a unit, and so may not decide on it."""
        return belongs_to(self.user.home_unit, unit, self.book.parents)

    @property
    def judges(self) -> bool:
        """Whether the user decides, and so meets known forms among the cases."""
        return self.user.role in _JUDGES

    def rounds(self, round_id: str) -> tuple[str, ...]:
        """The rounds whose cases the user meets: for who decides, the known forms' too."""
        return (round_id, known_round(round_id)) if self.judges else (round_id,)

    def case(self, connection: sa.Connection, round_id: str, case_id: int) -> sa.RowMapping | None:
        """A case that rests on standing evidence and is in sight; ``None`` otherwise."""
        table = schema.cases
        query = sa.select(table).where(
            table.c.id == case_id,
            table.c.round_id.in_(self.rounds(round_id)),
            table.c.withdrawn_run.is_(None),
        )
        row = connection.execute(query).mappings().first()
        return row if row is not None and self.sees(row["unit_id"]) else None


def scope_of(user: User, book: UnitBook) -> Scope:
    """What a user sees, by their unit."""
    return Scope(user, book, None if user.scope_unit is None else book.below(user.scope_unit))
