"""The record of handing over forms (biên bản bàn giao phiếu): one sheet a unit, to be signed.

Printed when forms are handed out, and again when they come back: the counts of the return
are written in by hand and signed by both sides. Names and signatures stay on paper.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

__all__ = ["HandedBatch", "Handover", "handover_pdf"]

_MARK = "// --- sheet\n"


@dataclass(frozen=True)
class HandedBatch:
    """One batch; ``None`` is a cell to be filled in by hand."""

    name: str
    serial_from: str | None = None
    serial_to: str | None = None
    issued: int | None = None
    returned: int | None = None
    valid: int | None = None
    invalid: int | None = None
    lost: int | None = None
    spoilt: int | None = None


@dataclass(frozen=True)
class Handover:
    """What one unit gets or gives back.

    Attributes:
        unit: Its id.
        unit_name: Its name, if known.
        survey: Title of the round or form.
        batches: In order of serial.
    """

    unit: str
    unit_name: str
    survey: str
    batches: tuple[HandedBatch, ...]


def handover_pdf(sheets: Sequence[Handover]) -> bytes:
    """A PDF with one record a unit; the same input gives the same bytes.

    Args:
        sheets: In the order of printing.
    """
    import typst
    from matplotlib import get_data_path

    text = Path(__file__).with_suffix(".typ").read_text(encoding="utf-8")
    head, _, body = text.partition(_MARK)
    source = head + "\n#pagebreak()\n".join(_sheet(body, sheet) for sheet in sheets)
    fonts = typst.Fonts(
        include_system_fonts=False,
        include_embedded_fonts=False,
        font_paths=[Path(get_data_path()) / "fonts" / "ttf"],
    )
    compiler = typst.Compiler(source.encode(), font_paths=fonts, ignore_system_fonts=True)
    made = compiler.compile(format="pdf", timestamp=0)
    assert isinstance(made, bytes)
    return made


def _sheet(body: str, sheet: Handover) -> str:
    issued = "".join(
        f"[{number}], [#{_string(b.name)}], {_cell(b.serial_from)}, {_cell(b.serial_to)}, "
        f"{_cell(b.issued)},\n"
        for number, b in enumerate(sheet.batches, start=1)
    )
    returned = "".join(
        f"[#{_string(b.name)}], {_cell(b.returned)}, {_cell(b.valid)}, {_cell(b.invalid)}, "
        f"{_cell(b.lost)}, {_cell(b.spoilt)}, [],\n"
        for b in sheet.batches
    )
    known = [b.issued for b in sheet.batches if b.issued is not None]
    total = str(sum(known)) if len(known) == len(sheet.batches) else ""
    name = f"{sheet.unit_name} ({sheet.unit})" if sheet.unit_name else sheet.unit
    words = {
        "{survey}": _string(sheet.survey or "." * 40),
        "{unit}": _string(name),
        "{total}": total,
        "{issued}": issued,
        "{returned}": returned,
    }
    # In one pass: what is filled in is never looked through again.
    return re.sub("|".join(map(re.escape, words)), lambda found: words[found[0]], body)


def _cell(value: object) -> str:
    return "[]" if value is None else f"[#{_string(str(value))}]"


def _string(text: str) -> str:
    """A string of typst."""
    return json.dumps("".join(c if c.isprintable() else " " for c in text), ensure_ascii=False)
