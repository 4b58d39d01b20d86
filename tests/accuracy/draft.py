"""How well a blank form is drafted: boxes found, boxes invented, how far they lie off.

Blank forms of several makers (the real ones, the simulator's, the second maker's, vector
PDFs by typst) as a scanner or a PDF reader gives them. The truth is the instrument that the
form was made from, or that was measured by hand.
"""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from detectors.instrument import BoxMm, load_instrument
from scans.draft.draft import draft_instrument
from scans.press.drawing import rendered
from scans.simulate.form import FORMS, write_instrument
from tests.accuracy import second_sheets
from tests.accuracy.draft_forms import PDF_FORMS, write_pdf
from tests.accuracy.images import row
from tests.accuracy.measures import Measure, value_of
from tests.accuracy.office_forms import OFFICE_FORMS, missing_program, write_office_form
from tests.accuracy.stranger_forms import STRANGER_FORMS, write_stranger_form
from tests.data import DATA

__all__ = ["LOOKS", "Truth", "blanks", "compare", "measure", "office", "seen", "strangers"]

# Name -> dpi, degrees, two levels, noise.
LOOKS: dict[str, tuple[int, float, bool, float]] = {
    "300 dpi": (300, 0.0, False, 0.0),
    "200 dpi": (200, 0.0, False, 0.0),
    "150 dpi": (150, 0.0, False, 0.0),
    "300 dpi, grey scan": (300, 0.4, False, 3.0),
    "200 dpi, askew": (200, -1.1, False, 2.0),
    "300 dpi, 1-bit": (300, 0.3, True, 4.0),
    "200 dpi, 1-bit": (200, -0.3, True, 4.0),
}
_SAME_MM = 1.0
_PAGE_MM = 1000.0


@dataclass(frozen=True)
class Truth:
    """A blank page and where its boxes are.

    Attributes:
        boxes: Item and place of every box; of a page after the first the place is moved down
            by :data:`_PAGE_MM` a page.
        picture: uint8 grey, or ``None`` where ``file`` is a PDF.
        measured: False where the known places are no measure of position.
        pale: Its lines are lighter than what a 1-bit scan calls black.
    """

    name: str
    maker: str
    size_mm: tuple[float, float]
    boxes: tuple[tuple[str, BoxMm], ...]
    picture: NDArray[np.uint8] | None = None
    file: Path | None = None
    measured: bool = True
    pale: bool = False


def blanks(folder: Path) -> Iterator[Truth]:
    """Every blank page there is; files that have to be made go into ``folder``."""
    files: list[tuple[str, Path]] = []
    if (DATA / "scans").is_dir():
        real = DATA / "scans"
        files += [("real", real / f / "instrument.toml") for f in ("formscanner", "hotel", "amc")]
    files += [("simulator", write_instrument(form, folder / form)) for form in FORMS]
    for name in second_sheets.FORMS:
        (folder / name).mkdir(exist_ok=True)
        files.append(("second maker", second_sheets.write_form(name, folder / name)))
    for maker, path in files:
        for page in load_instrument(path).pages:
            picture = cv2.imread(str(page.blank), cv2.IMREAD_GRAYSCALE)
            boxes = tuple((b.item, b.box_mm) for b in page.boxes)
            name = f"{path.parent.name} p{page.number}"
            # The places of hotel were measured on another blank than this one was made for.
            known = path.parent.name != "hotel"
            grey = np.asarray(picture, np.uint8)
            yield Truth(name, maker, page.size_mm, boxes, grey, measured=known)
            if path.parent.name == "amc":
                break  # its other pages are the same in another order
    for name in PDF_FORMS:
        path, boxes = write_pdf(name, folder)
        yield Truth(name, "vector PDF", (210.0, 297.0), boxes, None, path)
    yield from office(folder)
    yield from strangers(folder)


def strangers(folder: Path, names: Iterable[str] = tuple(STRANGER_FORMS)) -> Iterator[Truth]:
    """Forms of other layouts, as their PDF and as a picture."""
    if missing_program("browser, tinted rows"):
        sys.stderr.write("  forms of other layouts: left out, no browser\n")
        return
    for name in names:
        path, size, boxes = write_stranger_form(name, folder)
        places = tuple((item, box) for item, _, box in boxes)
        yield Truth(name, "other layouts", size, places, None, path)
        picture = cv2.cvtColor(rendered(path.read_bytes(), 0, 300), cv2.COLOR_BGR2GRAY)
        grey, pale = np.asarray(picture, np.uint8), "hair lines" in name
        yield Truth(name, "other layouts", size, places, grey, pale=pale)


def office(folder: Path, names: Iterable[str] = tuple(OFFICE_FORMS)) -> Iterator[Truth]:
    """Forms of a browser and a word processor, as their PDF and each page as a picture."""
    for name in names:
        if missing := missing_program(name):
            sys.stderr.write(f"  {name}: left out, no {missing}\n")
            continue
        path, boxes = write_office_form(name, folder)
        known = all(page for _, page, _ in boxes)
        places = tuple((i, _on_page(b, page)) for i, page, b in boxes)
        yield Truth(name, "office PDF", (210.0, 297.0), places, None, path, measured=known)
        for page in sorted({page for _, page, _ in boxes if known}):
            picture = cv2.cvtColor(rendered(path.read_bytes(), page - 1, 300), cv2.COLOR_BGR2GRAY)
            here = tuple((i, b) for i, p, b in boxes if p == page)
            grey = np.asarray(picture, np.uint8)
            yield Truth(f"{name} p{page}", "office picture", (210.0, 297.0), here, grey)


