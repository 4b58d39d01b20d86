"""Too few low answers for the balance of best and second-best: low answers edited up."""

from __future__ import annotations

import numpy as np

from detectors.finding import Family, Message
from detectors.registry import Assessment, CheckInfo, Level
from detectors.table import UnitTable
from detectors.units._features import features_of
from detectors.units._report import assessment
from detectors.units._shape import Moment, shape_test

__all__ = ["CHECK"]

INFO = CheckInfo(
    id="answers.tail_deficit",
    level=Level.UNIT,
    family=Family.ANSWERS,
    kind="tail_deficit",
    title=Message("Thiếu mức thấp", "Missing low answers"),
    sees=(
        "The share of answers below the two best, against peers with the same balance of best "
        "to second-best, which raising low answers leaves nearly alone."
    ),
    null_model=(
        "Peers tilted to the unit's level; pseudo-units by permuted labels; spread between "
        "honest units measured in the round."
    ),
    source="Missing lower tail as in election forensics (Klimek et al. 2012); tilting: own work",
    innocent=(
        Message(
            "Đơn vị thực sự không có người không hài lòng.",
            "The unit really had nobody dissatisfied.",
        ),
        Message(
            "Người không hài lòng không gửi phiếu.", "Dissatisfied people did not send the form."
        ),
    ),
    valid_for=frozenset({"20 records, 5 peer units"}),
    batch_dependent=True,
)


class TailDeficitCheck:
    """Lower-tail test of the share of low answers."""

    info = INFO

    def assess(self, subject: UnitTable, *, seed: int = 0) -> Assessment:
        """Judge every unit."""
        features = features_of(subject.records)
        moment = Moment(features.best, features.best + features.second)
        result = shape_test(subject.records, features.low, moment, np.negative, seed=seed)

        def describe(unit: int) -> tuple[Message, dict[str, object]]:
            observed, expected = float(result.observed[unit]), float(result.expected[unit])
            n, p = int(result.tested[unit]), float(result.p_value[unit])
            return (
                Message(
                    f"Có dấu hiệu thiếu mức thấp: {observed:.2%} câu trả lời dưới hai mức cao "
                    f"nhất, đơn vị tương đương {expected:.2%} (n = {n}, p = {p:.2g}).",
                    f"Signs of missing low answers: {observed:.2%} of the answers lie below the "
                    f"two best, {expected:.2%} at comparable units (n = {n}, p = {p:.2g}).",
                ),
                {"observed": observed, "expected": expected},
            )

        return assessment(subject, INFO, result, describe)


CHECK = TailDeficitCheck()
