"""Honest trouble: what happens to paper and pens when nobody cheats."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from detectors.errors import UsageError
from scans.simulate.fill import draw
from scans.simulate.ink import PENS, grain, some_pen
from scans.simulate.layout import PrintedPage
from scans.simulate.respondents import correct_one
from scans.simulate.seal import stamp
from scans.simulate.sheet import Sheet
from scans.simulate.spec import PageSpec
from scans.simulate.writer import signature, some_writer

__all__ = ["CONTROLS", "trouble", "with_control"]

_ON_SHEET: Mapping[str, Callable[[Sheet, PrintedPage, np.random.Generator], None]]


def with_control(spec: PageSpec, control: str, rng: np.random.Generator) -> PageSpec:
    """The spec with one more trouble; troubles of the hand change the writer.

    Raises:
        UsageError: For a control that does not exist.
    """
    if control not in CONTROLS:
        raise UsageError(
            f"no honest trouble {control!r}", remedy=f"known are {', '.join(CONTROLS)}"
        )
    writer = spec.writer
    if control == "light":
        writer = replace(writer, pen=some_pen(rng, "hard_pencil"), pressure=0.55)
    elif control == "tremor":
        writer = replace(writer, tremor=float(rng.uniform(0.16, 0.28)), aim=0.14)
    elif control == "phone":
        spec = replace(spec, profile="phone")
    elif control == "correction":
        for _ in range(int(rng.integers(1, 4))):
            spec = correct_one(spec, rng)
    return replace(spec, writer=writer, controls=(*spec.controls, control))


def trouble(sheet: Sheet, page: PrintedPage, spec: PageSpec, rng: np.random.Generator) -> None:
    """Let everything that the spec asks for happen to a filled sheet."""
    for control in spec.controls:
        happen = _ON_SHEET.get(control)
        if happen is not None:
            happen(sheet, page, rng)


def _dirt(sheet: Sheet, page: PrintedPage, rng: np.random.Generator) -> None:
    """Smudges of fingers and grains of dirt."""
    for _ in range(int(rng.integers(4, 10))):
        x, y = rng.uniform(0.05, 0.95, 2) * np.array(sheet.size_mm)
        size = float(rng.uniform(3, 12))
        patch = sheet.patch((float(x), float(y), size, size * 1.3))
        blob = _blob(patch.shape, rng)
        print_ = 0.5 + 0.5 * np.sin(grain(patch.shape, rng, 4.0) * 2.5)
        light = 1 - float(rng.uniform(0.04, 0.14)) * blob * print_
        sheet.multiply(patch, np.asarray(light[:, :, None], dtype=np.float32))
    for _ in range(int(rng.integers(8, 30))):
        x, y = rng.uniform(0.02, 0.98, 2) * np.array(sheet.size_mm)
        spot = (round(float(x * sheet.scale[0])), round(float(y * sheet.scale[1])))
        level = int(rng.integers(60, 190))
        cv2.circle(
            sheet.image, spot, int(rng.integers(1, 4)), (level, level, level), -1, cv2.LINE_AA
        )


def _blob(shape: tuple[int, int], rng: np.random.Generator) -> NDArray[np.float32]:
    y, x = np.mgrid[-1 : 1 : complex(shape[0]), -1 : 1 : complex(shape[1])]
    edge = 0.75 + 0.15 * grain(shape, rng, max(shape) / 10)
    return np.asarray(np.clip((edge - np.hypot(x, y)) * 4, 0, 1), dtype=np.float32)


def _fold(sheet: Sheet, page: PrintedPage, rng: np.random.Generator) -> None:
    """Folded in three for a pocket: creases that shine on one side and shade on the other."""
    height, width = sheet.image.shape[:2]
    for share in (1 / 3, 2 / 3) if rng.random() < 0.6 else (0.5,):
        middle = int(height * share + rng.normal(0, 12))
        lean = rng.normal(0, 6)
        line = (
            middle
            + np.linspace(-lean, lean, width)
            + 1.5 * np.interp(np.arange(width), np.linspace(0, width, 40), rng.normal(0, 1, 40))
        )
        top, bottom = max(0, int(line.min()) - 45), min(height, int(line.max()) + 45)
        distance = np.arange(top, bottom)[:, None] - line[None, :]
        depth = float(rng.uniform(0.05, 0.16))
        shade = depth * np.exp(-np.abs(distance) / 9.0) * np.where(distance > 0, 1.0, -0.45)
        crease = 0.5 * depth * np.exp(-((distance / 1.2) ** 2))
        worn = 1 + 0.4 * grain(distance.shape, rng, 1.5)
        part = sheet.image[top:bottom].astype(np.float32)
        part *= (1 - shade - crease * worn)[:, :, None].astype(np.float32)
        # Toner breaks off along the crease.
        white = (np.abs(distance) < 1.3) & (grain(distance.shape, rng, 1.2) > 0.3)
        part[white] = part[white] * 0.3 + 238 * 0.7
        sheet.image[top:bottom] = np.clip(part, 0, 255).astype(np.uint8)


def _stain(sheet: Sheet, page: PrintedPage, rng: np.random.Generator) -> None:
    """A ring of coffee or tea, darker at the rim."""
    size = float(rng.uniform(30, 75))
    x, y = rng.uniform(0.1, 0.7, 2) * np.array(sheet.size_mm)
    patch = sheet.patch((float(x), float(y), size, size))
    h, w = patch.shape
    gy, gx = np.mgrid[-1 : 1 : complex(h), -1 : 1 : complex(w)]
    radius = np.hypot(gx, gy) + 0.02 * grain(patch.shape, rng, 30.0)
    rim = np.exp(-(((radius - 0.8) / 0.035) ** 2)) + 0.35 * np.exp(-(((radius - 0.74) / 0.05) ** 2))
    wash = 0.35 * np.clip((0.8 - radius) * 30, 0, 1)
    amount = (
        float(rng.uniform(0.12, 0.32)) * (rim + wash) * (1 + 0.2 * grain(patch.shape, rng, 6.0))
    )
    brown = np.array([1.5, 0.85, 0.5])
    light = np.exp(-np.clip(amount, 0, None)[:, :, None] * brown)
    sheet.multiply(patch, light.astype(np.float32))


def _staple(sheet: Sheet, page: PrintedPage, rng: np.random.Generator) -> None:
    """A staple in the corner, or the holes of one."""
    x, y = 12 + float(rng.normal(0, 3)), 6 + float(rng.normal(0, 1.5))
    sx, sy = sheet.scale
    angle = float(rng.normal(0.3, 0.4))
    ends = [(x, y), (x + 11 * np.cos(angle), y + 11 * np.sin(angle))]
    px = [(round(a * sx), round(b * sy)) for a, b in ends]
    if rng.random() < 0.6:
        cv2.line(sheet.image, (px[0][0] + 3, px[0][1] + 4), (px[1][0] + 3, px[1][1] + 4),
                 (190, 190, 190), 6, cv2.LINE_AA)  # fmt: skip
        cv2.line(sheet.image, px[0], px[1], (120, 118, 116), 6, cv2.LINE_AA)
        cv2.line(sheet.image, px[0], px[1], (215, 215, 215), 2, cv2.LINE_AA)
    for spot in px:
        cv2.circle(sheet.image, spot, 4, (70, 70, 70), -1, cv2.LINE_AA)


def _punch(sheet: Sheet, page: PrintedPage, rng: np.random.Generator) -> None:
    """Two holes of a file; the lid of the device shows through."""
    sx, sy = sheet.scale
    middle = sheet.size_mm[1] / 2 + float(rng.normal(0, 3))
    for offset in (-40, 40):
        x, y = 9.0 + float(rng.normal(0, 0.8)), middle + offset
        spot, radius = (round(x * sx), round(y * sy)), round(3 * sx)
        cv2.circle(sheet.image, spot, radius, (150, 150, 150), 2, cv2.LINE_AA)
        level = int(rng.choice([60, 235, 252]))
        cv2.circle(sheet.image, spot, radius - 1, (level, level, level), -1, cv2.LINE_AA)


def _seal_over(sheet: Sheet, page: PrintedPage, rng: np.random.Generator) -> None:
    """The office's red stamp lands on the answer boxes."""
    target = page.boxes[int(rng.integers(len(page.boxes)))].box_mm
    x, y = target[0] + float(rng.normal(0, 6)) - 18, target[1] + float(rng.normal(0, 6)) - 18
    stamp(sheet, int(rng.integers(4)), (x, y, 40.0, 40.0), rng)


