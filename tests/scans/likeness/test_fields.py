"""Ink of a field: the pen's apart from a seal's that lies over it."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from detectors.instrument import Field
from scans.likeness.fields import field_inks
from scans.likeness.ink import PEN
from scans.likeness.overlay import field_agreement
from scans.likeness.sketch import field_codes
from scans.template import PageTemplate
from scans.types import Origin, RawPage, Registration, ScanClass
from tests.scans.register.forms import PX_PER_MM, form, px, to_px

FIELD = Field("signature", "signature", (20.0, 215.0, 90.0, 50.0))
DRAWN = form(texts=False)
TEMPLATE = PageTemplate(replace(DRAWN.page, fields=(FIELD,)), DRAWN.blank)
PAPER = np.array([225.0, 228.0, 230.0])
SEAL_INK, PEN_INK = np.array([0.45, 0.35, 0.88]), np.array([0.7, 0.4, 0.35])


def signed(seal_at: tuple[float, float] | None, seed: int = 0):
    """The pen's ink of a page whose signature is the same whatever is stamped over it."""
    light = np.ones((*DRAWN.blank.shape, 3)) * (DRAWN.blank / 255.0)[..., None]
    line = np.zeros(DRAWN.blank.shape, np.uint8)
    t = np.linspace(0, 1, 80)
    points = np.column_stack([45 + 50 * t, 240 + 8 * np.sin(21 * t) * (1 - 0.5 * t)])
    path = np.array([px(x, y) for x, y in points.tolist()], np.int32)
    cv2.polylines(line, [path], False, 255, 5, cv2.LINE_AA)
    light *= 1 - (line / 255.0)[..., None] * (1 - PEN_INK)
    if seal_at is not None:
        seal = np.zeros(DRAWN.blank.shape, np.uint8)
        for radius, width in ((17, 9), (11, 5), (5, -1)):
            cv2.circle(seal, px(*seal_at), round(radius * PX_PER_MM), 255, width, cv2.LINE_AA)
        light *= 1 - (seal / 255.0)[..., None] * (1 - SEAL_INK)
    noise = np.random.default_rng(seed).normal(0, 2, light.shape)
    image = np.clip(light * PAPER + noise, 0, 255).astype(np.uint8)
    raw = RawPage(Origin("s.png", "0" * 64, 1, "image/png"), image, ScanClass.CONTINUOUS)
    flat = Registration(1, to_px(), None, 0.0, "blank", 1.0, PX_PER_MM)
    return next(ink for ink in field_inks(raw, flat, TEMPLATE) if ink.shows == PEN)


@pytest.mark.parametrize("seal_at", [(48.0, 240.0), (60.0, 235.0)])
def test_a_pale_seal_leaves_nothing_in_the_ink_of_the_pen(seal_at):
    bare, stamped = signed(None), signed(seal_at, seed=1)
    assert field_agreement(bare, stamped).alike > 0.95
    for around, code in field_codes(bare).items():
        assert int(np.bitwise_count(code ^ field_codes(stamped)[around]).sum()) < 40
