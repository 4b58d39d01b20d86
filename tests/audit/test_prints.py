"""Fingerprints survive the store."""

from __future__ import annotations

import numpy as np

from audit.pipeline.prints import pack, unpack
from tests.subjects import prints


def test_a_fingerprint_comes_back_as_it_was():
    before = prints()["honest"]
    origin = before.origin
    after = unpack(pack(before), path=origin.path, sha256=origin.sha256, page=origin.page)
    assert len(before.pens) >= 1
    for one, other in (
        (before.pens, after.pens),
        (before.marks.ink, after.marks.ink),
        (before.marks.index, after.marks.index),
        (before.sketch, after.sketch),
        (before.thumb, after.thumb),
    ):
        np.testing.assert_array_equal(one, other)
    assert (after.form_page, after.shape, after.name) == (
        before.form_page,
        before.shape,
        before.name,
    )
    assert after.answers == before.answers
