"""How much of the form's light print is there, place by place around the answer boxes.

A pattern of fine light lines under the answers is known from the blank. Whoever rubs or
scrapes takes some of it away with the mark, whoever covers or pastes hides it or brings one
that runs on at another place. It is held against the blank through a small window: the slope
of what is seen on what is printed is the same everywhere on an honest page, whatever the
printer and the scanner made of it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from scans.measure.boxes import PX_PER_MM, BoxPatches

__all__ = ["LightPrint", "PlaceOfPrint", "has_light_print", "light_print"]

Floats = NDArray[np.float32]

# Darkness of the blank that counts as light print: above a scanner's rounding, below text.
_LIGHTEST, _DARKEST = 0.015, 0.3
# Print is compared without what is wider than this (mm): shades of paper, smears, shadows.
_FINE_MM = 0.45
# Through windows of this deviation (mm): half a stroke of a rubber.
_WINDOW_MM = 0.9
# Ink and the form's own lines are left out with so much around them (mm).
_AROUND_MM = 0.3
# Least pattern in a window, in what a window full of it holds on this page.
_LEAST_SHARE = 0.5
# Slopes of honest places differ by at least this, in the page's own slope.
_LEAST_SPREAD = 0.03
_FEWEST = 12
# Deviations (mm) of the blur of printer and scanner that are tried: the one under which the
# blank's print is most like what is seen holds for the page.
_BLURS_MM = (0.0, 0.04, 0.06, 0.08, 0.1, 0.12, 0.14, 0.17, 0.2, 0.25)
_TRIED_ON = 16
# Between whole pixels print may lie off by this much.
_STEP_PX = 0.6


@dataclass(frozen=True, slots=True)
class PlaceOfPrint:
    """A window over the light print beside or in a box.

    Attributes:
        position: Of the box in the page's list.
        left: Share of the pattern that is there; 1 is as on the rest of the page.
        score: How far it is below the page's other places, in their spreads.
        centre_mm: On the page.
    """

    position: int
    left: float
    score: float
    centre_mm: tuple[float, float]


@dataclass(frozen=True, eq=False)
class LightPrint:
    """The page's light print.

    Attributes:
        strength: Contrast of the pattern on the scan in the blank's, the page's own blur
            taken off; about 1 where the scanner keeps light print, 0 where it drops it.
        places: The worst place of each box that has enough of it, worst first.
    """

    strength: float
    places: tuple[PlaceOfPrint, ...]


def has_light_print(group: BoxPatches) -> bool:
    """Whether the blank has light print under most of these boxes."""
    light = (group.print_ > _LIGHTEST) & (group.print_ < _DARKEST)
    return float(np.median(light.mean(axis=(1, 2)))) > 0.05


def light_print(groups: Sequence[BoxPatches], threshold: float) -> LightPrint | None:
    """Hold the light print around each box against the blank's.

    Args:
        groups: The page's boxes.
        threshold: Darkness from which a pixel counts as ink.

    Returns:
        What is there; ``None`` where fewer than a dozen boxes have light print around them.
    """
    seen = [_Seen.of(group, threshold) for group in groups if has_light_print(group)]
    blur = _blur_of_page(seen)
    parts = [part for part in (_Slopes.of(one, blur) for one in seen) if part is not None]
    slopes = np.concatenate([part.whole[part.enough] for part in parts]) if parts else np.empty(0)
    if len(slopes) < _FEWEST:
        return None
    strength = float(np.median(slopes))
    if strength <= 0:
        return LightPrint(strength, ())
    noise = float(np.median(np.concatenate([part.noise[part.enough] for part in parts])))
    found = [place for part in parts for place in part.lowest(strength, noise)]
    lows = np.array([low for low, *_ in found])
    middle = float(np.median(lows))
    spread = max(1.0, 1.4826 * float(np.median(np.abs(lows - middle))))
    places = [PlaceOfPrint(i, left, (middle - low) / spread, at) for low, left, i, at in found]
    return LightPrint(strength, tuple(sorted(places, key=lambda place: -place.score)))


@dataclass(frozen=True, eq=False)
class _Seen:
    """Boxes of one size as scanned, without what is coarse.

    Attributes:
        group: The boxes.
        light: float32 ``(n, h, w)``: darkness of the blank where it is light print, else 0.
        use: float32 ``(n, h, w)``: 1 where there is neither ink nor dark print, else 0.
        weight: Its blur: float32 ``(n, h, w)``.
        fine: float32 ``(n, h, w)``: the scan's darkness less its blur.
    """

    group: BoxPatches
    light: Floats
    use: Floats
    weight: Floats
    fine: Floats

    @staticmethod
    def of(group: BoxPatches, threshold: float) -> _Seen:
        shut = (group.print_ >= _DARKEST) | (group.added > threshold)
        side = 2 * round(_AROUND_MM * PX_PER_MM) + 1
        disc = np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side)), np.uint8)
        use = 1 - _tall(
            shut.astype(np.float32), lambda tall: np.asarray(cv2.dilate(tall, disc), np.float32)
        )
        weight = np.maximum(_blurred(use, _FINE_MM), np.float32(1e-3))
        light = np.where(group.print_ < _DARKEST, group.print_, np.float32(0.0))
        coarse = _blurred(group.dark * use, _FINE_MM) / weight
        fine: Floats = np.asarray((group.dark - coarse) * use, np.float32)
        return _Seen(group, light, use, weight, fine)

    def printed(self, blur: float, rows: slice = slice(None)) -> Floats:
        """The blank's light print as this page would show it, without what is coarse."""
        use = self.use[rows]
        light = _blurred(self.light[rows], blur) if blur else self.light[rows]
        coarse = _blurred(light * use, _FINE_MM) / self.weight[rows]
        return np.asarray((light - coarse) * use, np.float32)


