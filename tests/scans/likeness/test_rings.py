"""Round seals without colour: the rim is found where the field cuts it, and no hand draws one."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from scans.likeness.fields import with_pens
from scans.likeness.honest import p_of_field
from scans.likeness.ink import ALL_INK, PEN, comparable
from scans.likeness.overlay import field_agreement
from scans.likeness.rings import without_seals
from tests.scans.likeness.test_compare import signature

PX_PER_MM = 2.0


def seal(x, y, turn=0.0, worn=0.0, seed=0, shape=(50, 110)):
    """A rim, letters along it and a star, as a field of ``shape`` pixels shows them."""
    drawn = np.zeros((shape[0] * 8, shape[1] * 8), np.float32)
    scale = 8 * PX_PER_MM
    centre = (round(x * scale), round(y * scale))
    cv2.circle(drawn, centre, round(17.6 * scale), 1.0, round(0.9 * scale))
    for k in range(24):
        angle = np.deg2rad(turn + 15 * k)
        at = [
            round(c + 13.5 * scale * f(angle))
            for c, f in zip(centre, (np.cos, np.sin), strict=True)
        ]
        cv2.rectangle(drawn, at, [a + round((0.5 + 0.5 * (k % 3)) * scale) for a in at], 1.0, -1)
    cv2.circle(drawn, centre, round(3 * scale), 1.0, -1)
    small = cv2.resize(drawn, shape[::-1], interpolation=cv2.INTER_AREA)
    noise = np.random.default_rng(seed).random((shape[0] // 3 + 1, shape[1] // 3 + 1))
    kept = cv2.resize((noise >= worn).astype(np.float32), shape[::-1])
    return np.asarray(np.clip(15 * small * kept, 0, 15), np.uint8)


def under(ink, stamped):
    """The same field with a seal over it."""
    return replace(ink, ink=np.maximum(ink.ink, stamped))


@pytest.mark.parametrize("at", [(8.0, 12.0), (0.0, 12.0), (28.0, 12.0)])
@pytest.mark.parametrize("worn", [0.0, 0.2])
def test_a_seal_is_found_where_the_field_cuts_it(at, worn):
    stamped = seal(*at, worn=worn)
    left = without_seals(stamped, PX_PER_MM)
    assert left is not None
    assert left.sum() < 0.03 * stamped.sum()


@pytest.mark.parametrize("seed", range(12))
def test_a_signature_has_no_rim(seed):
    assert without_seals(signature(seed).ink, PX_PER_MM) is None


def test_one_signature_under_two_seals_is_found_without_colour():
    one = under(signature(3), seal(2.0, 12.0))
    other = under(signature(3, shift=(2, 1)), seal(0.5, 15.0, turn=70.0, seed=1))
    one, other = (replace(ink, shows=ALL_INK) for ink in (one, other))
    pens = [with_pens([ink])[1] for ink in (one, other)]
    assert all(pen.shows == PEN for pen in pens)
    assert p_of_field("signature", field_agreement(*pens)) < 1e-8
    assert p_of_field("signature", field_agreement(one, other)) > 1e-5


def test_impressions_of_one_die_are_no_signature():
    """A rim that was not found stays in the ink of both; lines alone would say it is a copy."""
    one, other = (
        replace(
            signature(3),
            shows=PEN,
            ink=seal(2.0, 22.0 + 0.3 * k, worn=0.15, seed=k, shape=(90, 110)),
        )
        for k in (4, 5)
    )
    agreed = field_agreement(one, other)
    assert agreed.alike > 0.7
    assert agreed.stamped
    assert p_of_field("signature", agreed) > 1e-3


def test_two_honest_impressions_of_one_die_are_no_signature_used_again():
    """In shades of grey all ink of a field may be a seal's, which the field cuts."""
    bare = replace(signature(3), shows=ALL_INK)
    one, other = (replace(bare, ink=seal(8.0 + 0.4 * k, 12.0, worn=0.1, seed=k)) for k in (0, 1))
    agreed = field_agreement(one, other)
    assert agreed.stamped
    assert p_of_field("signature", agreed) > 1e-3
    assert p_of_field("signature", replace(agreed, stamped=False)) < 1e-5


def test_a_seal_without_a_signature_is_not_compared_as_one():
    bare = replace(signature(3), shows=ALL_INK, ink=seal(8.0, 12.0))
    signed = replace(bare, ink=np.maximum(bare.ink, signature(3, shift=(30, 0)).ink))
    assert comparable(with_pens([bare])) == ()
    assert [ink.shows for ink in comparable(with_pens([signed]))] == [ALL_INK, PEN]


@pytest.mark.parametrize("apart", [(3.0, 1.0), (-2.5, 3.0), (1.5, -4.0)])
def test_of_two_seals_over_each_other_no_crescent_is_left(apart):
    x, y = 6.0, 22.0
    shape = (90, 110)
    one, other = seal(x, y, shape=shape), seal(x + apart[0], y + apart[1], turn=40.0, shape=shape)
    both = np.maximum(one, other)
    left = without_seals(both, PX_PER_MM)
    assert left is not None
    assert left.sum() < 0.04 * both.sum()


def test_a_signature_alone_stays_as_it_is():
    (ink, pen) = with_pens([replace(signature(3), shows=ALL_INK)])
    np.testing.assert_array_equal(pen.ink, ink.ink)
    assert (ink.shows, pen.shows) == (ALL_INK, PEN)
