"""Marks and fields laid over each other: copies agree, hands that repeat themselves do not."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from scans.likeness.cells import CELL, STEPS, MarkCells
from scans.likeness.compare import agreement
from scans.likeness.honest import p_of_field, p_of_marks
from scans.likeness.index import RADIUS
from scans.likeness.ink import LEVELS, PEN, FieldInk
from scans.likeness.overlay import FieldAgreement, field_agreement
from scans.likeness.sketch import field_codes, sheet_code


def marks(seed, count=12, noise=0.0, boxes=None):
    """Smooth random lines of their own; ``noise`` is what another scanner adds."""
    rng = np.random.default_rng(seed)
    own = cv2.GaussianBlur(rng.standard_normal((CELL, CELL, count)).astype(np.float32), (0, 0), 1.2)
    own = own + noise * own.std() * np.random.default_rng(99).standard_normal(own.shape)
    stack = own.reshape(CELL, CELL, count).transpose(2, 0, 1)
    top = np.abs(stack).max(axis=(1, 2), keepdims=True)
    index = np.arange(count) if boxes is None else np.array(boxes)
    strength = np.full(count, 120, np.uint8)
    return MarkCells(
        index.astype(np.int32), strength, np.round(STEPS * stack / top).astype(np.int8)
    )


def signature(seed, turn=0.0, shift=(0, 0), again=0.0, weight=1.0, px_per_mm=2.0):
    """A running line; ``again`` is how far its points move when the same hand signs anew."""
    rng = np.random.default_rng(seed)
    x = np.linspace(12, 96, 60)
    y = 25 + 9 * np.sin(x / rng.uniform(2, 4) + rng.uniform(0, 6)) + 4 * np.sin(x / 9 + seed)
    points = np.column_stack([x, y])
    points = points + again * np.random.default_rng(seed + 1000).standard_normal(points.shape)
    picture = np.zeros((400, 880), np.uint8)
    cv2.polylines(picture, [np.round(points * 8).astype(np.int32)], False, 255, 9, cv2.LINE_AA)
    matrix = cv2.getRotationMatrix2D((440, 200), turn, 1.0)
    matrix[:, 2] += np.array(shift) * 8
    size = (round(55 * px_per_mm), round(25 * px_per_mm))
    small = cv2.resize(cv2.warpAffine(picture, matrix, (880, 400)), size, None, 0, 0, 3)
    ink = np.asarray(np.clip(small * weight, 0, 255) * LEVELS / 255, np.uint8)
    return FieldInk("s", "signature", (0.0, 0.0, 55.0, 25.0), PEN, px_per_mm, (0, 0), ink)


def test_marks_scanned_again_agree_and_those_of_another_sheet_do_not():
    first = marks(1)
    again = agreement(first, marks(1, noise=0.3))
    other = agreement(first, marks(2))
    assert again is not None
    assert other is not None
    assert again.mean > 0.85
    assert abs(other.mean) < 0.4
    assert p_of_marks(again.likeness) < 1e-9
    assert p_of_marks(other.likeness) == 1.0


def test_marks_are_compared_in_the_same_boxes_only():
    shifted = marks(1, boxes=range(3, 15))
    agreed = agreement(marks(1), shifted)
    assert agreed is not None
    assert agreed.marks == 9
    assert agreed.mean < 0.4


def test_few_marks_and_marks_without_lines_of_their_own_are_not_judged():
    assert agreement(marks(1, count=3), marks(1, count=3)) is None
    filled = marks(1)
    printed = MarkCells(filled.index, np.full(12, 5, np.uint8), filled.own)
    assert agreement(printed, printed) is None
    assert sheet_code(printed) is None


def test_few_marks_count_for_less_than_many():
    assert p_of_marks(np.full(4, 0.9)) > 1e-5 > p_of_marks(np.full(12, 0.9))
    assert p_of_marks(np.full(30, 0.3)) == 1.0


@pytest.mark.parametrize(
    "copy",
    [{}, {"turn": 1.0}, {"shift": (4, -3)}, {"weight": 0.7}, {"turn": -2.0, "shift": (2, 2)}],
)
def test_a_signature_used_again_is_told_from_one_signed_anew(copy):
    first = signature(3)
    alike = field_agreement(first, signature(3, **copy))
    anew = field_agreement(first, signature(3, again=1.2, **copy))
    other = field_agreement(first, signature(4, **copy))
    assert alike.alike > 0.95 > 0.85 > anew.alike > other.alike
    assert alike.moved < 0.1 < 0.2 < anew.moved
    assert p_of_field("signature", alike) < 1e-8
    assert p_of_field("signature", anew) > 1e-4


def test_lines_that_break_up_in_printing_are_still_the_same_lines():
    first = signature(3)
    holes = np.random.default_rng(5).random((13, 28)) < 0.3
    lost = cv2.resize(holes.astype(np.uint8), (110, 50), interpolation=cv2.INTER_NEAREST) > 0
    printed = signature(3, turn=0.6, shift=(1, 1))
    printed = replace(printed, ink=np.where(lost, 0, printed.ink).astype(np.uint8))
    agreed = field_agreement(first, printed)
    assert agreed.alike < 0.95
    assert agreed.moved < 0.15
    assert p_of_field("signature", agreed) < 1e-6


def test_a_finer_picture_tells_a_steady_hand_from_a_copy():
    """It misses by less than a pen's width: coarse pictures are nearly as alike as a copy's."""
    first, copied = (signature(3, turn=turn, px_per_mm=3.0) for turn in (0.0, 0.7))
    anew = signature(3, again=0.7, px_per_mm=3.0)
    copy, repeat = field_agreement(first, copied), field_agreement(first, anew)
    rough = field_agreement(first.at(1.5), anew.at(1.5))
    assert copy.fine
    assert not rough.fine
    assert p_of_field("signature", copy) < 1e-8
    assert copy.alike - repeat.alike > 1.3 * (copy.alike - rough.alike)
    assert p_of_field("signature", repeat) > 1e-4


def test_pictures_that_were_kept_coarser_are_compared_with_finer_ones():
    kept, new = signature(3), signature(3, turn=1.0, px_per_mm=3.0)
    agreed = field_agreement(kept, new)
    assert agreed.alike > 0.93
    assert not agreed.fine
    assert field_agreement(new, kept) == agreed


def test_a_signature_without_its_left_part_is_found_by_its_end():
    whole = signature(3, px_per_mm=3.0)
    cut = whole.ink.copy()
    cut[:, : cut.shape[1] * 2 // 5] = 0
    codes, left = field_codes(whole), field_codes(replace(whole, ink=cut))
    apart = {k: int(np.bitwise_count(codes[k] ^ left[k]).sum()) for k in codes}
    assert apart["end"] <= RADIUS < min(apart["dense"], apart["main"])


def test_straight_lines_agree_with_every_other_straight_line():
    def line(x, y, length, slope):
        picture = np.zeros((50, 110), np.uint8)
        cv2.line(picture, (x, y), (x + length, y + slope), LEVELS, 2)
        return FieldInk("s", "signature", (0.0, 0.0, 55.0, 25.0), 1, 2.0, (0, 0), picture)

    agreed = field_agreement(line(10, 20, 70, 2), line(20, 30, 70, 1))
    assert agreed.alike > 0.9
    assert p_of_field("signature", agreed) > 1e-4


def test_both_orders_of_a_pair_answer_the_same():
    one, other = signature(3), signature(3, turn=1.0)
    assert field_agreement(one, other) == field_agreement(other, one)


def test_codes_of_one_ink_are_near_and_of_two_far():
    def apart(a, b):
        return int(np.bitwise_count(a ^ b).sum())

    first = sheet_code(marks(1))
    assert apart(first, sheet_code(marks(1, noise=0.3))) < 60
    assert apart(first, sheet_code(marks(2))) > 95
    signed, again = field_codes(signature(3)), field_codes(signature(3, shift=(4, -3)))
    assert sorted(signed) == sorted(again) == ["dense", "end", "main"]
    assert all(apart(signed[around], again[around]) < 60 for around in signed)


def test_a_seal_counts_by_its_ink_and_not_by_its_lines():
    assert p_of_field("seal", FieldAgreement(0.95, uneven=0.04)) < 1e-6
    # Evenly inked, pressed at one angle: nothing tells such impressions from copies.
    assert p_of_field("seal", FieldAgreement(0.98, uneven=0.09)) > 1e-4
    assert p_of_field("seal", FieldAgreement(0.95, uneven=0.3)) > 1e-3
    assert p_of_field("seal", FieldAgreement(0.6, uneven=0.05)) == 1.0
