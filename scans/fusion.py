"""One number for a page from all that its checks measured.

A page that was altered bears one kind of alteration, seen by one check or two, while all
the others see nothing. Its likelihood against an honest page is therefore a mean over
the checks, weighed by how often each is the one that sees: not a product, which would
count two views of one stain twice, and not a minimum, which would make a check that
sees little as loud as one that sees much.

Each check's likelihood ratio is that of its honest p-value under a power law, the
family that Sellke, Bayarri & Berger (2001) calibrate p-values by: ``k * p ** (k - 1)``
with ``k`` in (0, 1], small where altered pages reach tiny p-values. Shares and powers are
fitted by expectation-maximisation on simulated altered pages. The sum is an e-value as
long as the p-values hold, whatever their dependence (Vovk & Wang 2021); how rare it is
among honest pages is measured, not assumed (:mod:`scans.reference`).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["Fusion", "Voice"]

# A check that the simulated frauds of the fit hardly needed, because another saw the same, may be
# all there is on another kind of scan, or what the next fraud needs.
_LEAST_SHARE = 0.08
_POWERS = (0.05, 0.9)
_ROUNDS = 60
# p-values are believed down to here: below, tails are extrapolated far beyond any data.
_SMALLEST_P = 1e-9


@dataclass(frozen=True, slots=True)
class Voice:
    """What one check says in the mean.

    Attributes:
        share: How often it is the one that sees, relative to the others; above 0.
        power: Exponent ``k`` of its likelihood ratio, in (0, 1).
    """

    share: float
    power: float

    def ratio(self, p_value: float) -> float:
        """Likelihood of ``p_value`` on an altered page against an honest one."""
        p = min(1.0, max(_SMALLEST_P, p_value))
        return self.power * math.pow(p, self.power - 1.0)


_UNKNOWN = Voice(share=0.03, power=0.3)


@dataclass(frozen=True)
class Fusion:
    """Shares and powers of the checks; a check it does not know gets a middling voice."""

    voices: Mapping[str, Voice]

    def parts(self, p_values: Mapping[str, float]) -> dict[str, float]:
        """What each assessable check adds to the page's likelihood ratio.

        Checks that could not judge are left out and lend their share to the others: a
        page is never cleaner for what its scan does not carry.
        """
        known = {check: p for check, p in p_values.items() if math.isfinite(p)}
        total = sum(self._voice(check).share for check in known)
        return {
            check: self._voice(check).share / total * self._voice(check).ratio(p)
            for check, p in known.items()
        }

    def log_ratio(self, p_values: Mapping[str, float]) -> float:
        """Decimal logarithm of the page's likelihood ratio; 0 where nothing was assessed."""
        return math.log10(sum(self.parts(p_values).values()) or 1.0)

    def _voice(self, check: str) -> Voice:
        return self.voices.get(check, _UNKNOWN)

    @staticmethod
    def fit(altered: Iterable[Mapping[str, float]]) -> Fusion:
        """Learn from the honest p-values that altered pages get, one mapping a page.

        A page on which nothing is seen speaks for no check: a component that is uniform
        takes it up and is thrown away.
        """
        pages = [dict(p) for p in altered]
        checks = sorted({check for page in pages for check in page})
        if not pages or not checks:
            return Fusion({})
        p = np.array([[page.get(c, np.nan) for c in checks] for page in pages])
        p = np.clip(p, _SMALLEST_P, 1.0)
        logs = np.where(np.isnan(p), 0.0, np.log(np.where(np.isnan(p), 1.0, p)))
        seen = ~np.isnan(p)
        share = np.full(len(checks) + 1, 1.0 / (len(checks) + 1))
        power = np.full(len(checks), 0.3)
        for _ in range(_ROUNDS):
            ratio = np.where(seen, power * np.exp((power - 1.0) * logs), 0.0)
            weighed = np.column_stack([ratio, np.ones(len(p))]) * share
            owned = weighed / weighed.sum(axis=1, keepdims=True)
            share = owned.mean(axis=0)
            mass = owned[:, :-1].sum(axis=0)
            # one page's worth of the middling power keeps rare checks from extremes
            power = (mass + 1.0) / ((owned[:, :-1] * -logs).sum(axis=0) + 1.0 / 0.3)
            power = np.clip(power, *_POWERS)
        # Which frauds the simulator commits how often says little of the next office: shares are
        # drawn half way, on the scale of evidence, to equal ones.
        usable = np.sqrt(np.maximum(share[:-1], _LEAST_SHARE))
        usable = usable / usable.sum()
        return Fusion(
            {
                check: Voice(round(float(s), 4), round(float(k), 4))
                for check, s, k in zip(checks, usable, power, strict=True)
            }
        )

    def to_json(self) -> dict[str, Any]:
        """``{check: [share, power]}``."""
        return {check: [v.share, v.power] for check, v in sorted(self.voices.items())}

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> Fusion:
        """The inverse of :meth:`to_json`.

        Raises:
            ValueError, TypeError: If ``data`` is of another shape.
        """
        voices = {str(c): Voice(float(share), float(k)) for c, (share, k) in data.items()}
        if not all(0 < v.share < math.inf and 0 < v.power < 1 for v in voices.values()):
            raise ValueError("a voice has a share above 0 and a power in (0, 1)")
        return Fusion(voices)
