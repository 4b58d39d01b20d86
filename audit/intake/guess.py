"""Guessing how an export maps onto the contract, with a reason for each guess.

A guess is shown and written down, never used unseen: people correct it in ``audit.toml``.
Names decide first, then the question texts that some platforms export, then a text that is
nearly the same. Labels are taken from known scales; a scale is chosen only where every label
that occurs is in it.
"""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from audit.intake._cells import to_text
from audit.intake._formats import read_raw
from audit.intake._guess_labels import guess_labels, guess_month_first, texts_of
from audit.intake._header_rows import without_extra_headers
from audit.intake.columns import Columns
from audit.intake.mapping import TableMapping
from audit.intake.presets import PRESETS
from detectors.instrument import Instrument, Item

__all__ = ["Guess", "Line", "guess_mapping"]

_NEAR = 0.86
_CLEAR = 0.06
_META: Mapping[str, tuple[str, ...]] = {
    "record_id": ("record_id", "response_id", "id", "uuid", "ma phieu", "ma ban ghi"),
    "unit_id": ("unit_id", "unit", "don vi", "ma don vi", "don_vi", "office", "co quan"),
    "channel": ("channel", "kenh"),
    "serial": ("serial", "so seri", "seri"),
    "batch": ("batch", "lo phieu"),
    "collector": ("collector", "enumerator", "dieu tra vien", "username"),
    "started_at": ("started_at", "start", "bat dau"),
    "submitted_at": ("submitted_at", "timestamp", "dau thoi gian", "submission date"),
    "device": ("device", "deviceid"),
    "account": ("account", "email", "dia chi email"),
    "ip": ("ip", "ipaddr", "ip address"),
    "case_id": ("case_id", "ma ho so", "so ho so", "case"),
    "assisted": ("assisted", "co nguoi huong dan"),
    "comment": ("comment", "y kien khac", "gop y", "comments"),
}


@dataclass(frozen=True, slots=True)
class Line:
    """One column of the contract, or one item.

    Attributes:
        wanted: Contract column or item id.
        found: Name in the file, ``None`` if there is none.
        why: How it was found.
        doubt: What should be looked at; empty if nothing.
        examples: A few cells, for items only: nothing that could name a person.
    """

    wanted: str
    found: str | None
    why: str
    doubt: str = ""
    examples: tuple[str, ...] = ()


@dataclass
class Guess:
    """A mapping and how sure it is.

    Attributes:
        mapping: To be written into ``audit.toml``.
        lines: One a column of the contract and one an item, in that order.
        unused: Columns of the file that map to nothing.
        doubts: What is doubtful about the table as a whole.
        rows: Rows of answers.
    """

    mapping: TableMapping
    lines: list[Line] = field(default_factory=list)
    unused: list[str] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)
    rows: int = 0

    @property
    def complete(self) -> bool:
        """Whether every rating item and the unit have a column."""
        return not any(line.doubt.startswith("missing") for line in self.lines)


def guess_mapping(path: Path, instrument: Instrument) -> Guess:
    """Guess the mapping of an export.

    Args:
        path: The export.
        instrument: What was asked.

    Raises:
        InputError: If the file cannot be used.
        AccessError: If it cannot be read.
    """
    headed = without_extra_headers(read_raw(path))
    preset = _platform(headed.raw.columns)
    table = Columns(
        headed.raw, TableMapping(preset=preset), texts=headed.texts, timezone=headed.timezone
    )
    guess = Guess(table.mapping, rows=len(headed.raw))
    columns: dict[str, str] = {}
    taken: set[str] = set()
    for item in instrument.items:
        line = _item_line(table, item, taken)
        guess.lines.append(line)
        if line.found:
            taken.add(line.found)
            if table.name(item.id) != line.found:
                columns[item.id] = line.found
    meta = [_meta_line(table, name, taken) for name in _META]
    for line in meta:
        if line.found:
            taken.add(line.found)
            if table.name(line.wanted) != line.found:
                columns[line.wanted] = line.found
    guess.lines = meta + guess.lines
    _choices(table, instrument, taken)
    guess.unused = [name for name in headed.raw.columns if name not in taken]
    labels, absent = guess_labels(table, instrument, columns, guess.doubts)
    guess.mapping = TableMapping(
        preset=preset,
        columns=columns,
        labels=labels,
        not_applicable=absent,
        month_first=guess_month_first(table, columns, guess.doubts),
        # A zone that the file names itself needs no line.
    )
    return guess


