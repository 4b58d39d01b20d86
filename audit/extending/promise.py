"""What a promise is, and what its trying needs."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from audit.extending import subjects
from detectors.finding import Message
from detectors.registry import Assessment, Check, Level

__all__ = [
    "ContractBroken",
    "Promise",
    "answers_of",
    "hold",
    "hold_same",
    "hold_texts",
    "promise",
    "promises",
]


class ContractBroken(Exception):
    """A check does not keep what every check promises."""


@dataclass(frozen=True, slots=True)
class Promise:
    """One thing that every check of some levels promises.

    Attributes:
        name: A short sentence, with underscores.
        levels: Whom it concerns.
        batch_dependent: Only checks that are so; None means all.
        keep: Tries it; raises :class:`ContractBroken`.
    """

    name: str
    levels: tuple[Level, ...]
    batch_dependent: bool | None
    keep: Callable[[Check[Any]], None]

    def concerns(self, check: Check[Any]) -> bool:
        """Whether ``check`` makes this promise."""
        info = check.info
        return info.level in self.levels and self.batch_dependent in (None, info.batch_dependent)


_PROMISES: list[Promise] = []


def promise(
    *levels: Level, batch_dependent: bool | None = None
) -> Callable[[Callable[[Check[Any]], None]], Callable[[Check[Any]], None]]:
    """Take a function up as a promise of checks of some levels, by its name."""

    def note(keep: Callable[[Check[Any]], None]) -> Callable[[Check[Any]], None]:
        of = levels or tuple(Level)
        _PROMISES.append(Promise(keep.__name__.lstrip("_"), of, batch_dependent, keep))
        return keep

    return note


def promises() -> tuple[Promise, ...]:
    """All promises, in the order in which an author wants to hear of them."""
    return tuple(_PROMISES)


def hold(right: object, text: str) -> None:
    """Broken with ``text`` where something is not right."""
    if not right:
        raise ContractBroken(text)


_ANSWERED: dict[int, tuple[Check[Any], tuple[Assessment, ...]]] = {}


def answers_of(check: Check[Any]) -> tuple[Assessment, ...]:
    """What it answers to the whole examination; asked once, with the check kept alive by it."""
    if id(check) not in _ANSWERED:
        whole = subjects.whole_of(check)
        _ANSWERED[id(check)] = check, tuple(check.assess(subject, seed=1) for subject in whole)
    return _ANSWERED[id(check)][1]


def hold_same(one: Assessment, other: Assessment, when: str) -> None:
    """Two answers must be one."""
    for name in ("scores", "p_values"):
        equal = np.array_equal(getattr(one, name), getattr(other, name), equal_nan=True)
        hold(equal, f"{name} differ {when}")
    equal = [f.to_json() for f in one.findings] == [f.to_json() for f in other.findings]
    hold(equal, f"findings differ {when}")
    hold(
        dict(one.not_assessable) == dict(other.not_assessable),
        f"what could not be judged differs {when}",
    )


def hold_texts(message: Message) -> None:
    """A text stands in two languages and accuses nobody."""
    hold(message.vi and message.en and message.vi != message.en, f"not in two languages: {message}")
    accusing = re.search(r"gian lận|fraud", f"{message.vi} {message.en}", re.IGNORECASE)
    hold(not accusing, f"it accuses: {message}")
