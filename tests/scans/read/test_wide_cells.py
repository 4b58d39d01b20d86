"""Answers given in the cells of a ruled table: a mark is no larger where its box is wide."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from detectors.instrument import Instrument, load_instrument
from scans.measure.wide_cells import narrowed
from scans.page import check_page, view_of
from scans.reference import builtin_reference
from scans.source import read_pages
from scans.types import MarkState, RawPage
from scans.view import PageView
from tests.accuracy.ruled import Job, judge

ITEMS, VALUES = tuple(f"C{i}" for i in range(1, 13)), (1, 2, 3, 4, 5)
LEFT, TOP, WIDTH, HEIGHT = 112.0, 78.0, 16.0, 9.5
PX = 200 / 25.4


def _px(mm: float) -> int:
    return round(mm * PX)


def _blank() -> np.ndarray:
    page = np.full((_px(297), _px(210)), 255, np.uint8)
    right, bottom = LEFT + WIDTH * len(VALUES), TOP + HEIGHT * len(ITEMS)
    for row in range(len(ITEMS) + 1):
        y = _px(TOP + row * HEIGHT)
        cv2.line(page, (_px(18), y), (_px(right), y), 0, 2)
    for x in (18.0, 28.0, *(LEFT + k * WIDTH for k in range(len(VALUES) + 1))):
        cv2.line(page, (_px(x), _px(TOP)), (_px(x), _px(bottom)), 0, 2)
    for row, item in enumerate(ITEMS):
        text = f"{row + 1}   statement {item} of the form, number {17 * row % 11}"
        at = (_px(20), _px(TOP + row * HEIGHT + 6))
        cv2.putText(page, text, at, cv2.FONT_HERSHEY_SIMPLEX, 0.5, 0, 1, cv2.LINE_AA)
    at = (_px(30), _px(30))
    cv2.putText(page, "WHAT DO YOU THINK?", at, cv2.FONT_HERSHEY_SIMPLEX, 1.2, 0, 2, cv2.LINE_AA)
    return page


@pytest.fixture(scope="module")
def form(tmp_path_factory: pytest.TempPathFactory) -> Instrument:
    return _instrument(tmp_path_factory.mktemp("table"), "circle")


def _instrument(folder: Path, correction: str) -> Instrument:
    cv2.imwrite(str(folder / "blank.png"), _blank())
    items = "".join(f'[[item]]\nid = "{i}"\nscale = [1, 2, 3, 4, 5]\n' for i in ITEMS)
    (folder / "t.toml").write_text(
        f"""id = "T"