def _bleed(sheet: Sheet, page: PrintedPage, rng: np.random.Generator) -> None:
    """The other side shines through: its print, mirrored, soft and faint."""
    height, width = sheet.image.shape[:2]
    small = cv2.resize(page.print[:, ::-1], (width // 2, height // 2), interpolation=cv2.INTER_AREA)
    moved = np.roll(small, (int(rng.integers(-120, 120)), int(rng.integers(-20, 20))), axis=(0, 1))
    soft = cv2.GaussianBlur(moved, (0, 0), 1.6)
    back = cv2.resize(soft, (width, height), interpolation=cv2.INTER_LINEAR)
    strength = float(rng.uniform(0.05, 0.12))
    veil = cv2.convertScaleAbs(back, alpha=strength, beta=255 * (1 - strength))
    sheet.image[:] = cv2.multiply(sheet.image, veil, scale=1 / 255.0)
    hand = some_writer(rng, pen="gel_black")
    pen = replace(hand.pen, absorbance=(0.16, 0.16, 0.17), width_mm=0.9)
    for _ in range(int(rng.integers(2, 6))):  # a felt pen on the back soaks through
        x, y = rng.uniform(0.2, 0.8, 2) * np.array(sheet.size_mm)
        wave = np.array([[x, y], [x + 4, y - 2], [x + 8, y + 1], [x + 13, y - 1]])
        draw(sheet, [hand.stroke(wave, rng)], pen, rng)


def _highlighter(sheet: Sheet, page: PrintedPage, rng: np.random.Generator) -> None:
    """Someone in the office runs a marker over rows that matter."""
    tone = np.array([[0.75, 0.04, 0.06], [0.5, 0.03, 0.6], [0.1, 0.35, 0.02]])[rng.integers(3)]
    for item in rng.choice(page.items, size=min(3, len(page.items)), replace=False):
        boxes = [b.box_mm for b in page.boxes_of(str(item))]
        left, right = min(b[0] for b in boxes) - 3, max(b[0] + b[2] for b in boxes) + 3
        y = boxes[0][1] + boxes[0][3] / 2 + float(rng.normal(0, 0.6))
        patch = sheet.patch((left, y - 2.4, right - left, 4.8), margin=0.5)
        h = patch.shape[0]
        edge = np.clip(np.minimum(np.arange(h), np.arange(h)[::-1]) / 3.0, 0, 1)[:, None]
        even = edge * (1 + 0.08 * grain(patch.shape, rng, 3.0))
        sheet.multiply(patch, np.exp(-even[:, :, None] * tone).astype(np.float32))


def _stray(sheet: Sheet, page: PrintedPage, rng: np.random.Generator) -> None:
    """Slips of the pen: a trial scribble in the margin, an underlined word, a dash in a box."""
    hand = some_writer(rng)
    for _ in range(int(rng.integers(1, 4))):
        x, y = rng.uniform(0.12, 0.8, 2) * np.array(sheet.size_mm)
        steps = np.cumsum(rng.normal(0, 2.2, (int(rng.integers(3, 7)), 2)), axis=0)
        draw(sheet, [hand.stroke(steps + np.array([x, y]), rng)], hand.pen, rng)
    x, y = rng.uniform(0.15, 0.4), rng.uniform(0.3, 0.7) * sheet.size_mm[1]
    line = np.array(
        [[x * sheet.size_mm[0], y], [x * sheet.size_mm[0] + 30, y + rng.normal(0, 0.6)]]
    )
    draw(sheet, [hand.stroke(line, rng)], hand.pen, rng)


def _facsimile(sheet: Sheet, page: PrintedPage, rng: np.random.Generator) -> None:
    """A printed signature of the office's head: the same on every sheet, and honest."""
    own = np.random.default_rng(4711)
    head = replace(some_writer(own), pen=PENS["gel_black"])
    box = (sheet.size_mm[0] * 0.12, sheet.size_mm[1] * 0.9, 34.0, 11.0)
    draw(sheet, signature(head, box, own), head.pen, own)


_ON_SHEET = {
    "dirt": _dirt,
    "fold": _fold,
    "stain": _stain,
    "staple": _staple,
    "punch": _punch,
    "seal_over": _seal_over,
    "bleed": _bleed,
    "highlighter": _highlighter,
    "stray": _stray,
    "facsimile": _facsimile,
}
_OF_THE_HAND = (
    "odd_marks",
    "light",
    "tremor",
    "two_pens",
    "correction",
    "phone",
    "copied_blank",
    "resaved",
)
CONTROLS: tuple[str, ...] = (*_ON_SHEET, *_OF_THE_HAND)
