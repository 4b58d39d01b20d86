"""The one registry of keys: what each does, where, and what a user has made of it.

Movement and decision never share a key, two things of one page never do; a choice of a
user's own that would collide is refused. The digits choose reasons and stay as they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from audit.store import schema
from audit.trail.chain import touched

__all__ = ["KEYS", "Key", "KeyChoices", "assigned", "collisions", "usable"]

EVERYWHERE, QUEUE, CASE, COMPARE = "everywhere", "queue", "case", "compare"


@dataclass(frozen=True, slots=True)
class Key:
    """One key.

    Attributes:
        default: As the browser calls it, lower case.
        page: Where it is: one kind of page, or everywhere.
        kind: ``key`` presses, ``hold`` holds, ``focus`` goes to a field, ``next`` chooses the
            next of a list.
        also: A second key that cannot be changed.
    """

    default: str
    page: str
    kind: str = "key"
    also: str | None = None


KEYS: Mapping[str, Key] = {
    "help": Key("?", EVERYWHERE),
    "queue": Key("g", EVERYWHERE),
    "row_down": Key("j", QUEUE, also="ArrowDown"),
    "row_up": Key("k", QUEUE, also="ArrowUp"),
    "row_open": Key("Enter", QUEUE),
    "page_before": Key("[", QUEUE),
    "page_after": Key("]", QUEUE),
    "before": Key("k", CASE, also="ArrowUp"),
    "after": Key("j", CASE, also="ArrowDown"),
    "sheet_before": Key("[", CASE),
    "sheet_after": Key("]", CASE),
    "zoom_sign": Key("z", CASE),
    "zoom_in": Key("+", CASE, also="="),
    "zoom_out": Key("-", CASE),
    "zoom_fit": Key("0", CASE),
    "hide": Key("h", CASE, kind="hold"),
    "look": Key("v", CASE, kind="next"),
    "mark": Key("a", CASE),
    "compare": Key("m", CASE),
    "confirm": Key("c", CASE),
    "dismiss": Key("r", CASE),
    "escalate": Key("e", CASE),
    "backcheck": Key("b", CASE),
    "reopen": Key("o", CASE),
    "note": Key("n", CASE, kind="focus"),
    "undo": Key("u", CASE),
    "back": Key("Escape", COMPARE, also="m"),
    "blink": Key("b", COMPARE),
    "beside_before": Key("[", COMPARE),
    "beside_after": Key("]", COMPARE),
    "bigger": Key("+", COMPARE, also="="),
    "smaller": Key("-", COMPARE),
}
_DIGITS = frozenset("123456789")
_FIXED = frozenset({"help", "row_open", "back"})


def usable(name: str, key: str) -> bool:
    """Whether something may be put on a key at all."""
    known = KEYS.get(name)
    if known is None or name in _FIXED:
        return False
    return len(key) == 1 and key.isprintable() and not key.isspace() and key not in _DIGITS


def assigned(choices: Mapping[str, str]) -> dict[str, str]:
    """Every name with its key; choices that are not usable are left out."""
    own = {name: key for name, key in choices.items() if usable(name, key)}
    return {name: own.get(name, known.default) for name, known in KEYS.items()}


def collisions(keys: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """``(key, one, other)`` of what would be on one key of one page."""
    found = []
    for page in (QUEUE, CASE, COMPARE):
        seen: dict[str, str] = {}
        for name, known in KEYS.items():
            if known.page in (page, EVERYWHERE):
                for key in filter(None, (keys[name], known.also)):
                    if key in seen:
                        found.append((key, seen[key], name))
                    seen.setdefault(key, name)
    return list(dict.fromkeys(found))


class KeyChoices:
    """Repository of users' own keys."""

    def __init__(self, connection: sa.Connection) -> None:
        """Work inside the caller's transaction."""
        self.connection = connection

    def of(self, user_id: int) -> Mapping[str, str]:
        """What a user has chosen; empty for the keys that everybody begins with."""
        table = schema.key_choices
        query = sa.select(table.c.chosen).where(table.c.user_id == user_id)
        return dict(self.connection.execute(query).scalar() or {})

    def save(self, user_id: int, choices: Mapping[str, str]) -> None:
        """Keep a user's choices."""
        table = schema.key_choices
        where = table.c.user_id == user_id
        changed = self.connection.execute(
            sa.update(table).where(where).values(chosen=dict(choices))
        )
        if not changed.rowcount:
            self.connection.execute(sa.insert(table).values(user_id=user_id, chosen=dict(choices)))
        touched(self.connection, table.name, [user_id])
