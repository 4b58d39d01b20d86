"""Counts that come out too well: everybody answered, round numbers, whole percentages.

For a unit: its response rate, records per transaction served, on the logit against its
peers. Only a rate of at least 90 % is asked, below that a high rate is good work.

For the round, as information that names nobody: how many units report a whole percentage
of satisfaction, a number of records that is a multiple of ten, or exactly the sample
size of Slovin's formula ``N / (1 + N e²)``, each against what chance gives. People who
type results instead of counting them leave whole percentages; a plan that prescribes
round quotas leaves round numbers, too, and is no sign.

Reference: Kobak, Shpilkin & Pshenichnikov (2016), integer percentages, Annals of Applied
Statistics 10; random effects as in DerSimonian & Laird (1986).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detectors.finding import Family, Message
from detectors.registry import Assessment, CheckInfo, Level
from detectors.table import UnitTable
from detectors.unit_result import FEWEST_RECORDS, UnitResult
from detectors.units._features import features_of
from detectors.units._peers import FEWEST_PEERS, Peers, upper_p
from detectors.units._register import number_of
from detectors.units._report import assessment

__all__ = ["CHECK", "slovin"]

NEARLY_ALL = 0.90
DRAWS = 2_000
PRINTED = 0.005  # a percentage printed with two decimals
MARGIN = 0.05

INFO = CheckInfo(
    id="unit.response_rate",
    level=Level.UNIT,
    family=Family.CUSTODY,
    kind="response_rate",
    title=Message("Tỷ lệ trả lời gần 100%", "Response rate near 100 %"),
    sees=(
        "A response rate of at least 90 % far above that of the peers. For the round as a "
        "whole: whole percentages, round numbers of records and quotas met exactly, more "
        "often than chance gives."
    ),
    null_model=(
        "The peers' rates on the logit: centre, chance, and the spread between units; "
        "Student's t for the tail; 1 below 90 %. For the round: "
        "numerators redrawn within their sampling error."
    ),
    source="Kobak, Shpilkin & Pshenichnikov (2016), integer percentages; own work",
    innocent=(
        Message(
            "Mọi người dân đến làm thủ tục đều được mời trả lời.",
            "Everybody who came was asked to answer at the desk.",
        ),
        Message(
            "Chỉ tiêu số phiếu được giao sẵn cho đơn vị.", "The number of forms was prescribed."
        ),
        Message(
            "Số lượt phục vụ được thống kê thiếu.", "Transactions were not counted completely."
        ),
    ),
    valid_for=frozenset({"served", "15 units", "20 records"}),
    batch_dependent=True,
)


class ResponseRateCheck:
    """Upper-tail test of rates near 100 %, and what the round's numbers look like."""

    info = INFO

    def assess(self, subject: UnitTable, *, seed: int = 0) -> Assessment:
        """Judge every unit; the seed draws the null of whole percentages."""
        count = len(subject)
        result = UnitResult.untested(count)
        served = number_of(subject, "served")
        if count:
            _tested(subject, served, result)

        def describe(unit: int) -> tuple[Message, dict[str, object]]:
            n, people = int(result.tested[unit]), int(served[unit])
            usual, p = float(result.expected[unit]), float(result.p_value[unit])
            return (
                Message(
                    f"Có dấu hiệu tỷ lệ trả lời cao khác thường: {n} phiếu trên {people} lượt "
                    f"phục vụ, các đơn vị khác khoảng {usual:.0%} (p = {p:.2g}).",
                    f"Signs of an unusually high response rate: {n} records for {people} "
                    f"transactions, about {usual:.0%} at other units (p = {p:.2g}).",
                ),
                {"served": people, "usual_rate": usual},
            )

        answer = assessment(subject, INFO, result, describe)
        return replace(answer, info=_round_numbers(subject, served, seed)) if count else answer


def slovin(population: NDArray[np.float64], margin: float = MARGIN) -> NDArray[np.float64]:
    """Sample size for a population by Slovin's formula, rounded up; 200 gives 134."""
    size: NDArray[np.float64] = np.ceil(population / (1.0 + population * margin**2) - 1e-9)
    return size


