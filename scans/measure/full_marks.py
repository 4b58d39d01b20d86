"""Which boxes hold a mark of the respondent's, and are not looked through for one taken off."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from scans.types import BoxReading, MarkState

__all__ = ["full_marks", "usual_darkness"]

Doubles = NDArray[np.float64]

# Darkness of a mark against the respondent's usual one from which it is a full mark: beside
# another one of its item, and alone.
_FULL, _LEAST = 0.79, 0.62
_ALONE, _PALEST = 0.62, 0.45
_LEAST_INK, _LEAST_NEAR = 0.02, 0.05
# Hands that press now lightly, now hard: so many of their own spreads below the usual is a mark.
_SPREADS = 2.5
# Marks that say how dark this respondent's are, and how many it takes to know two pens.
_INKED, _FEWEST = 0.1, 6
_LOW, _TWO_PENS = 0.2, 0.75
# Another item's only mark that is no more than a little darker makes a pale mark usual.
_AS_PALE = 1.05
# Ink around a box, in mm2, of which no rubber leaves so much: a stamp, however pale.
_STAMP_MM2 = 3.0
# Ink inside the box against the respondent's usual marks from which it is a mark at all.
_WHOLE = 0.3


def usual_darkness(readings: Sequence[BoxReading]) -> float:
    """Darkness that this respondent's marks reach, 1 where there are none."""
    peaks = _peaks(readings)
    return float(np.median(peaks)) if len(peaks) else 1.0


def _peaks(readings: Sequence[BoxReading]) -> Doubles:
    """Darkness of the marks of the pen that most are in; of items with one, if those suffice.

    Who corrects an answer often goes over the one that holds.
    """
    drawn = [r for r in readings if r.features["ink"] > _INKED]
    count = Counter(r.item for r in drawn)
    inked = [r for r in drawn if not r.features["second"]]
    single = [r for r in inked if count[r.item] == 1]
    return np.array([r.features["peak"] for r in (single if len(single) >= _FEWEST else inked)])


def full_marks(readings: Sequence[BoxReading], usual: float) -> NDArray[np.bool_]:
    """Boxes that hold a mark as dark as the respondent's others, as evenly as those are.

    An item's only mark may be paler: honest marks vary, and nothing is there to say that it
    was to be taken away. Least of all where the sheet has more of its darkness: who takes
    another pen half-way leaves marks of two, and the paler are no traces of the darker.
    """
    inked = np.array(
        [r.features["ink"] > _LEAST_INK or r.features["near"] > _LEAST_NEAR for r in readings],
        dtype=bool,
    )
    second = np.array([r.features["second"] for r in readings], dtype=bool)
    peak = np.array([r.features["peak"] for r in readings]) / max(usual, 1e-6)
    # Ink of another hue is another pen's, and as dark as that pen's other marks; or a stamp's.
    faded = [1.0 if r.features["foreign"] else r.features["faded"] for r in readings]
    peak[second] = np.array(faded)[second]
    own = _peaks(readings) / max(usual, 1e-6)
    spread = 1.4826 * float(np.median(np.abs(own - 1.0))) if len(own) >= _FEWEST else 0.0
    within = 1.0 - _SPREADS * spread
    # How evenly a second pen writes, few marks say badly; a mark as pale as another is one.
    as_pale = _as_pale(peak, own)
    least = np.where(second, _LEAST, min(_FULL, max(_LEAST, within)))
    dark = inked & ((peak > least) | as_pale)
    ink = np.array([r.features["ink"] for r in readings])
    whole = (
        float(np.median(ink[dark & (ink > _LEAST_INK)])) if (ink[dark] > _LEAST_INK).any() else 0.0
    )
    # A tail that a rubber or a brush left outside the box is as dark as ever, and no mark.
    full = dark & (ink >= _WHOLE * whole)
    # A stamp over another box replaces nothing, and a circled mark is the one taken back.
    items = {
        r.item
        for r, dark in zip(readings, full.tolist(), strict=True)
        if dark and not r.features["foreign"] and r.state is not MarkState.CANCELLED
    }
    alone = np.array([r.item not in items for r in readings], dtype=bool)
    stamped = np.array(
        [r.features["foreign"] > 0 and r.features["around"] >= _STAMP_MM2 for r in readings],
        dtype=bool,
    )
    # Nobody rubs out what they have taken back as the form asks.
    alone |= np.array([r.state is MarkState.CANCELLED for r in readings], dtype=bool)
    palest = min(_ALONE, max(_PALEST, within)) * _paler_pen(readings, peak)
    lone = inked & alone & (second | (peak > palest))
    return np.asarray(full | lone | stamped)


def _as_pale(peak: Doubles, own: Doubles) -> NDArray[np.bool_]:
    """Whether another mark, which stands alone in its item, is as pale as each."""
    if len(own) < _FEWEST:
        return np.zeros(len(peak), np.bool_)
    palest, second = np.sort(own)[:2]
    return np.asarray(_AS_PALE * peak >= np.where(peak == palest, second, palest))


def _paler_pen(readings: Sequence[BoxReading], peak: Doubles) -> float:
    """Darkness of the paler of a sheet's two pens against the usual mark; 1 with one pen."""
    own = [
        p
        for r, p in zip(readings, peak.tolist(), strict=True)
        if r.features["ink"] > _INKED and r.features["faded"] >= 1.0
    ]
    if len(own) < _FEWEST:
        return 1.0
    low = float(np.quantile(own, _LOW))
    return low if low < _TWO_PENS else 1.0
