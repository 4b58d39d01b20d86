"""The same comment again in one unit, in words that nobody uses elsewhere."""

from __future__ import annotations

from detectors.finding import Family, Message
from detectors.records._comment_units import selected_p_values
from detectors.records._comments import copies_of
from detectors.records._report import significant
from detectors.registry import Assessment, CheckInfo, Level
from detectors.table import RecordTable

__all__ = ["CHECK"]

INFO = CheckInfo(
    id="comments.copy",
    level=Level.RECORD,
    family=Family.ANSWERS,
    kind="duplicate",
    title=Message("Ý kiến khác bị chép lại", "Copied comment"),
    sees=(
        "A comment that repeats another one of the unit, word by word or nearly, in words that "
        "do not occur in other units. Usual phrases weigh nothing; case, punctuation and the "
        "place of Vietnamese tone marks make no difference. The text itself is never quoted."
    ),
    null_model=(
        "Exchangeability of comments between units: the best partner among as many comments of "
        "other units. Units first: outside units that stand out as a whole, the chance that "
        "honest doubles share a unit is part of the null."
    ),
    source="Broder (1997), shingles; null from other units: own work",
    innocent=(
        Message(
            "Một trong hai bên là bản gốc trung thực; riêng câu trả lời không cho biết bên nào.",
            "One of the two is the honest original; answers alone do not tell which.",
        ),
        Message(
            "Nhiều người cùng phản ánh một việc tại đơn vị.",
            "Many people report one and the same local matter.",
        ),
        Message(
            "Cán bộ ghi hộ và tóm tắt ý kiến theo một mẫu câu.",
            "Staff wrote for people and summed up in one wording.",
        ),
        Message(
            "Một người gửi phiếu hai lần hoặc phiếu được nhập hai lần.",
            "One person sent the form twice, or it was entered twice.",
        ),
    ),
    valid_for=frozenset({"comment", "30 comments in 5 units"}),
    batch_dependent=True,
)


class CommentCopyCheck:
    """Near-equal comments inside a unit; see :mod:`detectors.records._comments`."""

    info = INFO

    def assess(self, subject: RecordTable, *, seed: int = 0) -> Assessment:
        """Judge every record; ``seed`` draws the null of units."""
        copies = copies_of(subject)
        p_values = selected_p_values(subject, seed)

        def describe(row: int) -> tuple[Message, dict[str, object]]:
            partner = str(subject.record_ids[int(copies.partner[row])])
            words, share = int(copies.words[row]), float(copies.shared[row])
            p = float(p_values[row])
            return (
                Message(
                    f"Có dấu hiệu chép ý kiến: ý kiến dài {words} từ trùng {share:.0%} với phiếu "
                    f"{partner} trong cùng đơn vị, câu chữ không gặp ở đơn vị khác "
                    f"(p = {p:.2g}).",
                    f"Signs of a copied comment: {words} words, {share:.0%} in common with record "
                    f"{partner} of the same unit, in a wording that other units do not use "
                    f"(p = {p:.2g}).",
                ),
                {"words": words, "in_common": share, "record": partner},
            )

        return Assessment(
            scores=copies.score,
            p_values=p_values,
            findings=significant(subject, INFO, copies.score, p_values, describe),
            not_assessable=copies.reason,
        )


CHECK = CommentCopyCheck()
