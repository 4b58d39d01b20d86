"""Two checks in a package of their own: one of records, one of pages."""

from __future__ import annotations

import numpy as np

from audit.extending.parts import (
    Assessment,
    CheckInfo,
    Family,
    Level,
    Message,
    NotAssessable,
    PageCheck,
    PageView,
    RecordTable,
    Sign,
    Signs,
    by_rank,
    no_answers,
    significant,
)

FEWEST = 4


class Zigzag:
    """How often a record's answers turn back: 5-4-5-4-5 turns at every step."""

    info = CheckInfo(
        id="example.zigzag",
        level=Level.RECORD,
        family=Family.ANSWERS,
        kind="straight_lining",
        title=Message("Trả lời hình răng cưa", "Zigzag answers"),
        sees="Answers that go up and down by turns, as a hand does that only wants to look varied.",
        null_model="Rank of the number of turns among peers of the same stratum.",
        source="An example of docs/extending.md; no claim is made for it.",
        innocent=(
            Message(
                "Các câu hỏi xen kẽ hai mặt phục vụ mà người trả lời đánh giá khác nhau.",
                "Questions alternate between two sides of the service that differ for them.",
            ),
        ),
        batch_dependent=True,
    )

    def assess(self, subject: RecordTable, *, seed: int = 0) -> Assessment:
        """Judge every record; missing answers are passed over."""
        scores = np.array([_turns(row) for row in subject.answers], dtype=np.float64)
        scores[subject.answered < FEWEST] = np.nan
        p_values = by_rank(scores, subject.stratum)

        def describe(row: int) -> tuple[Message, dict[str, object]]:
            turns = int(scores[row])
            return (
                Message(
                    f"Có dấu hiệu trả lời hình răng cưa: đổi chiều {turns} lần.",
                    f"Signs of zigzag answers: they turn back {turns} times.",
                ),
                {"turns": turns},
            )

        return Assessment(
            scores=scores,
            p_values=p_values,
            findings=significant(subject, self.info, scores, p_values, describe),
            not_assessable=no_answers(subject, FEWEST),
        )


def _turns(answers: np.ndarray) -> int:
    steps = np.sign(np.diff(answers[np.isfinite(answers)]))
    return int(np.sum(steps[1:] * steps[:-1] < 0))


TOO_FEW = Message("quá ít dấu trên trang để so", "too few marks on the page to compare with")


def heaviest(view: PageView) -> Signs | NotAssessable:
    """The mark that stands out most by its ink, in robust spreads of the sheet's marks."""
    ink = np.array([reading.features["ink"] for reading in view.readings])
    marked = np.flatnonzero(ink > 0.05)
    if len(marked) < FEWEST:
        return NotAssessable(TOO_FEW.en)
    middle = np.median(ink[marked])
    spread = max(0.02, 1.4826 * float(np.median(np.abs(ink[marked] - middle))))
    worst = int(marked[ink[marked].argmax()])
    score = float((ink[worst] - middle) / spread)
    box, reading = view.template.page.boxes[worst], view.readings[worst]
    text = Message(
        f"Có dấu hiệu tô đè ở ô {reading.item} = {reading.value}.",
        f"Signs of a second tracing in box {reading.item} = {reading.value}.",
    )
    return Signs(score, (Sign(score, text, item=reading.item, box_mm=box.box_mm),))


ZIGZAG = Zigzag()
HEAVY = PageCheck(
    CheckInfo(
        id="example.heavy_mark",
        level=Level.PAGE,
        family=Family.IMAGE,
        kind="overwrite",
        title=Message("Dấu đậm khác thường", "Unusually heavy mark"),
        sees="A mark with far more ink than the sheet's others, as after tracing it twice.",
        null_model="The heaviest mark of honest pages; `calibrate` learns how heavy that is.",
        source="An example of docs/extending.md; no claim is made for it.",
        innocent=(
            Message("Người trả lời tô lại cho rõ.", "The respondent traced it again to be clear."),
        ),
        min_scale=0.5,
        reasons=(TOO_FEW,),
    ),
    heaviest,
)
