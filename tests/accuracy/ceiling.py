"""Section: the best that answers alone could tell of stuffed forms, by a learner that knows.

A classifier is trained on units whose truth it is told, from the generator that it is then
measured on (five folds of whole rounds): no check of an office has that. What it finds at the
error rate of the screen bounds, from below only, what any test of the answers could find; three
different learners that end at the same place make a much higher bound unlikely.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from detectors.simulate.frauds import Fraud, FraudPlan
from tests.accuracy.measures import Measure, share
from tests.accuracy.section import Section, cell_of, matrix
from tests.accuracy.worlds import Ground, own_round, second_round

__all__ = ["measure"]

ROUNDS, UNITS, STUFFED, SHARE = 170, 40, 13, 0.15
FIRST_SEED = 900_000
RATES = (0.001, 0.005, 0.01, 0.05)

_BODY = """\
Units of 150 records at 76 % fives, a third of them with 15 % all-five forms added. Three learners
are told which, and are measured on rounds that they did not see: what share of the stuffed units
lies above all but so many of the honest ones. They know the generator, which no check does. The
screen flags a unit at p ≤ .0007, a little below the first column: where they find less there than
a target asks, the answers of so few forms do not hold it, since honest units differ by as much in
the only thing that tells, how many forms are all fives. Custody, time, device, image and more forms
tell more.
"""

Array = NDArray[np.float64]


def measure(scale: float) -> Section:
    """The section; some minutes at full scale."""
    from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GroupKFold, cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    learners = {
        "logistic regression": make_pipeline(
            StandardScaler(), LogisticRegression(C=0.05, max_iter=2000)
        ),
        "boosted trees": HistGradientBoostingClassifier(
            max_iter=150, learning_rate=0.05, max_leaf_nodes=8, l2_regularization=5, random_state=0
        ),
        "random forest": RandomForestClassifier(400, min_samples_leaf=5, random_state=0),
    }
    rows: list[Measure] = []
    table: dict[str, list[str]] = {}
    for name, make in (("own", own_round), ("second", second_round)):
        parts = []
        for number in range(max(20, round(ROUNDS * scale))):
            plans = {k: FraudPlan(Fraud.STUFFING, SHARE) for k in range(STUFFED)}
            parts.append(_units(make("76", FIRST_SEED + number, units=UNITS, plans=plans)))
        seen, stuffed = np.vstack([x for x, _ in parts]), np.concatenate([y for _, y in parts])
        round_ = np.repeat(np.arange(len(parts)), [len(y) for _, y in parts])
        for learner, model in learners.items():
            odds = cross_val_predict(
                model, seen, stuffed, groups=round_, cv=GroupKFold(5), method="predict_proba"
            )[:, 1]
            found = [_found(f"{name}:76, {learner}", odds, stuffed, rate) for rate in RATES]
            rows += found
            table[f"{name}, {learner}"] = [cell_of(row, 2) for row in found]
    heads = [f"at {rate:.1%} of honest units" for rate in RATES]
    return Section(
        "Stuffed forms: the most that answers can tell",
        _BODY + "\n" + matrix("generator, learner", heads, table),
        rows,
    )


def _found(name: str, odds: Array, stuffed: NDArray[np.bool_], rate: float) -> Measure:
    honest = np.sort(odds[~stuffed])[::-1]
    above = odds[stuffed] > honest[int(rate * honest.size)]
    return share(f"{name}, found at {rate}", int(above.sum()), int(above.size))


def _units(ground: Ground) -> tuple[Array, NDArray[np.bool_]]:
    """What a unit shows, ``(units, features)``, and whether forms were added to it."""
    items = [item.id for item in ground.instrument.ratings]
    answers = ground.responses[items].to_numpy(dtype=np.float64)
    best, given = answers == 5, ~np.isnan(answers)
    short = (~best & given).sum(axis=1)
    low = (answers <= 3).sum(axis=1)
    unit = ground.truth["unit_id"].to_numpy()
    fraud = (ground.truth["fraud"] != "").to_numpy()
    rows, truth = [], []
    for name in np.unique(unit):
        mine = unit == name
        rest = mine & (short > 0)
        shape = np.bincount(np.minimum(short[mine], 23), minlength=24) / mine.sum()
        asked = np.maximum(given[rest].sum(), 1)
        rows.append(
            [
                *shape,
                *(best[rest].sum(axis=0) / np.maximum(given[rest].sum(axis=0), 1)),
                best[rest].sum() / asked,
                (answers[rest] <= 3).sum() / asked,
                low[mine].mean(),
                float(np.nanstd(np.nanmean(answers[rest], axis=1))) if rest.any() else 0.0,
            ]
        )
        truth.append(bool(fraud[mine].any()))
    return np.array(rows), np.array(truth)
