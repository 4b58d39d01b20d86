"""Rare records that one unit shares with another more often than units share them.

Records that were copied from unit to unit leave pairs of near-equal records between the
two. Equal patterns occur by chance, too, the more often the commoner they are; so each
pair of records weighs one over the number of records near to it. The sum over the pairs
of two units is held against what their sizes let expect, as a Poisson deviance, and a unit
is scored by its most surprising partner. What that largest deviance is among honest units
comes from permuted labels: rare records are dealt to units anew within bands of level, so
that each unit keeps its size and its mix of content and discontent records. Where the bulk of
the units scores higher than under permutation (units are really alike in pairs), all
scores are divided by the largest ratio of the two at the median, the upper quarter and
the upper tenth. A unit that stands out after the ratio at the median alone is left out of
that, unless it is one of many: a single copy touches two units, which is a tenth of a
round of twenty.

Only pairs of units with a pair of records are ever looked at, so the cost grows with the
records, not with the square of the units.

Reference: answer copying between groups, Wollack & Cizek (2017); exchangeability and
weights: own work.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from detectors.calibration.multiplicity import q_values
from detectors.calibration.tail import HonestDistribution
from detectors.finding import Family, Finding, Message, Severity
from detectors.registry import Assessment, CheckInfo, Level
from detectors.table import RecordTable, UnitTable
from detectors.unit_result import FEWEST_RECORDS, FEWEST_UNITS
from detectors.units._pairs_of_units import Near, near_records, rare_records
from detectors.units._report import FALSE_DISCOVERY_RATE

__all__ = ["CHECK"]

NULL_SCORES = 8_000
FEWEST_DRAWS = 2
MOST_DRAWS = 200
BANDS = 20
BULK = (0.5, 0.75, 0.9)
MOST_FAR = 0.3
TOLD = 20

INFO = CheckInfo(
    id="answers.unit_pairs",
    level=Level.UNIT,
    family=Family.ANSWERS,
    kind="duplicate",
    title=Message("Phiếu giống nhau giữa hai đơn vị", "Records shared by two units"),
    sees=(
        "Rare records of one unit that occur again, but for one answer at most, at another "
        "unit, more of them than the two share by chance: forms copied from unit to unit."
    ),
    null_model=(
        "The largest deviance of a unit over its partners when rare records are dealt to the "
        "units of the stratum anew within bands of level; scaled where units are alike."
    ),
    source="Wollack & Cizek (2017), copying between groups; own work",
    innocent=(
        Message(
            "Một trong hai bên là bản gốc trung thực; riêng câu trả lời không cho biết bên nào.",
            "One of the two is the honest original; answers alone do not tell which.",
        ),
        Message(
            "Một nhóm phiếu được nhập cho cả hai đơn vị.",
            "A set of forms was entered for both units.",
        ),
        Message(
            "Hai đơn vị dùng chung trụ sở và phục vụ cùng người dân.",
            "The two units share an office and serve the same people.",
        ),
    ),
    valid_for=frozenset({"20 records", "5 peer units"}),
    batch_dependent=True,
)

Vector = NDArray[np.float64]
Places = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class _Partner:
    """The most surprising partner of a unit."""

    unit: int
    weight: float
    expected: float
    records: tuple[tuple[str, str], ...]
    pairs: int


@dataclass(eq=False)
class _Found:
    """What the strata say of each unit."""

    score: Vector
    p_value: Vector
    tests: Places
    partner: dict[int, _Partner] = field(default_factory=dict)
    reason: dict[int, str] = field(default_factory=dict)


class UnitPairsCheck:
    """Largest deviance of shared rare records over a unit's partners."""

    info = INFO

    def assess(self, subject: UnitTable, *, seed: int = 0) -> Assessment:
        """Judge every unit; the seed deals the records anew."""
        count = len(subject)
        unknown = np.full(count, np.nan)
        found = _Found(unknown, unknown.copy(), np.zeros(count, dtype=np.intp))
        records = subject.records
        for stratum in range(len(records.stratum_names)) if count else ():
            _one_stratum(records, stratum, [seed, stratum], found)
        np.minimum(found.p_value * np.maximum(found.tests, 1), 1.0, out=found.p_value)
        for unit in np.flatnonzero(np.isnan(found.p_value)).tolist():
            found.reason.setdefault(unit, "no records that the test can use")
            found.score[unit] = np.nan
        return Assessment(
            found.score,
            found.p_value,
            _findings(subject, found),
            {u: why for u, why in found.reason.items() if np.isnan(found.p_value[u])},
        )


