"""What the printed waves are worth: the same frauds on the same form, with and without them.

The form is laid out by the press, drawn from its PDF, filled and tampered with by the
simulator, scanned and checked. Both arms have the same hands, frauds and seeds; each arm's
pages are cut at the suspicion that the same share of its own honest pages exceeds.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from detectors.instrument import BoxMm, Field, Instrument, load_instrument
from detectors.instrument_toml import instrument_toml
from scans.page import check_page
from scans.press.drawing import rendered, set_pdf
from scans.press.forms import shipped
from scans.press.layout import SERIAL_AT, Look, lay_out
from scans.reference import builtin_reference
from scans.simulate import form as simulator
from scans.simulate.dataset import random_spec, simulate_page, tampered_spec
from scans.simulate.layout import Form, PrintedPage
from scans.simulate.spec import SimulatedPage
from scans.source import PageError, read_pages
from scans.types import Status
from tests.accuracy.images import row
from tests.accuracy.measures import Measure

__all__ = ["measure", "press", "simulated"]

_FRAUDS = (
    ("TAY_1", "gum", "rubbed out, pencil"),
    ("TAY_1", "abrasive", "rubbed out, ink"),
    ("TAY_2", "brush", "fluid"),
    ("TAY_3", "blade", "scraped"),
    ("CAT_1", "strip", "strip pasted"),
    ("CAT_1", "box", "box pasted"),
)
_PROFILES = ("flatbed", "grey", "office_200")
_NAME = "PRESS"
_RATE = 0.05


def press(folder: Path, *, pattern: bool) -> tuple[Instrument, Form]:
    """Form B laid out into ``folder``, as an instrument and as the simulator's form."""
    source = load_instrument(shipped("yk-b"))
    look = Look(fields=("agency", "comment", "date", "signature", "seal"), pattern=pattern)
    printed = lay_out(source, look, folder / "form.toml")
    pdf = set_pdf(list(printed.drawings), printed.instrument.pages[0].size_mm, source.id)
    pages = []
    for number, page in enumerate(printed.instrument.pages):
        import cv2

        picture = rendered(pdf, number, 300)
        cv2.imwrite(str(page.blank), picture)
        pages.append(
            PrintedPage(
                number=page.number,
                size_mm=page.size_mm,
                print=picture,
                grids=(),
                singles=page.boxes,
                shape=printed.instrument.marks.shape,
                fields=page.fields,
                fiducials_mm=page.fiducials_mm,
                code=page.code,
                serial_at_mm=SERIAL_AT,
                date_mm=_date_of(page.fields),
            )
        )
    target = folder / "form.toml"
    target.write_text(instrument_toml(printed.instrument), encoding="utf-8")
    form = Form(
        _NAME, "1", dict(source.title), source.items, source.marks, tuple(pages), held_out=True
    )
    return load_instrument(target), form


def _date_of(fields: tuple[Field, ...]) -> tuple[BoxMm, ...]:
    """Where day, month and year are written in the date field."""
    for field in fields:
        if field.kind == "date":
            x, y, _, height = field.box_mm
            return tuple((x + dx, y, 10.0, height) for dx in (2.0, 15.0, 33.0))
    return ()


def simulated(form: Form, seed: int, fraud: tuple[str, str] | None = None) -> SimulatedPage:
    """A filled sheet of the form; the same seed is the same hand in both arms."""
    simulator._DRAW[_NAME] = lambda: form
    simulator.get_form.cache_clear()
    try:
        spec = random_spec(_NAME, 1, seed, profile=_PROFILES[seed % len(_PROFILES)], number=seed)
        if fraud is not None:
            rng = np.random.default_rng([seed, 9])
            spec = tampered_spec(spec, fraud[0], rng, variant=fraud[1], strength="subtle")
        return simulate_page(spec, seed)
    finally:
        del simulator._DRAW[_NAME]


def _suspicions(
    form: Form, instrument: Instrument, folder: Path, seeds: Iterator[int] | range,
    fraud: tuple[str, str] | None,
) -> tuple[list[float], int, int]:  # fmt: skip
    found, wrong, boxes = [], 0, 0
    for seed in seeds:
        page = simulated(form, seed, fraud)
        path = folder / f"page{page.suffix}"
        path.write_bytes(page.data)
        (raw,) = read_pages(path)
        assert not isinstance(raw, PageError)
        result = check_page(raw, instrument, reference=builtin_reference()).result
        if result.status is not Status.READ or result.suspicion is None:
            continue
        found.append(float(result.suspicion))
        right = {(b.item, b.value): {b.state, *b.also_right} for b in page.boxes}
        for reading in result.readings:
            boxes += 1
            wrong += reading.state not in right[reading.item, reading.value]
    return found, wrong, boxes


def measure(scale: float = 1.0) -> list[Measure]:
    """Rows: honest pages read, and each fraud found with and without waves."""
    honest, each = max(6, round(40 * scale)), max(2, round(12 * scale))
    rows: list[Measure] = []
    for arm in ("without", "with"):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            instrument, form = press(folder, pattern=arm == "with")
            sys.stderr.write(f"  {arm} waves: honest\n")
            seeds = range(71_000, 71_000 + honest)
            clean, wrong, boxes = _suspicions(form, instrument, folder, seeds, None)
            rows.append(row(f"{arm} waves: honest pages read", len(clean), honest, ">= .99"))
            rows.append(row(f"{arm} waves: boxes of honest pages read wrong", wrong, boxes, "0"))
            cut = float(np.quantile(clean, 1 - _RATE, method="higher"))
            total = hits = 0
            for kind, variant, words in _FRAUDS:
                sys.stderr.write(f"  {arm} waves: {words}\n")
                start = 72_000 + 100 * _FRAUDS.index((kind, variant, words))
                scores, _, _ = _suspicions(
                    form, instrument, folder, range(start, start + each), (kind, variant)
                )
                found = sum(score > cut for score in scores)
                total, hits = total + len(scores), hits + found
                rows.append(row(f"{arm} waves: {words} found", found, len(scores)))
            rows.append(row(f"{arm} waves: all found", hits, total))
    return rows
