"""Ruled tables filled in by honest people: paper, print, marks, corrections, signature."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from scans.types import MarkState
from tests.accuracy.ruled_forms import PX_PER_MM, SIZE_MM, Floats, Form, Place, blank_of
from tests.accuracy.ruled_hands import (
    MARKS,
    Hand,
    Layer,
    Path,
    curve,
    drawn,
    mark,
    ring,
    strike,
    writing,
)

__all__ = ["Sheet", "extent_of", "pixels"]

Key = tuple[int, int]

_BEST_LAST = np.array([0.04, 0.06, 0.14, 0.30, 0.46])
_BLANK, _OTHER_MARK, _CORRECTED = 0.02, 0.06, 0.3


def extent_of(paths: list[Path]) -> Place:
    """The rectangle around strokes."""
    every = np.concatenate(paths)
    (x, y), (right, bottom) = every.min(axis=0), every.max(axis=0)
    return float(x), float(y), float(right - x), float(bottom - y)


def pixels(place: Place, grow: float = 0.0) -> tuple[slice, slice]:
    """Rows and columns of a place on the sheet."""
    x, y, w, h = place
    rows = slice(round((y - grow) * PX_PER_MM), round((y + h + grow) * PX_PER_MM))
    return rows, slice(round((x - grow) * PX_PER_MM), round((x + w + grow) * PX_PER_MM))


class Sheet:
    """A sheet that somebody filled in.

    Attributes:
        form: What is printed on it.
        chance: What all of it is drawn by.
        hand: Who filled it in.
        answers: Value of each item, from 0; -1 where there is none.
        states: State of every cell that holds ink.
        layers: Ink of each cell, in the order of writing.
        extents: Where the marks stand, in mm.
        paper: Light of the printed paper, float32 ``(h, w, 3)``, BGR.
    """

    def __init__(self, form: Form, seed: int, *, corrects: bool | None = None) -> None:
        self.form = form
        self.chance = chance = np.random.default_rng([seed, 63])
        self.hand = Hand.of(chance)
        self.states: dict[Key, MarkState] = {}
        self.layers: dict[Key, list[Layer]] = {}
        self.extents: dict[Key, Place] = {}
        self.elsewhere: list[Layer] = []
        self.paper = _printed(form, chance)
        weights = _BEST_LAST[-form.values :] / _BEST_LAST[-form.values :].sum()
        drawn_values = chance.choice(form.values, len(form.cells), p=weights)
        blank = chance.random(len(form.cells)) < _BLANK
        self.answers = [-1 if none else int(v) for v, none in zip(drawn_values, blank, strict=True)]
        # Whoever alters a sheet needs low answers; honest sheets have some, too.
        low = chance.choice(len(form.cells), 2, replace=False)
        for item in low.tolist():
            self.answers[item] = int(chance.integers(0, form.values - 1))
        if corrects is None:
            corrects = bool(chance.random() < _CORRECTED)
        mends = chance.random(len(form.cells)) < (0.16 if corrects else 0.0)
        for item, value in enumerate(self.answers):
            if value < 0:
                continue
            if mends[item] and self.hand.marks not in ("ring", "dot"):
                self.take_back(item, (value + int(chance.integers(1, form.values))) % form.values)
            self.answer(item, value, self.hand)
        self._write()

    def answer(self, item: int, value: int, hand: Hand) -> None:
        """Mark a cell."""
        chance = self.chance
        x, y, w, h = self.form.cells[item][value]
        off = np.clip(chance.normal(0, hand.aside, 2), -0.3, 0.3)
        at = (x + w * (0.5 + off[0]), y + h * (0.5 + off[1]))
        kind = hand.marks
        if kind not in ("ring", "dot") and chance.random() < _OTHER_MARK:
            kind = str(chance.choice([m for m in MARKS if m not in ("ring", "dot")]))
        # Most stay within the lines, who marks aside does not.
        most = (0.44 if hand.aside < 0.1 else 0.6) * h
        paths = mark(kind, at, min(hand.size, most) * chance.uniform(0.88, 1.12), chance)
        self.put(item, value, paths, hand, MarkState.MARKED)

    def put(self, item: int, value: int, paths: list[Path], hand: Hand, state: MarkState) -> None:
        """Lay ink on a cell and remember what stands there."""
        self.layers.setdefault((item, value), []).append(drawn(paths, hand, self.chance))
        self.states[item, value] = state
        x, y, w, h = extent_of(paths)
        if (item, value) in self.extents:
            a, b, c, d = self.extents[item, value]
            right, bottom = max(x + w, a + c), max(y + h, b + d)
            x, y = min(x, a), min(y, b)
            w, h = right - x, bottom - y
        self.extents[item, value] = (x, y, w, h)

    def take_back(self, item: int, value: int) -> None:
        """A mark that its author cancelled as the form says."""
        chance = self.chance
        self.answer(item, value, self.hand)
        x, y, w, h = self.extents[item, value]
        if self.form.correction == "strike":
            around = strike((x, y, w, h), chance)
        else:
            clear = chance.uniform(0.5, 1.6, 2)
            # The circle round a rectangle's corners is wider than the rectangle by a root of two.
            radii = (0.62 * w + clear[0], 0.62 * h + clear[1])
            around = ring((x + w / 2, y + h / 2), radii, chance)
        self.put(item, value, [around], self.hand, MarkState.CANCELLED)

    def _write(self) -> None:
        """Words, often; a signature, always; sometimes in another pen."""
        chance, hand = self.chance, replace(self.hand, width=0.9 * self.hand.width)
        if chance.random() < 0.5:
            words = writing(self.form.comment, chance)
            self.elsewhere += [drawn([word], hand, chance) for word in words]
        signing = hand if chance.random() < 0.7 else Hand.of(chance, pen=True)
        x, y, w, h = self.form.signature
        n = int(chance.integers(9, 18))
        across = np.linspace(x + 0.1 * w, x + chance.uniform(0.5, 0.9) * w, n)
        across += chance.normal(0, 2.0, n)
        down = y + h * (0.5 + np.clip(chance.normal(0, 0.25, n), -0.45, 0.45))
        for cut in np.split(np.arange(n), [n // 2]):
            points = list(zip(across[cut].tolist(), down[cut].tolist(), strict=True))
            self.elsewhere.append(drawn([curve(points)], signing, chance))

    def picture(self) -> Floats:
        """Light of the sheet with all its ink, float32 ``(h, w, 3)``."""
        sheet = self.paper.copy()
        for layer in [*self.elsewhere, *(one for every in self.layers.values() for one in every)]:
            layer.on(sheet)
        return sheet

    def low(self) -> Key:
        """An answer that is not the best, and its value."""
        able = [k for k, v in enumerate(self.answers) if 0 <= v < self.form.values - 1]
        alone = [k for k in able if sum(i == k for i, _ in self.states) == 1]
        item = int(self.chance.choice(alone or able))
        return item, self.answers[item]


def _printed(form: Form, chance: np.random.Generator) -> Floats:
    """Paper of fibres and clouds with the form on it, as one printer lays it down."""
    blank = blank_of(form)
    height, width = blank.shape
    tint = np.array([0.93, 0.945, 0.95], np.float32) + chance.normal(0, 0.006, 3)
    fibre = chance.standard_normal((height // 2, width // 2), dtype=np.float32)
    fibre = cv2.resize(cv2.GaussianBlur(fibre, (0, 0), 0.8), (width, height))
    cloud = cv2.resize(chance.standard_normal((14, 10), dtype=np.float32), (width, height))
    light = 1.0 + 0.014 * fibre + 0.006 * cloud
    grown = 1.0 + chance.normal(0, 0.0008, 2)
    middle = np.array(SIZE_MM) * PX_PER_MM / 2
    matrix = np.array(
        [
            [grown[0], 0.0, middle[0] * (1 - grown[0])],
            [0.0, grown[1], middle[1] * (1 - grown[1])],
        ]
    )
    laid = cv2.warpAffine(blank, matrix, (width, height), borderValue=1.0)
    soft = np.asarray(cv2.GaussianBlur(laid, (0, 0), chance.uniform(0.5, 0.9)), np.float32)
    toner = np.float32(chance.uniform(0.05, 0.2))
    light *= toner + (1 - toner) * soft
    for _ in range(int(chance.integers(0, 6))):
        x, y = chance.integers(60, width - 60), chance.integers(60, height - 60)
        cv2.circle(light, (int(x), int(y)), int(chance.integers(1, 3)), 0.4, cv2.FILLED)
    return np.asarray(light[..., None] * tint.astype(np.float32), np.float32)
