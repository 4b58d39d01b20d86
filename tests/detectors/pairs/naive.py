"""What the engine must say, by two loops over the answers themselves."""

from __future__ import annotations

import math


def apart(a, b):
    """Items in which two records do not match; a missing answer matches nothing."""
    return sum(math.isnan(x) or x != y for x, y in zip(a, b, strict=True))


def best(rows, group):
    """Fewest mismatches and lowest partner of each record, -1 without one."""
    found = []
    for i, row in enumerate(rows):
        others = [
            (apart(row, other), j)
            for j, other in enumerate(rows)
            if j != i and group[j] == group[i] >= 0
        ]
        found.append(min(others, default=(-1, -1)))
    return [d for d, _ in found], [j for _, j in found]


def near(rows, most):
    """Pairs of records with few mismatches, and the mismatches."""
    return {
        (i, j): apart(rows[i], rows[j])
        for i in range(len(rows))
        for j in range(i + 1, len(rows))
        if apart(rows[i], rows[j]) <= most
    }
