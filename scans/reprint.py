"""Sheets printed otherwise than their blank: what a whole batch lacks, nobody covered.

An office that prints the form with other words in its rows than the blank of its instrument
has print "missing" at the same places of all its sheets. `erasure.fluid` cannot tell that from
something that covers print; a batch can. Such sheets are not judged by it, and not clean.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath

import numpy as np

from detectors.finding import Finding

__all__ = ["CHECK", "OTHER_PRINT", "Sheet", "otherwise_printed"]

CHECK = "erasure.fluid"
"""The check whose signs a batch can explain."""

OTHER_PRINT = (
    "the batch lacks print of the blank at the same places: the form was printed otherwise, or "
    "its sheets were covered alike"
)
"""Why it does not judge such sheets."""

# A batch smaller than this shows no habit; half of it is more than anybody covers alike.
_FEWEST = 8
_HALF = 0.5
# A place that a quarter of them lack, each to the same share: print is there or not, where
# fluid takes now more, now less of a place.
_QUARTER = 0.25
_SPREAD = 0.2


@dataclass(frozen=True, slots=True)
class Sheet:
    """A page that was read, and what is said of it alone.

    Attributes:
        path: Its file; pages of one folder came together.
        form_page: Which page of the form it is.
        findings: Of the page judged alone.
    """

    path: str
    form_page: int | None
    findings: Sequence[Finding]


def otherwise_printed(sheets: Sequence[Sheet]) -> set[int]:
    """Which pages :data:`CHECK` is not to judge, by their place in ``sheets``.

    Those with print missing beside the boxes alone, in a batch of which at least half lack it
    at places that they share, to the same degree. Where the outline of a box is gone as well,
    something lies on it: boxes stand where they stand, whatever is printed beside them.
    """
    batches: dict[tuple[str, int | None], list[int]] = defaultdict(list)
    for i, sheet in enumerate(sheets):
        batches[str(PurePath(sheet.path).parent), sheet.form_page].append(i)
    found: set[int] = set()
    for members in batches.values():
        if len(members) >= _FEWEST:
            found |= _of_batch({i: sheets[i].findings for i in members})
    return found


def _of_batch(findings: Mapping[int, Sequence[Finding]]) -> set[int]:
    lost = {i: _missing([f for f in signs if f.detector == CHECK]) for i, signs in findings.items()}
    seen = Counter(place for places in lost.values() for place in places)
    shared = set()
    for place, count in seen.items():
        shares = [places[place] for places in lost.values() if place in places]
        low, high = np.quantile(shares, (0.1, 0.9))
        if count >= _QUARTER * len(findings) and high - low <= _SPREAD:
            shared.add(place)
    alike = sum(not shared.isdisjoint(places) for places in lost.values())
    return {i for i, places in lost.items() if places} if alike >= _HALF * len(findings) else set()


def _missing(signs: Sequence[Finding]) -> Mapping[tuple[float, ...], float]:
    """Places of missing print with the share that is missing; none if a box lost its outline."""
    if any("print_lost" not in sign.evidence for sign in signs):
        return {}
    return {
        tuple(round(x, 1) for x in sign.box_mm): float(sign.evidence["print_lost"])
        for sign in signs
        if sign.box_mm is not None
    }
