"""What a simulated page is to be, and what it turned out to be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from detectors.instrument import BoxMm, Value
from scans.simulate.encode import Resave, decode
from scans.simulate.geometry import PageMapping
from scans.simulate.strokes import Stroke
from scans.simulate.writer import Writer
from scans.types import MarkState

__all__ = ["BoxTruth", "Filled", "PageSpec", "SimulatedPage", "TamperSpec", "TamperTruth"]


@dataclass(frozen=True)
class TamperSpec:
    """A fraud to commit.

    Attributes:
        kind: Label of the fraud, e.g. ``TAY_2``; see :mod:`scans.simulate.tamper`.
        variant: One of its renderings.
        strength: ``gross``, ``moderate`` or ``subtle``.
        changes: Item, the value that the respondent chose, the value afterwards.
        donor_seed: Makes the other sheet that pasted parts come from; two pages with one
            donor share its signature or seal.
        donor_serial: Printed on the donor's sheet.
        pen: Kind of pen of the new marks; ``None`` is the tamperer's choice.
    """

    kind: str
    variant: str
    strength: str = "gross"
    changes: tuple[tuple[str, Value, Value], ...] = ()
    donor_seed: int = 0
    donor_serial: str = "PB-23-000001-1"
    pen: str | None = None


@dataclass(frozen=True)
class PageSpec:
    """One page to make.

    Attributes:
        form: Form id.
        page: Page number.
        serial: Printed on the sheet.
        writer: Who fills it.
        answers: What the respondent chose: item -> value; items left out stay blank.
        corrections: Item -> a value marked first and taken back as the form allows.
        profile: Device, see :mod:`scans.simulate.profiles`.
        code_text: Content of a serial code; ``None`` is the bare serial.
        comment_lines: Lines of free text.
        date: Written in the date field, e.g. ``12/5/23``.
        signed: Whether there is a signature.
        seal: Which stamp is used on forms with a seal; ``None`` is no stamp.
        controls: Honest trouble, see :mod:`scans.simulate.controls`.
        resave: Opened and saved again after the scan; frauds in the file always are.
    """

    form: str
    page: int
    serial: str
    writer: Writer
    answers: Mapping[str, Value]
    corrections: Mapping[str, Value] = field(default_factory=dict)
    profile: str = "flatbed"
    code_text: str | None = None
    comment_lines: int = 0
    date: str | None = None
    signed: bool = False
    seal: int | None = None
    tampers: tuple[TamperSpec, ...] = ()
    controls: tuple[str, ...] = ()
    resave: Resave | None = None


@dataclass(frozen=True)
class BoxTruth:
    """What stands in one box.

    Attributes:
        state: What a perfect reader says.
        also_right: Other states that are as good.
    """

    item: str
    value: Value
    state: MarkState
    also_right: tuple[MarkState, ...] = ()
    note: str = ""


@dataclass
class Filled:
    """What a hand left on a sheet, by box.

    Attributes:
        truth: Boxes that bear ink, or that something befell; all others are empty.
        strokes: Of the last mark in each, in mm.
    """

    truth: dict[tuple[str, Value], BoxTruth] = field(default_factory=dict)
    strokes: dict[tuple[str, Value], list[Stroke]] = field(default_factory=dict)


@dataclass(frozen=True)
class TamperTruth:
    """One altered place.

    Attributes:
        box_mm: What was touched, ink that ran over the box included.
        part: ``removed`` where a mark was, ``added`` where a new one is, ``pasted`` where a
            piece of another sheet or scan lies, ``copied`` for a whole page.
        before: The value that the respondent chose; ``None`` where no answer changed.
        after: The value that a reader sees now.
    """

    kind: str
    variant: str
    strength: str
    box_mm: BoxMm
    part: str
    item: str | None = None
    field: str | None = None
    before: Value | None = None
    after: Value | None = None


@dataclass(frozen=True, eq=False)
class SimulatedPage:
    """A file as it comes from a device, and the truth about it.

    Attributes:
        data: Bytes of the file.
        suffix: Of its name, with the dot.
        spec: What was asked for.
        answers: What a perfect reader reads: item -> value, ``None`` for blank.
        boxes: State of every box of the page.
        tampers: Every altered place; empty on an honest page.
        mapping: Where the sheet's points are in the pixels.
        serial: As printed in the code; ``None`` on forms without one of their own.
    """

    data: bytes
    suffix: str
    spec: PageSpec
    answers: Mapping[str, Value | list[Value] | None]
    boxes: tuple[BoxTruth, ...]
    tampers: tuple[TamperTruth, ...]
    mapping: PageMapping
    serial: str | None

    @property
    def image(self) -> NDArray[np.uint8]:
        """The file's pixels, decoded at each call."""
        return decode(self.data)
