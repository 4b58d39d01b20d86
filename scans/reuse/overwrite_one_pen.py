"""One pen for the changed answers of many sheets, whose respondents wrote with others.

A respondent who corrects an answer does so with the pen in hand. Where sheets by different
pens carry second marks in one and the same ink, one hand went through the pile. How often
that happens by chance is read off the batch itself: the share of its respondents who write
with such a pen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree
from scipy.special import bdtrc

from detectors.finding import Family, Finding, Message, Severity
from detectors.registry import Assessment, CheckInfo, Level
from scans.fingerprint import Fingerprint
from scans.measure.pens import HUELESS, hue_apart, hueless

Floats = NDArray[np.float64]

# One pen on two sheets of one scanner: hue twice, log darkness, log width of line.
_SPREAD = np.array([0.02, 0.02, 0.10, 0.11])
_SAME, _OTHER = 2.5, 4.0
_FEWEST_PENS, _FEWEST_SHEETS = 8, 3
_LEVEL = 1e-3
_NAMED = 20

INFO = CheckInfo(
    id="overwrite.one_pen",
    level=Level.PAGES,
    family=Family.IMAGE,
    kind="overwrite",
    title=Message("Một cây bút sửa nhiều phiếu", "One pen changed many sheets"),
    sees=(
        "Second marks on several sheets are in one ink (hue, darkness, width of line), which is "
        "not the ink of those sheets' other answers: of another hue, and not as a mark is that was "
        "gone over or pressed harder. Grey scans show no hue and are not judged, nor are sheets "
        "in black or grey with second marks in black or grey that are in no such cluster."
    ),
    null_model=(
        "A second mark in another pen is as likely in this ink as a respondent of the batch is to "
        "write in it: binomial tail over the sheets with such marks, Bonferroni over them."
    ),
    source=(
        "Group analysis of corrections (Wollack, Cohen and Eckerly 2015) carried over to ink: own "
        "work, docs/accuracy.md."
    ),
    innocent=(
        Message(
            "Cán bộ hỗ trợ đưa cùng một cây bút cho nhiều người khi họ muốn sửa.",
            "A clerk lent the same pen to several people who wanted to correct an answer.",
        ),
        Message(
            "Điều tra viên ghi lại câu trả lời theo lời người dân.",
            "An interviewer wrote down corrections at the respondents' wish.",
        ),
    ),
    batch_dependent=True,
    version="3",
)


@dataclass(frozen=True, slots=True)
class _Cluster:
    p_value: float
    members: tuple[int, ...]


class _OnePen:
    info = INFO

    def assess(self, subject: Sequence[Fingerprint], *, seed: int = 0) -> Assessment:
        """One score a page: -log10 of the p-value of the cluster that its new marks are in."""
        del seed
        count = len(subject)
        scores, p_values = np.full(count, np.nan), np.full(count, np.nan)
        missing: dict[int, str] = {}
        findings: list[Finding] = []
        group = [i for i in range(count) if _coloured(subject[i])]
        if len(group) < _FEWEST_PENS:
            reason = f"fewer than {_FEWEST_PENS} sheets in colour whose pen is known"
            missing.update(dict.fromkeys(group, reason))
        else:
            scores[group], p_values[group] = 0.0, 1.0
            best = _clusters(subject, group)
            blind = [i for i in group if i not in best and _hueless(subject[i])]
            missing.update(dict.fromkeys(blind, HUELESS))
            scores[blind], p_values[blind] = np.nan, np.nan
            for i, cluster in best.items():
                scores[i], p_values[i] = -np.log10(cluster.p_value), cluster.p_value
                if cluster.p_value <= _LEVEL:
                    findings.append(self._finding(subject, i, cluster))
        for i in range(count):
            if not len(subject[i].pens):
                missing[i] = "too few marks on the page to know its pen by"
            elif not _coloured(subject[i]):
                missing[i] = "a grey scan: a mark gone over looks there like another pen's"
        return Assessment(scores, p_values, tuple(findings), dict(sorted(missing.items())))

    def _finding(self, pages: Sequence[Fingerprint], i: int, cluster: _Cluster) -> Finding:
        others = sorted(pages[j].name for j in cluster.members if j != i)
        return Finding(
            detector=self.info.id,
            family=self.info.family,
            kind=self.info.kind,
            score=float(-np.log10(cluster.p_value)),
            p_value=cluster.p_value,
            severity=Severity.ORANGE,
            message=Message(
                f"Dấu hiệu một cây bút sửa nhiều phiếu: dấu sửa ở đây và ở {len(others)} phiếu "
                "khác cùng một loại mực, khác mực của chính những phiếu đó.",
                f"Signs that one pen changed many sheets: the second marks here and on "
                f"{len(others)} other sheets are in one ink, which is not those sheets' own.",
            ),
            matches=tuple(others[:_NAMED]),
            evidence={"subject": i, "sheets": len(cluster.members)},
        )


def _coloured(page: Fingerprint) -> bool:
    return bool(np.any(page.pens[:, :2] != 0.0))


def _hueless(page: Fingerprint) -> bool:
    pens: Floats = page.pens.astype(np.float64)
    return any(hueless(pens[0], new) for new in pens[1:])


def _clusters(pages: Sequence[Fingerprint], group: Sequence[int]) -> dict[int, _Cluster]:
    """The rarest cluster of new marks that each page of the group belongs to."""
    pens: Floats = np.array([pages[i].pens[0] for i in group], np.float64)
    own = pens / _SPREAD
    changed = [k for k, i in enumerate(group) if len(pages[i].pens) > 1]
    if not changed:
        return {}
    new: Floats = (
        np.array([np.median(pages[group[k]].pens[1:], axis=0) for k in changed], np.float64)
        / _SPREAD
    )
    hues = hue_apart(pens[changed], new * _SPREAD) / _SPREAD[:2]
    apart = np.linalg.norm(hues, axis=1) > _OTHER
    foreign = [k for k, odd in zip(changed, apart.tolist(), strict=True) if odd]
    if len(foreign) < _FEWEST_SHEETS:
        return {}
    marks = new[apart]
    near = cKDTree(marks).query_ball_point(marks, _SAME)
    users = cKDTree(own).query_ball_point(marks, _SAME, return_length=True)
    tried = len(foreign)
    best: dict[int, _Cluster] = {}
    for center, members in enumerate(near):
        if len(members) < _FEWEST_SHEETS:
            continue
        share = (1.0 + float(users[center])) / (len(own) + 1.0)
        # The centre is in its own cluster by itself: of the others so many are in it too.
        p = float(bdtrc(len(members) - 2, tried - 1, share)) * tried
        cluster = _Cluster(
            min(1.0, max(p, 1e-12)), tuple(group[foreign[m]] for m in sorted(members))
        )
        for i in cluster.members:
            if i not in best or cluster.p_value < best[i].p_value:
                best[i] = cluster
    return best


CHECK = _OnePen()
