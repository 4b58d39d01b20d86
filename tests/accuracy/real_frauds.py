"""Frauds done in the file to real scans, by code that shares nothing with the simulator.

A mark is painted out, copied to another row, or brought in from another sheet; the page is
saved as an editor would. The same pages merely saved again are the control. Physical
frauds cannot be done this way: those stay simulated.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import numpy as np
from numpy.typing import NDArray

from detectors.instrument import Instrument, load_instrument
from scans.page import check_page, view_of
from scans.reference import builtin_reference
from scans.source import PageError, expand, read_pages
from scans.types import MarkState, PageResult
from scans.view import PageView
from tests.accuracy.images import Row, row
from tests.data import DATA

__all__ = ["measure"]

Picture = NDArray[np.uint8]
Quad = tuple[int, int, int, int]

_FORMS = ("formscanner", "hotel", "amc")
_ALTERED = ("201303061208_0001.tif", "201303061208_0004.tif")
_QUALITIES = (70, 80, 88, 94)
_PAGES_A_FRAUD = 3


@dataclass(frozen=True, eq=False)
class Real:
    """A real page, read."""

    path: Path
    form: Instrument
    view: PageView

    @property
    def bitonal(self) -> bool:
        return self.view.raw.scan_class.value == "bitonal"

    def boxes(self, state: MarkState) -> list[int]:
        return [i for i, r in enumerate(self.view.readings) if r.state is state]

    def quad(self, box: int, grow_mm: float) -> Quad:
        """Pixel bounds of a box with a rim."""
        x, y, w, h = self.view.template.page.boxes[box].box_mm
        corners = [(x - grow_mm, y - grow_mm), (x + w + grow_mm, y + h + grow_mm)]
        px = self.view.registration.to_px(np.array(corners))
        low, high = np.floor(px.min(axis=0)), np.ceil(px.max(axis=0))
        height, width = self.view.raw.image.shape[:2]
        left, top = max(0, int(low[0])), max(0, int(low[1]))
        return left, top, min(width, int(high[0])), min(height, int(high[1]))


def _pages() -> list[Real]:
    found = []
    for name in _FORMS:
        form = load_instrument(DATA / "scans" / name / "instrument.toml")
        for path in expand([DATA / "scans" / name / "scans"]):
            for page in read_pages(path):
                assert not isinstance(page, PageError)
                view = view_of(page, form, reference=None)
                if isinstance(view, PageView) and path.name not in _ALTERED:
                    found.append(Real(path, form, view))
    return found


def _paper(image: Picture, quad: Quad) -> NDArray[np.uint8]:
    left, top, right, bottom = quad
    part = image[top:bottom, left:right].reshape(-1, *image.shape[2:])
    return np.asarray(np.percentile(part, 80, axis=0), np.uint8)


def _filled(page: Real, chance: np.random.Generator) -> tuple[Picture, list[int]]:
    """A rectangle of the local paper's colour over the mark and its box."""
    image, box = page.view.raw.image.copy(), _one(page, MarkState.MARKED, chance)
    left, top, right, bottom = quad = page.quad(box, 0.8)
    image[top:bottom, left:right] = _paper(image, quad)
    return image, [box]


