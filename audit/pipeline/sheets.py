"""Pages put together to the sheets of paper they came from. Pure.

A serial binds pages, in whatever files they stand. A page without a serial belongs to the
sheet before it in the same file, where that sheet still lacks such a page; otherwise it is
a sheet by itself. A serial that is seen again on a further set of the same pages gives a
second sheet: whether that is the same paper scanned twice or another paper, a person finds
out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from detectors.finding import Finding
from detectors.instrument import Instrument, Value

__all__ = ["PageRow", "Sheet", "read_answers", "sheets_of"]


@dataclass(frozen=True)
class PageRow:
    """One page as the store gives it back.

    Attributes:
        id: Its key.
        file_id: Key of its file.
        path: Of the file, relative to the round.
        sha256: Of the file.
        page: Counts the pages of the file from 1.
        form_page: Page of the form, ``None`` if not recognised.
        status: ``read``, ``unreadable``, ``wrong_form`` or ``not_checked``.
        reason: Why it was not read.
        serial: Read from its code.
        flagged: Whether it exceeds the accepted false-flag rate.
        judged: Whether it was read and a check of the image could judge it.
        answers: Item -> values marked.
        undetermined: Items in which something stands that could not be read.
        findings: What was seen on it, alone and among the others.
        unit: The unit that its folder names, if any.
        changes: Marks changed on it: item, value before, value after, and how.
    """

    id: int
    file_id: int
    path: str
    sha256: str
    page: int
    form_page: int | None
    status: str
    reason: str | None
    serial: str | None
    flagged: bool
    answers: Mapping[str, tuple[Value, ...]] = field(default_factory=dict)
    undetermined: frozenset[str] = frozenset()
    findings: tuple[Finding, ...] = ()
    unit: str | None = None
    judged: bool = True
    changes: tuple[tuple[str, Value, Value, str], ...] = ()


@dataclass
class Sheet:
    """One filled form.

    Attributes:
        serial: Its serial, if it has one.
        number: 1, or 2 and up where the serial was seen on another sheet.
        pages: In the order in which they came.
    """

    serial: str | None
    number: int = 1
    pages: list[PageRow] = field(default_factory=list)

    def lacks(self, form_page: int | None, pages: int) -> bool:
        """Whether a further page of this kind can belong to it."""
        if len(self.pages) >= pages:
            return False
        return form_page is None or form_page not in {p.form_page for p in self.pages}

    def missing(self, instrument: Instrument) -> tuple[str, ...]:
        """Items on those pages of the form that were not read on this sheet."""
        read = {p.form_page for p in self.pages if p.status == "read"}
        boxes = (b.item for page in instrument.pages if page.number not in read for b in page.boxes)
        return tuple(dict.fromkeys(boxes))

    @property
    def name(self) -> str:
        """Id of the record: the serial, or the first page's file and place in it."""
        if self.serial is not None:
            return self.serial if self.number == 1 else f"{self.serial}#{self.number}"
        first = self.pages[0]
        name = f"scan-{first.sha256[:16]}-{first.page}"
        return name if self.number == 1 else f"{name}#{self.number}"


def sheets_of(pages: Iterable[PageRow], instrument: Instrument) -> list[Sheet]:
    """Sheets in the order in which their first pages came.

    Args:
        pages: In order of path and page. Pages of another form are left out, except where
            a serial of this form was read on them.
        instrument: Says how many pages a form has and whether its code is a serial.
    """
    size = max(1, len(instrument.pages))
    by_serial: dict[str, list[Sheet]] = {}
    sheets: list[Sheet] = []
    current: Sheet | None = None
    path: str | None = None
    for page in pages:
        if page.status == "wrong_form" and page.serial is None:
            continue
        if page.path != path:
            path, current = page.path, None
        serial = page.serial if _is_serial(instrument, page) else None
        if serial is not None:
            known = by_serial.setdefault(serial, [])
            current = next((s for s in known if s.lacks(page.form_page, size)), None)
            if current is None:
                current = Sheet(serial, number=len(known) + 1)
                known.append(current)
                sheets.append(current)
        elif current is None or not current.lacks(page.form_page, size):
            current = Sheet(None)
            sheets.append(current)
        current.pages.append(page)
    return _named_apart(sheets)


def _named_apart(sheets: Sequence[Sheet]) -> list[Sheet]:
    """Equal files without a serial are sheets of equal name; the later ones get a number."""
    seen: dict[str, int] = {}
    for sheet in sheets:
        if sheet.serial is None:
            count = seen[sheet.name] = seen.get(sheet.name, 0) + 1
            sheet.number = count
    return list(sheets)


def _is_serial(instrument: Instrument, page: PageRow) -> bool:
    """A code that is printed alike on every sheet names the form, not the sheet."""
    for form_page in instrument.pages:
        if form_page.number == page.form_page:
            return form_page.code is None or form_page.code.role == "serial"
    return all(p.code is None or p.code.role == "serial" for p in instrument.pages)


def read_answers(
    marks: Iterable[Any], instrument: Instrument
) -> tuple[Mapping[str, tuple[Value, ...]], frozenset[str]]:
    """Values marked by item, and the items in which only something unclear stands.

    Args:
        marks: Rows with ``item``, ``value`` (as text) and ``state``.
        instrument: Gives the values their types.
    """
    values: dict[str, list[Value]] = {}
    unclear: set[str] = set()
    for mark in marks:
        item = instrument.by_id.get(mark["item"])
        if item is None:
            continue
        chosen = values.setdefault(item.id, [])
        if mark["state"] == "marked":
            scale = (*item.scale, item.not_applicable)
            chosen.extend(v for v in scale if v is not None and str(v) == mark["value"])
        elif mark["state"] == "ambiguous":
            unclear.add(item.id)
    answers = {item: tuple(chosen) for item, chosen in values.items()}
    return answers, frozenset(item for item in unclear if not answers[item])
