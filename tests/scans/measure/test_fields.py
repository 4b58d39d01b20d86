"""Field patches: where they lie, what is paper and ink in them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from scans.measure.fields import FIELD_PX_PER_MM
from scans.page import view_of
from scans.simulate.page import simulate_page
from scans.view import PageView
from tests.scans.pages import form, honest, raw


def view(profile="flatbed", **changes):
    page = honest("YK-01", 1, 21, profile)
    if changes:
        page = simulate_page(replace(page.spec, **changes), 21)
    made = view_of(
        raw(page, f"fields-{profile}-{sorted(changes.items())}"), form("YK-01"), reference=None
    )
    assert isinstance(made, PageView)
    return made


def patch_of(page, kind):
    return next(f for f in page.fields if f.kind == kind)


@pytest.mark.parametrize("profile", ["flatbed", "adf_grey", "office_200"])
def test_an_empty_field_holds_no_ink_though_print_runs_through_it(profile):
    page = view(profile, signed=False, seal=None)
    for kind in ("seal", "signature"):
        patch = patch_of(page, kind)
        assert patch.print_.max() > 0.5
        assert (patch.added[patch.box_px] > 0.3).mean() < 0.0005


def test_a_stamped_and_signed_field_holds_ink_and_red_stays_red():
    page = view(signed=True, seal=1)
    assert (patch_of(page, "signature").added > 0.3).mean() > 0.02
    seal = patch_of(page, "seal")
    inked = seal.colour[seal.added > 0.3].astype(float)
    assert len(inked) > 0.03 * seal.added.size
    assert np.median(inked[:, 2] - inked[:, 1]) > 40


def test_pixels_of_a_patch_are_places_on_the_form():
    patch = patch_of(view(), "seal")
    rows, columns = patch.box_px
    corner = patch.to_mm(np.array([[columns.start - 0.5, rows.start - 0.5]]))[0]
    assert corner == pytest.approx(patch.field.box_mm[:2], abs=0.5 / FIELD_PX_PER_MM)
    height, width = patch.grey.shape
    assert (height, width) == (rows.stop - rows.start + 48, columns.stop - columns.start + 48)


def test_the_rectangle_in_the_scan_holds_the_patch():
    page = view()
    patch = patch_of(page, "signature")
    cut = page.raw.image[patch.rect_px(page.raw.image)]
    scale = page.registration.px_per_mm
    assert cut.shape[0] == pytest.approx(patch.area_mm[3] * scale, rel=0.06)
    assert abs(float(cut.mean()) - float(patch.colour.mean())) < 4
