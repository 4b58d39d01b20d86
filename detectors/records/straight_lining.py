"""The same answer many times in a row, where people of this survey do not give it so."""

from __future__ import annotations

import numpy as np

from detectors.calibration.conformal import by_rank
from detectors.finding import Family, Message
from detectors.indices import longest_runs
from detectors.records._report import no_answers, significant
from detectors.registry import Assessment, CheckInfo, Level
from detectors.table import RecordTable

__all__ = ["CHECK"]

FEWEST_ANSWERS = 3

INFO = CheckInfo(
    id="answers.straight_lining",
    level=Level.RECORD,
    family=Family.ANSWERS,
    kind="straight_lining",
    title=Message("Trả lời một cột", "Straight-lining"),
    sees=(
        "A run of one and the same printed column that is rare among peers. 5-5-5 is usual "
        "where most are satisfied and costs nothing; 3-3-3 or a column across reversed "
        "items is not."
    ),
    null_model=(
        "Surprisal: minus the log of the share of peers with as long a run of the same "
        "column; the p-value is the rank among peers, so that nobody is flagged by it alone."
    ),
    source="Curran (2016), long string; surprisal under the stratum: own work",
    innocent=(
        Message("Người trả lời vội hoặc không quan tâm.", "A hasty or indifferent respondent."),
        Message(
            "Mọi mặt phục vụ thực sự như nhau đối với người trả lời.",
            "All aspects of the service really were alike to the respondent.",
        ),
    ),
    batch_dependent=True,
)


class StraightLiningCheck:
    """Surprisal of the longest run in printed order."""

    info = INFO

    def assess(self, subject: RecordTable, *, seed: int = 0) -> Assessment:
        """Judge every record; uses no chance, ``seed`` is there for the contract."""
        printed = subject.answers.copy()
        for j, item in enumerate(subject.items):
            if item.reverse:
                printed[:, j] = subject.levels[j] + 1 - printed[:, j]
        values = np.arange(1.0, subject.levels.max(initial=1) + 1)
        runs = longest_runs(printed, values)
        rated = subject.answered >= FEWEST_ANSWERS
        scores = np.full(len(subject), np.nan)
        column = np.zeros(len(subject), dtype=np.intp)
        for stratum in range(len(subject.stratum_names)):
            mine = np.flatnonzero(rated & (subject.stratum == stratum))
            if mine.size:
                surprise = _surprisal(runs[mine])
                column[mine] = surprise.argmax(axis=1)
                scores[mine] = surprise.max(axis=1)
        p_values = by_rank(scores, subject.stratum)

        def describe(row: int) -> tuple[Message, dict[str, object]]:
            length, at = int(runs[row, column[row]]), int(column[row]) + 1
            share = float(np.exp(-scores[row]))
            return (
                Message(
                    f"Có dấu hiệu trả lời một cột: {length} câu liền ở cột {at}; chỉ "
                    f"{share:.2%} số phiếu cùng nhóm có như vậy.",
                    f"Signs of straight-lining: {length} answers in a row in column {at}; only "
                    f"{share:.2%} of the peers have that.",
                ),
                {"run": length, "column": at, "share_of_peers": share},
            )

        return Assessment(
            scores=scores,
            p_values=p_values,
            findings=significant(subject, INFO, scores, p_values, describe),
            not_assessable=no_answers(subject, FEWEST_ANSWERS),
        )


def _surprisal(runs: np.ndarray) -> np.ndarray:
    """``(n, values)``: minus log of the share of records with at least this run."""
    n = len(runs)
    surprise = np.zeros(runs.shape)
    for v in range(runs.shape[1]):
        ordered = np.sort(runs[:, v])
        at_least = n - np.searchsorted(ordered, runs[:, v], side="left")
        surprise[:, v] = np.where(runs[:, v] >= 2, -np.log(at_least / n), 0.0)
    return surprise


CHECK = StraightLiningCheck()
