"""CAT_1: paper cut from another filled form and glued on."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from detectors.instrument import BoxMm
from scans.simulate.copier import grey_piece
from scans.simulate.layout import PrintedPage
from scans.simulate.sheet import Patch, Sheet

__all__ = ["cells_box", "glue", "rows_box"]

# Rotation in degrees, offset in mm, depth of the edge's shadow in grey levels, difference of
# the papers in grey levels: from (low) to (high).
_CARE: dict[str, tuple[tuple[float, float], ...]] = {
    "gross": ((0.8, 1.5), (0.6, 1.0), (34, 55), (4.0, 8.0)),
    "moderate": ((0.35, 0.8), (0.3, 0.6), (16, 30), (1.5, 4.0)),
    "subtle": ((0.12, 0.35), (0.1, 0.25), (5, 12), (0.3, 1.2)),
}


def rows_box(page: PrintedPage, items: Sequence[str]) -> BoxMm:
    """The strip that holds the boxes of items and everything between them."""
    boxes = [b.box_mm for item in items for b in page.boxes_of(item)]
    left, top = min(b[0] for b in boxes) - 2.2, min(b[1] for b in boxes) - 1.0
    right = max(b[0] + b[2] for b in boxes) + 2.2
    bottom = max(b[1] + b[3] for b in boxes) + 1.0
    return (left, top, right - left, bottom - top)


def cells_box(box: BoxMm, margin: float = 1.3) -> BoxMm:
    """A small piece around one box."""
    return (box[0] - margin, box[1] - margin, box[2] + 2 * margin, box[3] + 2 * margin)


def glue(
    sheet: Sheet,
    donor: Sheet,
    box: BoxMm,
    strength: str,
    rng: np.random.Generator,
    *,
    copied: bool = False,
) -> Patch:
    """Glue the donor's ``box`` over the sheet's; returns the part touched.

    Args:
        sheet: Changed in place.
        donor: A filled sheet of the same form.
        box: In mm, the same place on both.
        strength: How carelessly it is done.
        rng: Chance.
        copied: The piece is cut from a photocopy of the donor.
    """
    turn, slip, shadow, other = (float(rng.uniform(*pair)) for pair in _CARE[strength])
    angle = np.radians(turn * rng.choice([-1, 1]))
    way = rng.uniform(0, 2 * np.pi)
    patch = sheet.patch(box, margin=3.0)
    piece = donor.read(patch)
    if copied:
        piece = grey_piece(piece, rng)
    tint = other * np.array([rng.normal(-0.4, 0.5), rng.normal(-0.2, 0.4), rng.normal(0, 0.4)])
    piece = piece + (tint - 0.3 * other * rng.choice([-1, 1])).astype(np.float32)
    centre = patch.to_px(np.array([[box[0] + box[2] / 2, box[1] + box[3] / 2]]))[0]
    matrix = cv2.getRotationMatrix2D((float(centre[0]), float(centre[1])), np.degrees(angle), 1.0)
    matrix[:, 2] = matrix[:, 2] + slip * patch.scale[0] * np.array([np.cos(way), np.sin(way)])
    size = (patch.shape[1], patch.shape[0])
    moved = cv2.warpAffine(
        piece, matrix, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT
    )
    cover = _cut(patch, box, np.asarray(matrix, dtype=np.float64), rng)
    _edge_shadow(sheet, patch, cover, shadow)
    sheet.blend(patch, np.asarray(moved, dtype=np.float32), cover)
    _edge_light(sheet, patch, cover, shadow)
    return patch


def _cut(
    patch: Patch, box: BoxMm, matrix: NDArray[np.float64], rng: np.random.Generator
) -> NDArray[np.float32]:
    """The piece's outline, cut by hand, after it was laid down."""
    x, y, w, h = box
    corners = np.array([[x, y], [x + w, y], [x + w, y + h], [x, y + h]], dtype=np.float64)
    corners += rng.normal(0, 0.25, corners.shape)
    px = patch.to_px(corners)
    laid = np.column_stack([px, np.ones(4)]) @ matrix.T
    mask = np.zeros(patch.shape, dtype=np.uint8)
    cv2.fillConvexPoly(mask, np.round(laid * 16).astype(np.int32), 255, cv2.LINE_AA, 4)
    return np.asarray(mask.astype(np.float32) / 255)


def _edge_shadow(sheet: Sheet, patch: Patch, cover: NDArray[np.float32], depth: float) -> None:
    """The lamp stands on one side: the piece throws a thin shadow to the other."""
    thrown = np.roll(cover, (3, 2), axis=(0, 1))
    shade = cv2.GaussianBlur(thrown, (0, 0), 1.3) - 0.15 * cv2.GaussianBlur(cover, (0, 0), 3.0)
    light = 1 - np.clip(shade, 0, 1) * depth / 246
    sheet.multiply(patch, np.asarray(light[:, :, None], dtype=np.float32))


def _edge_light(sheet: Sheet, patch: Patch, cover: NDArray[np.float32], depth: float) -> None:
    """The cut edge itself: bright towards the lamp, dark away from it."""
    soft = cv2.GaussianBlur(cover, (0, 0), 0.8)
    slope = cv2.Sobel(soft, cv2.CV_32F, 1, 0, ksize=3) + cv2.Sobel(soft, cv2.CV_32F, 0, 1, ksize=3)
    change = np.clip(slope * 0.18, -0.5, 0.12) * depth
    sheet.write(patch, sheet.read(patch) + np.asarray(change[:, :, None], dtype=np.float32))
