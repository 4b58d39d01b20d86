"""The page that is being laid out: where its parts stand, what was drawn on it and noted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from detectors.instrument import Box, BoxMm, Code, Field, Instrument, Page, Value
from scans.press.drawing import Drawing

__all__ = [
    *("BOTTOM", "FIELD_KINDS", "LEFT", "RIGHT", "SERIAL_AT", "SIZE"),
    *("Look", "Press", "words_of"),
]

SIZE = (210.0, 297.0)
CORNERS = ((14.0, 14.0), (196.0, 14.0), (14.0, 283.0), (196.0, 283.0))
FIDUCIAL = 7.0
_CODE: BoxMm = (168.0, 11.0, 20.0, 20.0)
LEFT, RIGHT, BOTTOM = 22.0, 188.0, 274.0
SERIAL_AT = (86.0, 28.0)
FIELD_KINDS = ("agency", "comment", "date", "signature", "seal")


@dataclass(frozen=True)
class Look:
    """What is printed besides the questions.

    Attributes:
        agency: Whose form it is: the line under the head's left side.
        levels: Words above the columns, worst to best; empty prints the values alone.
        fields: Places to write in at the end, of :data:`FIELD_KINDS`.
        pattern: What is printed under the answers, of :data:`scans.press.pattern.KINDS`.
    """

    agency: str = ""
    levels: tuple[str, ...] = ()
    fields: tuple[str, ...] = ("comment", "date", "signature")
    pattern: str = "guilloche"


class Press:
    """The page that is being filled, and those that are full."""

    def __init__(self, form: Instrument, look: Look) -> None:
        """Begin the first page."""
        self.form, self.look = form, look
        self.pages: list[Page] = []
        self.drawings: list[Drawing] = []
        self.ellipse = form.marks.shape == "ellipse"
        self.start()

    def start(self) -> None:
        """Begin a page."""
        self.draw = Drawing()
        self.boxes: list[Box] = []
        self.fields: list[Field] = []
        self.y = 34.0
        for x, y in CORNERS:
            half = FIDUCIAL / 2
            self.draw.fill((x - half, y - half, FIDUCIAL, FIDUCIAL), "#101010")
        version = f"Mẫu: {self.form.id}   Phiên bản: {self.form.version}   Số seri:"
        self.draw.fitted((24.0, SERIAL_AT[1]), version, 7.6, SERIAL_AT[0] - 26.0)

    def end(self) -> None:
        """Note the page as full."""
        number = len(self.pages) + 1
        name = Path(f"{self.form.path.stem}-p{number}.png")
        self.pages.append(
            Page(
                number=number,
                size_mm=SIZE,
                blank=self.form.path.parent / name,
                boxes=tuple(self.boxes),
                fields=tuple(self.fields),
                fiducials_mm=CORNERS,
                fiducial_size_mm=FIDUCIAL,
                code=Code("qr", _CODE, "serial"),
                serial_at_mm=SERIAL_AT,
            )
        )
        self.drawings.append(self.draw)

    def room(self, height: float) -> bool:
        """Whether ``height`` mm fit; a new page is begun where they do not."""
        if self.y + height <= BOTTOM:
            return True
        self.end()
        self.start()
        return False

    def box(self, item: str, value: Value, place: BoxMm) -> None:
        """Draw an answer box and note it."""
        self.boxes.append(Box(item, value, place, self.form.marks.shape))
        self.draw.outline(place, 0.3, ellipse=self.ellipse)


def words_of(text: Mapping[str, str] | None, language: str) -> str:
    """A text in one language; empty where it has none."""
    return (text or {}).get(language, "")
