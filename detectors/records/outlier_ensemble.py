"""How isolated a record is for detectors that know nothing of surveys."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from detectors.calibration.conformal import by_rank
from detectors.finding import Family, Message
from detectors.records._report import no_answers, significant
from detectors.registry import Assessment, CheckInfo, Level
from detectors.table import RecordTable

__all__ = ["CHECK"]

FEWEST_PEERS = 40
TREES = 100
SUBSAMPLE = 256

INFO = CheckInfo(
    id="answers.outlier_ensemble",
    level=Level.RECORD,
    family=Family.ANSWERS,
    kind="inconsistency",
    title=Message("Tập hợp bộ dò ngoại lai", "Ensemble of outlier detectors"),
    sees=(
        "Records that a few random cuts isolate (isolation forest of PyOD) or that stand in "
        "the tails of many items (empirical cumulative distributions): the mean of both ranks."
    ),
    null_model=(
        "Rank among peers; fitted and scored on the whole stratum in one place, never with a "
        "contamination share. Nobody is flagged by it alone."
    ),
    source="Liu, Ting & Zhou (2008) in PyOD 3 (Zhao et al. 2019); Li et al. (2022), ECOD",
    innocent=(
        Message(
            "Người trả lời có trải nghiệm thực sự khác thường.",
            "A respondent with a really unusual experience.",
        ),
    ),
    batch_dependent=True,
)


class OutlierEnsembleCheck:
    """Mean rank of an isolation forest and of tail surprises."""

    info = INFO

    def assess(self, subject: RecordTable, *, seed: int = 0) -> Assessment:
        """Judge every record; ``seed`` grows the forest."""
        scores = np.full(len(subject), np.nan)
        reasons = no_answers(subject)
        for stratum in range(len(subject.stratum_names)):
            mine = np.flatnonzero((subject.answered > 0) & (subject.stratum == stratum))
            if mine.size < FEWEST_PEERS:
                why = f"fewer than {FEWEST_PEERS} peers"
                reasons.update(dict.fromkeys(mine.tolist(), why))
                continue
            scores[mine] = _ensemble(subject.answers[mine], seed)
        p_values = by_rank(scores, subject.stratum)

        def describe(row: int) -> tuple[Message, dict[str, object]]:
            p = float(p_values[row])
            return (
                Message(
                    f"Có dấu hiệu ngoại lai: thuộc {p:.2%} số phiếu tách biệt nhất.",
                    f"Signs of an outlier: among the {p:.2%} most isolated records.",
                ),
                {},
            )

        return Assessment(
            scores=scores,
            p_values=p_values,
            findings=significant(subject, INFO, scores, p_values, describe),
            not_assessable=reasons,
        )


def _ensemble(answers: NDArray[np.float64], seed: int) -> NDArray[np.float64]:
    """``(n,)`` mean of two scores, each as a share of the stratum that scores lower."""
    centre = np.nanmedian(np.where(np.isfinite(answers).any(axis=0), answers, 0.0), axis=0)
    filled = np.where(np.isfinite(answers), answers, centre)
    parts = (_isolation(filled, seed), _tails(filled))
    n = len(filled)
    below = [np.searchsorted(np.sort(part), part, side="left") / n for part in parts]
    mean: NDArray[np.float64] = np.mean(below, axis=0)
    return mean


def _isolation(filled: NDArray[np.float64], seed: int) -> NDArray[np.float64]:
    # PyOD costs seconds to import; only a screen that runs needs it
    from pyod.models.iforest import IForest

    forest = IForest(n_estimators=TREES, max_samples=min(SUBSAMPLE, len(filled)), random_state=seed)
    forest.fit(filled)
    return np.asarray(np.round(forest.decision_scores_, 9))


def _tails(filled: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sum over items of the surprise of the rarer tail (ECOD without its batch effect)."""
    n = len(filled)
    total = np.zeros(n)
    for column in filled.T:
        ordered = np.sort(column)
        left = np.searchsorted(ordered, column, side="right") / n
        right = (n - np.searchsorted(ordered, column, side="left")) / n
        total += -np.log(np.minimum(left, right))
    return np.round(total, 9)


CHECK = OutlierEnsembleCheck()
