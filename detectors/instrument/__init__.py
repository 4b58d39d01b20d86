"""The instrument: what was asked, and where it stands on the paper.

One TOML file (see ``docs/instrument.md``). Geometry is in millimetres from the
top-left corner of the page edge, x to the right, y down.
"""

from detectors.instrument.load import load_instrument
from detectors.instrument.types import (
    Box,
    BoxMm,
    Code,
    Contradiction,
    Field,
    Instrument,
    Item,
    Marks,
    Page,
    Value,
)

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
    "load_instrument",
]
