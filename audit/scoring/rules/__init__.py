"""Rule sets as dated data, and their reader.

A rule set is a TOML file: programme, formula, tiers with their cut-offs, decimals, source
document and the days on which it is valid. Of each programme the set that is valid on the last
day of a round counts: tiers differ by programme and by year.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

from detectors.errors import ConfigError
from detectors.finding import Message
from detectors.toml_file import read_toml

__all__ = [
    *("AGENCY", "INDEX", "SATISFACTION", "RuleSet", "Tier", "book_at", "book_hash"),
    *("load_rules", "rules_at", "shipped_rules", "told", "untiered"),
]

_KEYS = (
    *("id", "title", "programme", "source", "valid_from", "valid_to", "formula", "decimals"),
    "tier",
)
SATISFACTION, AGENCY, INDEX = "satisfaction", "agency", "index"
# Which formula each programme knows.
_FORMULAS = {SATISFACTION: "top_two_share", AGENCY: "top_two_share", INDEX: "criteria_points"}


@dataclass(frozen=True, slots=True)
class Tier:
    """One tier: reached from ``cut_off``, a share in [0, 1], upwards.

    Attributes:
        id: Its name in data.
        name: What people call it.
        cut_off: Where it begins.
        award: Whether units of this tier are proposed for awards.
        inclusive: Whether the cut-off itself is in the tier ("from 95") or not ("over 95").
    """

    id: str
    name: Message
    cut_off: Fraction
    award: bool = False
    inclusive: bool = True

    def reached(self, value: Fraction) -> bool:
        """Whether an exact share is in this tier or a better one."""
        return value >= self.cut_off if self.inclusive else value > self.cut_off


@dataclass(frozen=True, slots=True)
class RuleSet:
    """How a result is made.

    Attributes:
        id: Its name; results carry it.
        title: What it says, in both languages.
        source: The document it follows.
        valid_from: First day.
        valid_to: Last day, ``None`` while it is valid.
        formula: ``top_two_share``, or ``criteria_points`` for the index.
        decimals: Of a percentage where it is shown.
        tiers: From the best down; none where no rule of the programme is known.
        sha256: Of the file.
        programme: ``satisfaction``, ``agency`` (opinions of agencies) or ``index``.
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
    programme: str = SATISFACTION

    def tier(self, value: Fraction | None) -> Tier | None:
        """The tier of an exact share; ``None`` where there is no value."""
        if value is None:
            return None
        return next((tier for tier in self.tiers if tier.reached(value)), None)

    def tier_named(self, tier_id: str | None) -> Tier | None:
        """A tier by its id."""
        return next((tier for tier in self.tiers if tier.id == tier_id), None)

    def tier_called(self, text: str) -> Tier | None:
        """A tier by its id or by its name in either language, as people write it."""
        wanted = _folded(text)
        for tier in self.tiers:
            if wanted in (_folded(tier.id), _folded(tier.name.vi), _folded(tier.name.en)):
                return tier
        return None


def load_rules(path: Path) -> RuleSet:
    """Read one rule set.

    Raises:
        ConfigError: If the file is not there or a key is wrong; names the key.
    """
    raw, data = read_toml(path, ConfigError, "the rule set", "name it under rules")
    for key in data:
        if key not in _KEYS:
            raise _wrong(path, key, "there is no such key", f"known are {', '.join(_KEYS)}")
    programme = data.get("programme", SATISFACTION)
    if programme not in _FORMULAS:
        known = ", ".join(_FORMULAS)
        raise _wrong(path, "programme", f"{programme!r} is not known", f"known are {known}")
    formula = data.get("formula", _FORMULAS[programme])
    if formula != _FORMULAS[programme]:
        remedy = f'write "{_FORMULAS[programme]}"'
        raise _wrong(path, "formula", f"{formula!r} is not known", remedy)
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
        programme=programme,
    )


