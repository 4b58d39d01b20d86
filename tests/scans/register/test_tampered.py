"""Forged pages must be read: one that is refused as another form escapes every check."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from scans.register import register
from scans.simulate.page import simulate_page
from scans.simulate.respondents import random_spec, tampered_spec
from scans.source import PageError, read_pages
from scans.template import load_templates
from scans.types import Registration
from tests.accuracy.pages import instrument

# What hides or moves the most print, by kind, rendering, strength and device; the first was
# once refused for 2.7 % of its print, four boxes painted out, the second for a row pasted
# half a millimetre off.
FORGED = [
    ("HL-01", 2, "DIGITAL_TAY", "paint", "gross", "flatbed", 165),
    ("YK-01", 1, "CAT_2", "shifted_rows", "subtle", "adf", 1_005_069),
    ("HL-01", 2, "CAT_2", "shifted_rows", "gross", "grey", 11),
    ("HL-02", 1, "CAT_1", "strip", "gross", "phone", 12),
    ("HL-01", 2, "TAY_2", "tape", "gross", "fax", 13),
    ("HL-02", 1, "TAY_2", "brush", "gross", "adf_grey", 14),
]


@pytest.mark.parametrize(("form", "page", "kind", "variant", "strength", "profile", "seed"), FORGED)
def test_forged_pages_are_laid_over_their_form(
    form: str,
    page: int,
    kind: str,
    variant: str,
    strength: str,
    profile: str,
    seed: int,
    tmp_path: Path,
) -> None:
    spec = random_spec(form, page, seed, profile=profile)
    chance = np.random.default_rng(5)
    made = simulate_page(
        tampered_spec(spec, kind, chance, variant=variant, strength=strength), seed
    )
    path = tmp_path / f"page{made.suffix}"
    path.write_bytes(made.data)
    (raw,) = read_pages(path)
    assert not isinstance(raw, PageError)
    templates = load_templates(instrument(form))
    found = register(raw, templates)
    assert isinstance(found, Registration), found
    assert found.form_page == page
    # What was not pasted must not follow what was.
    (template,) = (t for t in templates if t.page.number == page)
    boxes = np.array([box.box_mm for box in template.page.boxes])
    centres = boxes[:, :2] + boxes[:, 2:] / 2
    apart = found.to_px(centres) - made.mapping.to_px(centres)
    assert np.median(np.linalg.norm(apart, axis=1)) / found.px_per_mm < 0.15
