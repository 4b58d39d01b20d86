"""Frauds: each alters what it says, no more, and shows as much as its strength."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from detectors.errors import UsageError
from scans.simulate.dataset import random_spec, simulate_page, tampered_spec
from scans.simulate.encode import Resave
from scans.simulate.form import get_form
from scans.simulate.page import make_sheet, original_of
from scans.simulate.spec import PageSpec, TamperSpec, TamperTruth
from scans.simulate.tamper import DIGITAL, HELD_OUT_VARIANTS, STRENGTHS, VARIANTS, checked
from scans.types import MarkState

SEED = 61
ERASURES = ("TAY_1", "TAY_2", "TAY_3", "GHI_DE")


def rendering(kind: str, variant: str, strength: str, form: str = "HL-01") -> PageSpec:
    number = get_form(form).pages[-1].number
    spec = replace(random_spec(form, number, SEED), corrections={}, comment_lines=0, signed=True)
    rng = np.random.default_rng([SEED, 5])
    return tampered_spec(spec, kind, rng, variant=variant, strength=strength, items=2)


def outside(
    places: NDArray[np.float64], truth: tuple[TamperTruth, ...] | list[TamperTruth], slack: float
) -> int:
    """How many of ``(n, 2)`` places in mm lie in none of the boxes."""
    free = np.ones(len(places), dtype=bool)
    for t in truth:
        x, y, w, h = t.box_mm
        free &= ~(
            (places[:, 0] > x - slack)
            & (places[:, 0] < x + w + slack)
            & (places[:, 1] > y - slack)
            & (places[:, 1] < y + h + slack)
        )
    return int(free.sum())


def in_turn(kinds: Iterable[str]) -> list[tuple[str, str, str]]:
    """Every rendering once, the strengths in turn."""
    pairs = [(kind, variant) for kind in kinds for variant in VARIANTS[kind]]
    return [(*pair, STRENGTHS[i % 3]) for i, pair in enumerate(pairs)]


@pytest.mark.parametrize(("kind", "variant", "strength"), in_turn((*ERASURES, "CAT_1")))
def test_paper_changes_only_where_the_truth_says(kind: str, variant: str, strength: str) -> None:
    spec = rendering(kind, variant, strength, "HL-02")
    sheet, _, truth = make_sheet(spec, SEED)
    changed = {item for item, _, _ in spec.tampers[0].changes}
    kept = spec.answers if kind == "CAT_1" else {
        item: value for item, value in spec.answers.items() if item not in changed
    }  # fmt: skip
    honest, _, none = make_sheet(replace(spec, tampers=(), answers=kept), SEED)
    assert none == []
    ys, xs = np.nonzero(np.any(sheet.image != honest.image, axis=2))
    places = (np.column_stack([xs, ys]) + 0.5) / np.array(sheet.scale)
    assert len(places) > 200
    assert outside(places, truth, 0.0) == 0


@pytest.mark.parametrize(("kind", "variant", "strength"), in_turn(sorted(DIGITAL)))
def test_files_change_only_where_the_truth_says(kind: str, variant: str, strength: str) -> None:
    form = "YK-01" if kind == "CAT_4" else "HL-02"
    spec = replace(rendering(kind, variant, strength, form), resave=Resave("png"))
    page, honest = simulate_page(spec, SEED), simulate_page(replace(spec, tampers=()), SEED)
    ys, xs = np.nonzero(np.any(page.image != honest.image, axis=2))
    places = page.mapping.to_mm(np.column_stack([xs, ys]).astype(float))
    assert len(places) > 200
    assert outside(places, page.tampers, 0.02) == 0


@pytest.mark.parametrize("kind", [k for k in VARIANTS if k not in ("CAT_4", "NHAN_BAN")])
def test_truth_names_every_change_and_its_direction(kind: str) -> None:
    for variant in VARIANTS[kind]:
        spec = replace(rendering(kind, variant, "gross", "HL-02"), profile="office_150")
        page = simulate_page(spec, SEED)
        states = {(b.item, b.value): b.state for b in page.boxes}
        for item, before, after in spec.tampers[0].changes:
            order = get_form("HL-02").item(item).ordered_scale
            assert order.index(after) > order.index(before)
            assert states[(item, after)] is MarkState.MARKED
            if (kind, variant) == ("GHI_DE", "double"):
                assert page.answers[item] == sorted([before, after])
            else:
                assert page.answers[item] == after
                assert states[(item, before)] is not MarkState.MARKED
        for t in page.tampers:
            assert (t.kind, t.variant, t.strength) == (kind, variant, "gross")
            assert t.box_mm[2] > 1
            assert t.box_mm[3] > 1


def test_stronger_rubbing_out_means_less_residue() -> None:
    """Mean darkness that is left where the mark was, over two sheets."""
    for variant in VARIANTS["TAY_1"]:
        spec = rendering("TAY_1", variant, "gross", "HL-02")
        changed = {item for item, _, _ in spec.tampers[0].changes}
        bare = {k: v for k, v in spec.answers.items() if k not in changed}
        left = dict.fromkeys(STRENGTHS, 0.0)
        for seed in range(2):
            blank, _, _ = make_sheet(replace(spec, tampers=(), answers=bare), seed)
            for strength in STRENGTHS:
                sheet, _, truth = make_sheet(rendering("TAY_1", variant, strength, "HL-02"), seed)
                for t in truth:
                    if t.part == "removed":
                        part = sheet.patch(t.box_mm).slices
                        lost = blank.image[part].astype(float) - sheet.image[part]
                        left[strength] += np.clip(cv2.GaussianBlur(lost, (0, 0), 2), 0, None).mean()
        assert left["gross"] > 1.2 * left["moderate"] > 1.4 * left["subtle"] > 0, (variant, left)


def test_fluid_hides_print_and_is_brighter_than_paper() -> None:
    for variant in ("brush", "tape", "fluid_pen"):
        spec = rendering("TAY_2", variant, "gross")
        sheet, _, truth = make_sheet(spec, SEED)
        removed = next(t for t in truth if t.part == "removed")
        box = get_form("HL-01").page(2).box(removed.item or "", removed.before or 0).box_mm
        part = sheet.read(sheet.patch(box, -1.2)).mean(axis=2)
        paper = np.median(sheet.image[200:260, 1200:1900].astype(float))
        assert np.quantile(part, 0.8) > paper + 1.0


def test_forms_copied_under_another_serial_keep_the_marks() -> None:
    spec = rendering("NHAN_BAN", "plain", "moderate")
    copy = simulate_page(spec, SEED)
    first = simulate_page(original_of(spec), spec.tampers[0].donor_seed)
    assert copy.serial == spec.serial != first.serial
    assert [b.state for b in copy.boxes] == [b.state for b in first.boxes]
    signature = get_form("HL-01").page(2).field("signature")
    assert signature is not None
    parts = []
    for page in (first, copy):
        grey = np.asarray(cv2.cvtColor(page.image, cv2.COLOR_BGR2GRAY))
        x, y, w, h = signature.box_mm
        gx, gy = np.meshgrid(np.arange(x + 1, x + w - 1, 0.2), np.arange(y + 1, y + h - 1, 0.2))
        px = page.mapping.to_px(np.column_stack([gx.ravel(), gy.ravel()]))
        maps = px.reshape(*gx.shape, 2).astype(np.float32)
        part = cv2.remap(grey, maps[:, :, 0], maps[:, :, 1], cv2.INTER_AREA)
        parts.append(cv2.GaussianBlur(part.astype(np.float32), (0, 0), 1.5))
    window = parts[1][12:-12, 12:-12]
    match = cv2.matchTemplate(parts[0], window, cv2.TM_CCOEFF_NORMED)
    assert float(match.max()) > 0.85  # the same signing, moved by the copier


def test_pasted_signatures_of_one_donor_are_the_same_ink() -> None:
    pages = []
    for seed in (1, 2):
        base = replace(random_spec("YK-01", 1, seed), corrections={})
        rng = np.random.default_rng(seed)
        wanted = tampered_spec(base, "CAT_4", rng, variant="opaque", donor_seed=99)
        assert not wanted.signed
        pages.append(simulate_page(wanted, seed))
    box = pages[0].tampers[0].box_mm
    gx, gy = np.meshgrid(np.arange(box[0] + 1, box[0] + box[2] - 1, 0.2),
                         np.arange(box[1] + 1, box[1] + box[3] - 1, 0.2))  # fmt: skip
    parts = []
    for page in pages:
        grey = np.asarray(cv2.cvtColor(page.image, cv2.COLOR_BGR2GRAY))
        px = page.mapping.to_px(np.column_stack([gx.ravel(), gy.ravel()]))
        maps = px.reshape(*gx.shape, 2).astype(np.float32)
        parts.append(cv2.remap(grey, maps[:, :, 0], maps[:, :, 1], cv2.INTER_LINEAR).ravel())
    assert np.corrcoef(parts[0], parts[1])[0, 1] > 0.97


def test_every_kind_has_a_rendering_held_out_and_one_to_tune_on() -> None:
    for kind, variants in VARIANTS.items():
        held = {v for k, v in HELD_OUT_VARIANTS if k == kind}
        assert held
        assert set(variants) > held
        spec = replace(random_spec("YK-01", 1, 4), corrections={})
        for seed in range(12):
            drawn = tampered_spec(spec, kind, np.random.default_rng(seed)).tampers[0]
            assert drawn.variant not in held


def test_words_that_mean_nothing_are_refused() -> None:
    for tamper in (
        TamperSpec("TAY_9", "rubber"),
        TamperSpec("TAY_1", "acid"),
        TamperSpec("TAY_1", "rubber", "enormous"),
    ):
        with pytest.raises(UsageError):
            checked(tamper)
    with pytest.raises(UsageError, match="signature"):
        tampered_spec(random_spec("HL-02", 1, 1), "CAT_4", np.random.default_rng(0))
