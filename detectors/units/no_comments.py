"""No free text where a tenth or a quarter of all forms usually have some."""

from __future__ import annotations

import numpy as np

from detectors.finding import Family, Message
from detectors.registry import CheckInfo, Level
from detectors.table import RecordTable
from detectors.unit_result import FEWEST_RECORDS
from detectors.units._rate_check import Counts, Observed, RateCheck

__all__ = ["CHECK"]

WRITTEN_SHARE = 0.8

INFO = CheckInfo(
    id="comments.none",
    level=Level.UNIT,
    family=Family.ANSWERS,
    kind="no_gaps",
    title=Message("Quá ít ý kiến khác", "Too few comments"),
    sees=(
        "A share of records with a comment far below the peers', in the unit or one of its "
        "batches: boxes are quickly filled in for others, sentences are not."
    ),
    null_model=(
        "As many records of the stratum drawn without replacement, widened by the spread "
        "between units measured in the round. Only where comments are recorded in four of "
        "five units: elsewhere their absence says nothing about a unit."
    ),
    source="Domain figures (10 to 25 % of forms have a comment); rate test: own work",
    innocent=(
        Message(
            "Đơn vị không nhập phần ý kiến khác vào máy.",
            "The unit does not type the comments in.",
        ),
        Message("Người dân ở đó ít viết ý kiến.", "People there write little."),
    ),
    valid_for=frozenset({"comment", "20 records, 10 peer units"}),
    batch_dependent=True,
)


def _count(table: RecordTable) -> Counts | str:
    if "comment" not in table.frame.columns:
        return "no comments are recorded"
    written = (table.column("comment") != "").astype(np.float64)
    tries = np.ones(len(table))
    for stratum in range(len(table.stratum_names)):
        mine = table.stratum == stratum
        size = np.bincount(table.unit[mine], minlength=len(table.unit_ids))
        some = np.bincount(table.unit[mine], written[mine], minlength=len(table.unit_ids)) > 0
        large = size >= FEWEST_RECORDS
        if some[large].sum() < WRITTEN_SHARE * large.sum():
            tries[mine] = 0.0
    if not tries.any():
        return "comments are not recorded everywhere"
    return Counts(written, tries)


def _say(seen: Observed) -> Message:
    where = seen.where
    return Message(
        f"Có dấu hiệu điền thay{where.vi}: chỉ {seen.rate:.1%} số phiếu có ý kiến khác, đơn vị "
        f"cùng khối {seen.expected:.1%} (n = {seen.n}, p = {seen.p:.2g}).",
        f"Signs of forms filled in for others{where.en}: {seen.rate:.1%} of the records have a "
        f"comment, {seen.expected:.1%} at peers (n = {seen.n}, p = {seen.p:.2g}).",
    )


CHECK = RateCheck(INFO, _count, np.negative, _say)