version = "1"
title = {{ vi = "Phiếu", en = "Form" }}
{items}
[marks]
style = "any"
correction = "{correction}"
[[page]]
number = 1
size_mm = [210, 297]
blank = "blank.png"
[[page.grid]]
items = {list(ITEMS)}
values = [1, 2, 3, 4, 5]
first_box_mm = [{LEFT}, {TOP}, {WIDTH}, {HEIGHT}]
pitch_mm = [{WIDTH}, {HEIGHT}]
""",
        encoding="utf-8",
    )
    return load_instrument(folder / "t.toml")


def _filled(
    folder: Path,
    seed: int,
    size_mm: float,
    *,
    bitonal: bool = False,
    rubbed: bool = False,
    covered: bool = False,
) -> tuple[RawPage, list[int]]:
    """A page with a small tick in one cell of each row, and the values ticked.

    ``rubbed``: in the third row another one was rubbed out to a fifth, and smeared.
    ``covered``: in the third row there is fluid on another cell, clear of the lines.
    """
    rng = np.random.default_rng(seed)
    light = cv2.GaussianBlur(_blank().astype(np.float32) / 255, (0, 0), 0.7)
    ink, answers = np.zeros_like(light), []
    dark = 0.85 if bitonal else 0.55
    for row in range(len(ITEMS)):
        value = int(rng.integers(1, 6))
        x = LEFT + (value - 0.5) * WIDTH + rng.normal(0, 1.0)
        y = TOP + (row + 0.5) * HEIGHT + rng.normal(0, 0.7)
        tick = [(x - 0.8 * size_mm, y), (x, y + size_mm), (x + 1.3 * size_mm, y - 1.2 * size_mm)]
        moved = np.array(tick) + rng.normal(0, 0.3, (3, 2))  # no two ticks of a hand are alike
        points = np.rint(moved * PX).astype(np.int32)
        cv2.polylines(ink, [points], False, dark * rng.uniform(0.9, 1.05), 2, cv2.LINE_AA)
        answers.append(value)
        if rubbed and row == 2:
            beside = (WIDTH if value < 4 else -WIDTH) * PX
            old = np.zeros_like(ink)
            where = np.rint(moved * PX + np.array([beside, 0.0])).astype(np.int32)
            cv2.polylines(old, [where], False, dark, 2, cv2.LINE_AA)
            ink += 0.2 * old + 0.1 * cv2.GaussianBlur(old, (0, 0), 5)
    ink = cv2.GaussianBlur(ink, (0, 0), 0.6)
    light = light * (1 - ink) * 0.93
    if covered:
        beside = answers[2] + (1 if answers[2] < 4 else -1)
        middle = (_px(LEFT + (beside - 0.5) * WIDTH), _px(TOP + 2.5 * HEIGHT))
        blob = np.zeros_like(light)
        cv2.ellipse(blob, middle, (_px(4.5), _px(3.2)), 10, 0, 360, 1.0, -1)
        light = np.maximum(light, 0.99 * cv2.GaussianBlur(blob, (0, 0), 1.5))
    light = light + rng.normal(0, 0.008, light.shape)
    image = np.clip(255 * light, 0, 255).astype(np.uint8)
    if bitonal:
        image = ((image > 150) * 255).astype(np.uint8)
    path = folder / ("page.png" if bitonal else "page.jpg")
    cv2.imwrite(str(path), image)
    (raw,) = read_pages(path)
    assert isinstance(raw, RawPage)
    return raw, answers


def _drawn(
    folder: Path, seed: int, cancelled: str | None, *, kind: str = "tick"
) -> tuple[RawPage, dict[tuple[str, int], MarkState]]:
    """A page with a mark in each row, a taken-back one in every third, and what is true of it."""
    rng = np.random.default_rng(seed)
    light = cv2.GaussianBlur(_blank().astype(np.float32) / 255, (0, 0), 0.7)
    ink = np.zeros_like(light)
    truth: dict[tuple[str, int], MarkState] = {}

    def line(points: np.ndarray) -> None:
        at = np.rint(points * PX * 16).astype(np.int32)
        cv2.polylines(ink, [at], False, 0.8, 3, cv2.LINE_AA, shift=4)

    def tick(value: int, row: int) -> tuple[float, float]:
        x = LEFT + (value - 0.5) * WIDTH + rng.normal(0, 1.0)
        y = TOP + (row + 0.5) * HEIGHT + rng.normal(0, 0.5)
        if kind == "ring":
            line(_ring(x, y, 2.0, 1.7))
        else:
            points = [(x - 1.6, y - 0.2), (x - 0.5, y + 1.6), (x + 2.2, y - 1.9)]
            line(np.array(points) + rng.normal(0, 0.15, (3, 2)))
        return x, y

    for row, item in enumerate(ITEMS):
        value = int(rng.integers(1, 6))
        tick(value, row)
        truth[item, value] = MarkState.MARKED
        if cancelled and row % 3 == 0:
            other = value % 5 + 1
            x, y = tick(other, row)
            truth[item, other] = MarkState.CANCELLED
            if cancelled == "circle":
                line(_ring(x + 0.3, y, 3.6, 3.2))
            else:
                line(np.array([(x - 3.6, y - 0.2), (x + 4.3, y + 0.3)]))
    light = light * (1 - cv2.GaussianBlur(ink, (0, 0), 0.6)) * 0.93
    image = np.clip(255 * (light + rng.normal(0, 0.008, light.shape)), 0, 255).astype(np.uint8)
    cv2.imwrite(str(folder / "page.jpg"), image)
    (raw,) = read_pages(folder / "page.jpg")
    assert isinstance(raw, RawPage)
    return raw, truth


def _ring(x: float, y: float, wide: float, high: float) -> np.ndarray:
    turn = np.linspace(0.3, 0.25 + 2 * np.pi, 40)
    return np.stack([x + wide * np.cos(turn), y + high * np.sin(turn)], 1)


@pytest.mark.parametrize("seed", [31, 32])
@pytest.mark.parametrize("correction", ["circle", "strike"])
def test_a_mark_taken_back_within_its_cell_is_no_answer(tmp_path, correction, seed):
    raw, truth = _drawn(tmp_path, seed, correction)
    result = check_page(
        raw, _instrument(tmp_path, correction), reference=builtin_reference()
    ).result
    inked = {(r.item, r.value): r.state for r in result.readings if r.state is not MarkState.EMPTY}
    assert inked == truth
    assert not result.flagged


@pytest.mark.parametrize("correction", ["circle", "strike"])
def test_rings_drawn_in_cells_are_answers_where_nothing_stands_in_them(tmp_path, correction):
    raw, truth = _drawn(tmp_path, 33, None, kind="ring")
    result = check_page(raw, _instrument(tmp_path, correction), reference=None).result
    inked = {(r.item, r.value): r.state for r in result.readings if r.state is not MarkState.EMPTY}
    assert inked == truth


@pytest.mark.parametrize("kind", ["cross", "tick"])
def test_a_stroke_that_runs_over_a_line_is_no_ink_of_the_next_cell(form, tmp_path, kind):
    light = cv2.GaussianBlur(_blank().astype(np.float32) / 255, (0, 0), 0.7)
    ink, rng = np.zeros_like(light), np.random.default_rng(41)
    for row in range(len(ITEMS)):
        # In the last column but one; every third mark runs into the cell below or beside it.
        x, y = LEFT + 3.5 * WIDTH, TOP + (row + 0.5) * HEIGHT
        if row % 3 == 0:
            x, y = (x, y + 2.9) if kind == "cross" else (x + 5.8, y)
        strokes = [[(x - 3, y - 3), (x + 3, y + 3)], [(x + 3, y - 3), (x - 3, y + 3)]]
        if kind == "tick":
            strokes = [[(x - 2.5, y), (x - 1, y + 2), (x + 4, y - 3)]]
        for points in strokes:
            moved = np.array(points) + rng.normal(0, 0.25, (len(points), 2))
            at = np.rint(moved * PX).astype(np.int32)
            cv2.polylines(ink, [at], False, 0.8, 3, cv2.LINE_AA)
    light = light * (1 - cv2.GaussianBlur(ink, (0, 0), 0.6)) * 0.93
    light += rng.normal(0, 0.008, light.shape)
    cv2.imwrite(str(tmp_path / "page.jpg"), np.clip(255 * light, 0, 255).astype(np.uint8))
    (raw,) = read_pages(tmp_path / "page.jpg")
    assert isinstance(raw, RawPage)
    result = check_page(raw, form, reference=builtin_reference()).result
    inked = {(r.item, r.value): r.state for r in result.readings if r.state is not MarkState.EMPTY}
    assert inked == {(item, 4): MarkState.MARKED for item in ITEMS}
    assert not result.flagged, [f.detector for f in result.findings]


@pytest.mark.parametrize("seed", [6_430_008, 6_430_014, 6_430_021, 6_430_036])
def test_lines_at_the_edge_of_a_table_cover_no_mark(seed):
    """They are drawn thinner than those within, and every cell of the row shows it."""
    judged = judge(Job("numbered", 6_430_000, "copier", seed), builtin_reference())
    assert not judged.flagged, judged.detectors


@pytest.mark.parametrize("bitonal", [False, True])
@pytest.mark.parametrize("size_mm", [1.2, 2.4])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_small_ticks_in_wide_cells_are_answers_and_no_residue(
    form, tmp_path, seed, size_mm, bitonal
):
    raw, answers = _filled(tmp_path, seed, size_mm, bitonal=bitonal)
    result = check_page(raw, form, reference=builtin_reference()).result
    read = {r.item: r.value for r in result.readings if r.state is MarkState.MARKED}
    assert [read.get(item) for item in ITEMS] == answers
    assert not any(r.state is MarkState.AMBIGUOUS for r in result.readings)
    assert not result.flagged, [f.detector for f in result.findings]


@pytest.mark.parametrize("seed", [11, 12, 13])
@pytest.mark.parametrize(
    ("fraud", "detector"), [("rubbed", "erasure.residue"), ("covered", "erasure.covered")]
)
def test_a_tick_taken_off_a_wide_cell_or_covered_clear_of_its_lines_is_found(
    form, tmp_path, fraud, detector, seed
):
    raw, answers = _filled(tmp_path, seed, 2.4, **{fraud: True})
    result = check_page(raw, form, reference=builtin_reference()).result
    assert result.flagged
    (finding, *_) = [f for f in result.findings if f.detector == detector]
    beside = answers[2] + (1 if answers[2] < 4 else -1)
    assert (finding.item, finding.evidence["value"]) == (ITEMS[2], str(beside))


def test_only_boxes_wider_than_a_mark_are_narrowed(form, tmp_path):
    raw, _ = _filled(tmp_path, 21, 2.4)
    view = view_of(raw, form, reference=None)
    assert isinstance(view, PageView)
    (group,) = view.patches
    part = narrowed(group)
    assert part.dark.shape[1:] == part.distance.shape == (100, 100)
    marks = [k for k, i in enumerate(group.index) if view.readings[i].state is MarkState.MARKED]
    kept = [(part.added[k] > 0.3).sum() / (group.added[k] > 0.3).sum() for k in marks]
    assert min(kept) > 0.9
