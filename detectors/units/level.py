"""How satisfied a unit is against its peers: for the reader, never a sign by itself."""

from __future__ import annotations

import numpy as np

from detectors.calibration.empirical import EmpiricalNull
from detectors.finding import Family, Message
from detectors.registry import Assessment, CheckInfo, Level
from detectors.table import UnitTable
from detectors.units._features import features_of

__all__ = ["CHECK"]

INFO = CheckInfo(
    id="unit.level",
    level=Level.UNIT,
    family=Family.UNIT,
    kind="level",
    title=Message("Mức hài lòng so với khối", "Level against the peer group"),
    sees=(
        "The unit's share of the two best values against the median of its peers, in units of "
        "chance and of the spread between units. Information: a high performer is no suspect."
    ),
    null_model="None; it gives no p-value and flags nobody.",
    source="Spiegelhalter (2005), over-dispersed funnel plots",
    innocent=(Message("Đơn vị phục vụ tốt hơn.", "The unit serves better."),),
    batch_dependent=True,
)


class LevelCheck:
    """Over-dispersed z-score of the arcsine of the top-two share."""

    info = INFO

    def assess(self, subject: UnitTable, *, seed: int = 0) -> Assessment:
        """Judge every unit; uses no chance, ``seed`` is there for the contract."""
        count = len(subject)
        records = subject.records
        rated = records.answered > 0
        unit = records.unit[rated]
        top = np.bincount(unit, features_of(records).top_two[rated], minlength=count)
        answers = np.bincount(unit, records.answered[rated], minlength=count)
        share = np.divide(top, answers, out=np.full(count, np.nan), where=answers > 0)
        angle = np.arcsin(np.sqrt(share))
        scores = np.full(count, np.nan)
        stratum = np.zeros(count, dtype=np.intp)
        stratum[unit] = records.stratum[rated]
        for s in np.unique(stratum):
            mine = (stratum == s) & np.isfinite(angle)
            if mine.any():
                width = 2.0 * np.sqrt(subject.sizes[mine])
                z = (angle[mine] - np.median(angle[mine])) * width
                scores[mine] = z / EmpiricalNull.fit(z).scale
        reasons = dict.fromkeys(np.flatnonzero(~np.isfinite(scores)).tolist(), "no answers")
        return Assessment(scores, np.full(count, np.nan), not_assessable=reasons)


CHECK = LevelCheck()