def _blur_of_page(seen: Sequence[_Seen]) -> float:
    """The blur of this page's printer and scanner, in mm, as one deviation.

    Where lines bunch they lose less to blur than alone: with the wrong blur honest slopes differ
    by a tenth from place to place, with the right one by a fiftieth.
    """
    if not seen:
        return 0.0
    likeness = {blur: _likeness(seen, blur) for blur in _BLURS_MM}
    best = max(likeness, key=lambda blur: likeness[blur])
    number = _BLURS_MM.index(best)
    for beside in _BLURS_MM[max(0, number - 1) : number + 2]:
        between = (best + beside) / 2
        likeness.setdefault(between, _likeness(seen, between))
    return max(likeness, key=lambda blur: likeness[blur])


def _likeness(seen: Sequence[_Seen], blur: float) -> float:
    """Correlation of the scan with the print under a blur, median over some boxes."""
    of_boxes = []
    for part in seen:
        rows = slice(None, None, max(1, len(part.fine) // _TRIED_ON))
        printed, fine = part.printed(blur, rows), part.fine[rows]
        size = np.sqrt(_sums(printed, printed) * _sums(fine, fine))
        of_boxes.append(_sums(printed, fine) / np.maximum(size, 1e-9))
    return float(np.median(np.concatenate(of_boxes)))


@dataclass(frozen=True, eq=False)
class _Slopes:
    """Seen on printed, for boxes of one size.

    Attributes:
        group: The boxes.
        across, power: float32 ``(n, h, w)``: means of seen times printed, and of printed
            squared, through the window.
        full: Power of a window that is full of the pattern.
        whole, noise: float64 ``(n,)``: slope over the whole box, deviation of what is left.
        enough: bool ``(n,)``: boxes that have light print around them.
    """

    group: BoxPatches
    across: Floats
    power: Floats
    full: float
    whole: NDArray[np.float64]
    noise: NDArray[np.float64]
    enough: NDArray[np.bool_]

    @staticmethod
    def of(seen: _Seen, blur: float) -> _Slopes | None:
        """Measure; ``None`` where no box has enough light print."""
        printed = _best_laid(seen.printed(blur), seen)
        total = _sums(printed, printed)
        whole = _sums(printed, seen.fine) / np.maximum(total, 1e-9)
        rest = seen.fine - whole.astype(np.float32)[:, None, None] * printed
        area = np.maximum(seen.use.sum(axis=(1, 2)), 1.0)
        noise = np.sqrt(_sums(rest, rest) / area)
        across = _blurred(printed * seen.fine, _WINDOW_MM)
        power = _blurred(printed * printed, _WINDOW_MM)
        full = float(np.percentile(power, 90))
        enough = (power > _LEAST_SHARE * full).mean(axis=(1, 2)) > 0.1
        if full <= 1e-8 or not enough.any():
            return None
        return _Slopes(seen.group, across, power, full, whole, noise, enough)

    def lowest(
        self, strength: float, noise: float
    ) -> list[tuple[float, float, int, tuple[float, float]]]:
        """Of each box the window with least print: deviation, share left, box, place."""
        # What noise does to a slope through the window, its area in pixels.
        area = 4.0 * np.pi * (_WINDOW_MM * PX_PER_MM) ** 2
        power = np.maximum(self.power, np.float32(1e-9))
        left = self.across / power / strength
        low = (left - 1.0) / np.hypot(_LEAST_SPREAD, noise / strength / np.sqrt(power * area))
        low[self.power < _LEAST_SHARE * self.full] = np.inf
        out = []
        for k in np.flatnonzero(self.enough).tolist():
            row, column = np.unravel_index(int(np.argmin(low[k])), low[k].shape)
            x, y = self.group.boxes[k].box_mm[:2]
            margin = self.group.margin_mm
            at = (
                float(x - margin + (column + 0.5) / PX_PER_MM),
                float(y - margin + (row + 0.5) / PX_PER_MM),
            )
            share = float(left[k, row, column])
            out.append((float(low[k, row, column]), share, int(self.group.index[k]), at))
        return out


def _best_laid(printed: Floats, seen: _Seen) -> Floats:
    """Each box's print where it fits best, near where it should lie.

    Whole pixels are tried; the rest is one step of least squares on the print's slopes
    (Lucas & Kanade 1981).
    """
    best = np.full(len(printed), -np.inf)
    chosen = printed.copy()
    for dy in (-1, 0, 1):
        for dx in (-1, 0, 1):
            moved = np.roll(printed, (dy, dx), axis=(1, 2)) * seen.use
            fit = _sums(moved, seen.fine) / np.sqrt(np.maximum(_sums(moved, moved), 1e-9))
            better = fit > best
            best[better], chosen[better] = fit[better], moved[better]
    down, across = np.gradient(chosen, axis=(1, 2))
    basis = [chosen, across * seen.use, down * seen.use]
    normal = np.array([[_sums(a, b) for b in basis] for a in basis]).transpose(2, 0, 1)
    right = np.array([_sums(a, seen.fine) for a in basis]).T[:, :, None]
    normal += 1e-6 * np.eye(3) * np.trace(normal, axis1=1, axis2=2)[:, None, None] + 1e-9 * np.eye(
        3
    )
    found = np.linalg.solve(normal, right)[:, :, 0]
    off = np.clip(found[:, 1:] / np.maximum(found[:, :1], 1e-6), -_STEP_PX, _STEP_PX)
    off[found[:, 0] <= 0] = 0.0
    step = off.astype(np.float32)[:, :, None, None]
    return np.asarray(chosen + step[:, 0] * basis[1] + step[:, 1] * basis[2], np.float32)


def _sums(a: Floats, b: Floats) -> NDArray[np.float64]:
    """Sum of the product of each pair of patches: ``(n,)``."""
    return np.asarray(np.einsum("nij,nij->n", a, b, dtype=np.float64))


def _blurred(stack: Floats, sigma_mm: float) -> Floats:
    sigma = sigma_mm * PX_PER_MM

    def blurred(tall: Floats) -> Floats:
        how = cv2.BORDER_CONSTANT
        return np.asarray(cv2.GaussianBlur(tall, (0, 0), sigma, borderType=how), np.float32)

    return _tall(stack, blurred)


def _tall(stack: Floats, work: Callable[[Floats], Floats]) -> Floats:
    """One call of ``work`` for all patches of ``(n, h, w)``, with bare rows between them."""
    count, height, width = stack.shape
    gap = round(4 * _WINDOW_MM * PX_PER_MM)
    tall = np.zeros((count, height + gap, width), np.float32)
    tall[:, :height] = stack
    done = work(tall.reshape(-1, width))
    return np.ascontiguousarray(done.reshape(count, height + gap, width)[:, :height])
