"""Honest pages that lie otherwise than the simulator lays them.

Turned by quarters, as a feeder takes them; cut, as a cover that is open or a program that
crops leaves them; off the glass; set straight, enlarged, made lighter or made two levels by a
program. What is done to the picture here shares no code with the simulator.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import cv2
import numpy as np

from scans.page import check_page
from scans.reference import builtin_reference
from scans.types import Status
from tests.accuracy.pages import Job, in_parallel, instrument, scanned, simulated

__all__ = ["WAYS", "otherwise"]

Row = dict[str, object]
Picture = np.ndarray[Any, np.dtype[np.uint8]]


def _mm(image: Picture) -> float:
    return max(image.shape[:2]) / 297.0


def _paper(image: Picture) -> Any:
    return tuple(int(v) for v in np.atleast_1d(np.median(image[::16, ::16], axis=(0, 1))))


def _turned(image: Picture, rng: np.random.Generator) -> Picture:
    return np.ascontiguousarray(np.rot90(image, int(rng.integers(1, 4))))


def _cut(image: Picture, rng: np.random.Generator) -> Picture:
    left, top, right, bottom = (rng.uniform(0, 15, 4) * _mm(image)).astype(int).tolist()
    return image[top : image.shape[0] - bottom, left : image.shape[1] - right]


def _aside(image: Picture, rng: np.random.Generator) -> Picture:
    move = np.hstack([np.eye(2), rng.uniform(-15, 15, (2, 1)) * _mm(image)])
    size = (image.shape[1], image.shape[0])
    return np.asarray(cv2.warpAffine(image, move, size, borderValue=_paper(image)), np.uint8)


def _straightened(image: Picture, rng: np.random.Generator) -> Picture:
    height, width = image.shape[:2]
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), float(rng.uniform(-4, 4)), 1.0)
    found = cv2.warpAffine(image, turn, (width, height), borderValue=_paper(image))
    return np.asarray(found, np.uint8)


def _resized(image: Picture, rng: np.random.Generator) -> Picture:
    by = float(rng.uniform(0.7, 1.4))
    return np.asarray(cv2.resize(image, None, fx=by, fy=by, interpolation=cv2.INTER_AREA), np.uint8)


def _lighter(image: Picture, rng: np.random.Generator) -> Picture:
    bent = 255.0 * (image / 255.0) ** float(rng.uniform(0.7, 1.4))
    low, high = rng.uniform(0, 25), rng.uniform(230, 255)
    return np.asarray(np.clip(255.0 * (bent - low) / (high - low), 0, 255), np.uint8)


def _two_levels(image: Picture, rng: np.random.Generator) -> Picture:
    grey = image if image.ndim == 2 else cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    window, less = 2 * int(rng.integers(10, 26)) + 1, float(rng.uniform(8, 20))
    how = cv2.ADAPTIVE_THRESH_GAUSSIAN_C
    found = cv2.adaptiveThreshold(grey, 255, how, cv2.THRESH_BINARY, window, less)
    return np.asarray(found, np.uint8)


WAYS: dict[str, Callable[[Picture, np.random.Generator], Picture]] = {
    "turned by quarters": _turned,
    "cut by up to 15 mm a side": _cut,
    "up to 15 mm off the glass": _aside,
    "set straight by a program": _straightened,
    "made larger or smaller": _resized,
    "made lighter or darker by a program": _lighter,
    "made two levels by a program": _two_levels,
}


def _judge(job: Job, way: str) -> tuple[bool, bool]:
    """Whether the page is read, and flagged."""
    rng = np.random.default_rng([job.seed, *way.encode()])
    page = simulated(job)
    image = WAYS[way](scanned(page.data, page.suffix).image, rng)
    suffix, how = (".png", []) if rng.integers(2) else (".jpg", [cv2.IMWRITE_JPEG_QUALITY, 90])
    other = scanned(cv2.imencode(suffix, image, how)[1].tobytes(), suffix)
    result = check_page(other, instrument(job.form), reference=builtin_reference()).result
    return result.status is Status.READ, bool(result.flagged)


def otherwise(
    jobs: Sequence[Job], workers: int, row: Callable[[str, int, int, str], Row]
) -> list[Row]:
    """Rows: of the pages of ``jobs``, each laid in each way, those read, and those flagged."""
    rows = []
    for way in WAYS:
        found = list(in_parallel(partial(_judge, way=way), jobs, workers))
        read = sum(read for read, _ in found)
        rows.append(row(f"honest pages {way}: read", read, len(found), ">= .95"))
        hits = sum(flagged for _, flagged in found)
        rows.append(row(f"honest pages {way}: flagged", hits, read, "<= .01"))
    return rows
