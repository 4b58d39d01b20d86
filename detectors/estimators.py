"""The checks of answers as estimators that work with pandas, scikit-learn and notebooks.

One polarity, as everywhere in this project: a higher score is more suspicious. Only
``predict`` and ``fit_predict`` follow scikit-learn's convention for outlier detectors: -1 for
what is flagged, 1 for the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, OutlierMixin, TransformerMixin, clone
from sklearn.utils import Tags, get_tags
from sklearn.utils.validation import check_is_fitted, validate_data

from detectors import indices
from detectors.calibration.conformal import against_null
from detectors.calibration.multiplicity import q_values
from detectors.errors import InputError
from detectors.indices._shared import Matrix, Vector
from detectors.instrument import Instrument
from detectors.screening import Screening, screen

__all__ = ["INDICES", "ConformalDetector", "RecordScreen", "ResponseIndices"]

# Each is given answers 1..categories with NaN for none, and the number of categories.
INDICES: Mapping[str, Callable[[Matrix, int], Vector]] = {
    "longstring": lambda x, _: indices.longstring(x),
    "average_string": lambda x, _: indices.average_string(x),
    "irv": lambda x, _: indices.irv(x),
    "mahalanobis": lambda x, _: indices.mahalanobis(x),
    "person_total": lambda x, _: indices.person_total(x),
    "normed_guttman_errors": lambda x, k: indices.normed_guttman_errors(x - 1.0, k),
    "u3_polytomous": lambda x, k: indices.u3_polytomous(x - 1.0, k),
    "transition_entropy": lambda x, _: indices.transition_entropy(x),
    "longest_cycle": lambda x, _: indices.longest_cycle(x),
    "extreme_share": lambda x, k: indices.extreme_share(x, 1.0, float(k)),
}


# scikit-learn carries no annotations: its classes are Any to the type check.
# Scikit-learn has no types.
class ResponseIndices(TransformerMixin, BaseEstimator):  # type: ignore[misc]  # no types there
    """Indices of careless and aberrant answering, a column each.

    Group-based indices (Mahalanobis distance, person-total correlation, Guttman errors, U3)
    compare the rows of one call with each other, so a table is transformed in one piece.

    >>> import pandas as pd
    >>> answers = pd.DataFrame([[5, 5, 5, 5], [1, 5, 1, 5], [4, 5, 4, 4]], columns=list("ABCD"))
    >>> found = ResponseIndices(["longstring", "longest_cycle"]).fit_transform(answers)
    >>> found["longstring"].tolist(), found["longest_cycle"].tolist()
    ([4.0, 1.0, 2.0], [0.0, 4.0, 0.0])

    Args:
        indices: Names from :data:`INDICES`; all of them for ``None``.
        categories: Number of values of the scale, 2 or more; for ``None`` the largest answer
            that ``fit`` sees.
    """

    def __init__(
        self, indices: Sequence[str] | None = None, *, categories: int | None = None
    ) -> None:
        self.indices = indices
        self.categories = categories

    def fit(self, X: ArrayLike | pd.DataFrame, y: object = None) -> Self:
        """Learn the width of the table and of the scale.

        Raises:
            ValueError: If an index is not known, or an answer is no whole number from 1 on.
        """
        unknown = set(self.indices or ()) - set(INDICES)
        if unknown:
            raise ValueError(f"unknown: {', '.join(sorted(unknown))}; there are {list(INDICES)}")
        answers = _matrix(X)
        self.n_features_in_ = answers.shape[1]
        largest = np.nanmax(answers, initial=2.0)
        self.categories_ = int(largest) if self.categories is None else self.categories
        return self

    def transform(self, X: ArrayLike | pd.DataFrame) -> pd.DataFrame:
        """One row a record, one column an index; NaN where an index says nothing.

        Args:
            X: ``(n, items)`` answers 1..categories, NaN for none.

        Raises:
            ValueError: If the table has another width, or an answer is off the scale.
        """
        check_is_fitted(self, "categories_")
        answers = _matrix(X)
        if answers.shape[1] != self.n_features_in_:
            raise ValueError(f"{answers.shape[1]} items; fitted with {self.n_features_in_}")
        if np.nanmax(answers, initial=1.0) > self.categories_:
            raise ValueError(f"an answer above {self.categories_}, the end of the scale")
        index = X.index if isinstance(X, pd.DataFrame) else None
        found = {name: INDICES[name](answers, self.categories_) for name in self._names()}
        return pd.DataFrame(found, index=index)

    def get_feature_names_out(self, input_features: object = None) -> NDArray[np.object_]:
        """Names of the columns."""
        return np.array(self._names(), dtype=object)

    def _names(self) -> list[str]:
        return list(INDICES) if self.indices is None else list(self.indices)


def _matrix(X: ArrayLike | pd.DataFrame) -> Matrix:
    answers = np.ascontiguousarray(
        X.to_numpy(dtype=np.float64, na_value=np.nan) if isinstance(X, pd.DataFrame) else X,
        dtype=np.float64,
    )
    if answers.ndim != 2:
        raise ValueError(f"a table of records by items is needed, not {answers.ndim} dimensions")
    known = answers[~np.isnan(answers)]
    if np.any((known < 1) | (known != np.round(known))):
        raise ValueError("answers are whole numbers from 1 (worst) on; NaN for none")
    return answers


# Scikit-learn has no types.
class ConformalDetector(OutlierMixin, BaseEstimator):  # type: ignore[misc]  # no types there
    """p-values and a false-discovery rate for any detector, instead of a contamination.

    Half of the rows it is fitted on teach the detector, the other half say how honest rows
    score (split conformal; Bates et al. 2023). The rows of ``fit`` are believed honest and
    exchangeable with honest ones of ``predict``; only then the rates hold.

    >>> import numpy as np
    >>> from sklearn.ensemble import IsolationForest
    >>> chance = np.random.default_rng(0)
    >>> honest = chance.normal(size=(800, 3))
    >>> detector = ConformalDetector(IsolationForest(random_state=0)).fit(honest)
    >>> detector.predict([[0.0, 0.0, 0.0], [9.0, 9.0, 9.0]]).tolist()
    [1, -1]

    Args:
        estimator: Of scikit-learn (its ``score_samples`` is low for what is odd) or of PyOD
            (its ``decision_function`` is high).
        alpha: False-discovery rate of ``predict``, in (0, 1), by Benjamini-Hochberg.
        random_state: Draws the halves.
    """

    def __init__(self, estimator: Any, *, alpha: float = 0.05, random_state: int = 0) -> None:
        self.estimator = estimator
        self.alpha = alpha
        self.random_state = random_state

    def fit(self, X: ArrayLike | pd.DataFrame, y: object = None) -> Self:
        """Teach a copy of the detector and keep the honest scores.

        Raises:
            ValueError: If there are fewer than 4 rows or ``alpha`` lies outside (0, 1).
        """
        if not 0.0 < self.alpha < 1.0:
            raise ValueError(f"alpha {self.alpha} outside (0, 1)")
        rows = self._rows(X, reset=True)
        if len(rows) < 4:
            raise ValueError(f"{len(rows)} rows cannot be halved into teaching and honest ones")
        order = np.random.default_rng(self.random_state).permutation(len(rows))
        half = len(rows) // 2
        self.estimator_ = clone(self.estimator).fit(rows[order[:half]])
        self.honest_scores_ = self._scores(rows[order[half:]])
        return self

    def __sklearn_tags__(self) -> Tags:
        """Missing values are let through where the detector takes them."""
        tags: Tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = _takes_nan(self.estimator)
        return tags

    def _rows(self, X: ArrayLike | pd.DataFrame, *, reset: bool) -> Matrix:
        finite = "allow-nan" if _takes_nan(self.estimator) else True
        kept = {"dtype": np.float64, "ensure_all_finite": finite}
        least = 2 if reset else 1
        rows = validate_data(self, X, reset=reset, ensure_min_samples=least, **kept)
        return np.asarray(rows, dtype=np.float64)

    def score_samples(self, X: ArrayLike | pd.DataFrame) -> Vector:
        """``(n,)``: the detector's score, turned where needed: higher is more suspicious."""
        check_is_fitted(self, "estimator_")
        return self._scores(self._rows(X, reset=False))

    def _scores(self, rows: Matrix) -> Vector:
        if type(self.estimator_).__module__.split(".")[0] == "pyod":
            return np.asarray(self.estimator_.decision_function(rows), dtype=np.float64)
        if hasattr(self.estimator_, "score_samples"):
            return -np.asarray(self.estimator_.score_samples(rows), dtype=np.float64)
        return -np.asarray(self.estimator_.decision_function(rows), dtype=np.float64)

    def p_values(self, X: ArrayLike | pd.DataFrame) -> Vector:
        """``(n,)`` in (0, 1]: how often an honest row scores as high."""
        return against_null(self.score_samples(X), self.honest_scores_)

    def predict(self, X: ArrayLike | pd.DataFrame) -> NDArray[np.int64]:
        """``(n,)``: -1 for rows flagged at false-discovery rate ``alpha``, 1 for the rest."""
        return np.where(q_values(self.p_values(X)) <= self.alpha, -1, 1)


