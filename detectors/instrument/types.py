"""What an instrument is made of: items, boxes, fields, pages. Geometry in millimetres."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

__all__ = [
    "Box",
    "BoxMm",
    "Code",
    "Contradiction",
    "Field",
    "Instrument",
    "Item",
    "Marks",
    "Page",
    "Value",
]

Value = int | float | str
BoxMm = tuple[float, float, float, float]


@dataclass(frozen=True)
class Item:
    """One question. ``scale`` runs from worst to best; ``labels`` name its values, if given."""

    id: str
    scale: tuple[Value, ...]
    factor: str | None = None
    text: Mapping[str, str] | None = None
    not_applicable: Value | None = None
    kind: str = "rating"
    reverse: bool = False
    labels: tuple[Mapping[str, str], ...] = ()

    def label(self, value: object) -> Mapping[str, str] | None:
        """What a value of the scale is called; ``None`` where the instrument does not say.

        Args:
            value: A value, or its text as tables hold it.
        """
        names = dict(zip(map(str, self.scale), self.labels, strict=False))
        return names.get(str(value))

    @property
    def is_rating(self) -> bool:
        """True for an ordered item that counts in the result."""
        return self.kind == "rating"

    @property
    def ordered_scale(self) -> tuple[Value, ...]:
        """The scale from worst to best answer, a reversed item turned round."""
        return tuple(reversed(self.scale)) if self.reverse else self.scale

    @property
    def top_two(self) -> frozenset[Value]:
        """The two best answers: what counts as satisfied."""
        return frozenset(self.ordered_scale[-2:])


@dataclass(frozen=True)
class Marks:
    """How the form is filled and how a wrong mark is taken back."""

    shape: str = "box"
    style: str = "any"
    correction: str = "none"


@dataclass(frozen=True)
class Box:
    """One printed answer box."""

    item: str
    value: Value
    box_mm: BoxMm
    shape: str = "box"


@dataclass(frozen=True)
class Field:
    """A region that is written in by hand or stamped."""

    id: str
    kind: str
    box_mm: BoxMm


@dataclass(frozen=True)
class Code:
    """A printed machine-readable code."""

    kind: str
    box_mm: BoxMm
    role: str


@dataclass(frozen=True)
class Page:
    """One printed page of the form.

    Attributes:
        serial_at_mm: Where each sheet's serial is printed in words (left, middle of the line).
    """

    number: int
    size_mm: tuple[float, float]
    blank: Path
    boxes: tuple[Box, ...]
    fields: tuple[Field, ...] = ()
    fiducials_mm: tuple[tuple[float, float], ...] = ()
    fiducial_size_mm: float | None = None
    code: Code | None = None
    serial_at_mm: tuple[float, float] | None = None


@dataclass(frozen=True)
class Contradiction:
    """Answers that exclude each other: one of the values of every item named, together."""

    answers: Mapping[str, tuple[Value, ...]]
    text: Mapping[str, str] | None = None


@dataclass(frozen=True, eq=False)
class Instrument:
    """A questionnaire, on paper or digital. Two are equal when their files are.

    Attributes:
        factor_names: Factor -> language -> its name; only those that the file names.
    """

    id: str
    version: str
    title: Mapping[str, str]
    items: tuple[Item, ...]
    marks: Marks
    pages: tuple[Page, ...]
    sha256: str
    path: Path
    contradictions: tuple[Contradiction, ...] = ()
    factor_names: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Instrument) and (self.sha256, self.path) == (
            other.sha256,
            other.path,
        )

    def __hash__(self) -> int:
        return hash((self.sha256, self.path))

    def __repr__(self) -> str:
        """One line: which form, how many items, pages and boxes."""
        boxes = sum(len(page.boxes) for page in self.pages)
        asked = f"{len(self.items)} items ({len(self.ratings)} ratings)"
        paper = f"{len(self.pages)} pages, {boxes} boxes"
        return f"<Instrument {self.id} {self.version}: {asked}, {paper}>"

    @cached_property
    def by_id(self) -> Mapping[str, Item]:
        """Items by id."""
        return {item.id: item for item in self.items}

    @cached_property
    def ratings(self) -> tuple[Item, ...]:
        """The items that count in the result."""
        return tuple(item for item in self.items if item.is_rating)

    @cached_property
    def factors(self) -> Mapping[str, tuple[Item, ...]]:
        """Rating items by factor, in the order of the form; items without one are left out."""
        groups: dict[str, list[Item]] = {}
        for item in self.ratings:
            if item.factor is not None:
                groups.setdefault(item.factor, []).append(item)
        return {name: tuple(items) for name, items in groups.items()}