def _one_stratum(records: RecordTable, stratum: int, seed: list[int], found: _Found) -> None:
    rows = np.flatnonzero(records.in_unit & (records.answered > 0) & (records.stratum == stratum))
    present, sizes = np.unique(records.unit[rows], return_counts=True)
    large = present[sizes >= FEWEST_RECORDS]
    for unit, n in zip(present.tolist(), sizes.tolist(), strict=True):
        if n < FEWEST_RECORDS:
            found.reason[unit] = f"fewer than {FEWEST_RECORDS} records (n = {n})"
    if large.size < FEWEST_UNITS:
        why = f"fewer than {FEWEST_UNITS} peer units of {FEWEST_RECORDS} records"
        found.reason.update(dict.fromkeys(large.tolist(), why))
        return
    rows = rows[rare_records(records.answers[rows])]
    near = near_records(records.answers[rows])
    label = np.searchsorted(present, records.unit[rows])
    n = np.bincount(label, minlength=present.size).astype(np.float64)
    score, partner, expected = _largest(near, label, n)
    rng = np.random.default_rng(seed)
    band = _bands(records.level[rows])
    draws = int(np.clip(-(-NULL_SCORES // present.size), FEWEST_DRAWS, MOST_DRAWS))
    null = np.array([_largest(near, _dealt(label, band, rng), n)[0] for _ in range(draws)])
    score = score / _scale(score, null)
    p_value = HonestDistribution.fit(null).p_value(score)
    for k in np.flatnonzero(np.isin(present, large)).tolist():
        unit = int(present[k])
        found.tests[unit] += 1
        if not p_value[k] >= found.p_value[unit]:
            found.p_value[unit], found.score[unit] = p_value[k], score[k]
            if score[k] > 0:
                other = int(partner[k])
                at = _between(near, label, k, other)
                found.partner[unit] = _Partner(
                    unit=int(present[other]),
                    weight=float(near.weight[at].sum()),
                    expected=float(expected[k]),
                    records=_ids(records, rows, near, at, label, k),
                    pairs=int(at.size),
                )


def _largest(near: Near, label: Places, n: Vector) -> tuple[Vector, Places, Vector]:
    """Largest deviance of each unit, with whom, and the weight expected there."""
    units = n.size
    one, two = label[near.first], label[near.second]
    apart = one != two
    low, high = np.minimum(one, two)[apart], np.maximum(one, two)[apart]
    code, at = np.unique(low * units + high, return_inverse=True)
    weight = np.bincount(at, near.weight[apart], minlength=code.size)
    low, high = code // units, code % units
    couples = (n.sum() ** 2 - (n**2).sum()) / 2.0
    expected = np.maximum(weight.sum() * n[low] * n[high] / max(couples, 1.0), 1e-9)
    deviance = np.where(
        weight > expected, weight * np.log(weight / expected) - weight + expected, 0.0
    )
    unit = np.concatenate([low, high])
    other = np.concatenate([high, low])
    both, of_both = np.concatenate([deviance, deviance]), np.concatenate([expected, expected])
    order = np.lexsort((-other, both, unit))
    last = np.flatnonzero(np.diff(unit[order], append=-1) != 0)
    score, share = np.zeros(units), np.zeros(units)
    partner = np.zeros(units, dtype=np.intp)
    chosen = order[last]
    score[unit[chosen]], partner[unit[chosen]] = both[chosen], other[chosen]
    share[unit[chosen]] = of_both[chosen]
    return score, partner, share


def _scale(score: Vector, null: NDArray[np.float64]) -> float:
    """How much more alike the bulk of units is than dealt ones; at least 1."""
    middle = _ratio(score, null, BULK[:1])
    p = HonestDistribution.fit(null).p_value(score / middle)
    far = q_values(p) <= FALSE_DISCOVERY_RATE
    if far.sum() > max(2.0, MOST_FAR * far.size):
        return _ratio(score, null, BULK)
    return max(middle, _ratio(score[~far], null, BULK))


def _ratio(score: Vector, null: NDArray[np.float64], bulk: tuple[float, ...]) -> float:
    usual, dealt = np.quantile(score, bulk), np.quantile(null, bulk)
    ratio = np.divide(usual, dealt, out=np.ones(len(bulk)), where=dealt > 0)
    return max(1.0, float(ratio.max()))


def _bands(level: Vector) -> Places:
    if level.size == 0:
        return np.zeros(0, dtype=np.intp)
    edges = np.quantile(level, np.linspace(0, 1, BANDS + 1)[1:-1])
    return np.searchsorted(edges, level, side="right")


def _dealt(label: Places, band: Places, rng: np.random.Generator) -> Places:
    """Labels permuted within bands."""
    dealt = np.empty_like(label)
    place = np.lexsort((rng.random(label.size), band))
    dealt[np.argsort(band, kind="stable")] = label[place]
    return dealt


def _between(near: Near, label: Places, k: int, other: int) -> Places:
    one, two = label[near.first], label[near.second]
    return np.flatnonzero(((one == k) & (two == other)) | ((one == other) & (two == k)))


def _ids(
    records: RecordTable, rows: Places, near: Near, at: Places, label: Places, k: int
) -> tuple[tuple[str, str], ...]:
    """Ids of the rarest pairs, the record of unit ``k`` first."""
    told = []
    for pair in at[np.argsort(-near.weight[at], kind="stable")][:TOLD].tolist():
        one, two = int(near.first[pair]), int(near.second[pair])
        if label[one] != k:
            one, two = two, one
        told.append((str(records.record_ids[rows[one]]), str(records.record_ids[rows[two]])))
    return tuple(told)


def _findings(table: UnitTable, found: _Found) -> tuple[Finding, ...]:
    q = q_values(found.p_value)
    told = []
    for unit in np.flatnonzero(np.nan_to_num(q, nan=1.0) <= FALSE_DISCOVERY_RATE).tolist():
        partner = found.partner.get(unit)
        if partner is None:
            continue
        other, p = table.unit_ids[partner.unit], float(found.p_value[unit])
        told.append(
            Finding(
                detector=INFO.id,
                family=INFO.family,
                kind=INFO.kind,
                score=float(found.score[unit]),
                p_value=p,
                severity=Severity.YELLOW,
                message=Message(
                    f"Có dấu hiệu chép phiếu giữa hai đơn vị: {partner.pairs} cặp phiếu hiếm gặp "
                    f"gần như giống hệt phiếu của đơn vị {other} (p = {p:.2g}).",
                    f"Signs of forms copied between units: {partner.pairs} pairs of rare records "
                    f"nearly equal to records of unit {other} (p = {p:.2g}).",
                ),
                unit_id=table.unit_ids[unit],
                matches=(other,),
                evidence={
                    "pairs": partner.pairs,
                    "weight": partner.weight,
                    "expected_weight": partner.expected,
                    "records": [list(pair) for pair in partner.records],
                    "q": float(q[unit]),
                },
            )
        )
    return tuple(told)


CHECK = UnitPairsCheck()
