"""Too few "not applicable" where most people have nothing to say."""

from __future__ import annotations

import numpy as np

from detectors.finding import Family, Message
from detectors.registry import CheckInfo, Level
from detectors.table import RecordTable
from detectors.units._rate_check import Counts, Observed, RateCheck, answer_mask

__all__ = ["CHECK"]

INFO = CheckInfo(
    id="answers.not_applicable",
    level=Level.UNIT,
    family=Family.ANSWERS,
    kind="no_gaps",
    title=Message("Quá ít trả lời “không áp dụng”", "Too few answers “not applicable”"),
    sees=(
        "A share of “not applicable” far below the peers', in the unit or one of its batches: "
        "most people have made no complaint and cannot rate how it was handled, but whoever "
        "fills in forms for others rates everything."
    ),
    null_model=(
        "As many records of the stratum drawn without replacement, widened by the spread "
        "between units measured in the round; a batch against the same peers."
    ),
    source="Honest shares of the survey plan (60 to 85 %); rate test: own work",
    innocent=(
        Message(
            "Mẫu phiếu của đơn vị không in ô “không áp dụng”.",
            "The unit's form has no box for “not applicable”.",
        ),
        Message(
            "Cán bộ hướng dẫn người dân trả lời đủ mọi câu.",
            "Staff asked people to answer every question.",
        ),
        Message(
            "Đơn vị thực sự nhận nhiều phản ánh, kiến nghị.",
            "The unit really had many complaints.",
        ),
    ),
    valid_for=frozenset({"items with not_applicable", "20 records, 10 peer units"}),
    batch_dependent=True,
)


def _count(table: RecordTable) -> Counts | str:
    items = [item for item in table.items if item.not_applicable is not None]
    if not items:
        return "no item allows “not applicable”"
    skipped = np.zeros(len(table))
    rated = np.zeros(len(table))
    place = {item.id: j for j, item in enumerate(table.items)}
    for item in items:
        skipped += answer_mask(table, item.id, item.not_applicable)
        rated += np.isfinite(table.answers[:, place[item.id]])
    return Counts(skipped, skipped + rated)


def _say(seen: Observed) -> Message:
    where = seen.where
    return Message(
        f"Có dấu hiệu điền thay{where.vi}: “không áp dụng” chỉ chiếm {seen.rate:.1%}, đơn vị cùng "
        f"khối {seen.expected:.1%} (n = {seen.n}, p = {seen.p:.2g}).",
        f"Signs of forms filled in for others{where.en}: {seen.rate:.1%} “not applicable”, "
        f"{seen.expected:.1%} at peers (n = {seen.n}, p = {seen.p:.2g}).",
    )


CHECK = RateCheck(INFO, _count, np.negative, _say)
