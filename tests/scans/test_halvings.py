"""A page is halved once, and everybody sees the halves that they would have made."""

from __future__ import annotations

import cv2
import numpy as np

from scans.halvings import Halvings, halved
from scans.rectify import Rectifier
from scans.register.picture import ScanPicture
from scans.source import look
from scans.types import Origin, Registration


def test_levels_are_exact_halves_and_made_once() -> None:
    grey = np.random.default_rng(3).integers(0, 256, (1301, 903)).astype(np.uint8)
    scan = Halvings(grey)
    even = grey[:1300, :902]
    half = np.asarray(cv2.resize(even, (451, 650), interpolation=cv2.INTER_AREA), np.uint8)
    assert np.array_equal(scan.at(1), half)
    assert np.array_equal(scan.at(2), halved(half))
    assert scan.at(2) is scan.at(2)
    assert scan.at(0) is grey


def test_all_who_look_share_them() -> None:
    grey = np.random.default_rng(4).integers(0, 256, (3508, 2480)).astype(np.uint8)
    origin = Origin("page.png", "0" * 64, 1, "image/png", (300.0, 300.0))
    seen = look.look_at(grey, origin)
    assert seen.view is seen.halvings.at(2)
    picture = ScanPicture.of(seen.halvings)
    assert picture.levels[1].image is seen.halvings.at(1)
    to_px = np.diag([11.811, 11.811, 1.0])
    laid = Registration(1, to_px, None, 0.0, "content", 1.0, 11.811)
    sampler = Rectifier.of(seen.halvings, laid, 4.0)
    assert sampler.image is seen.halvings.at(1)
    alone = Rectifier.of(grey, laid, 4.0)
    assert alone.scale == sampler.scale == 0.5
    assert np.array_equal(alone.image, sampler.image)
