"""How checks are weighed against each other in the p-value of a record and of a unit.

A weight is a check's share of the false-alarm rate: the smallest p-value over its weight
decides. What is named in no table here weighs 1.
"""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["MOST_UNIT_P", "ORDER_ONLY", "RECORD_WEIGHTS", "SHAPE_WEIGHT", "UNIT_WEIGHTS"]

# Indices of careless answering count once, through the ensemble. Ranks among peers order
# records and cannot flag: somebody is always the strangest.
RECORD_WEIGHTS: Mapping[str, float] = {
    "answers.twin": 6.0,
    "answers.outlier_ensemble": 6.0,
    "channel.response_time": 2.0,
    "answers.declared_contradiction": 0.5,
    "answers.overall_item": 0.5,
    "answers.reverse_keyed": 0.5,
    "answers.contradiction": 0.0,
    "answers.mahalanobis": 0.0,
    "answers.person_fit": 0.0,
    "answers.person_total": 0.0,
    "answers.straight_lining": 0.0,
    "answers.synonyms": 0.0,
}
ORDER_ONLY = frozenset(
    {
        "answers.outlier_ensemble",
        "answers.declared_contradiction",
        "answers.overall_item",
        "answers.reverse_keyed",
    }
)

# Four shape tests have one p-value together; it stands against single checks by this weight.
SHAPE_WEIGHT = 6.0

# Narrow evidence: each is worth a look beside the shape, none may drown it.
UNIT_WEIGHTS: Mapping[str, float] = {
    "answers.blanks": 0.2,
    "answers.not_applicable": 0.4,
    "answers.past_rows": 1.5,
    "answers.same_distribution": 0.25,
    # a habit of the desk as often as of a hand: shown beside other signs, never alone
    "answers.spread": 0.0,
    "answers.unit_contradictions": 0.25,
    "answers.unit_pairs": 0.75,
    "channel.burst": 0.4,
    "channel.case_share": 0.4,
    "channel.off_hours": 0.4,
    "channel.opening": 0.4,
    "channel.rapid_share": 0.4,
    "channel.shared_sources": 0.4,
    "comments.none": 0.2,
    "comments.unit_copies": 0.5,
    # Where forms lay, or from which pad they are missing, is of the desk rather than of the
    # answers: a lead that needs a small p-value to stand alone.
    "custody.delay": 0.2,
    "custody.selective_loss": 0.5,
    "custody.serial_gaps": 0.4,
    # cases that are in no list are told by channel.case_share, too
    "linkage.identity": 0.2,
    "paper.changes": 0.5,
    "paper.collector": 0.25,
    "paper.direction": 1.0,
    "paper.unit_runs": 0.5,
    "unit.complaints": 0.4,
    "unit.cutoff": 0.05,
    "unit.jump": 0.75,
    "unit.mode_gap": 0.4,
    "unit.response_rate": 0.1,
}

# Of 1,000 honest units at most two are flagged, however many tampered ones stand beside
# them: a false-discovery rate alone allows more honest ones the more others are found.
# A third of that rate: an honest unit that stands out is left out of its peers as a tampered
# one is, and what was learned without it makes it look stranger, its p-value about three times
# smaller. Left among its peers, a tampered unit would hide there as an honest one does.
MOST_UNIT_P = 0.0007
