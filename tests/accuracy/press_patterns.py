"""Which print under the answers shows most, where the checks of the plain form begin to miss.

The press's form with nothing, waves, straight lines or letters under its answers; the same hands,
frauds and seeds in every arm, with *subtle* strength, scanned at 200 dpi by a noisy feeder. Besides
the page's suspicion, a score that only the print can give: how much of the blank's print is there
in and around each box, against the page's other boxes.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from detectors.instrument import BoxMm, Instrument
from scans.page import check_page, view_of
from scans.press import layout
from scans.press.pattern import guilloche
from scans.reference import builtin_reference
from scans.simulate import page as simulated_page
from scans.simulate.layout import Form
from scans.simulate.profiles import ScannerProfile, get_profile
from scans.source import PageError, read_pages
from scans.types import RawPage, Status
from scans.view import PageView
from tests.accuracy import press
from tests.accuracy.images import row
from tests.accuracy.measures import Measure

__all__ = ["PATTERNS", "measure", "print_left"]

_RATE = 0.05
_NOISE = 5.0
_FRAUDS = (
    ("TAY_1", "abrasive", "rubbed out, ink"),
    ("TAY_2", "brush", "fluid"),
    ("TAY_3", "blade", "scraped"),
    ("CAT_1", "box", "box pasted"),
)
_DARK = "#9dbccd"


def _lines(box: BoxMm, colour: str) -> str:
    """Straight fine lines, 0.5 mm apart, aslant so that no row is like the next."""
    _, _, width, height = box
    lines = "".join(
        f'<line x1="{x:.2f}" y1="{height:.2f}" x2="{x + 0.6 * height:.2f}" y2="0"/>'
        for x in np.arange(-0.6 * height, width, 0.5)
    )
    return _svg(width, height, f'<g stroke="{colour}" stroke-width="0.12">{lines}</g>')


def _letters(box: BoxMm, colour: str) -> str:
    """Lines of letters 0.7 mm high."""
    _, _, width, height = box
    words = "KHÔNG TẨY XÓA · " * int(width / 4 + 2)
    lines = "".join(
        f'<text x="{-(k % 5) * 0.9:.2f}" y="{y:.2f}">{words}</text>'
        for k, y in enumerate(np.arange(0.8, height, 0.9))
    )
    style = f'font-size="0.75" font-family="DejaVu Sans" fill="{colour}"'
    return _svg(width, height, f"<g {style}>{lines}</g>")


def _svg(width: float, height: float, inside: str) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.2f} {height:.2f}" '
        f'preserveAspectRatio="none">{inside}</svg>'
    )


PATTERNS = {
    "none": None,
    "waves": guilloche,
    "waves, darker": lambda box: guilloche(box, _DARK, 0.16),
    "lines": lambda box: _lines(box, _DARK),
    "letters": lambda box: _letters(box, _DARK),
}


def print_left(view: PageView) -> float:
    """How far the box with the least of its light print left is from the page's others.

    The blank's light print is laid over the scan, both without what is wider than a
    millimetre; where ink lies, nothing is compared. A slope of 1 is print as on the page's
    other boxes, 0 none.
    """
    slopes: list[float] = []
    for group in view.patches:
        for k in range(len(group.boxes)):
            slope = _slope(group.colour[k], group.print_[k], group.distance)
            if slope is not None:
                slopes.append(slope)
    if len(slopes) < 8:
        return 0.0
    values = np.array(slopes)
    middle = float(np.median(values))
    spread = 1.4826 * float(np.median(np.abs(values - middle)))
    return (middle - float(values.min())) / max(spread, 1e-6)


def _slope(
    colour: NDArray[np.uint8], blank: NDArray[np.float32], distance: NDArray[np.float32]
) -> float | None:
    grey = colour.astype(np.float32)
    grey = grey.mean(axis=2) if grey.ndim == 3 else grey
    light = np.where((blank > 0.02) & (blank < 0.5), blank, 0).astype(np.float32)
    dark = (grey < np.median(grey) - 45) | (blank >= 0.5)
    shut = cv2.dilate(dark.astype(np.uint8), np.ones((7, 7), np.uint8)) > 0
    use = ~shut & (distance < 1.5) & (np.abs(distance) > 0.35)
    if use.sum() < 400:
        return None
    fine = light - cv2.GaussianBlur(light, (0, 0), 6.0)
    seen = cv2.GaussianBlur(grey, (0, 0), 6.0) - grey
    best = 0.0
    for dy in range(-2, 3):
        for dx in range(-2, 3):
            moved = np.roll(fine, (dy, dx), axis=(0, 1))[use]
            power = float((moved * moved).sum())
            if power <= 1e-9:
                return None
            best = max(best, float((moved * seen[use]).sum()) / power)
    return best


@contextmanager
def _noisy() -> Iterator[None]:
    """Every page through one device: 200 dpi, a feeder, noise."""

    def profile(name: str) -> ScannerProfile:
        return replace(get_profile(name), noise=_NOISE)

    before, profiles = simulated_page.get_profile, press._PROFILES
    simulated_page.get_profile, press._PROFILES = profile, ("office_200",)
    try:
        yield
    finally:
        simulated_page.get_profile, press._PROFILES = before, profiles


@contextmanager
def _printed(name: str) -> Iterator[None]:
    draw, before = PATTERNS[name], layout.guilloche
    if draw is not None:
        layout.guilloche = draw
    try:
        yield
    finally:
        layout.guilloche = before


def _scores(
    form: Form, instrument: Instrument, folder: Path, seeds: range, fraud: tuple[str, str] | None
) -> list[tuple[float, float]]:
    out = []
    for seed in seeds:
        page = press.simulated(form, seed, fraud)
        path = folder / f"page{page.suffix}"
        path.write_bytes(page.data)
        (raw,) = read_pages(path)
        assert not isinstance(raw, PageError)
        found = _score(raw, instrument)
        if found is not None:
            out.append(found)
    return out


def _score(raw: RawPage, instrument: Instrument) -> tuple[float, float] | None:
    result = check_page(raw, instrument, reference=builtin_reference()).result
    view = view_of(raw, instrument, reference=None)
    if result.status is not Status.READ or result.suspicion is None:
        return None
    if not isinstance(view, PageView):
        return None
    return float(result.suspicion), print_left(view)


def measure(scale: float = 1.0) -> list[Measure]:
    """Rows: each arm's frauds found by the checks, and by the print that is missing."""
    honest, each = max(8, round(40 * scale)), max(2, round(15 * scale))
    rows: list[Measure] = []
    for name in PATTERNS:
        with tempfile.TemporaryDirectory() as place, _printed(name), _noisy():
            folder = Path(place)
            instrument, form = press.press(folder, pattern=name != "none")
            sys.stderr.write(f"  {name}: honest\n")
            clean = _scores(form, instrument, folder, range(73_000, 73_000 + honest), None)
            rows.append(row(f"{name}: honest pages read", len(clean), honest))
            cuts = [
                float(np.quantile(c, 1 - _RATE, method="higher")) for c in zip(*clean, strict=False)
            ]
            totals = np.zeros(3, dtype=int)
            for kind, variant, words in _FRAUDS:
                start = 74_000 + 100 * _FRAUDS.index((kind, variant, words))
                sys.stderr.write(f"  {name}: {words}\n")
                seeds = range(start, start + each)
                pages = _scores(form, instrument, folder, seeds, (kind, variant))
                hits = np.array([[s > cuts[0], p > cuts[1]] for s, p in pages])
                rows.append(
                    row(f"{name}: {words}, by the checks", int(hits[:, 0].sum()), len(hits))
                )
                if name != "none":
                    rows.append(
                        row(f"{name}: {words}, by the print", int(hits[:, 1].sum()), len(hits))
                    )
                totals += np.array([hits[:, 0].sum(), hits[:, 1].sum(), len(hits)])
            rows.append(row(f"{name}: all, by the checks", int(totals[0]), int(totals[2])))
            if name != "none":
                rows.append(row(f"{name}: all, by the print", int(totals[1]), int(totals[2])))
    return rows
