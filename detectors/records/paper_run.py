"""Runs of forms that follow each other by serial and answer alike: one hand, one sitting."""

from __future__ import annotations

import numpy as np

from detectors.finding import Family, Message
from detectors.records._order import Runs, runs_of
from detectors.records._report import significant
from detectors.registry import Assessment, CheckInfo, Level
from detectors.table import RecordTable

__all__ = ["CHECK"]

MOST_NAMED = 5

INFO = CheckInfo(
    id="paper.run",
    level=Level.RECORD,
    family=Family.ANSWERS,
    kind="duplicate",
    title=Message("Loạt phiếu liền số sê-ri giống nhau", "Run of like forms in order of serial"),
    sees=(
        "Paper forms that follow each other in order of serial and agree more than forms of "
        "the same batch in any other order: a batch filled in one sitting by one hand, each "
        "form much like the one before. Rare answers in common weigh, usual ones cost nothing."
    ),
    null_model=(
        "Exchangeability of the order inside a batch: the best run through a form when the "
        "order is permuted, pooled over the forms of the unit. Divided by how much neighbours "
        "agree beyond that in the typical unit of the round."
    ),
    source="Karlin & Altschul (1990) for runs; permutation of the order: own work",
    innocent=(
        Message(
            "Người cùng gia đình hoặc cùng đoàn nhận phiếu liền nhau.",
            "People of one family or party were given forms one after the other.",
        ),
        Message(
            "Cán bộ đọc câu hỏi và ghi hộ nhiều người trong một buổi.",
            "Staff read the questions out and wrote for many people in one session.",
        ),
        Message(
            "Phiếu được đánh số sê-ri lại sau khi xếp theo nội dung.",
            "Forms were sorted by content before they were numbered.",
        ),
    ),
    valid_for=frozenset({"paper with serials", "10 forms in a batch", "5 units"}),
    batch_dependent=True,
)


class PaperRunCheck:
    """Best run of links through each form; see :mod:`detectors.records._order`."""

    info = INFO

    def assess(self, subject: RecordTable, *, seed: int = 0) -> Assessment:
        """Judge every record."""
        runs = runs_of(subject, seed)

        def describe(row: int) -> tuple[Message, dict[str, object]]:
            mates = _mates(runs, row)
            ids = [str(subject.record_ids[mate]) for mate in mates]
            named = ", ".join(ids[:MOST_NAMED]) + (" …" if len(ids) > MOST_NAMED else "")
            p = float(runs.p_value[row])
            return (
                Message(
                    f"Có dấu hiệu một người điền nhiều phiếu: nằm trong loạt {len(ids) + 1} phiếu "
                    f"liền số sê-ri trả lời giống nhau bất thường, cùng với {named} "
                    f"(p = {p:.2g}).",
                    f"Signs of one hand filling in several forms: it stands in a run of "
                    f"{len(ids) + 1} forms in order of serial that agree unusually, with {named} "
                    f"(p = {p:.2g}).",
                ),
                {"forms_in_run": len(ids) + 1, "records": ids, "neighbours": runs.neighbours},
            )

        return Assessment(
            scores=runs.score,
            p_values=runs.p_value,
            findings=significant(subject, INFO, runs.score, runs.p_value, describe),
            not_assessable=runs.reason,
            info={"judged": int(np.isfinite(runs.score).sum()), "neighbours": runs.neighbours},
        )


def _mates(runs: Runs, row: int) -> list[int]:
    """The other forms of the best run through a row."""
    run = runs.order[runs.first[row] : runs.last[row] + 1]
    return [int(mate) for mate in run if mate != row]


CHECK = PaperRunCheck()
