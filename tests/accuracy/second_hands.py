"""Hands of the second maker: noisy polylines of an ink."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from tests.accuracy.second_forms import PX_PER_MM, Floats, Place

__all__ = ["Hand", "Ink", "drawn", "line", "mark_paths"]

_INKS = {"blue": (0.62, 0.32, 0.16), "black": (0.18, 0.17, 0.16), "pencil": (0.48, 0.47, 0.46)}


@dataclass(eq=False)
class Hand:
    """A person: a pen, a way of marking."""

    ink: Floats
    width: float
    shake: float
    pressure: float

    @staticmethod
    def of(chance: np.random.Generator, ink: str | None = None) -> Hand:
        name = ink or str(chance.choice(["blue", "blue", "black", "black", "pencil"]))
        base = np.array(_INKS[name], np.float32)
        tone = np.clip(base * chance.uniform(0.85, 1.15), 0.05, 0.8)
        return Hand(
            tone, chance.uniform(0.4, 0.75), chance.uniform(0.03, 0.12), chance.uniform(0.75, 1.0)
        )


def line(
    points: NDArray[np.float64], hand: Hand, chance: np.random.Generator
) -> NDArray[np.float64]:
    """A shaken path through points in mm."""
    steps = []
    for a, b in itertools.pairwise(points):
        t = np.linspace(0, 1, 8)[:, None]
        bow = np.array([b[1] - a[1], a[0] - b[0]]) * chance.normal(0, 0.05)
        steps.append(a + (b - a) * t + bow * (4 * t * (1 - t)))
    path = np.concatenate(steps)
    return path + chance.normal(0, hand.shake, path.shape)


def mark_paths(
    place: Place, style: str, hand: Hand, chance: np.random.Generator
) -> list[NDArray[np.float64]]:
    x, y, w, h = place
    corner = np.array([x, y])
    size = np.array([w, h])

    def at(*points: tuple[float, float]) -> NDArray[np.float64]:
        spread = chance.normal(0, 0.06, (len(points), 2))
        return line(corner + (np.array(points) + spread) * size, hand, chance)

    if style == "fill":
        rows = np.linspace(0.15, 0.85, 5)
        zigzag = [(0.2 + 0.6 * (k % 2), float(v)) for k, v in enumerate(np.repeat(rows, 2))]
        return [at(*zigzag)]
    if chance.random() < 0.25:
        return [at((0.0, 0.5), (0.4, 1.0), (1.1, -0.2))]
    return [at((0.05, 0.05), (0.95, 0.95)), at((0.95, 0.05), (0.05, 0.95))]


@dataclass(frozen=True, eq=False)
class Ink:
    """Coverage of ink, 0 to 1, in a window of the sheet."""

    rows: slice
    columns: slice
    cover: Floats

    def on(self, sheet: Floats, ink: Floats) -> None:
        sheet[self.rows, self.columns] *= 1 - self.cover[..., None] * (1 - ink)


def drawn(paths: list[NDArray[np.float64]], hand: Hand) -> Ink:
    every = np.concatenate(paths) * PX_PER_MM
    left, top = (np.floor(every.min(axis=0)) - 12).astype(int)
    right, bottom = (np.ceil(every.max(axis=0)) + 12).astype(int)
    layer = np.zeros((bottom - top, right - left), np.uint8)
    for path in paths:
        points = np.rint((path * PX_PER_MM - (left, top)) * 8).astype(np.int32)
        width = max(1, round(hand.width * PX_PER_MM))
        cv2.polylines(layer, [points], False, 255, width, cv2.LINE_AA, shift=3)
    soft = cv2.GaussianBlur(layer, (0, 0), 0.8)
    cover = np.asarray(soft, np.float32) / 255.0 * hand.pressure
    return Ink(slice(top, bottom), slice(left, right), cover)
