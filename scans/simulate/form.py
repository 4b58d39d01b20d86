"""The forms that the simulator prints, by id."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from detectors.errors import AccessError, UsageError
from detectors.instrument import BoxMm, Instrument, Page
from scans.simulate.form_hl01 import hl01
from scans.simulate.form_hl02 import hl02
from scans.simulate.form_yk01 import yk01
from scans.simulate.layout import Form, PrintedPage, blank_name, to_toml
from scans.template import PageTemplate, load_templates

__all__ = ["FORMS", "HELD_OUT_FORMS", "get_form", "printing", "write_instrument"]

_PX_PER_MM = 300 / 25.4
_DRAW: dict[str, Callable[[], Form]] = {"HL-01": hl01, "HL-02": hl02, "YK-01": yk01}
FORMS: tuple[str, ...] = tuple(_DRAW)
HELD_OUT_FORMS: frozenset[str] = frozenset({"HL-02"})


@lru_cache(maxsize=8)
def get_form(form_id: str) -> Form:
    """A form, drawn once in a process (about a second) and kept.

    Raises:
        UsageError: For an unknown id.
    """
    if form_id not in _DRAW:
        raise UsageError(f"there is no form {form_id!r}", remedy=f"known are {', '.join(FORMS)}")
    return _DRAW[form_id]()


@contextmanager
def printing(instrument: Instrument) -> Iterator[str]:
    """Let the simulator print somebody's own form; the id under which it does.

    A form that was drawn here is printed as it was drawn. Of any other the blank page, the
    boxes and the fields are known, and where its serial is printed if the file says so (else
    it stands in the code only). One form at a time.
    """
    drawn = get_form(instrument.id) if instrument.id in FORMS else None
    if drawn is not None and _boxes(drawn.pages) == _boxes(instrument.pages):
        yield instrument.id
        return
    name = f"own:{instrument.sha256[:16]}"
    form = _own(name, instrument)
    _DRAW[name] = lambda: form
    try:
        yield name
    finally:
        del _DRAW[name]
        get_form.cache_clear()


def _boxes(pages: tuple[Page, ...] | tuple[PrintedPage, ...]) -> set[object]:
    # Rounded: what comes back from a file has lost digits behind the fourth.
    return {
        (p.number, b.item, b.value, tuple(round(mm, 3) for mm in b.box_mm))
        for p in pages
        for b in p.boxes
    }


def _own(name: str, instrument: Instrument) -> Form:
    templates = {t.page.number: t for t in load_templates(instrument)}
    pages = tuple(
        PrintedPage(
            number=page.number,
            size_mm=page.size_mm,
            print=_coloured(templates[page.number]),
            grids=(),
            singles=page.boxes,
            shape=instrument.marks.shape,
            fields=page.fields,
            fiducials_mm=page.fiducials_mm,
            code=page.code if page.code is not None and page.code.role == "serial" else None,
            serial_at_mm=page.serial_at_mm,
            date_mm=_date(page),
        )
        for page in instrument.pages
    )
    titles = dict(instrument.title)
    return Form(name, instrument.version, titles, instrument.items, instrument.marks, pages)


def _coloured(template: PageTemplate) -> NDArray[np.uint8]:
    blank = template.at(_PX_PER_MM)
    return np.asarray(cv2.cvtColor(blank, cv2.COLOR_GRAY2BGR), dtype=np.uint8)


def _date(page: Page) -> tuple[BoxMm, ...]:
    """Where day, month and year are written in the date field."""
    field = next((f for f in page.fields if f.kind == "date"), None)
    if field is None:
        return ()
    x, y, width, height = field.box_mm
    return tuple((x + part * width, y, 0.25 * width, height) for part in (0.05, 0.4, 0.7))


def write_instrument(form_id: str, folder: str | Path) -> Path:
    """Write ``instrument.toml`` and the blank pages (PNG, 300 dpi) of a form.

    Returns:
        The path of the TOML file.

    Raises:
        AccessError: If the folder cannot be written.
    """
    form = get_form(form_id)
    folder = Path(folder)
    target = folder / "instrument.toml"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for page in form.pages:
            _, data = cv2.imencode(".png", page.print)
            (folder / blank_name(form, page)).write_bytes(data.tobytes())
        target.write_text(to_toml(form), encoding="utf-8")
    except OSError as error:
        raise AccessError(
            f"the instrument cannot be written ({error.strerror})", where=str(folder)
        ) from error
    return target
