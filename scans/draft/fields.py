"""Places that are written in: empty frames, dotted and ruled lines, what stands beside them.

The kind of a field comes from the words near it; without words, from its size and place,
and then the draft says that it guessed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import cv2
import numpy as np

from detectors.instrument import BoxMm
from scans.draft.outlines import Outlines
from scans.draft.tables import in_a_row
from scans.draft.types import Found, Group, Sheet

__all__ = ["find_fields"]

Line = tuple[float, float, float]  # from x, to x, y

_KINDS = (
    ("signature", re.compile(r"\bk[ýí]\b|ký tên|chữ ký|ký,|signature|signed", re.IGNORECASE)),
    ("seal", re.compile(r"đóng dấu|con dấu|\bseal\b|\bstamp\b", re.IGNORECASE)),
    ("date", re.compile(r"\bngày\b|\bdate\b|tháng", re.IGNORECASE)),
)
_HAND_MM = 6.5  # height of a line of handwriting
_DOTS_MM = 1.8  # wider apart, dots part what stands above from what stands below
_PITCH_MM = 13.0  # lines to write on are no farther apart


def find_fields(
    sheet: Sheet, outlines: Outlines, groups: Sequence[Group], hidden: Sequence[BoxMm]
) -> list[tuple[str, BoxMm, bool]]:
    """Kind, place and whether the kind is a guess, from the top down."""
    taken = [b for g in groups for row in g.rows for b in row]
    fields: list[tuple[str, BoxMm, bool]] = []
    for frame in outlines.frames:
        if _empty_frame(sheet, frame.box_mm, outlines, taken):
            kind, guess = _kind(sheet, frame.box_mm, framed=True)
            fields.append((kind, frame.box_mm, guess))
    bands = [_band(g) for g in groups if g.kind == "grid"]
    lines = [
        line
        for line in [*_dotted(sheet), *_ruled(sheet)]
        if not any(_inside(line, box) for _, box, _ in fields)
        and not any(_inside(line, box) for box in hidden)
        and not any(top < line[2] < bottom for top, bottom in bands)
        and not any(_on_edge(line, f.box_mm) for f in [*outlines.frames, *outlines.cells])
    ]
    for box in _dates_and_stacks(sheet, lines):
        if box[1] == "date":
            fields.append(("date", box[0], False))
        else:
            kind, guess = _kind(sheet, box[0], framed=False)
            fields.append((kind, box[0], guess))
    fields += _places_to_sign(sheet, fields, taken)
    return sorted(fields, key=lambda f: (f[1][1], f[1][0]))


def _band(group: Group) -> tuple[float, float]:
    """Rows of a grid with its header and last rule."""
    return group.rows[0][0].box_mm[1] - 9.0, group.rows[-1][0].middle[1] + 9.0


def _inside(line: Line, box: BoxMm) -> bool:
    x, y, w, h = box
    return y - 1 < line[2] < y + h + 1 and line[0] > x - 2 and line[1] < x + w + 2


def _on_edge(line: Line, box: BoxMm) -> bool:
    x, y, w, h = box
    near = min(abs(line[2] - y), abs(line[2] - y - h)) < 0.8
    return near and min(line[1], x + w) - max(line[0], x) > 0.5 * min(line[1] - line[0], w)


def _empty_frame(sheet: Sheet, box: BoxMm, outlines: Outlines, taken: Sequence[Found]) -> bool:
    x, y, w, h = box
    if w < 22 or h < 7.5 or w * h > 0.5 * sheet.size_mm[0] * sheet.size_mm[1]:
        return False
    if any(x < t.middle[0] < x + w and y < t.middle[1] < y + h for t in taken):
        return False
    inner = (x + 0.8, y + 0.8, w - 1.6, h - 1.6)
    if sheet.ink(inner) > 0.035:
        return False
    others = [f for f in [*outlines.frames, *outlines.cells] if f.box_mm != box]
    if in_a_row(box, [*outlines.frames, *outlines.cells]):
        return False
    in_table = any(_share_an_edge(box, f.box_mm) for f in others)
    return not in_table or (h >= 14 and sheet.ink(inner) < 0.01)


def _share_an_edge(one: BoxMm, other: BoxMm) -> bool:
    across = min(one[0] + one[2], other[0] + other[2]) - max(one[0], other[0])
    down = min(one[1] + one[3], other[1] + other[3]) - max(one[1], other[1])
    return (-0.2 < across < 1.0 and down > 2) or (-0.2 < down < 1.0 and across > 2)


def _kind(sheet: Sheet, box: BoxMm, *, framed: bool) -> tuple[str, bool]:
    x, y, w, h = box
    if sheet.phrases:
        inside = sheet.text_in((x - 1, y - 1, w + 2, h + 2))
        beside = sheet.text_in((max(0.0, x - 45), y - 1, min(45.0, x) + 1, max(h, 6.0)))
        above = sheet.text_in((x - 6, y - 7.5, w + 12, 8.0))
        for words in (inside, above, beside) if framed else (inside, beside, above):
            for kind, pattern in _KINDS:
                if pattern.search(words):
                    return kind, False
            if words:
                return "handwriting", False
        farther = sheet.text_in((x - 6, y - 18.0, w + 12, 18.0))
        for kind, pattern in _KINDS:
            if pattern.search(farther):
                return kind, True
        return "handwriting", True
    signs = 30 <= w <= 95 and 10 <= h <= 45 and y > 0.5 * sheet.size_mm[1]
    line = not framed and 30 <= w <= 95 and y > 0.6 * sheet.size_mm[1] and h < 10
    right = x + w / 2 > 0.45 * sheet.size_mm[0]
    return ("signature" if (signs or line) and right else "handwriting"), True


def _dotted(sheet: Sheet) -> list[Line]:
    """Rows of dots at even steps."""
    dark = np.asarray(sheet.flat < 190, dtype=np.uint8)
    _, _, stats, centres = cv2.connectedComponentsWithStats(dark, connectivity=8)
    w, h = stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT]
    most = 0.75 * sheet.scale
    dots = centres[(w <= most) & (h <= most) & (stats[:, cv2.CC_STAT_AREA] >= 2)] / sheet.scale
    dots = dots[np.argsort(dots[:, 1], kind="stable")]
    lines: list[Line] = []
    start = 0
    for end in range(1, len(dots) + 1):
        if end < len(dots) and dots[end, 1] - dots[end - 1, 1] < 0.12:
            continue
        row = dots[start:end]
        start = end
        if len(row) < 5 or np.ptp(row[:, 1]) > 1.2:
            continue
        xs = np.sort(row[:, 0])
        begin = 0
        for k in range(1, len(xs) + 1):
            if k < len(xs) and xs[k] - xs[k - 1] <= _DOTS_MM:
                continue
            run = xs[begin:k]
            begin = k
            steps = np.diff(run)
            if len(run) >= 5 and steps.std() < 0.25 * steps.mean():
                lines.append((float(run[0]), float(run[-1]), float(np.median(row[:, 1]))))
    return lines


def _ruled(sheet: Sheet) -> list[Line]:
    """Thin level lines with room to write above, that are no rule below words."""
    dark = np.asarray(sheet.flat < 190, dtype=np.uint8)
    length = round(20 * sheet.scale)
    opened = cv2.morphologyEx(dark, cv2.MORPH_OPEN, np.ones((1, length), np.uint8))
    count, _, stats, _ = cv2.connectedComponentsWithStats(opened, connectivity=8)
    lines: list[Line] = []
    for x, y, w, h, _ in stats[1:count]:
        if h > 0.8 * sheet.scale:
            continue
        left, top, width = x / sheet.scale, y / sheet.scale, w / sheet.scale
        if sheet.ink((left + 1, top - 6.0, width - 2, 5.5)) > 0.004:
            continue
        lines.append((left, left + width, top + h / sheet.scale / 2))
    whole = 0.6 * sheet.size_mm[0]
    wide = [k for k in lines if k[1] - k[0] > whole]
    return [
        k
        for k in lines
        if k not in wide or any(o is not k and 5 < abs(o[2] - k[2]) < _PITCH_MM for o in wide)
    ]


def _dates_and_stacks(sheet: Sheet, lines: list[Line]) -> list[tuple[BoxMm, str]]:
    """Short runs in a row with a stroke between are a date; lines below each other a block."""
    lines = sorted(lines, key=lambda k: (round(k[2] / 0.8), k[0]))
    used: set[int] = set()
    out: list[tuple[BoxMm, str]] = []
    for i, line in enumerate(lines):
        if i in used or line[1] - line[0] > 25:
            continue
        run = [i]
        for j in range(len(lines)):
            last = lines[run[-1]]
            near = abs(lines[j][2] - last[2]) < 0.6 and 0 < lines[j][0] - last[1] < 11.0
            if j not in used and j not in run and near and lines[j][1] - lines[j][0] < 25:
                run.append(j)
        if len(run) >= 2:
            used.update(run)
            left, right = line[0], lines[run[-1]][1]
            out.append(((left - 1, line[2] - 5.0, right - left + 4, _HAND_MM), "date"))
    for i, line in enumerate(lines):
        if i in used or line[1] - line[0] < 22:
            continue
        used.add(i)
        block = [line]
        for j in range(len(lines)):
            other, last = lines[j], block[-1]
            below = 4.0 < other[2] - last[2] < _PITCH_MM
            level = abs(other[0] - last[0]) < 4 and abs(other[1] - last[1]) < 12
            if j not in used and below and level:
                used.add(j)
                block.append(other)
        top = block[0][2] - _HAND_MM
        left, right = min(k[0] for k in block), max(k[1] for k in block)
        out.append(((left, top, right - left, block[-1][2] + 1.2 - top), "line"))
    return out


def _places_to_sign(
    sheet: Sheet, fields: Sequence[tuple[str, BoxMm, bool]], taken: Sequence[Found]
) -> list[tuple[str, BoxMm, bool]]:
    """Bare paper below words that ask for a signature or a seal."""
    signed = {kind for kind, _, _ in fields}
    out: list[tuple[str, BoxMm, bool]] = []
    for phrase in sheet.phrases:
        asked = [kind for kind, pattern in _KINDS[:2] if pattern.search(phrase.text)]
        if not asked or all(kind in signed for kind in asked) or len(phrase.text) > 70:
            continue
        x, y = phrase.middle[0], phrase.box_mm[1] + phrase.box_mm[3]
        wide, high = 58.0, 30.0
        left = float(np.clip(x - wide / 2, 5, sheet.size_mm[0] - wide - 5))
        high = min(high, sheet.size_mm[1] - 8 - y)
        box = (left, y + 1.0, wide, high - 1.0)
        if high < 14 or sheet.ink(box) > 0.003:
            continue
        if any(left < t.middle[0] < left + wide and 0 < t.middle[1] - y < high for t in taken):
            continue
        if "signature" in asked and "signature" not in signed:
            out.append(("signature", box, True))
        if "seal" in asked and "seal" not in signed:
            side = min(42.0, high + 6)
            out.append(("seal", (max(4.0, left - 14), y - 2.0, side, side), True))
        signed.update(asked)
    return out