def _tested(table: UnitTable, served: NDArray[np.float64], result: UnitResult) -> None:
    n = np.bincount(table.records.unit, minlength=len(table)).astype(np.float64)
    usable = (served > 0) & (n >= FEWEST_RECORDS)
    for unit in np.flatnonzero(~usable).tolist():
        few = f"fewer than {FEWEST_RECORDS} records"
        result.reason[unit] = few if served[unit] > 0 else "transactions served are not known"
    if usable.sum() < FEWEST_PEERS:
        lone = f"fewer than {FEWEST_PEERS} units whose transactions are known"
        result.reason.update(dict.fromkeys(np.flatnonzero(usable).tolist(), lone))
        return
    came, people = n[usable], np.maximum(served[usable], n[usable])
    silent = people - came
    rate = np.log((came + 0.5) / (silent + 0.5))
    error = np.sqrt(1.0 / (came + 0.5) + 1.0 / (silent + 0.5))
    peers = Peers.of(rate, error)
    z = peers.z(rate, error, rate.size)
    nearly_all = came >= NEARLY_ALL * people
    result.score[usable] = np.where(nearly_all, z, np.minimum(z, 0.0))
    result.p_value[usable] = np.where(nearly_all, upper_p(z, peers), 1.0)
    result.observed[usable] = came / people
    result.expected[usable] = 1.0 / (1.0 + np.exp(-peers.centre))
    result.tested[usable] = came.astype(np.intp)


def _round_numbers(table: UnitTable, served: NDArray[np.float64], seed: int) -> dict[str, Any]:
    """How often numbers of units are round, and how often chance makes as many so."""
    records, count = table.records, len(table)
    rated = records.answered > 0
    large = table.sizes >= FEWEST_RECORDS
    if large.sum() < FEWEST_PEERS:
        return {}
    unit = records.unit[rated]
    n = table.sizes[large].astype(np.float64)
    all_top = np.bincount(unit, features_of(records).top_two[rated], minlength=count)
    top: NDArray[np.float64] = all_top[large].astype(np.float64)
    asked = np.bincount(unit, records.answered[rated], minlength=count)[large].astype(np.float64)
    share = top / asked
    rng = np.random.default_rng([seed, 9])
    # answers of one person hang together: the error is that of records, not of answers
    error = np.sqrt(np.maximum(share * (1.0 - share), 1e-6) / n) * asked
    drawn: NDArray[np.float64] = np.rint(top + error * rng.standard_normal((DRAWS, n.size)))
    inside = (drawn >= 0) & (drawn <= asked)
    kept: NDArray[np.float64] = np.where(inside, drawn, top)
    null = (_whole(kept, asked) & (share < 1.0)).sum(axis=1)
    whole = int((_whole(top, asked) & (share < 1.0)).sum())
    tens = int((n % 10 == 0).sum())
    near = np.rint(n + rng.uniform(-9.5, 9.5, (DRAWS, n.size)))
    answer: dict[str, Any] = {
        "units": int(n.size),
        "whole_percentages": whole,
        "whole_percentages_p": float((1 + (null >= whole).sum()) / (DRAWS + 1)),
        "multiples_of_ten": tens,
        "multiples_of_ten_p": float(
            (1 + ((near % 10 == 0).sum(axis=1) >= tens).sum()) / (DRAWS + 1)
        ),
    }
    known = served[large] > 0
    if known.any():
        quota = slovin(np.where(known, served[large], 1.0))
        answer["slovin_quota_met_exactly"] = int((known & (n == quota)).sum())
    return answer


def _whole(top: NDArray[np.float64], asked: NDArray[np.float64]) -> NDArray[np.bool_]:
    percent = 100.0 * top / asked
    whole: NDArray[np.bool_] = np.abs(percent - np.rint(percent)) < PRINTED
    return whole


CHECK = ResponseRateCheck()
