"""A first guess of where the page lies, from the corners of a printed code.

A code spans a tenth of the page, so a guess from it is a few millimetres off at the far
end; it knows the turn of the page for certain, which is what a form with little print
lacks.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from scans.register.content import Guess
from scans.register.geometry import fit_affine, is_plausible
from scans.template import PageTemplate

__all__ = ["code_guesses"]


def code_guesses(
    template: PageTemplate, quad: NDArray[np.float64], scan_px: tuple[int, int], *, photo: bool
) -> list[Guess]:
    """The page as a code lies: a turn and a scale, no shear that its few mm cannot tell.

    Args:
        template: The page; nothing comes of one without a code.
        quad: float64 ``(4, 2)`` px: the code's corners from its own top-left clockwise.
        scan_px: Width and height of the scan.
        photo: Whether perspective is to be expected.
    """
    code = template.page.code
    corners = np.asarray(quad, dtype=np.float64).reshape(-1, 2)
    if code is None or len(corners) != 4 or not np.all(np.isfinite(corners)):
        return []
    x, y, width, height = code.box_mm
    source = np.array([[x, y], [x + width, y], [x + width, y + height], [x, y + height]])
    matrix = fit_affine(source, corners, np.ones(4)) if photo else _similarity(source, corners)
    if not is_plausible(matrix, template.page.size_mm, scan_px, photo=photo):
        return []
    return [Guess(template, matrix, 4, "code")]


def _similarity(source: NDArray[np.float64], target: NDArray[np.float64]) -> NDArray[np.float64]:
    """Least squares turn, scale and shift of ``(n, 2)`` points."""
    a = (source - source.mean(axis=0)) @ np.array([1, 1j])
    b = (target - target.mean(axis=0)) @ np.array([1, 1j])
    turn = complex(np.vdot(a, b) / max(float(np.vdot(a, a).real), 1e-12))
    linear = np.array([[turn.real, -turn.imag], [turn.imag, turn.real]])
    matrix = np.eye(3)
    matrix[:2, :2] = linear
    matrix[:2, 2] = target.mean(axis=0) - linear @ source.mean(axis=0)
    return matrix
