"""How alike the ink of two honest pages is: what turns likenesses into p-values.

The honest pair that is hardest to tell from a copy is one hand writing the same thing twice, so
that is what all pairs are measured against, though most are by different hands. Tails are
continued beyond what was seen, each on the scale on which it is straight:

* Marks: a mark's own lines against the same hand's mark in the same box. Fisher's z of one
  pair falls off as exp(-4 z) or faster (3,135 pairs by one hand with the same answers: .083 above
  likeness .5, .018 above .7, .007 above .8, none above .9; 418,000 pairs of different hands:
  .029, .003, .0003, 0). Marks of one hand are not independent: a page counts as half its marks.
* Signatures and handwriting: Fisher's z of genuine repeats is about normal. Repeats reach
  .67 here (likeness of band-passed strokes) and .77 among 110 real pairs of 11 writers. Laid over
  each other finely, 4,200 drawn repeats of 330 hands of two makers reach .855. Where they are as
  alike as .7, moving parts finds a good part of what is lacking: the share is about lognormal
  (median .36, lowest of 150 .154; .04 is usual among copies). The numbers here are wider: they
  hold for hands so steady that one in 600 repeats was as alike as .88. Both together are as rare
  as their product may be (Fisher's method). Of little ink or of straight lines an agreement says
  less: of 17,000 pairs of lines and initials by different hands three are told about. Of ink that
  is like itself moved along, a crossed-out word, it says less, too. Signatures whose common ink
  runs along a wide circle count as impressions of a seal.
* The same in finer pictures, as most are: drawn repeats that miss by .6 mm a stroke reach likeness
  .88 and share .10, by .36 mm, which no measured hand does, .93 and .02; nine of ten copies in
  colour lie above .87 and below .05. Other strokes in the same place are not found by
  moving parts either: a small share tells no more than likeness squared.
* Seals: every impression of a die has the same lines, so lines only say that a comparison is
  possible. The unevenness of the ink is lognormal about .4 among drawn impressions of one die, but
  about .22 where the die is inked so well that most of it is full: such pairs, pressed at nearly
  one angle, reach .046. So the numbers are theirs. Scans of one impression by scanners that keep
  its ink lie below .05, prints of it and scans that lose its pale ink above.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaincc, ndtr

from scans.likeness.overlay import FieldAgreement

__all__ = ["SMALLEST_P", "p_of_field", "p_of_marks"]

SMALLEST_P = 1e-30

_MARK_RATE = 4.0
_CLOSEST = 0.985
_LEAST_MEAN = 0.55
# Mean and deviation of Fisher's z of genuine repeats: of pictures that are laid over each other as
# a whole only, and of the pen's ink of signatures where moving parts is measured, too.
_REPEATS: Mapping[str, tuple[float, float]] = {
    "signature": (0.50, 0.20),
    "handwriting": (0.70, 0.17),
}
_FITTED = (0.55, 0.26)
# Logarithm of the share of what lacks in likeness that moving parts finds: mean and deviation.
_MOVED = (float(np.log(0.30)), 0.45)
_LEAST_MOVED = 0.01
# The same of pictures that are kept finer, and the power of the likeness that bounds the share.
_FINE_FITTED, _FINE_MOVED = (0.60, 0.25), (float(np.log(0.30)), 0.55)
_MOVED_TELLS = 2.0
# With less common ink than this, in mm2, there are fewer strokes to agree by chance.
_CONTENT, _FINE_CONTENT = 18.0, 12.0
_UNEVEN = (float(np.log(0.224)), 0.35)
# Impressions of one die lie over each other so well only where they were pressed at the same
# angle, which one in ten pairs is.
_SEAL_LINES, _SAME_ANGLE = 0.82, 0.1


def p_of_marks(likeness: NDArray[np.float64]) -> float:
    """How often the marks of two honest sheets agree so well.

    Args:
        likeness: Of each pair of marks in the same box, in [-1, 1].
    """
    if len(likeness) == 0 or float(likeness.mean()) < _LEAST_MEAN:
        return 1.0
    rare = _MARK_RATE * np.arctanh(np.clip(likeness, 0.0, _CLOSEST))
    return max(float(gammaincc(len(likeness) / 2.0, float(rare.sum()) / 2.0)), SMALLEST_P)


def p_of_field(kind: str, agreed: FieldAgreement) -> float:
    """How often two honest signatures, writings or impressions agree so well.

    Args:
        kind: ``signature``, ``handwriting`` or ``seal``.
        agreed: How they agree.
    """
    if kind == "seal":
        return _of_impressions(agreed)
    fitted = _FINE_FITTED if agreed.fine else _FITTED
    centre, spread = _REPEATS[kind] if agreed.moved == 1.0 else fitted
    p = float(ndtr(-(np.arctanh(np.clip(agreed.alike, -0.999, 0.999)) - centre) / spread))
    if agreed.moved < 1.0:
        centre, spread = _FINE_MOVED if agreed.fine else _MOVED
        still = float(ndtr((np.log(max(agreed.moved, _LEAST_MOVED)) - centre) / spread))
        if agreed.fine:
            still = max(still, p**_MOVED_TELLS)
        both = max(p * still, SMALLEST_P)
        p = both * (1.0 - float(np.log(both)))
    if agreed.content > 0.0:
        p **= min(1.0, agreed.content / (_FINE_CONTENT if agreed.fine else _CONTENT))
    if agreed.stamped:
        p = max(p, _of_impressions(agreed))
    return max(p, SMALLEST_P)


def _of_impressions(agreed: FieldAgreement) -> float:
    if agreed.alike < _SEAL_LINES:
        return 1.0
    centre, spread = _UNEVEN
    rare = float(ndtr((np.log(max(agreed.uneven, 1e-3)) - centre) / spread))
    return max(_SAME_ANGLE * rare, SMALLEST_P)
