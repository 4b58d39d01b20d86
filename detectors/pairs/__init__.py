"""Who answered like whom: best partners and near duplicates of a table, exactly.

Plain functions of packed rows; whether a match is surprising is for the checks to say.
"""

from detectors.pairs.best import best_match, percent_match
from detectors.pairs.near import NearCounts, NearPairs, count_near, near_pairs
from detectors.pairs.packing import MOST_LEVELS, PackedRows, pack

__all__ = [
    "MOST_LEVELS",
    "NearCounts",
    "NearPairs",
    "PackedRows",
    "best_match",
    "count_near",
    "near_pairs",
    "pack",
    "percent_match",
]
