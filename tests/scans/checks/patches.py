"""Patches of boxes made by hand."""

from __future__ import annotations

import numpy as np

from detectors.instrument import Box
from scans.measure import blank_boxes as blanks
from scans.measure.boxes import BoxPatches


def one_box(colour, paper, black=20.0):
    """A box of 5 mm without print, as if cut from a scan of that paper."""
    grey = colour.mean(axis=2) if colour.ndim == 3 else colour.astype(float)
    dark = ((paper - grey) / (paper - black)).astype(np.float32)[None]
    nothing = np.zeros(dark.shape, np.float32)
    distance = blanks._signed_distance(dark.shape[1:], (5.0, 5.0), 2.0, "box")
    return BoxPatches(
        index=np.array([0]),
        boxes=(Box("Q", 1, (10.0, 10.0, 5.0, 5.0)),),
        margin_mm=2.0,
        colour=colour[None],
        dark=dark,
        print_=nothing,
        allowed=nothing,
        added=np.clip(dark, 0.0, 1.5),
        shift_mm=np.zeros((1, 2)),
        found=np.ones(1),
        distance=distance,
        own=np.ones(dark.shape, bool),
    )