def _whitened(page: Real, chance: np.random.Generator) -> tuple[Picture, list[int]]:
    """The mark alone brushed out in pure white, the box's outline left."""
    image, box = page.view.raw.image.copy(), _one(page, MarkState.MARKED, chance)
    left, top, right, bottom = page.quad(box, -0.35)
    cv2.ellipse(
        image,
        ((left + right) // 2, (top + bottom) // 2),
        (max(2, (right - left) // 2), max(2, (bottom - top) // 2)),
        *(0, 0, 360),
        (255, 255, 255),
        cv2.FILLED,
    )
    return image, [box]


def _inpainted(page: Real, chance: np.random.Generator) -> tuple[Picture, list[int]]:
    """A healing brush over the mark and its box."""
    image, box = page.view.raw.image.copy(), _one(page, MarkState.MARKED, chance)
    left, top, right, bottom = page.quad(box, 0.8)
    mask = np.zeros(image.shape[:2], np.uint8)
    mask[top:bottom, left:right] = 255
    return np.asarray(cv2.inpaint(image, mask, 4, cv2.INPAINT_TELEA), np.uint8), [box]


def _covered(page: Real, chance: np.random.Generator) -> tuple[Picture, list[int]]:
    """An empty box of the page laid over the mark: print is whole again."""
    image, box = page.view.raw.image.copy(), _one(page, MarkState.MARKED, chance)
    source = _near(page, box, MarkState.EMPTY)
    _move(image, image.copy(), page.quad(source, 1.0), page.quad(box, 1.0))
    return image, [box]


def _copied(page: Real, chance: np.random.Generator) -> tuple[Picture, list[int]]:
    """A mark of the page laid over empty boxes of two other rows."""
    image, box = page.view.raw.image.copy(), _one(page, MarkState.MARKED, chance)
    original = image.copy()
    empty = page.boxes(MarkState.EMPTY)
    item = page.view.readings[box].item
    others = [i for i in empty if page.view.readings[i].item != item] or empty
    picked = chance.permutation(others)[:2].tolist()
    for target in picked:
        _move(image, original, page.quad(box, 1.0), page.quad(target, 1.0))
    return image, [box, *picked]


def _spliced(page: Real, donor: Real, chance: np.random.Generator) -> tuple[Picture, list[int]]:
    """A marked box of another sheet of the form laid over one of this."""
    image = page.view.raw.image.copy()
    marked = [b for b in donor.boxes(MarkState.MARKED) if b in page.boxes(MarkState.EMPTY)]
    box = int(chance.choice(marked or donor.boxes(MarkState.MARKED)))
    _move(image, donor.view.raw.image, donor.quad(box, 1.0), page.quad(box, 1.0))
    return image, [box]


def _move(image: Picture, source: Picture, at: Quad, to: Quad) -> None:
    part = source[at[1] : at[3], at[0] : at[2]]
    if source.ndim != image.ndim:
        code = cv2.COLOR_GRAY2BGR if image.ndim == 3 else cv2.COLOR_BGR2GRAY
        part = np.asarray(cv2.cvtColor(part, code), np.uint8)
    height = min(part.shape[0], image.shape[0] - to[1])
    width = min(part.shape[1], image.shape[1] - to[0])
    image[to[1] : to[1] + height, to[0] : to[0] + width] = part[:height, :width]


def _one(page: Real, state: MarkState, chance: np.random.Generator) -> int:
    return int(chance.choice(page.boxes(state)))


def _near(page: Real, box: int, state: MarkState) -> int:
    """The nearest box in that state."""
    boxes = page.view.template.page.boxes
    here = np.array(boxes[box].box_mm[:2])
    return min(page.boxes(state), key=lambda i: float(np.hypot(*(boxes[i].box_mm[:2] - here))))


_ALONE: dict[str, Callable[[Real, np.random.Generator], tuple[Picture, list[int]]]] = {
    "painted over with paper colour": _filled,
    "mark brushed out in white": _whitened,
    "inpainted": _inpainted,
    "covered with an empty box": _covered,
    "mark copied to other rows": _copied,
}


def _saved(image: Picture, page: Real, folder: Path, quality: int | None) -> Path:
    """As an editor saves: JPEG, lossless, or two levels where the scan had two."""
    if page.bitonal:
        image = np.where(image > 127, 255, 0).astype(np.uint8)
    path = folder / ("page.png" if quality is None or page.bitonal else "page.jpg")
    options = [] if quality is None or page.bitonal else [cv2.IMWRITE_JPEG_QUALITY, quality]
    cv2.imwrite(str(path), image, options)
    return path


def _judged(path: Path, page: Real) -> PageResult:
    (raw,) = read_pages(path)
    assert not isinstance(raw, PageError)
    return check_page(raw, page.form, reference=builtin_reference()).result


def _touches(result: PageResult, page: Real, boxes: Sequence[int]) -> bool:
    for finding in result.findings:
        if finding.box_mm is None:
            continue
        x, y, w, h = finding.box_mm
        for box in boxes:
            bx, by, bw, bh = page.view.template.page.boxes[box].box_mm
            if x < bx + bw + 1 and bx - 1 < x + w and y < by + bh + 1 and by - 1 < y + h:
                return True
    return False


def _tampered(
    pages: Sequence[Real], chance: np.random.Generator
) -> Iterator[tuple[str, Real, Picture, list[int]]]:
    for page in pages:
        for name, fraud in _ALONE.items():
            for _ in range(_PAGES_A_FRAUD):
                yield (name, page, *fraud(page, chance))
        donors = [p for p in pages if p.form.id == page.form.id and p.path != page.path]
        same = [
            d
            for d in donors
            if d.view.template.page.number == page.view.template.page.number
            and 0.9 < d.view.registration.px_per_mm / page.view.registration.px_per_mm < 1.1
        ]
        for donor in same[:_PAGES_A_FRAUD]:
            yield ("box of another sheet", page, *_spliced(page, donor, chance))


def measure(seed: int = 9_001) -> list[Row]:
    """Rows on real scans that were altered in the file, and on the same merely saved again."""
    if not (DATA / "scans").is_dir():
        sys.stderr.write("real scans not found (SURVEY_AUDIT_DATA): left out\n")
        return []
    chance = np.random.default_rng(seed)
    pages = _pages()
    found: dict[str, list[bool]] = {}
    placed: list[bool] = []
    again: list[bool] = []
    with TemporaryDirectory() as name:
        folder = Path(name)
        for page in pages:
            for quality in (*_QUALITIES, None):
                path = _saved(page.view.raw.image, page, folder, quality)
                again.append(bool(_judged(path, page).flagged))
        for k, (fraud, page, image, boxes) in enumerate(_tampered(pages, chance)):
            quality = (*_QUALITIES, None)[k % (len(_QUALITIES) + 1)]
            result = _judged(_saved(image, page, folder, quality), page)
            kind = "1-bit" if page.bitonal else page.view.raw.scan_class.value
            found.setdefault(f"{fraud}, {kind}", []).append(bool(result.flagged))
            if result.flagged:
                placed.append(_touches(result, page, boxes))
    rows = [row("real pages saved again and flagged", sum(again), len(again), "<= .01")]
    for name, hits in sorted(found.items()):
        rows.append(row(f"real page, {name}: found", sum(hits), len(hits), ">= .95"))
    rows.append(row("real pages: evidence box on the place", sum(placed), len(placed), ">= .90"))
    return rows


if __name__ == "__main__":
    for line in measure():
        sys.stdout.write(f"{line['name']}: {line['value']:.3f} of {line['n']}\n")
