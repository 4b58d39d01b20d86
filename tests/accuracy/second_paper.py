"""Sheets of the second maker: paper of filtered noise, printed, marked and signed."""

from __future__ import annotations

import cv2
import numpy as np

from tests.accuracy.second_forms import FORMS, PX_PER_MM, Floats, Place, blank_of
from tests.accuracy.second_hands import Hand, Ink, drawn, line, mark_paths

__all__ = ["Page", "normal"]


def normal(chance: np.random.Generator, shape: tuple[int, ...]) -> Floats:
    return chance.standard_normal(shape, dtype=np.float32)


class Page:
    """A sheet of paper under work: reflectance ``(h, w, 3)`` BGR."""

    def __init__(self, name: str, seed: int) -> None:
        self.form = FORMS[name]
        self.chance = np.random.default_rng([seed, 41])
        chance = self.chance
        print_ = blank_of(name)
        height, width = print_.shape
        tint = np.array([chance.uniform(0.90, 0.95), chance.uniform(0.92, 0.96), 0.95], np.float32)
        fibre = cv2.GaussianBlur(normal(chance, (height, width)), (0, 0), 1.6)
        cloud = cv2.resize(normal(chance, (12, 9)), (width, height))
        self.paper = tint * (1 + 0.012 * fibre + 0.006 * cloud)[..., None]
        toner = chance.uniform(0.08, 0.16)
        ink = cv2.GaussianBlur(print_, (0, 0), chance.uniform(0.4, 0.7))
        self.printed = (toner + (1 - toner) * ink)[..., None].astype(np.float32)
        self.sheet = self.paper * self.printed
        self.hand = Hand.of(chance)
        self.layers: dict[tuple[int, int], Ink] = {}
        weights = np.array([0.03, 0.03, 0.06, 0.18, 0.70])[-self.form.values :]
        weights = weights / weights.sum()
        self.answers = [
            int(chance.choice(self.form.values, p=weights)) for _ in range(self.form.items)
        ]
        # Whoever alters a sheet needs a low mark to alter.
        for item in chance.choice(self.form.items, 3, replace=False):
            self.answers[int(item)] = int(chance.integers(0, self.form.values - 2))
        for item, value in enumerate(self.answers):
            self.ink(item, value, self.hand)
        self.sign(self.hand)

    def ink(self, item: int, value: int, hand: Hand) -> None:
        paths = mark_paths(self.form.place(item, value), self.form.style, hand, self.chance)
        self.layers[(item, value)] = drawn(paths, hand)
        self.layers[(item, value)].on(self.sheet, hand.ink)

    def sign(self, hand: Hand) -> None:
        x, y, w, h = self.form.field
        n = 14
        points = np.column_stack(
            [np.linspace(x + 0.1 * w, x + 0.85 * w, n), y + h * self.chance.uniform(0.15, 0.9, n)]
        )
        drawn([line(points, hand, self.chance)], hand).on(self.sheet, hand.ink)

    def low(self) -> tuple[int, int]:
        """An item with a low mark, and its value."""
        items = [k for k, v in enumerate(self.answers) if v < self.form.values - 1]
        item = int(self.chance.choice(items))
        return item, self.answers[item]

    def px(self, place: Place, grow: float = 0.0) -> tuple[slice, slice]:
        x, y, w, h = place
        rows = slice(round((y - grow) * PX_PER_MM), round((y + h + grow) * PX_PER_MM))
        return rows, slice(round((x - grow) * PX_PER_MM), round((x + w + grow) * PX_PER_MM))
