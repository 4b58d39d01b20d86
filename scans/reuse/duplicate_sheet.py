"""The same sheet of paper again: re-encoded, scanned a second time, or photocopied.

Two honest forms with the same answers carry crosses in the same boxes, and a page-wide
hash calls them one. Here every mark of one page is laid over every mark of the other. On
two honest sheets a mark is no more like its counterpart in the same box than like the
writer's marks in other boxes; on two scans of one sheet it is the same line. The excess
of the first over the second is tested against the pages' own marks, so one writer's
uniform hand, filled ovals and the scanner cancel out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr

from detectors.finding import Family, Finding, Message, Severity
from detectors.registry import Assessment, CheckInfo, Level
from scans.fingerprint import Fingerprint
from scans.measure.strokes import likeness

# A pair is looked at closely when its sketches agree this well: two scans of one sheet
# agree by .8 to 1, two hands with the same answers by .3 to .6 (sketch noise .05).
_CANDIDATE = 0.6
# With fewer common marks the excess cannot be told from chance.
_FEWEST_MARKS = 5
# Two scans of one line are at least this alike; the excess alone would also find a
# writer whose hand changes down the page.
_SAME_LINE = 0.72
_BLOCK = 1024
_LEVEL = 1e-4

INFO = CheckInfo(
    id="duplicate.sheet",
    level=Level.PAGES,
    family=Family.IMAGE,
    kind="duplicate",
    title=Message("Cùng một tờ phiếu được quét lại", "The same sheet scanned again"),
    sees=(
        "Every mark agrees line for line with the mark in the same box of another page: a second "
        "scan, a re-encoded file or a photocopy of one filled sheet."
    ),
    null_model=(
        "Marks in the same box are no more alike than marks in different boxes of the same two "
        "pages; Welch t test of diagonal against off-diagonal likeness, Bonferroni over all pairs "
        "of pages compared."
    ),
    source="Stroke-level confirmation of template-subtracted candidates; docs/accuracy.md.",
    innocent=(
        Message(
            "Phiếu được quét lại vì lần quét đầu bị lỗi.",
            "The sheet was scanned again because the first scan had failed.",
        ),
        Message(
            "Bản sao được lưu vào hai lô do nhầm lẫn.",
            "A copy was filed in two batches by mistake.",
        ),
    ),
    batch_dependent=True,
)


@dataclass(frozen=True, slots=True)
class _Pair:
    one: int
    other: int
    score: float
    p_value: float
    alike: float
    marks: int


class _DuplicateSheet:
    info = INFO

    def assess(self, subject: Sequence[Fingerprint], *, seed: int = 0) -> Assessment:
        """One score a page: the best pair it is in, as -log10 of the pair's p-value."""
        del seed
        count = len(subject)
        scores, p_values = np.zeros(count), np.ones(count)
        missing = {
            i: "too few marks on the page to recognise it by"
            for i, page in enumerate(subject)
            if len(page.marks.index) < _FEWEST_MARKS
        }
        scores[list(missing)], p_values[list(missing)] = np.nan, np.nan
        usable = [i for i in range(count) if i not in missing]
        pairs = max(1, len(usable) * (len(usable) - 1) // 2)
        matches: dict[int, list[_Pair]] = {}
        for i, j in _candidates(subject, usable):
            pair = _compare(subject, i, j, pairs)
            if pair is None:
                continue
            for k in (i, j):
                if pair.p_value < p_values[k]:
                    scores[k], p_values[k] = pair.score, pair.p_value
                if pair.p_value <= _LEVEL:
                    matches.setdefault(k, []).append(pair)
        findings = [self._finding(subject, k, found) for k, found in sorted(matches.items())]
        return Assessment(scores, p_values, tuple(findings), missing)

    def _finding(self, pages: Sequence[Fingerprint], k: int, found: list[_Pair]) -> Finding:
        found = sorted(found, key=lambda pair: pair.p_value)
        best = found[0]
        partners = [pair.other if pair.one == k else pair.one for pair in found]
        other = pages[partners[0]]
        vi, en = _how(pages[k], other)
        return Finding(
            detector=self.info.id,
            family=self.info.family,
            kind=self.info.kind,
            score=best.score,
            p_value=best.p_value,
            severity=Severity.RED,
            message=Message(
                f"Dấu hiệu trùng tờ phiếu với {other.name}: {best.marks} nét đánh dấu khớp nhau "
                f"{100 * best.alike:.0f} % từng nét ({vi}).",
                f"Signs that this is the same sheet as {other.name}: {best.marks} marks agree "
                f"{100 * best.alike:.0f} % line for line ({en}).",
            ),
            matches=tuple(pages[p].name for p in partners),
            evidence={"subject": k, "marks": best.marks, "likeness": round(best.alike, 4)},
        )


def _how(page: Fingerprint, other: Fingerprint) -> tuple[str, str]:
    difference = np.abs(page.thumb.astype(int) - other.thumb.astype(int)).mean()
    if page.shape == other.shape and difference < 1.0:
        return "cùng một lần quét, lưu lại", "the same scan, saved again"
    return "quét lại hoặc sao chụp", "scanned again or photocopied"


def _candidates(pages: Sequence[Fingerprint], usable: list[int]) -> Iterator[tuple[int, int]]:
    """Pairs of the same form page whose sketches agree, in blocks that fit in memory."""
    for form_page in sorted({pages[i].form_page for i in usable}):
        members = [i for i in usable if pages[i].form_page == form_page]
        sketches = np.stack([pages[i].sketch for i in members])
        for start in range(0, len(members), _BLOCK):
            cosine = sketches[start : start + _BLOCK] @ sketches.T
            for row, column in zip(*np.nonzero(cosine >= _CANDIDATE), strict=True):
                if start + int(row) < int(column):
                    yield members[start + int(row)], members[int(column)]


def _compare(pages: Sequence[Fingerprint], i: int, j: int, pairs: int) -> _Pair | None:
    """Test whether common marks are the same lines; ``None`` if too few are common."""
    one, other = pages[i].marks, pages[j].marks
    common, first, second = np.intersect1d(one.index, other.index, return_indices=True)
    # A scan with a mark more or less is still the same sheet; half the marks are not.
    if len(common) < max(_FEWEST_MARKS, 0.6 * max(len(one.index), len(other.index))):
        return None
    a, b = _same_canvas(one.ink[first], other.ink[second])
    alike = likeness(a, b)
    same = np.diagonal(alike)
    apart = alike[~np.eye(len(common), dtype=bool)]
    mean = float(same.mean())
    if mean < _SAME_LINE:
        return None
    p = min(1.0, _welch(same, apart) * pairs)
    p = max(p, 1e-12)
    return _Pair(i, j, float(-np.log10(p)), p, mean, len(common))


def _same_canvas(
    a: NDArray[np.float32], b: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Centre both stacks on the larger canvas."""
    height, width = (max(a.shape[k], b.shape[k]) for k in (1, 2))

    def grown(stack: NDArray[np.float32]) -> NDArray[np.float32]:
        canvas = np.zeros((len(stack), height, width), np.float32)
        top, left = (height - stack.shape[1]) // 2, (width - stack.shape[2]) // 2
        canvas[:, top : top + stack.shape[1], left : left + stack.shape[2]] = stack
        return canvas

    return grown(a), grown(b)


def _welch(same: NDArray[np.float32], apart: NDArray[np.float32]) -> float:
    """One-sided p-value that ``same`` is not larger; degrees of freedom of its own size.

    Off-diagonal likenesses share marks and are not independent, so only the diagonal's
    count enters the degrees of freedom: conservative.
    """
    n = len(same)
    spread = max(float(apart.std()), 0.03)
    own = max(float(same.std(ddof=1)), 0.03)
    t = (float(same.mean()) - float(apart.mean())) / np.sqrt((spread**2 + own**2) / n)
    return float(stdtr(n - 1, -t))


CHECK = _DuplicateSheet()
