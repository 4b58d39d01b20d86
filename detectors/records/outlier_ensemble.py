"""One p-value from many indices of careless or unusual answering."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from detectors.finding import Family, Message
from detectors.indices import mahalanobis
from detectors.records._profile import FEWEST_PEERS, by_stratum, person_total, synonyms
from detectors.records._report import no_answers, significant
from detectors.registry import Assessment, CheckInfo, Level
from detectors.table import RecordTable

__all__ = ["CHECK"]

TREES = 100
SUBSAMPLE = 256
ENOUGH_FOR_FOREST = 40

INFO = CheckInfo(
    id="answers.outlier_ensemble",
    level=Level.RECORD,
    family=Family.ANSWERS,
    kind="inconsistency",
    title=Message("Tập hợp bộ dò ngoại lai", "Ensemble of outlier detectors"),
    sees=(
        "Records that are strange in several ways at once: rare answers (their frequencies, "
        "and an isolation forest of PyOD), a rare combination (Mahalanobis distance), not the "
        "profile of the peers (person-total), items alike answered differently (synonyms). "
        "The mean of the ranks, of those that tell something in this survey."
    ),
    null_model=(
        "Rank among peers; fitted and scored on the whole stratum in one place, never with a "
        "contamination share. It orders records; nobody is flagged by it alone."
    ),
    source=(
        "Liu, Ting & Zhou (2008) in PyOD 3 (Zhao et al. 2019); Goldstein & Dengel (2012), HBOS; "
        "Curran (2016); equal weights after Dawes (1979)"
    ),
    innocent=(
        Message(
            "Người trả lời có trải nghiệm thực sự khác thường.",
            "A respondent with a really unusual experience.",
        ),
        Message("Người hiểu nhầm chiều của thang đo.", "A person who misread the scale."),
    ),
    batch_dependent=True,
    version="2",
)


class OutlierEnsembleCheck:
    """Mean rank of rarity, distance, profile and consistency; ties share their rank."""

    info = INFO

    def assess(self, subject: RecordTable, *, seed: int = 0) -> Assessment:
        """Judge every record; ``seed`` grows the forest."""
        scores = np.full(len(subject), np.nan)
        p_values = np.full(len(subject), np.nan)
        reasons = no_answers(subject)
        follows = -by_stratum(subject, person_total, "no profile")[0]
        agrees = -by_stratum(subject, synonyms, "no synonyms")[0]
        for stratum in range(len(subject.stratum_names)):
            mine = np.flatnonzero((subject.answered > 0) & (subject.stratum == stratum))
            if mine.size < FEWEST_PEERS:
                why = f"fewer than {FEWEST_PEERS} peers"
                reasons.update(dict.fromkeys(mine.tolist(), why))
                continue
            answers = subject.answers[mine]
            parts = [_rarity(answers, seed), mahalanobis(answers), follows[mine], agrees[mine]]
            scores[mine] = _mean_rank(parts)
            # half a place less than the rank, so that the share below any level is that level
            p_values[mine] = (_at_least(scores[mine]) - 0.5) / mine.size

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


def _mean_rank(parts: list[NDArray[np.float64]]) -> NDArray[np.float64]:
    """``(n,)`` mean over the parts that know a record of the share that scores lower."""
    total = np.zeros(parts[0].size)
    count = np.zeros(parts[0].size)
    for part in parts:
        known = np.isfinite(part)
        total[known] += _middle_rank(part[known])
        count += known
    return np.round(total / np.maximum(count, 1), 12)


def _middle_rank(score: NDArray[np.float64]) -> NDArray[np.float64]:
    ordered = np.sort(np.round(score, 9))
    below = np.searchsorted(ordered, np.round(score, 9), side="left")
    up_to = np.searchsorted(ordered, np.round(score, 9), side="right")
    rank: NDArray[np.float64] = (below + up_to) / (2.0 * max(score.size, 1))
    return rank


def _at_least(score: NDArray[np.float64]) -> NDArray[np.intp]:
    ordered = np.sort(score)
    count: NDArray[np.intp] = score.size - np.searchsorted(ordered, score, side="left")
    return count


def _rarity(answers: NDArray[np.float64], seed: int) -> NDArray[np.float64]:
    """Mean rank of two views on rare answers; the forest needs some records to grow on."""
    surprise = _surprise(answers)
    if len(answers) < ENOUGH_FOR_FOREST:
        return surprise
    return _mean_rank([surprise, _isolation(answers, seed)])


def _surprise(answers: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean over the items answered of minus the log share of peers with that answer."""
    total = np.zeros(len(answers))
    for column in answers.T:
        known = np.isfinite(column)
        values, place = np.unique(column[known], return_inverse=True)
        share = (np.bincount(place, minlength=values.size) + 0.5) / (known.sum() + 1.0)
        total[known] -= np.log(share)[place]
    mean: NDArray[np.float64] = total / np.isfinite(answers).sum(axis=1)
    return mean


def _isolation(answers: NDArray[np.float64], seed: int) -> NDArray[np.float64]:
    # PyOD costs seconds to import; only a screen that runs needs it
    from pyod.models.iforest import IForest

    middle = np.nanmedian(np.where(np.isfinite(answers).any(axis=0), answers, 0.0), axis=0)
    filled = np.where(np.isfinite(answers), answers, middle)
    forest = IForest(n_estimators=TREES, max_samples=min(SUBSAMPLE, len(filled)), random_state=seed)
    forest.fit(filled)
    return np.asarray(forest.decision_scores_)


CHECK = OutlierEnsembleCheck()
