"""A page that came through another scanner than its batch; and honest batches of all kinds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from detectors.instrument import load_instrument
from scans.fingerprint import Fingerprint
from scans.likeness.cells import CELL, MarkCells
from scans.measure.scanner import LINE, TRAITS, ScannerTraits, scanner_traits
from scans.page import view_of
from scans.reuse.metadata_scanner import CHECK, FEWEST
from scans.source import read_pages
from scans.types import Origin
from scans.view import PageView
from tests.data import real
from tests.scans.checks.altered import clean

NOTHING = MarkCells(
    np.zeros(0, np.int32), np.zeros(0, np.uint8), np.zeros((0, CELL, CELL), np.int8)
)
SHAPE = (3508, 2480)
DIRT = ((300, 400), (900, 2500), (2000, 1200), (1500, LINE))
ELSEWHERE = ((500, 900), (1800, 300), (700, 3000), (2200, LINE))


def page(rng, k, dirt=DIRT, *, aside=0.0, seen=0.9, turned=False, shape=SHAPE):
    """One scan: dirt shows through where no ink lies, the sheet lies a little aside."""
    shown = np.array([d for d in dirt if rng.random() < seen], float).reshape(-1, 2)
    shift = rng.uniform(50, 250, 2)
    form = np.clip(shown, 0, 20_000) / 11.8 * 100 + shift
    if turned:
        flat = np.array(shape[::-1]) - 1 - shown
        shown = np.where(shown == LINE, LINE, flat)
    values = np.array([1.9, 1.9, 0.18, 0.8, -3.0, 1.0]) + rng.normal(0, 0.02, len(TRAITS))
    traits = ScannerTraits(
        11.8,
        (values + aside).astype(np.float32),
        np.concatenate([shown + rng.normal(0, 0.5, shown.shape) * (shown < LINE), form], 1)
        .round()
        .astype(np.uint16),
    )
    return Fingerprint(
        Origin(f"lot/{k:03}.jpg", f"{k:064x}", 1, "image/jpeg"),
        *(1, NOTHING, (), np.zeros((16, 16), np.uint8), shape),
        scanner=traits,
    )


def told(pages):
    return [f.evidence["subject"] for f in CHECK.assess(pages).findings]


def batch(count, seed=1, **how):
    rng = np.random.default_rng(seed)
    return [page(rng, k, **how) for k in range(count)]


@pytest.mark.parametrize("count", [30, 100])
def test_a_page_of_another_scanner_is_a_lead(count):
    pages = batch(count)
    pages[7] = page(np.random.default_rng(2), 7, ELSEWHERE, aside=1.0)
    answer = CHECK.assess(pages)
    (finding,) = answer.findings
    assert finding.evidence["subject"] == 7
    assert finding.evidence["dirt_seen"] == 0
    assert finding.evidence["dirt_shared"] == len(DIRT)
    assert finding.severity.value == "yellow"
    assert finding.p_value == max(0.02, 1 / (count + 1))
    assert finding.matches
    assert finding.matches != (pages[7].name,)


def test_the_glass_was_cleaned_or_the_paper_is_another():
    pages = batch(60)
    # No dirt alone, nor another ream or copied blank alone, says anything.
    pages[59] = page(np.random.default_rng(2), 59, ())
    pages[3] = page(np.random.default_rng(3), 3, aside=1.0)
    assert told(pages) == []


@pytest.mark.parametrize("others", [3, 30])
def test_two_scanners_share_a_folder(others):
    rng = np.random.default_rng(5)
    second = [page(rng, 100 + k, ELSEWHERE, aside=1.0) for k in range(others)]
    pages = batch(30) + second
    assert told(pages) == []
    # Nothing can be said of them, which is not that they are clean.
    answer = CHECK.assess(pages)
    apart = set(range(30, 30 + others)) if others < 30 else set(range(60))
    assert set(answer.not_assessable) == apart
    assert np.isnan(answer.p_values[sorted(apart)]).all()


def test_pages_turned_by_a_program_show_their_dirt():
    rng = np.random.default_rng(6)
    assert told([*batch(40), page(rng, 99, turned=True, aside=1.0, seen=1.0)]) == []


def test_flaws_of_the_print_are_not_the_scanners():
    rng = np.random.default_rng(7)
    pages = []
    for one in batch(40, seen=1.0):
        # Always at one place of the form, and about there on the scan.
        dirt = one.scanner.dirt.copy()
        dirt[:, 2:] = np.arange(8).reshape(4, 2) * 1000 + 900
        pages.append(replace(one, scanner=replace(one.scanner, dirt=dirt)))
    pages.append(page(rng, 99, (), aside=1.0))
    answer = CHECK.assess(pages)
    assert not answer.findings
    assert len(answer.not_assessable) == len(pages)


def test_what_cannot_be_judged_says_why():
    small = CHECK.assess(batch(FEWEST - 1))
    assert set(small.not_assessable.values()) == {f"fewer than {FEWEST} pages in the batch"}
    clean_glass = CHECK.assess(batch(40, dirt=()))
    assert len(clean_glass.not_assessable) == 40
    rng = np.random.default_rng(8)
    mixed = [*batch(40), page(rng, 41, shape=(3508, 2400)), replace(page(rng, 42), scanner=None)]
    answer = CHECK.assess(mixed)
    assert sorted(answer.not_assessable) == [40, 41]
    assert np.isnan(answer.scores[40:]).all()


@pytest.mark.parametrize("profile", ["flatbed", "adf", "fax", "phone"])
def test_what_a_scan_class_allows(profile):
    traits = scanner_traits(clean(profile))
    if profile in ("fax", "phone"):
        assert traits is None
        return
    assert traits is not None
    known = dict(zip(TRAITS, np.isfinite(traits.values).tolist(), strict=True))
    assert known["edge_x"]
    assert known["black"]
    assert known["grain"] is (profile == "flatbed")


def test_a_page_that_lies_off_the_glass_has_what_lies_on_it():
    """Bare places near the cut: larger squares around them are cut, smaller ones are whole."""
    whole = clean("flatbed")
    for cut in range(200, 400, 4):
        rows = whole.raw.image.shape[0] - cut
        cut_page = replace(whole, raw=replace(whole.raw, image=whole.raw.image[:rows]))
        traits = scanner_traits(cut_page)
        assert traits is not None
        values = dict(zip(TRAITS, traits.values.tolist(), strict=True))
        assert np.isfinite([values["grain"], values["blue"], values["red"]]).all()


def test_dirt_of_the_simulated_scanner_stands_where_it_was_put():
    dirt = scanner_traits(clean("adf")).dirt
    # A line of the feeder's slit: the simulator draws it down the scan at this column.
    assert [320, LINE] in dirt[:, :2].tolist()


def test_dirt_of_a_real_scanner_stands_still_while_sheets_move():
    """Five sheets of formscanner, laid up to nine millimetres apart: the same dirt on each."""
    folder = real("scans", "formscanner")
    form = load_instrument(folder / "instrument.toml")
    found = []
    for path in sorted((folder / "scans").iterdir()):
        (raw,) = list(read_pages(path))
        view = view_of(raw, form, reference=None)
        assert isinstance(view, PageView)
        found.append(scanner_traits(view).dirt.astype(float))
    for k, own in enumerate(found):
        for other in found[k + 1 :]:
            apart = np.abs(own[:, None, :2] - other[None, :, :2]).max(axis=2)
            one, two = np.nonzero(apart <= 2)
            assert len(one) >= 4
            moved = np.abs(own[one, 2:] - other[two, 2:]).max(axis=1)
            assert np.all(moved > 20)  # hundredths of a millimetre on the form