def rules_at(path: Path, day: dt.date, programme: str = SATISFACTION) -> RuleSet:
    """The rule set of a programme that is valid on ``day``, from a file or a folder of files.

    A programme other than satisfaction may have none: then its results have no tiers.

    Raises:
        ConfigError: If more than one is valid on that day, or none for satisfaction.
    """
    names = sorted(path.glob("*.toml")) if path.is_dir() else [path]
    valid = [
        rules
        for rules in map(load_rules, names)
        if rules.programme == programme
        and rules.valid_from <= day
        and (rules.valid_to is None or day <= rules.valid_to)
    ]
    if not valid and programme != SATISFACTION:
        return untiered(programme, day)
    if len(valid) != 1:
        found = "no rule set is" if not valid else f"{' and '.join(r.id for r in valid)} are"
        raise ConfigError(
            f"{found} valid on {day}",
            where=str(path),
            remedy="set valid_from and valid_to so that exactly one is",
        )
    return valid[0]


def book_at(
    path: Path, day: dt.date, needed: Collection[str] = (SATISFACTION,)
) -> Mapping[str, RuleSet]:
    """Programme -> the rule set that is valid on ``day``.

    Args:
        path: A rule set, or a folder of them.
        day: The last day of the round.
        needed: Programmes that are measured.

    Raises:
        ConfigError: As :func:`rules_at`; a satisfaction that is not measured needs no rules.
    """
    book = {}
    for programme in _FORMULAS:
        try:
            book[programme] = rules_at(path, day, programme)
        except ConfigError:
            if programme in needed or programme != SATISFACTION:
                raise
            book[programme] = untiered(programme, day)
    return book


def told(book: Mapping[str, RuleSet]) -> dict[str, Any]:
    """Which rule sets they are, as plain data: those of satisfaction first, others by programme."""
    main = book[SATISFACTION]
    others = {
        name: {"id": rules.id, "sha256": rules.sha256}
        for name, rules in book.items()
        if name != SATISFACTION and rules.sha256
    }
    return {"id": main.id, "sha256": main.sha256} | others


def book_hash(book: Mapping[str, RuleSet]) -> str:
    """One hash for all rule sets of a day."""
    text = "|".join(f"{name}:{book[name].sha256}" for name in sorted(book))
    return hashlib.sha256(text.encode()).hexdigest()


def untiered(programme: str, day: dt.date) -> RuleSet:
    """Stands for the rules of a programme that has none: values, and no tiers."""
    title = Message("Chưa có bộ quy tắc xếp loại", "No rule set for tiers")
    formula = _FORMULAS[programme]
    return RuleSet("none", title, "", day, None, formula, 2, (), "", programme)


def _folded(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).casefold().replace("_", " ").split())


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
        needed = {"id", "name", "from"}
        if not isinstance(table, dict) or set(table) - {"award", "inclusive"} != needed:
            what = "needs id, name and from, and may have award and inclusive"
            raise _wrong(path, key, what, "mend it")
        flags = {"award": table.get("award", False), "inclusive": table.get("inclusive", True)}
        for flag, value in flags.items():
            if not isinstance(value, bool):
                what = f"{value!r} is neither true nor false"
                raise _wrong(path, f"{key}.{flag}", what, "mend it")
        start = table["from"]
        if not isinstance(start, int | float) or isinstance(start, bool) or not 0 <= start <= 100:
            raise _wrong(path, f"{key}.from", f"{start!r} is no percentage", "write 0 to 100")
        cut_off = Fraction(Decimal(str(start))) / 100
        if tiers and cut_off >= tiers[-1].cut_off:
            raise _wrong(path, f"{key}.from", "is not below the tier before", "order them")
        name = _message(path, table, "name")
        tiers.append(Tier(_text(path, table, "id"), name, cut_off, **flags))
    if tiers[-1].cut_off != 0 or not tiers[-1].inclusive:
        raise _wrong(path, "tier", "the lowest tier does not begin at 0", "let it begin at 0")
    return tuple(tiers)