def _takes_nan(estimator: Any) -> bool:
    """Whether a detector says that it takes missing values; PyOD's say nothing."""
    return hasattr(estimator, "__sklearn_tags__") and get_tags(estimator).input_tags.allow_nan


class RecordScreen(OutlierMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """The whole screen of records, as an outlier detector on the contract's table.

    A record is judged among its peers, so what ``predict`` is given is screened together with
    what ``fit`` was given; ``fit_predict`` judges one table by itself, as ``survey-audit
    screen`` does.

    >>> from detectors.simulate.round import simulate_round
    >>> world = simulate_round(3, 6, records_per_unit=30)
    >>> detector = RecordScreen(world.instrument)
    >>> int((detector.fit_predict(world.responses) == -1).sum())
    0
    >>> list(detector.screening_.units.columns[:3])
    ['unit_id', 'n', 'value']

    Args:
        instrument: What was asked.
        units: Table of units, for peer groups.
        seed: Draws the null models.
    """

    def __init__(
        self, instrument: Instrument, *, units: pd.DataFrame | None = None, seed: int = 0
    ) -> None:
        self.instrument = instrument
        self.units = units
        self.seed = seed

    def fit(self, X: pd.DataFrame, y: object = None) -> Self:
        """Keep ``X`` as peers and screen it; ``screening_`` has the whole result.

        Args:
            X: Responses with the columns of the contract.
            y: Not used; scikit-learn's pipelines hand it on.

        Raises:
            InputError: If ``record_id`` or every rating item is missing.
        """
        self.peers_ = X.copy()
        self.screening_: Screening = self._screened(X)
        return self

    def fit_predict(self, X: pd.DataFrame, y: object = None) -> NDArray[np.int64]:
        """``(n,)``: -1 for flagged records of ``X``, judged among each other; 1 for the rest.

        What could not be judged is 1, too: ``screening_.records`` has the reasons.
        """
        return _signs(self.fit(X).screening_.records)

    def predict(self, X: pd.DataFrame) -> NDArray[np.int64]:
        """``(n,)``: -1 for records of ``X`` flagged among the fitted peers; 1 for the rest."""
        return _signs(self._among_peers(X))

    def score_samples(self, X: pd.DataFrame) -> Vector:
        """``(n,)``: minus the logarithm of the p-value among the fitted peers; NaN if unjudged."""
        p = self._among_peers(X)["p_value"].to_numpy(dtype=np.float64)
        return np.asarray(-np.log10(p), dtype=np.float64)

    def _screened(self, responses: pd.DataFrame) -> Screening:
        return screen(responses, self.instrument, units=self.units, seed=self.seed)

    def _among_peers(self, X: pd.DataFrame) -> pd.DataFrame:
        check_is_fitted(self, "peers_")
        known = set(self.peers_["record_id"].astype(str))
        again = [name for name in X["record_id"].astype(str) if name in known]
        if again:
            raise InputError(
                f"record {again[0]} is among the peers it was fitted on",
                where="responses",
                remedy="fit on other records, or call fit_predict on one table",
            )
        both = pd.concat([self.peers_, X], ignore_index=True)
        return self._screened(both).records.iloc[len(self.peers_) :].reset_index(drop=True)


def _signs(records: pd.DataFrame) -> NDArray[np.int64]:
    return np.where(records["flagged"].to_numpy(dtype=bool), -1, 1)