def _platform(names: Iterable[str]) -> str | None:
    """The platform with most of its marks among the columns; a group before a mark is allowed."""
    there = set(names)
    found = {name: sum(mark in there for mark in preset.marks) for name, preset in PRESETS.items()}
    best = max(found.values())
    first = [name for name, count in found.items() if count == best and best]
    if len(first) > 1:
        known = {
            n: sum(c in there for cs in PRESETS[n].columns.values() for c in cs) for n in first
        }
        first = sorted(first, key=lambda name: -known[name])
    return first[0] if first else None


def _item_line(table: Columns, item: Item, taken: set[str]) -> Line:
    name = table.name(item.id)
    if name is not None:
        exact = name == item.id
        why = "same name" if exact else "same name, in a group or in other letters"
        return Line(item.id, name, why, examples=_examples(table, name))
    if not item.is_rating and any(table.choice_name(item.id, str(v)) for v in item.scale):
        return Line(item.id, None, "one column a value")
    wanted = [_plain(text) for text in (item.text or {}).values() if text]
    ranked = sorted(
        ((_likeness(wanted, _told(table, n)), n) for n in table.raw.columns if n not in taken),
        reverse=True,
    )
    if wanted and ranked and ranked[0][0] >= _NEAR:
        best, found = ranked[0]
        rival = ranked[1] if len(ranked) > 1 else (0.0, "")
        doubt = ""
        if best - rival[0] < _CLEAR:
            doubt = f"{rival[1]} is nearly as like"
        elif best < 1.0:
            doubt = "the text is not quite the same"
        return Line(item.id, found, "text of the question", doubt, _examples(table, found))
    doubt = "missing: a rating needs its column" if item.is_rating else "not in the file"
    return Line(item.id, None, "", doubt)


def _told(table: Columns, name: str) -> tuple[str, ...]:
    """What a column says of its question: its name, its text, the row inside brackets."""
    texts = [name, table.texts.get(name, "")]
    for text in list(texts):
        if text.endswith("]") and "[" in text:
            texts.append(text[text.rindex("[") + 1 : -1])
        # Qualtrics writes "question - row" for a matrix.
        texts += text.split(" - ")[1:]
    return tuple(_plain(text) for text in texts if text)


def _likeness(wanted: Sequence[str], told: Sequence[str]) -> float:
    best = 0.0
    for one in wanted:
        for other in told:
            if one == other:
                return 1.0
            if other.endswith(one) or one in other:
                best = max(best, 0.95)
            elif abs(len(one) - len(other)) <= 0.4 * len(one):
                best = max(best, difflib.SequenceMatcher(None, one, other).ratio())
    return best


def _plain(text: str) -> str:
    """Letters without marks, case or punctuation."""
    bare = unicodedata.normalize("NFD", text.casefold().replace("đ", "d"))
    kept = (c if c.isalnum() else " " for c in bare if not unicodedata.combining(c))
    return " ".join("".join(kept).split())


def _meta_line(table: Columns, column: str, taken: set[str]) -> Line:
    name = table.name(column)
    if name is not None and name not in taken:
        return Line(column, name, "same name" if name == column else "of the platform")
    words = {_plain(word) for word in _META[column]}
    like = [n for n in table.raw.columns if n not in taken and _plain(_last(n)) in words]
    if like:
        doubt = f"also {like[1]}" if len(like) > 1 else "by its name only"
        return Line(column, like[0], "usual name", doubt)
    if column == "record_id":
        if table.mapping.preset and "record_id" not in table.mapping.platform.columns:
            return Line(column, None, "made from what the row holds")
        own = next((n for n in table.raw.columns if n not in taken and _tells(table, n)), None)
        if own is not None:
            return Line(column, own, "its cells all differ", "an id by its name and cells only")
        return Line(column, None, "", "missing: name the column that tells records apart")
    if column == "unit_id":
        return Line(column, None, "", 'missing: name the column, or write unit = "…" for all rows')
    return Line(column, None, "")


def _tells(table: Columns, name: str) -> bool:
    """Whether a column is called an id, in any language, and tells every record apart."""
    cells = table.raw.columns[name]
    words = _plain(name).split()
    filled = all(cell not in (None, "") for cell in cells.distinct)
    return bool({"id", "ma"} & set(words)) and filled and len(cells.distinct) >= len(cells) > 1


def _last(name: str) -> str:
    return name.rsplit("/", 1)[-1]


def _choices(table: Columns, instrument: Instrument, taken: set[str]) -> None:
    for item in instrument.items:
        for value in item.scale:
            name = table.choice_name(item.id, str(to_text(value)))
            if name is not None:
                taken.add(name)


def _examples(table: Columns, name: str) -> tuple[str, ...]:
    return tuple(sorted(texts_of(table, name))[:6])
