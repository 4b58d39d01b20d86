"""What a page check is given: one registered, read page with its shared measurements."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from detectors.instrument import Instrument
from scans.measure.boxes import BoxPatches, PageInk
from scans.measure.fields import FieldPatch, field_patches
from scans.measure.outlines import outline_levels
from scans.measure.sheet import Sheet
from scans.measure.traces import BoxTraces, box_traces
from scans.quantiles import median
from scans.reference import Reference
from scans.template import PageTemplate
from scans.types import BoxReading, MarkState, RawPage, Registration
from scans.upright import upright

__all__ = ["PageView"]

# Of 255.
_FAINT = 190.0


@dataclass(frozen=True, eq=False)
class PageView:
    """One page, ready to be judged.

    Attributes:
        raw: The scan as received.
        instrument: The form.
        template: The blank page it was laid over.
        registration: How.
        ink: Levels of the page.
        patches: Rectified boxes, grouped by size.
        readings: What was read, in the order of the page's boxes.
        reference: Honest distributions; ``None`` while learning them.
        false_flag_rate: Share of honest pages on which one check may find something.
    """

    raw: RawPage
    instrument: Instrument
    template: PageTemplate
    registration: Registration
    ink: PageInk
    patches: tuple[BoxPatches, ...]
    readings: tuple[BoxReading, ...]
    reference: Reference | None
    false_flag_rate: float = 0.01

    @cached_property
    def sheet(self) -> Sheet:
        """The whole page at low resolution."""
        return Sheet.of(self.raw.halvings, self.registration, self.template)

    @cached_property
    def upright(self) -> tuple[RawPage, Registration]:
        """The scan's own pixels in grey with the page upright, and how that is laid."""
        return upright(self.raw, self.registration)

    @cached_property
    def traces(self) -> BoxTraces:
        """What erasing would leave in and around each box."""
        return box_traces(self.patches, self.readings)

    @cached_property
    def faint_print(self) -> bool:
        """Whether the form's thin lines are pale or broken all over, as coarse copies leave them.

        The middle outline of the real pages, laid and treated in all ways of the lab, is at least
        .94 as dark as full print but for two coarse copies, which have .59 and .29.
        """
        levels = [outline_levels(group) for group in self.patches]
        return bool(levels) and median(np.concatenate(levels)) < _FAINT

    @cached_property
    def fields(self) -> tuple[FieldPatch, ...]:
        """Fields that are signed, stamped or written in; each is cut when it is looked at."""
        return field_patches(self.raw.image, self.registration, self.template, self.ink)

    @cached_property
    def marked(self) -> frozenset[int]:
        """Positions of boxes that hold ink: marked, cancelled or ambiguous."""
        held = (MarkState.MARKED, MarkState.CANCELLED, MarkState.AMBIGUOUS)
        return frozenset(i for i, r in enumerate(self.readings) if r.state in held)

    @cached_property
    def rows(self) -> Mapping[str, tuple[int, ...]]:
        """Positions of boxes by item, in the order of the page."""
        rows: dict[str, list[int]] = {}
        for i, reading in enumerate(self.readings):
            rows.setdefault(reading.item, []).append(i)
        return {item: tuple(members) for item, members in rows.items()}
