"""Rule sets as dated data, and their reader.

A rule set is a TOML file: formula, tiers with their cut-offs, decimals, source document and
the days on which it is valid. The set that is valid on the last day of a round counts.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

from detectors.errors import ConfigError
from detectors.finding import Message
from detectors.toml_file import read_toml

__all__ = ["RuleSet", "Tier", "load_rules", "rules_at", "shipped_rules"]

_KEYS = ("id", "title", "source", "valid_from", "valid_to", "formula", "decimals", "tier")


@dataclass(frozen=True, slots=True)
class Tier:
    """One tier: reached from ``cut_off``, a share in [0, 1], upwards."""

    id: str
    name: Message
    cut_off: Fraction


@dataclass(frozen=True, slots=True)
class RuleSet:
    """How a result is made.

    Attributes:
        id: Its name; results carry it.
        title: What it says, in both languages.
        source: The document it follows.
        valid_from: First day.
        valid_to: Last day, ``None`` while it is valid.
        formula: ``top_two_share``.
        decimals: Of a percentage where it is shown.
        tiers: From the best down.
        sha256: Of the file.
    """

    id: str
    title: Message
    source: str
    valid_from: dt.date
    valid_to: dt.date | None
    formula: str
    decimals: int
    tiers: tuple[Tier, ...]
    sha256: str

    def tier(self, value: Fraction | None) -> Tier | None:
        """The tier of an exact share; ``None`` where there is no value."""
        if value is None:
            return None
        return next((tier for tier in self.tiers if value >= tier.cut_off), None)

    def tier_named(self, tier_id: str | None) -> Tier | None:
        """A tier by its id."""
        return next((tier for tier in self.tiers if tier.id == tier_id), None)


def load_rules(path: Path) -> RuleSet:
    """Read one rule set.

    Raises:
        ConfigError: If the file is not there or a key is wrong; names the key.
    """
    raw, data = read_toml(path, ConfigError, "the rule set", "name it under rules")
    for key in data:
        if key not in _KEYS:
            raise _wrong(path, key, "there is no such key", f"known are {', '.join(_KEYS)}")
    formula = data.get("formula", "top_two_share")
    if formula != "top_two_share":
        raise _wrong(path, "formula", f"{formula!r} is not known", 'write "top_two_share"')
    decimals = data.get("decimals", 2)
    if not isinstance(decimals, int) or isinstance(decimals, bool) or not 0 <= decimals <= 6:
        raise _wrong(path, "decimals", f"{decimals!r} is no number from 0 to 6", "write 2")
    start, end = _day(path, data, "valid_from"), _day(path, data, "valid_to")
    if start is None:
        raise _wrong(path, "valid_from", "the key is missing", "write the first day")
    if end is not None and end < start:
        raise _wrong(path, "valid_to", f"{end} lies before valid_from", "correct one of them")
    return RuleSet(
        id=_text(path, data, "id"),
        title=_message(path, data, "title"),
        source=_text(path, data, "source"),
        valid_from=start,
        valid_to=end,
        formula=formula,
        decimals=decimals,
        tiers=_tiers(path, data.get("tier", [])),
        sha256=hashlib.sha256(raw).hexdigest(),
    )


def rules_at(path: Path, day: dt.date) -> RuleSet:
    """The rule set that is valid on ``day``, from a file or a folder of files.

    Raises:
        ConfigError: If none or more than one is valid on that day.
    """
    names = sorted(path.glob("*.toml")) if path.is_dir() else [path]
    valid = [
        rules
        for rules in map(load_rules, names)
        if rules.valid_from <= day and (rules.valid_to is None or day <= rules.valid_to)
    ]
    if len(valid) != 1:
        found = "no rule set is" if not valid else f"{' and '.join(r.id for r in valid)} are"
        raise ConfigError(
            f"{found} valid on {day}",
            where=str(path),
            remedy="set valid_from and valid_to so that exactly one is",
        )
    return valid[0]


def shipped_rules() -> Sequence[Path]:
    """The rule sets that come with the program."""
    return sorted(Path(__file__).parent.glob("*.toml"))


def _wrong(path: Path, key: str, what: str, remedy: str) -> ConfigError:
    return ConfigError(what, where=f"{path}, key {key}", remedy=remedy)


def _text(path: Path, data: Mapping[str, Any], key: str) -> str:
    value = data.get(key)
    if not isinstance(value, str) or not value.strip():
        raise _wrong(path, key, "must be a text that is not empty", "write it")
    return value


def _message(path: Path, data: Mapping[str, Any], key: str) -> Message:
    value = data.get(key)
    if isinstance(value, str) and value:
        return Message(value, value)
    if isinstance(value, dict) and all(isinstance(value.get(k), str) for k in ("vi", "en")):
        return Message(value["vi"], value["en"])
    raise _wrong(path, key, "must be a text in both languages", '{ vi = "…", en = "…" }')


def _day(path: Path, data: Mapping[str, Any], key: str) -> dt.date | None:
    value = data.get(key)
    if value is None or (isinstance(value, dt.date) and not isinstance(value, dt.datetime)):
        return value
    raise _wrong(path, key, f"{value!r} is no day", "write it as 2026-07-31, without quotes")


def _tiers(path: Path, tables: Any) -> tuple[Tier, ...]:
    if not isinstance(tables, list) or not tables:
        raise _wrong(path, "tier", "there is no tier", "write [[tier]] tables, best first")
    tiers: list[Tier] = []
    for number, table in enumerate(tables, start=1):
        key = f"tier {number}"
        if not isinstance(table, dict) or set(table) != {"id", "name", "from"}:
            raise _wrong(path, key, "needs id, name and from, and nothing else", "mend it")
        start = table["from"]
        if not isinstance(start, int | float) or isinstance(start, bool) or not 0 <= start <= 100:
            raise _wrong(path, f"{key}.from", f"{start!r} is no percentage", "write 0 to 100")
        cut_off = Fraction(Decimal(str(start))) / 100
        if tiers and cut_off >= tiers[-1].cut_off:
            raise _wrong(path, f"{key}.from", "is not below the tier before", "order them")
        tiers.append(Tier(_text(path, table, "id"), _message(path, table, "name"), cut_off))
    if tiers[-1].cut_off != 0:
        raise _wrong(path, "tier", "the lowest tier does not begin at 0", "let it begin at 0")
    return tuple(tiers)
