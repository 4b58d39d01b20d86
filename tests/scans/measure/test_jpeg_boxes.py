"""Answer boxes that lack the page's earlier JPEG compression."""

from __future__ import annotations

import numpy as np
import pytest

from scans.measure.jpeg_boxes import densities
from scans.measure.jpeg_history import jpeg_history
from tests.scans.checks.altered import clean, pixels, saved
from tests.scans.pages import form

# Boxes of honest pages stay below; boxes from elsewhere lie above.
HONEST, ALTERED = 3.5, 4.5


@pytest.mark.parametrize(("first", "last"), [(9.0, 6.0), (5.0, 3.0), (12.0, 11.0), (10.0, 4.0)])
def test_densities_are_those_of_coefficients_that_were_rounded_twice(first, last):
    chance = np.random.default_rng(5)
    exact = chance.uniform(-400.0, 400.0, 400_000)
    noise = chance.uniform(-2.0, 2.0, exact.size)
    once = np.abs(np.rint((exact + noise) / last)).astype(int)
    twice = np.abs(np.rint((np.rint(exact / first) * first + noise) / last)).astype(int)
    sizes = np.arange(1, 20)
    ratio = np.bincount(twice)[sizes] / np.bincount(once)[sizes]
    (found,) = densities(np.array([first]), np.array([last]))
    # A tenth of the coefficients is taken for strangers to the first compression.
    assert found[sizes] == pytest.approx(0.9 * ratio + 0.1, abs=0.1)


def boxes_of(page):
    history = jpeg_history(page.raw, page.registration, page.template, page.marked)
    assert history is not None
    assert history.boxes is not None
    return history.boxes


@pytest.mark.parametrize("profile", ["adf_grey", "office_200", "adf"])
def test_only_the_box_that_came_from_elsewhere_lacks_it(profile):
    honest = clean(profile)
    image = honest.raw.image.copy()
    source = min(honest.marked)
    target = max(i for i in range(len(honest.readings)) if i not in honest.marked)
    rows, columns = pixels(honest, source)
    to_rows, to_columns = pixels(honest, target)
    top, left = to_rows.start, to_columns.start
    top += 3 * ((top - rows.start) % 8 == 0)
    part = image[rows, columns].copy()
    assert boxes_of(saved(image, 90, form("HL-01"))).score.max() < HONEST
    image[top : top + part.shape[0], left : left + part.shape[1]] = part
    found = boxes_of(saved(image, 90, form("HL-01")))
    assert found.score.argmax() == target
    assert found.score[target] > ALTERED
    assert found.share[target] == pytest.approx(1.0, abs=0.4)
    assert np.delete(found.score, target).max() < HONEST
