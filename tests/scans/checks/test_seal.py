"""Seals and signatures that were laid on by software, against honest stamps and scanners."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import cv2
import numpy as np
import pytest

from scans.checks import seal_patch, seal_rim
from scans.checks._page_check import NotAssessable, Signs
from scans.page import view_of
from scans.simulate.page import simulate_page
from scans.view import PageView
from tests.scans.pages import form, honest, raw


@cache
def page_view(profile="flatbed", seed=21, signed=True) -> PageView:
    base = honest("YK-01", 1, seed, profile)
    spec = replace(base.spec, signed=signed, seal=1 if signed else None)
    page = simulate_page(spec, seed)
    scan = raw(page, f"seal-{profile}-{seed}-{signed}")
    view = view_of(scan, form("YK-01"), reference=None)
    assert isinstance(view, PageView)
    return view


def zone(view):
    mm = np.array([[109.0, 235.0], [185.0, 277.0]])
    low, high = np.round(view.registration.to_px(mm)).astype(int)
    return slice(low[1], high[1]), slice(low[0], high[0])


def saved(view, image, quality=88):
    done, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    assert done
    again = cv2.imdecode(data, cv2.IMREAD_UNCHANGED)
    made = view_of(replace(view.raw, image=again), view.instrument, reference=None)
    assert isinstance(made, PageView)
    return made


def score(check, view):
    signs = check.measure(view)
    assert isinstance(signs, Signs), signs
    return signs.score


def donor_ink(profile, shape):
    """Share of light that a stamped and signed zone of another page lets through."""
    donor = page_view(profile, seed=22)
    part = donor.raw.image[zone(donor)].astype(np.float32)
    part = cv2.resize(part, (shape[1], shape[0]), interpolation=cv2.INTER_CUBIC)
    return np.clip(part / np.percentile(part.reshape(-1, *part.shape[2:]), 70, axis=0), 0, 1)


@pytest.mark.parametrize("profile", ["grey", "office_150"])
@pytest.mark.parametrize("limit", [0.95, 0.9])
def test_ink_multiplied_onto_a_page_lacks_its_faintest_shades(profile, limit):
    bare = page_view(profile, signed=False)
    image = bare.raw.image.copy()
    where = zone(bare)
    light = donor_ink(profile, image[where].shape)
    image[where] = (image[where] * np.where(light > limit, 1.0, light)).astype(np.uint8)
    stamped = page_view(profile)
    again = score(seal_rim, saved(stamped, stamped.raw.image))
    assert score(seal_rim, stamped) < 1.5
    assert again < 1.5
    assert score(seal_rim, saved(bare, image)) > 3.0


@pytest.mark.parametrize("profile", ["flatbed", "grey"])
@pytest.mark.parametrize("share", [0.85, 0.92])
def test_a_scanner_that_cleans_its_background_does_so_to_print_as_well(profile, share):
    view = page_view(profile)
    image = view.raw.image
    light = image if image.ndim == 2 else image.min(axis=2, keepdims=True)
    cleaned = np.where(light > share * float(np.median(image[::8, ::8])), 255, image)
    answer = seal_rim.measure(replace(view, raw=replace(view.raw, image=cleaned.astype(np.uint8))))
    assert isinstance(answer, NotAssessable)
    assert "print included" in answer.reason


def test_paper_that_came_along_has_another_grain():
    view = page_view("grey")
    image = view.raw.image.copy()
    where = zone(view)
    part = image[where]
    half = np.float32([[1, 0, 0.5], [0, 1, 0.5]])
    image[where] = cv2.warpAffine(
        part, half, (part.shape[1], part.shape[0]), borderMode=cv2.BORDER_REFLECT
    )
    assert score(seal_patch, view) < 1.5
    assert score(seal_patch, saved(view, view.raw.image, 95)) < 1.5
    assert score(seal_patch, saved(view, image, 95)) > 3.0


def test_what_cannot_be_seen_is_not_judged():
    unsigned = page_view("grey", signed=False)
    assert isinstance(seal_rim.measure(unsigned), NotAssessable)
    burnt = np.full_like(page_view().raw.image, 255)
    view = replace(page_view(), raw=replace(page_view().raw, image=burnt))
    assert isinstance(seal_patch.measure(view), NotAssessable)
