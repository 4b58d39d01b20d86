"""A little printed form, drawn on the spot, and what scanners and cameras do to it."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from detectors.instrument import Box, Page
from scans.template import PageTemplate
from scans.types import Origin, RawPage, Registration, ScanClass

PX_PER_MM = 300 / 25.4
SIZE_MM = (210.0, 297.0)
FIDUCIALS = ((14.0, 14.0), (196.0, 14.0), (14.0, 283.0), (196.0, 283.0))
FIDUCIAL_MM = 8.0
ROWS, COLUMNS, BOX_MM = 10, 5, 5.0
FIRST, PITCH = (130.0, 60.0), (10.0, 14.0)
LETTERS = list("abcdefghijklmnopqrstuvwxyz  ")

Image = NDArray[np.uint8]
Matrix = NDArray[np.float64]


def px(x: float, y: float) -> tuple[int, int]:
    return round(x * PX_PER_MM - 0.5), round(y * PX_PER_MM - 0.5)


def write(image: Image, text: str, x: float, y: float, height: float = 1.0) -> None:
    cv2.putText(image, text, px(x, y), cv2.FONT_HERSHEY_SIMPLEX, height, 0, 3)


def text_of(seed: int, row: int) -> str:
    chosen = np.random.default_rng((seed, row)).choice(LETTERS, 28)
    return f"{row + 1}. {''.join(chosen)}"


def form(
    seed: int = 0,
    *,
    fiducials: bool = True,
    texts: bool = True,
    number: int = 1,
    order: tuple[int, ...] = tuple(range(ROWS)),
) -> PageTemplate:
    """A grid of boxes; ``order`` says which text stands in which row."""
    image = np.full((round(SIZE_MM[1] * PX_PER_MM), round(SIZE_MM[0] * PX_PER_MM)), 255, np.uint8)
    if fiducials:
        for x, y in FIDUCIALS:
            half = FIDUCIAL_MM / 2
            cv2.rectangle(image, px(x - half, y - half), px(x + half, y + half), 0, -1)
    write(image, "SURVEY OF SATISFACTION", 60, 35, 2.0)
    boxes = []
    for row in range(ROWS):
        y = FIRST[1] + row * PITCH[1]
        if texts:
            write(image, text_of(seed, order[row]), 16, y + 4)
        for column in range(COLUMNS):
            x = FIRST[0] + column * PITCH[0]
            cv2.rectangle(image, px(x, y), px(x + BOX_MM, y + BOX_MM), 0, 3)
            boxes.append(Box(f"Q{row}", column + 1, (x, y, BOX_MM, BOX_MM)))
    page = Page(
        number=number,
        size_mm=SIZE_MM,
        blank=Path("drawn.png"),
        boxes=tuple(boxes),
        fiducials_mm=FIDUCIALS if fiducials else (),
        fiducial_size_mm=FIDUCIAL_MM if fiducials else None,
    )
    return PageTemplate(page, image)


def retext(image: Image, rows: tuple[int, ...], seed: int) -> Image:
    """The same form with other words in some rows."""
    changed = image.copy()
    for row in rows:
        y = FIRST[1] + row * PITCH[1]
        (left, top), (right, bottom) = px(15, y - 2), px(128, y + 7)
        changed[top:bottom, left:right] = 255
        write(changed, text_of(seed, row), 16, y + 4)
    return changed


def filled(template: PageTemplate, seed: int = 3) -> Image:
    """One cross a row and a scribble over some text."""
    image, rng = template.blank.copy(), np.random.default_rng(seed)
    for row in range(ROWS):
        x = FIRST[0] + PITCH[0] * int(rng.integers(COLUMNS))
        y = FIRST[1] + PITCH[1] * row
        cv2.line(image, px(x - 0.5, y - 0.5), px(x + 5.5, y + 5.5), 40, 6)
        cv2.line(image, px(x + 5.5, y), px(x - 0.5, y + 5), 40, 6)
    points = [px(20 + 60 * t, 215 + 6 * np.sin(25 * t)) for t in np.linspace(0, 1, 80)]
    cv2.polylines(image, [np.array(points, np.int32)], False, 60, 5)
    return image


def scan(
    image: Image,
    *,
    degrees: float = 2.0,
    scale: float = 1.0,
    shift_mm: tuple[float, float] = (3.0, -2.0),
    quarter_turns: int = 0,
    ground: int = 255,
    seed: int = 1,
) -> tuple[Image, Matrix]:
    """A flatbed's picture of it and the true matrix, mm -> px."""
    height, width = image.shape
    matrix = np.vstack(
        [cv2.getRotationMatrix2D((width / 2, height / 2), degrees, scale), [0, 0, 1]]
    )
    matrix[:2, 2] += np.array(shift_mm) * PX_PER_MM
    turned = cv2.warpAffine(
        image, matrix[:2], (width, height), flags=cv2.INTER_LINEAR, borderValue=(ground,)
    )
    for _ in range(quarter_turns):
        matrix = np.array([[0, -1, turned.shape[0] - 1], [1, 0, 0], [0, 0, 1]]) @ matrix
        turned = cv2.rotate(turned, cv2.ROTATE_90_CLOCKWISE)
    noise = np.random.default_rng(seed).normal(10, 4, turned.shape)
    return np.clip(turned * 0.9 + noise, 0, 255).astype(np.uint8), matrix @ to_px()


def to_px() -> Matrix:
    return np.array([[PX_PER_MM, 0, -0.5], [0, PX_PER_MM, -0.5], [0, 0, 1]])


def raw(image: Image, scan_class: ScanClass = ScanClass.CONTINUOUS) -> RawPage:
    return RawPage(Origin("drawn.png", "0" * 64, 1, "image/png"), image, scan_class)


def centres(template: PageTemplate) -> NDArray[np.float64]:
    boxes = np.array([box.box_mm for box in template.page.boxes])
    return boxes[:, :2] + boxes[:, 2:] / 2


def errors_mm(found: Registration, template: PageTemplate, truth: Matrix) -> NDArray[np.float64]:
    """Distance of each answer box from where it truly is, in mm on the page."""
    points = centres(template)
    true = np.column_stack([points, np.ones(len(points))]) @ truth.T
    apart = found.to_px(points) - true[:, :2] / true[:, 2:]
    return np.linalg.norm(apart, axis=1) / found.px_per_mm
