"""A page that did not come the way of its batch."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from scans.fingerprint import Fingerprint, fingerprint
from scans.page import answers_of
from scans.reuse.metadata_batch import CHECK, FEWEST
from tests.scans.checks.altered import clean


def batch(count: int) -> list[Fingerprint]:
    view = clean("office_200")
    one = fingerprint(view, answers_of(view.readings))
    return [
        replace(one, origin=replace(one.origin, path=f"lot/{k:03}.jpg", sha256=f"{k:064}"))
        for k in range(count)
    ]


def test_a_small_batch_is_not_judged():
    answer = CHECK.assess(batch(FEWEST - 1))
    assert np.all(np.isnan(answer.scores))
    assert len(answer.not_assessable) == FEWEST - 1


def test_a_uniform_batch_is_clean():
    pages = batch(30)
    # A feeder cuts pages a little longer or shorter.
    pages = [
        replace(p, shape=(p.shape[0] + k % 9, p.shape[1] - k % 4)) for k, p in enumerate(pages)
    ]
    answer = CHECK.assess(pages)
    assert not answer.findings
    assert np.all(answer.scores == 0)
    assert np.all(answer.p_values == 1.0)


def test_a_page_saved_elsewhere_stands_out_and_flags_nothing():
    pages = batch(300)
    odd = replace(pages[7].origin, quantisation=((2,) * 64,), metadata={"software": "GIMP 2.10"})
    pages[7] = replace(pages[7], origin=odd)
    answer = CHECK.assess(pages)
    (finding,) = answer.findings
    assert finding.evidence["subject"] == 7
    assert answer.scores[7] == 2
    assert finding.p_value == 0.02
    assert finding.matches == (pages[0].name,)


def test_a_batch_of_many_encoders_has_no_habit():
    pages = [
        replace(
            p,
            origin=replace(p.origin, quantisation=((k,) * 64,), dpi=(100.0 + k, 100.0 + k),
                           metadata={"software": f"scan {k}"}),
            shape=(1000 + 100 * k, 800 + 90 * k),
        )
        for k, p in enumerate(batch(25))
    ]  # fmt: skip
    answer = CHECK.assess(pages)
    assert not answer.findings
    assert set(answer.not_assessable.values()) == {"the pages of the batch have nothing in common"}
