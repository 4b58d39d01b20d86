"""``[instrument.mapping]``: how a platform's export becomes the contract's table.

``intake`` writes it, people correct it. Nothing in it is guessed while a round runs: what
stands here is done, what does not stand here is told.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal
from zoneinfo import available_timezones

from pydantic import BaseModel, ConfigDict, Field, field_validator

from audit.intake.presets import PRESETS, Preset

__all__ = ["Repeated", "Review", "TableMapping", "mapping_of", "plain_label"]

_NO_PRESET = Preset({}, (), "")
Value = int | float | str


class Repeated(BaseModel):
    """``repeated``: when two rows are from one respondent.

    Attributes:
        by: Columns that name the respondent and the occasion, all of them together.
        keep: ``all``: each counts, and each of them is told; ``last``: the latest
            counts, the earlier ones are kept out and told.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    by: tuple[str, ...] = Field(min_length=1)
    keep: Literal["all", "last"] = "all"


class Review(BaseModel):
    """``review``: answers that were rejected, or put on hold, on the platform.

    Attributes:
        column: Where their state stands; that of the preset without it.
        states: Cells that say so; those of the preset without it.
        then: ``hold``: they are held until a person decides; ``count``: they count, and each
            of them is told.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    column: str | None = None
    states: tuple[str, ...] = ()
    then: Literal["hold", "count"] = "hold"


class TableMapping(BaseModel):
    """How columns, labels, codes and times are read.

    Attributes:
        preset: A platform.
        columns: Contract name or item id -> name in the file; wins over the preset.
        labels: Text of an answer -> value on the scale, for every item.
        item_labels: The same for single items; wins over ``labels``.
        not_applicable: Cells that mean "does not apply".
        blank: Cells that mean "no answer".
        units: What the file calls a unit -> ``unit_id``.
        channel: Channel of every row, where the file has no such column.
        unit: Unit of every row, where the file has no such column.
        times: Zone of times without an offset; that of the round without it.
        month_first: ``03/07/2026`` is the 7th of March.
        repeated: When two rows are from one respondent.
        review: Which answers were not accepted on the platform, and what becomes of them.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    preset: str | None = None
    columns: dict[str, str] = Field(default_factory=dict)
    labels: dict[str, Value] = Field(default_factory=dict)
    item_labels: dict[str, dict[str, Value]] = Field(default_factory=dict)
    not_applicable: tuple[str, ...] = ()
    blank: tuple[str, ...] = ()
    units: dict[str, str] = Field(default_factory=dict)
    channel: str | None = None
    unit: str | None = None
    times: str | None = None
    month_first: bool = False
    repeated: Repeated | None = None
    review: Review = Review()

    @field_validator("preset")
    @classmethod
    def _known(cls, value: str | None) -> str | None:
        if value is not None and value not in PRESETS:
            raise ValueError(f"there is no preset {value!r}, known are {', '.join(PRESETS)}")
        return value

    @field_validator("times")
    @classmethod
    def _zone(cls, value: str | None) -> str | None:
        if value is not None and value not in available_timezones():
            raise ValueError(f"{value!r} is no time zone such as Asia/Ho_Chi_Minh or UTC")
        return value

    @property
    def platform(self) -> Preset:
        """The preset; an empty one without."""
        return PRESETS[self.preset] if self.preset else _NO_PRESET

    def names(self, column: str) -> tuple[str, ...]:
        """What a contract column or item may be called in the file, the surest first."""
        if column in self.columns:
            return (self.columns[column],)
        return (*self.platform.columns.get(column, ()), column)

    def value_of(self, item: str, text: str) -> Value | None:
        """The value that a label stands for; ``None`` if it is no known label."""
        label = plain_label(text)
        for labels in (self.item_labels.get(item, {}), self.labels):
            for known, value in labels.items():
                if plain_label(known) == label:
                    return value
        return None

    def means(self, codes: tuple[str, ...], text: str) -> bool:
        """Whether a cell is one of ``codes``."""
        label = plain_label(text)
        return any(plain_label(code) == label for code in codes)


def mapping_of(mapping: Mapping[str, str] | str | TableMapping | None) -> TableMapping:
    """A mapping from what callers may give: names, a preset's name, or the whole of it.

    Raises:
        ValueError: If there is no such preset.
    """
    if isinstance(mapping, TableMapping):
        return mapping
    if isinstance(mapping, str):
        return TableMapping(preset=mapping)
    return TableMapping(columns=dict(mapping or {}))


def plain_label(text: str) -> str:
    """A label as it is compared: no case, no double blanks, no full stop at its end."""
    return " ".join(text.casefold().split()).rstrip(".:")
