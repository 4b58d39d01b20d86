"""Boxes wider than a mark: the part of each in which something stands.

In the cell of a table a mark takes up a fraction, and what it leaves when it is taken off is lost
in the mean of a wide empty cell. Of such boxes the window is taken in which most differs from bare
paper, dark or bright, in marked, altered and empty boxes alike: so they stay comparable.
"""

from __future__ import annotations

import dataclasses
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from scans.measure.blank_boxes import PX_PER_MM
from scans.measure.boxes import BoxPatches

__all__ = ["is_wide", "narrowed"]

T = TypeVar("T", bound=np.generic)

# Boxes made for marks are at most so wide and high.
_WIDEST_MM, _WINDOW_MM = 7.5, 6.0
# Paper is averaged over so much, or its grain would say where to look.
_SOFT_MM = 0.5
_BARE = 0.12


def is_wide(group: BoxPatches) -> bool:
    """Whether boxes are wider or higher than boxes that are made for marks."""
    return max(group.box_size_mm) > _WIDEST_MM


def narrowed(group: BoxPatches) -> BoxPatches:
    """The group itself, or of wide boxes a window of 6 mm a side each, with the same margin."""
    if not is_wide(group):
        return group
    width, height = (min(side, _WINDOW_MM) for side in group.box_size_mm)
    margin = round(group.margin_mm * PX_PER_MM)
    down, across = round(height * PX_PER_MM), round(width * PX_PER_MM)
    top, left = _corners(group, margin, down, across)
    rows = top[:, None, None] - margin + np.arange(down + 2 * margin)[None, :, None]
    columns = left[:, None, None] - margin + np.arange(across + 2 * margin)[None, None, :]
    which = np.arange(len(group.boxes))[:, None, None]
    shape = (down + 2 * margin, across + 2 * margin)

    def cut(values: NDArray[T]) -> NDArray[T]:
        return np.ascontiguousarray(values[which, rows, columns])

    return dataclasses.replace(
        group,
        colour=cut(group.colour),
        dark=cut(group.dark),
        print_=cut(group.print_),
        allowed=cut(group.allowed),
        added=cut(group.added),
        own=cut(group.own),
        distance=_distance(height, width, group.margin_mm, shape),
    )


def _corners(
    group: BoxPatches, margin: int, down: int, across: int
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Row and column of each window's corner, within its box."""
    high, wide = group.dark.shape[1:]
    top, left = np.zeros((2, len(group.boxes)), np.intp)
    for k, (dark, allowed, own) in enumerate(
        zip(group.dark, group.allowed, group.own, strict=True)
    ):
        bare = ((allowed < _BARE) & own).astype(np.float32)
        soft = cv2.GaussianBlur(dark * bare, (0, 0), _SOFT_MM * PX_PER_MM)
        share = cv2.GaussianBlur(bare, (0, 0), _SOFT_MM * PX_PER_MM)
        level = np.where(share > 0.3, soft / np.maximum(share, 0.3), 0.0)
        inside = level[margin : high - margin, margin : wide - margin]
        off = np.square(inside - np.median(inside)).astype(np.float32)
        sums = cv2.boxFilter(
            off,
            cv2.CV_32F,
            (across, down),
            anchor=(0, 0),
            normalize=False,
            borderType=cv2.BORDER_CONSTANT,
        )[: inside.shape[0] - down + 1, : inside.shape[1] - across + 1]
        top[k], left[k] = np.unravel_index(int(np.argmax(sums)), sums.shape)
    return top + margin, left + margin


def _distance(
    height: float, width: float, margin: float, shape: tuple[int, int]
) -> NDArray[np.float32]:
    """Signed distance in mm to the outline of the window, negative inside."""
    y = np.abs((np.arange(shape[0]) + 0.5) / PX_PER_MM - margin - height / 2) - height / 2
    x = np.abs((np.arange(shape[1]) + 0.5) / PX_PER_MM - margin - width / 2) - width / 2
    beyond = np.hypot(np.maximum(y, 0)[:, None], np.maximum(x, 0)[None, :])
    within = np.maximum(y[:, None], x[None, :])
    return np.asarray(np.where(within > 0, beyond, within), np.float32)
