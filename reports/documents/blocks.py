"""What a document is made of, in one language and before any format.

A report is built once, from its view objects, as a row of blocks; each format only knows
how to set a block. So every format says the same, and what is withheld is withheld in all
of them. Text is plain text: no renderer reads markup in it. Hidden characters are made
visible here (:mod:`reports.clean`), once for all formats.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass, replace
from datetime import datetime
from typing import Any, Literal, TypeAlias

from markupsafe import Markup

from reports.clean import printable

__all__ = [
    "Block",
    "Bullets",
    "Cell",
    "Chart",
    "Column",
    "Document",
    "Facts",
    "Heading",
    "Letterhead",
    "Mark",
    "Picture",
    "Pictures",
    "Plot",
    "Room",
    "Series",
    "SignBlock",
    "Signatures",
    "Table",
    "Text",
    "Tile",
    "Tiles",
    "Unjudged",
    "Verdict",
    "text_of",
]

Level: TypeAlias = Literal["red", "orange", "yellow", "green", "none"]
"""A severity, or ``none`` for what could not be judged."""


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading of level 2 (a section) or 3; ``fresh`` begins a page in print."""

    text: str
    level: int = 2
    fresh: bool = False


@dataclass(frozen=True, slots=True)
class Text:
    """One paragraph.

    Attributes:
        text: What it says.
        note: Whether it is small print.
        level: Puts a sign of severity before it.
        lead: Whether it leads to what follows, and stays on one page with it.
    """

    text: str
    note: bool = False
    level: Level | None = None
    lead: bool = False


@dataclass(frozen=True, slots=True)
class Bullets:
    """A list, numbered or not."""

    items: tuple[str, ...]
    numbered: bool = False


