"""Indices of careless and unusual answering, as plain functions of a matrix.

Every function takes ``(n, items)`` float64 with NaN for no answer and gives ``(n,)`` unless
it says otherwise; it reproduces the peer named in its module where the peer is right, and
says where it is not. What cannot be computed is NaN. None of them is a p-value: what is
unusual depends on who else answered.
"""

from __future__ import annotations

from detectors.indices.consistency import (
    contradictions,
    critical_pairs,
    even_odd,
    pair_correlation,
    pair_distance,
    person_total,
    psychometric_antonyms,
    psychometric_synonyms,
    ranked_pairs,
)
from detectors.indices.dispersion import irv, irv_parts
from detectors.indices.distance import mahalanobis, mahalanobis_flags
from detectors.indices.graded import (
    GradedModel,
    expected_ability,
    log_likelihood,
    most_likely_ability,
)
from detectors.indices.graded_fit import fit_graded
from detectors.indices.group_based import (
    agreement,
    caution,
    dependability,
    disagreement,
    ht,
    modified_caution,
    norm_conformity,
    zu3,
)
from detectors.indices.guttman import guttman_errors, normed_guttman_errors, u3_polytomous
from detectors.indices.likelihood import LikelihoodFit, likelihood_fit
from detectors.indices.patterns import (
    Autocorrelation,
    RepeatedPatterns,
    autocorrelation,
    percentile_rank,
    repeated_patterns,
)
from detectors.indices.runs import average_string, longest_runs, longstring
from detectors.indices.scalability import outlier_score, scalability
from detectors.indices.similarity import (
    generalised_binomial,
    match_deviation,
    matches,
    omega,
    upper_tail,
)
from detectors.indices.straight_lining import (
    maximum_identical,
    mean_root_of_pairs,
    scale_point_variation,
    within_record_deviation,
)
from detectors.indices.styles import (
    acquiescence,
    extreme_share,
    longest_cycle,
    middle_share,
    transition_entropy,
)
from detectors.indices.times import (
    LognormalTimes,
    lognormal_times,
    normative_thresholds,
    rapid_share,
)

__all__ = [
    "Autocorrelation",
    "GradedModel",
    "LikelihoodFit",
    "LognormalTimes",
    "RepeatedPatterns",
    "acquiescence",
    "agreement",
    "autocorrelation",
    "average_string",
    "caution",
    "contradictions",
    "critical_pairs",
    "dependability",
    "disagreement",
    "even_odd",
    "expected_ability",
    "extreme_share",
    "fit_graded",
    "generalised_binomial",
    "guttman_errors",
    "ht",
    "irv",
    "irv_parts",
    "likelihood_fit",
    "log_likelihood",
    "lognormal_times",
    "longest_cycle",
    "longest_runs",
    "longstring",
    "mahalanobis",
    "mahalanobis_flags",
    "match_deviation",
    "matches",
    "maximum_identical",
    "mean_root_of_pairs",
    "middle_share",
    "modified_caution",
    "most_likely_ability",
    "norm_conformity",
    "normative_thresholds",
    "normed_guttman_errors",
    "omega",
    "outlier_score",
    "pair_correlation",
    "pair_distance",
    "percentile_rank",
    "person_total",
    "psychometric_antonyms",
    "psychometric_synonyms",
    "ranked_pairs",
    "rapid_share",
    "repeated_patterns",
    "scalability",
    "scale_point_variation",
    "transition_entropy",
    "u3_polytomous",
    "upper_tail",
    "within_record_deviation",
    "zu3",
]
