"""Forms that did not come back, and no low answers among those that did.

First the share of issued forms that are lost or outstanding is held against that of the
peers. Only where it stands out (p <= .10) is the second question asked: do fewer of the
paper records that came back lie among the tenth of least content records than at peers
with the same balance of best to second best, which a loss of low forms leaves nearly
alone? The p-value is that of the second question. Among honest units what got lost says
nothing about what came back, so it holds among the units so chosen. A remote unit that
loses much by mail is safe by the second question, a unit that is really good by the first.

Reference: overdispersed proportions as in Spiegelhalter (2005); testing after independent
selection, Bourgon, Gentleman & Huber (2010).
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from detectors.finding import Family, Message
from detectors.registry import Assessment, CheckInfo, Level
from detectors.table import UnitTable
from detectors.unit_result import FEWEST_RECORDS, UnitResult
from detectors.units._features import features_of
from detectors.units._peers import FEWEST_PEERS, Peers, robust_line, upper_p
from detectors.units._register import text_ids
from detectors.units._report import assessment

__all__ = ["CHECK"]

UNUSUAL_LOSS = 0.10
LOW_TENTH = 0.10

INFO = CheckInfo(
    id="custody.selective_loss",
    level=Level.UNIT,
    family=Family.CUSTODY,
    kind="selective_loss",
    title=Message("Thất lạc có chọn lọc", "Selective loss of forms"),
    sees=(
        "More issued forms lost or outstanding than at the peers, together with too few low "
        "answers among the paper forms that came back."
    ),
    null_model=(
        "Units chosen by their loss, p-value by their missing low tail, which is independent "
        "of it; both against peers, with chance and the spread between units and Student's t."
    ),
    source="Spiegelhalter (2005), overdispersed proportions; Bourgon et al. (2010), selection",
    innocent=(
        Message(
            "Phiếu mang về ở địa bàn xa bị thất lạc nhiều.",
            "Take-home forms get lost in remote areas.",
        ),
        Message(
            "Người không hài lòng không gửi lại phiếu.",
            "Dissatisfied people did not send the form back.",
        ),
        Message("Sổ giao nhận chưa cập nhật phiếu thu về.", "The custody book is behind."),
    ),
    valid_for=frozenset({"issued and returned", "15 units", "20 paper records"}),
    batch_dependent=True,
)


class SelectiveLossCheck:
    """Loss above the peers and a missing low tail."""

    info = INFO

    def assess(self, subject: UnitTable, *, seed: int = 0) -> Assessment:
        """Judge every unit; uses no chance, ``seed`` is there for the contract."""
        count = len(subject)
        result = UnitResult.untested(count)
        parts = np.full((2, count), np.nan)
        if count:
            parts = _tested(subject, result)

        def describe(unit: int) -> tuple[Message, dict[str, object]]:
            loss, usual = float(result.observed[unit]), float(result.expected[unit])
            p = float(result.p_value[unit])
            return (
                Message(
                    f"Có dấu hiệu thất lạc có chọn lọc: {loss:.1%} số phiếu phát ra không thu về, "
                    f"các đơn vị khác khoảng {usual:.1%}, và phiếu thu về thiếu mức thấp "
                    f"(p = {p:.2g}).",
                    f"Signs of a selective loss: {loss:.1%} of the issued forms did not come back, "
                    f"about {usual:.1%} at other units, and low answers are missing among those "
                    f"that did (p = {p:.2g}).",
                ),
                {
                    "lost_share": loss,
                    "usual_share": usual,
                    "p_loss": float(parts[0, unit]),
                    "p_missing_low": float(parts[1, unit]),
                },
            )

        return assessment(subject, INFO, result, describe)


def _tested(table: UnitTable, result: UnitResult) -> NDArray[np.float64]:
    """Fill ``result``; gives the two p-values ``(2, units)``."""
    count = len(table)
    parts = np.full((2, count), np.nan)
    issued, missing = _losses(table)
    paper, low, top = _paper(table)
    known = np.isfinite(missing)
    usable = known & (paper >= FEWEST_RECORDS)
    for unit in np.flatnonzero(~usable).tolist():
        few = f"fewer than {FEWEST_RECORDS} paper records"
        result.reason[unit] = few if known[unit] else "issued and returned forms are not known"
    if usable.sum() < FEWEST_PEERS:
        lone = f"fewer than {FEWEST_PEERS} units with {FEWEST_RECORDS} paper records and counts"
        result.reason.update(dict.fromkeys(np.flatnonzero(usable).tolist(), lone))
        return parts
    out, gone = issued[usable], missing[usable]
    usual = gone.sum() / out.sum()
    y = np.log((gone + 0.5) / (out - gone + 0.5))
    worth = out * max(usual * (1.0 - usual), 1e-6) + 0.5
    _, parts[0, usable] = _upper(y, 1.0 / np.sqrt(worth))
    share = np.arcsin(np.sqrt((low[usable] + 0.375) / (paper[usable] + 0.75)))
    slope, _ = robust_line(1.0 - top[usable], share)
    z_low, parts[1, usable] = _upper(
        slope * (1.0 - top[usable]) - share, 0.5 / np.sqrt(paper[usable] + 0.5)
    )
    asked = parts[0, usable] <= UNUSUAL_LOSS
    result.score[usable] = np.where(asked, z_low, np.nan)
    result.p_value[usable] = np.where(asked, parts[1, usable], np.nan)
    usual_loss = "no more forms are missing than at its peers"
    result.reason.update(dict.fromkeys(np.flatnonzero(usable)[~asked].tolist(), usual_loss))
    result.observed[usable] = gone / out
    result.expected[usable] = usual
    result.tested[usable] = paper[usable].astype(np.intp)
    return parts


def _upper(
    estimate: NDArray[np.float64], error: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    peers = Peers.of(estimate, error)
    z = peers.z(estimate, error, estimate.size)
    return z, upper_p(z, peers)


def _losses(table: UnitTable) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Forms issued and forms neither returned nor spoilt, ``(units,)``; NaN where unknown."""
    book = table.custody
    unknown = np.full(len(table), np.nan)
    if book is None or not {"unit_id", "issued", "returned"} <= set(book.columns):
        return unknown, unknown.copy()
    columns = [name for name in ("issued", "returned", "spoilt") if name in book.columns]
    numbers = book[columns].apply(pd.to_numeric, errors="coerce")
    if "spoilt" in columns:
        numbers["spoilt"] = numbers["spoilt"].fillna(0.0)
    sums = numbers.groupby(text_ids(book["unit_id"])).agg(lambda c: c.sum(skipna=False))
    sums = sums.reindex(list(table.unit_ids))
    issued = sums["issued"].to_numpy(dtype=np.float64)
    back = sums[[name for name in columns if name != "issued"]].sum(axis=1, skipna=False)
    missing = issued - back.to_numpy(dtype=np.float64)
    sound = (missing >= 0) & (issued > 0)
    return np.where(sound, issued, np.nan), np.where(sound, missing, np.nan)


def _paper(
    table: UnitTable,
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Paper records, those among the least content tenth, and best among the two best."""
    records, count = table.records, len(table)
    features = features_of(records)
    mine = (records.column("channel") == "paper") & (records.answered > 0) & records.in_unit
    unit, level = records.unit[mine], records.level[mine]
    tenth = np.quantile(level, LOW_TENTH) if level.size else 0.0
    paper = np.bincount(unit, minlength=count).astype(np.float64)
    low = np.bincount(unit, level <= tenth, minlength=count).astype(np.float64)
    asked = records.answered[mine].astype(np.float64)
    off, below = features.not_best[mine] / asked, features.low[mine] / asked
    best = np.bincount(unit, 1.0 - off, minlength=count)
    second = np.bincount(unit, off - below, minlength=count)
    top = np.divide(best, best + second, out=np.full(count, 0.5), where=best + second > 0)
    return paper, low, top


CHECK = SelectiveLossCheck()