@dataclass(frozen=True, slots=True)
class Facts:
    """Names and values; ``code`` for hashes, ``wide`` for two pairs a line."""

    rows: tuple[tuple[str, str], ...]
    code: bool = False
    wide: bool = False


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    Attributes:
        title: Its heading.
        right: Whether it holds figures, which stand to the right.
        weight: Its share of the width in print.
        head: Whether its cells name their rows.
    """

    title: str
    right: bool = False
    weight: float = 1.0
    head: bool = False


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell.

    Attributes:
        text: What stands in it.
        value: The number behind the text, for workbooks; a share where ``kind`` is one.
        kind: How a workbook shows ``value``.
        level: A severity to draw before the text.
        under: A second, smaller line.
        code: An id in a fixed-width face below the text.
        href: Where the text leads in a web page.
        span: Columns it covers.
        crop: A picture in the cell, PNG or JPEG.
    """

    text: str
    value: float | int | None = None
    kind: Literal["text", "number", "share", "points"] = "text"
    level: Level | None = None
    under: str = ""
    code: str = ""
    href: str | None = None
    span: int = 1
    crop: bytes | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under a header; ``name`` is its sheet in a workbook, ``keep`` avoids a page break."""

    name: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    total: tuple[Cell, ...] | None = None
    keep: bool = False


@dataclass(frozen=True, slots=True)
class Series:
    """Numbers of a chart under one name; ``None`` where one is withheld or not known."""

    name: str
    values: tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class Plot:
    """What a chart shows, as numbers, for formats that draw charts of their own.

    Attributes:
        kind: ``bar`` (across), ``column``, ``line``, or ``scatter`` (places are numbers).
        places: What the numbers stand beside, in words, or across, as numbers.
        series: The numbers; each as many as ``places``.
        shares: Whether they are shares in [0, 1].
        ends: Lower and upper end of the interval of the first series, where there is one.
    """

    kind: Literal["bar", "column", "line", "scatter"]
    places: tuple[str | float, ...]
    series: tuple[Series, ...]
    shares: bool = True
    ends: tuple[Series, Series] | None = None


@dataclass(frozen=True, slots=True)
class Chart:
    """A drawing with its words: ``title`` and ``describe`` stand for it where it cannot be seen."""

    svg: Markup
    title: str
    describe: str
    note: str = ""
    plot: Plot | None = None


@dataclass(frozen=True, slots=True)
class Picture:
    """One extract of a scan; without ``crop`` the place says ``missing``."""

    crop: bytes | None
    alt: str
    level: Level
    label: str
    place: str
    message: str


@dataclass(frozen=True, slots=True)
class Pictures:
    """Extracts side by side."""

    pictures: tuple[Picture, ...]
    missing: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """The summary: severity in words, three to five sentences, and what each answers."""

    sentences: tuple[str, ...]
    level: Level | None = None
    label: str = ""
    leads: tuple[str, ...] = ()

    @property
    def said(self) -> tuple[str, ...]:
        """The sentences with what each answers before it, for formats without columns."""
        if not self.leads:
            return self.sentences
        return tuple(f"{lead}: {one}" for lead, one in zip(self.leads, self.sentences, strict=True))


@dataclass(frozen=True, slots=True)
class Tile:
    """One large figure."""

    title: str
    value: str
    under: str = ""
    long: bool = False


@dataclass(frozen=True, slots=True)
class Tiles:
    """Four large figures in a row."""

    tiles: tuple[Tile, ...]


@dataclass(frozen=True, slots=True)
class Unjudged:
    """What could not be judged and why."""

    title: str
    entries: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SignBlock:
    """One sign: what it is called, what was seen, how strong it is."""

    level: Level
    title: str
    message: str
    strength: str


@dataclass(frozen=True, slots=True)
class Mark:
    """One line of a list with a severity, a name that may lead somewhere, and the rest."""

    level: Level
    label: str
    name: str
    href: str | None = None
    rest: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Letterhead:
    """The head of an official document: office left, national motto right."""

    left: tuple[str, ...]
    right: tuple[str, ...]
    number: str
    place: str = ""


@dataclass(frozen=True, slots=True)
class Room:
    """Room to be filled in by hand or in an editor: a label and ``lines`` dotted lines."""

    label: str
    lines: int = 1


@dataclass(frozen=True, slots=True)
class Signatures:
    """Who signs; the machine never does."""

    titles: tuple[str, ...]
    hint: str


Block: TypeAlias = (
    Heading
    | Text
    | Bullets
    | Facts
    | Table
    | Chart
    | Pictures
    | Verdict
    | Tiles
    | Unjudged
    | SignBlock
    | Mark
    | Letterhead
    | Room
    | Signatures
)


@dataclass(frozen=True, slots=True)
class Document:
    """A whole document, cleaned.

    Attributes:
        kind: ``unit``, ``round``, ``minutes``, ``held``, ``explanation``, ``backcheck`` or
            ``comparison``.
        language: Of its texts.
        kicker: What kind of document it is, in words, above the title.
        title: Its title.
        under: A line below the title.
        running: Head of every page: unit or round left, marker right.
        foot: Foot of every page: the notice; then run, program and trail.
        notice: The sentence at its end: software marks, it does not conclude.
        marker: "Internal use - Draft".
        trail: Label and whole head of the audit trail; ``None`` without one.
        blocks: In order.
        as_of: The time of the state it shows; goes into the file's own data.
        broad: Has broad tables.
        crumbs: Links at the top of a web page: text, address and language, if it is one.
        formal: An official document with a letterhead: its title stands in the middle.
    """

    kind: str
    language: str
    kicker: str
    title: str
    under: str
    running: tuple[str, str]
    foot: tuple[str, str]
    notice: str
    marker: str
    trail: tuple[str, str] | None
    blocks: tuple[Block, ...]
    as_of: datetime | None = None
    broad: bool = False
    crumbs: tuple[tuple[str, str | None, str | None], ...] = ()
    formal: bool = False

    def __post_init__(self) -> None:
        """Make hidden characters visible in every text."""
        for field in fields(self):
            object.__setattr__(self, field.name, _clean(getattr(self, field.name)))

    @property
    def tables(self) -> Iterator[Table]:
        """Its tables, in order."""
        return (block for block in self.blocks if isinstance(block, Table))


def _clean(value: Any) -> Any:
    if isinstance(value, Markup):
        return value
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, tuple):
        return tuple(_clean(part) for part in value)
    if is_dataclass(value) and not isinstance(value, type):
        changed = {f.name: _clean(getattr(value, f.name)) for f in fields(value)}
        if isinstance(value, Cell):  # the one place where lines are kept apart
            changed["text"] = "\n".join(map(printable, value.text.split("\n")))
        return replace(value, **changed)
    return value


def text_of(value: Any) -> str:
    """Every text of a document or block, one a line: what a reader could find in it."""
    if isinstance(value, Markup) or value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, tuple):
        return "\n".join(filter(None, map(text_of, value)))
    if is_dataclass(value):
        return "\n".join(filter(None, (text_of(getattr(value, f.name)) for f in fields(value))))
    return ""
