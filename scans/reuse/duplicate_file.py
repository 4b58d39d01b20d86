"""The same file handed in twice, under whatever name."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from detectors.finding import Family, Finding, Message, Severity
from detectors.registry import Assessment, CheckInfo, Level
from scans.fingerprint import Fingerprint
from scans.likeness.judge import Pairs
from scans.likeness.pairs import Card, card_of

INFO = CheckInfo(
    id="duplicate.file",
    level=Level.PAGES,
    family=Family.IMAGE,
    kind="duplicate",
    title=Message("Tệp quét trùng", "The same file twice"),
    sees="Two files are equal to the last byte (SHA-256).",
    null_model="A rule: two scans of paper are never equal to the last byte, so it has no p-value.",
    source="FIPS 180-4 (SHA-256).",
    innocent=(
        Message(
            "Tệp được sao chép nhầm vào hai thư mục hoặc nộp lại.",
            "The file was copied to two folders or handed in again by mistake.",
        ),
    ),
    batch_dependent=True,
)


class _DuplicateFile:
    info = INFO

    def assess(self, subject: Sequence[Fingerprint], *, seed: int = 0) -> Assessment:
        """One score a page: how many other pages are the same page of an equal file."""
        del seed
        return self.judge([card_of(page) for page in subject], {})

    def judge(self, cards: Sequence[Card], pairs: Pairs) -> Assessment:
        """The same from what is known of the pages."""
        del pairs
        same: dict[tuple[str, int], list[int]] = {}
        for i, card in enumerate(cards):
            same.setdefault(card.file, []).append(i)
        scores = np.zeros(len(cards))
        findings = []
        for members in same.values():
            paths = {cards[i].path for i in members}
            if len(paths) < 2:
                continue
            for i in members:
                others = tuple(cards[j].name for j in members if j != i)
                scores[i] = len(others)
                findings.append(self._finding(i, others))
        return Assessment(scores, np.full(len(cards), np.nan), tuple(findings))

    def _finding(self, i: int, others: tuple[str, ...]) -> Finding:
        return Finding(
            detector=self.info.id,
            family=self.info.family,
            kind=self.info.kind,
            score=float(len(others)),
            p_value=None,
            severity=Severity.ORANGE,
            message=Message(
                f"Dấu hiệu trùng lặp: tệp này giống hệt từng byte với {others[0]}.",
                f"Signs of duplication: this file equals {others[0]} to the last byte.",
            ),
            matches=others,
            evidence={"subject": i},
        )


CHECK = _DuplicateFile()