def _on_page(box: BoxMm, page: int) -> BoxMm:
    return (box[0], box[1] + _PAGE_MM * max(0, page - 1), box[2], box[3])


def seen(truth: Truth, look: str, folder: Path) -> Path:
    """A blank picture as a device gives it."""
    dpi, degrees, two_level, noise = LOOKS[look]
    assert truth.picture is not None
    size = (round(truth.size_mm[0] * dpi / 25.4), round(truth.size_mm[1] * dpi / 25.4))
    smaller = size[0] < truth.picture.shape[1]
    how = cv2.INTER_AREA if smaller else cv2.INTER_CUBIC
    picture = np.asarray(cv2.resize(truth.picture, size, interpolation=how), dtype=np.float32)
    if degrees:
        turn = cv2.getRotationMatrix2D(((size[0] - 1) / 2, (size[1] - 1) / 2), degrees, 1.0)
        picture = np.asarray(
            cv2.warpAffine(picture, turn, size, flags=cv2.INTER_CUBIC, borderValue=255), np.float32
        )
    if noise:
        chance = np.random.default_rng(5)
        picture = 0.97 * picture + chance.normal(0, noise, picture.shape).astype(np.float32)
    done = np.clip(picture, 0, 255).astype(np.uint8)
    if two_level:
        done = np.where(done > 150, 255, 0).astype(np.uint8)
    from PIL import Image

    path = folder / "blank.png"
    Image.fromarray(done).save(path, dpi=(dpi, dpi))
    return path


def compare(truth: Truth, file: Path, folder: Path) -> dict[str, Any]:
    """Draft ``file`` and hold it against the truth.

    Returns:
        ``boxes`` there are, ``found``, ``invented``, ``off`` (largest distance of a centre
        in mm), ``items`` and ``whole``: questions, and those with exactly their own boxes.
    """
    draft = draft_instrument(file, folder / "draft.toml", language="vi")
    got = [
        (b.item, _on_page(b.box_mm, page.number))
        for page in draft.instrument.pages
        for b in page.boxes
    ]
    if truth.maker == "office PDF" and not truth.measured:
        return _counted(truth, [item for item, _ in got])
    left = dict(enumerate(got))
    off, owner = [0.0], {}
    for number, (_, box) in enumerate(truth.boxes):
        near = [
            (max(abs(_middle(b, k) - _middle(box, k)) for k in (0, 1)), index)
            for index, (_, b) in left.items()
        ]
        distance, index = min(near, default=(np.inf, -1))
        if distance < _SAME_MM:
            off.append(float(distance))
            owner[number] = left.pop(index)[0]
    asked = [item for item, _ in truth.boxes]
    pairs = {(asked[k], owner.get(k)) for k in range(len(asked))}
    whole = sum(
        sum(a == item for a, _ in pairs) == 1 and sum(o == drawn for _, o in pairs) == 1
        for item, drawn in pairs
        if drawn is not None
    )
    return {
        "boxes": len(truth.boxes),
        "found": len(owner),
        "invented": len(left),
        "off": max(off) if truth.measured else 0.0,
        "items": len(set(asked)),
        "whole": whole,
    }


def _counted(truth: Truth, got: list[str]) -> dict[str, Any]:
    """Where the places are not known: boxes of each item, in the order of the form."""
    wanted = Counter(item for item, _ in truth.boxes)
    there = Counter(got)
    found = sum(min(n, there[item]) for item, n in wanted.items())
    return {
        "boxes": len(truth.boxes),
        "found": found,
        "invented": len(got) - found,
        "off": 0.0,
        "items": len(wanted),
        "whole": sum(there[item] == n for item, n in wanted.items()),
    }


def _middle(box: BoxMm, axis: int) -> float:
    return box[axis] + box[axis + 2] / 2


def measure() -> list[Measure]:
    """All rows: by maker on the clean blank, by look over all makers."""
    counts: dict[tuple[str, str], list[dict[str, Any]]] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for truth in blanks(folder):
            sys.stderr.write(f"  {truth.maker} {truth.name}\n")
            if truth.file is not None:
                counts.setdefault((truth.maker, "as it is"), []).append(
                    compare(truth, truth.file, folder)
                )
                continue
            for look in [k for k, (*_, two, _) in LOOKS.items() if not (two and truth.pale)]:
                result = compare(truth, seen(truth, look, folder), folder)
                counts.setdefault((truth.maker, look), []).append(result)
    rows: list[Measure] = []
    makers = list(dict.fromkeys(maker for maker, _ in counts))
    for maker in makers:
        first = "as it is" if (maker, "as it is") in counts else "300 dpi"
        rows += _rows(f"{maker}, {first}", counts[(maker, first)], strict=True)
        if first == "as it is" and (maker, "300 dpi") in counts:
            rows += _rows(f"{maker}, 300 dpi", counts[(maker, "300 dpi")], strict=True)
    for look in LOOKS:
        every = [r for (_, seen_as), part in counts.items() if seen_as == look for r in part]
        if every:
            rows += _rows(f"all pictures, {look}", every, strict="1-bit" not in look)
    return rows


def _rows(name: str, results: list[dict[str, Any]], *, strict: bool) -> list[Measure]:
    def total(key: str) -> int:
        return int(sum(r[key] for r in results))

    off = float(max(r["off"] for r in results))
    return [
        row(f"{name}: boxes found", total("found"), total("boxes"), ">= 1" if strict else ">= .99"),
        row(
            f"{name}: boxes invented", total("invented"), total("found") + total("invented"), "<= 0"
        ),
        row(f"{name}: questions with their boxes", total("whole"), total("items"), ">= .95"),
        value_of(f"{name}: farthest centre, mm", off, off, off, total("found"), "<= .3"),
    ]
