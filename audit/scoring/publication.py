"""Published figures against recomputed ones. Exact and pure.

A figure is compared at the decimals it was published with. Rounding, cutting off and a last
digit that differs by one are told apart from an error, and percentage points from per cent:
"giảm 0,93%" in the press mostly means points.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal
from fractions import Fraction

from audit.scoring.rules import RuleSet, Tier
from audit.scoring.scores import percent

__all__ = [
    *("TOLERANCE", "Figure", "check_change", "check_rank", "check_tier", "check_value"),
    *("parse_change", "parse_percent", "parse_rank"),
]

TOLERANCE = Decimal("0.01")
"""In percentage points."""

_PERCENT = re.compile(r"([+-]?)(\d+)(?:[.,](\d+))?%?")
_RANK = re.compile(r"(?:thứ|hạng|vị trí(?: thứ)?|rank)?\s*(\d+)\s*(?:/\s*(\d+))?")
_DOWN = ("giảm", "down", "decrease")
_UP = ("tăng", "up", "increase")
_POINTS = ("điểm phần trăm", "điểm %", "percentage points", "percentage point", "points", "điểm")


@dataclass(frozen=True, slots=True)
class Figure:
    """A percentage as it was published.

    Attributes:
        percent: Its value in per cent, with the decimals that it was written with.
        says_points: Whether it calls itself percentage points.
    """

    percent: Decimal
    says_points: bool = False

    @property
    def decimals(self) -> int:
        """How many decimals were published."""
        exponent = self.percent.as_tuple().exponent
        return -exponent if isinstance(exponent, int) and exponent < 0 else 0


def parse_percent(text: str) -> Figure:
    """``97,71%``, ``97.71 %``, ``97,71``; the decimals are kept.

    Raises:
        ValueError: If it is no percentage.
    """
    plain = unicodedata.normalize("NFC", text).replace("\u2212", "-").replace("\u00a0", "")
    plain = plain.replace(" ", "")
    found = _PERCENT.fullmatch(plain)
    if found is None:
        raise ValueError(f"{text!r} is no percentage")
    sign, whole, rest = found.groups()
    return Figure(Decimal(f"{sign}{whole}" + (f".{rest}" if rest else "")))


def parse_change(text: str) -> Figure:
    """``giảm 0,93%``, ``+0,49``, ``tăng 0,49 điểm phần trăm``.

    Raises:
        ValueError: If it is no change.
    """
    plain = " ".join(unicodedata.normalize("NFC", text).casefold().split())
    sign = 1
    for words, factor in ((_DOWN, -1), (_UP, 1)):
        for word in words:
            if plain.startswith(word):
                plain, sign = plain.removeprefix(word).strip(), factor
    points = next((word for word in _POINTS if plain.endswith(word)), None)
    figure = parse_percent(plain.removesuffix(points).strip() if points else plain)
    return Figure(sign * figure.percent, points is not None)


def parse_rank(text: str) -> tuple[int, int | None]:
    """``26/63``, ``thứ 25/63``, ``3``: rank and denominator.

    Raises:
        ValueError: If it is no rank, or lies outside its denominator.
    """
    plain = " ".join(unicodedata.normalize("NFC", text).casefold().split())
    found = _RANK.fullmatch(plain)
    if found is None:
        raise ValueError(f"{text!r} is no rank such as 26/63")
    rank, total = int(found[1]), int(found[2]) if found[2] else None
    if rank < 1 or (total is not None and rank > total):
        raise ValueError(f"{text!r} is no place among that many")
    return rank, total


def check_value(figure: Figure, recomputed: Mapping[str, Fraction | None]) -> str:
    """How a published percentage stands to the recomputed ones.

    Args:
        figure: As published.
        recomputed: By version: ``after_review`` and, where there are any, ``as_received``,
            ``bound_low``, ``bound_high``; exact shares.

    Returns:
        ``equal`` (rounded half up), ``truncated`` (cut off instead of rounded), ``tolerance``
        (within 0,01 points), ``as_received`` (it is the value from before the review),
        ``within_bounds`` (held records could make it so), ``differs``, or
        ``cannot_recompute``.
    """
    after = recomputed.get("after_review")
    received = recomputed.get("as_received")
    if after is None and received is None:
        return "cannot_recompute"
    if after is not None:
        verdict = _compare(figure, after)
        if verdict != "differs":
            return verdict
    if received is not None and _compare(figure, received) != "differs":
        return "as_received"
    low, high = recomputed.get("bound_low"), recomputed.get("bound_high")
    if low is not None and high is not None and low < high:
        share = Fraction(figure.percent) / 100
        if low <= share <= high:
            return "within_bounds"
    return "differs"


def _compare(figure: Figure, share: Fraction) -> str:
    exact = share * 100
    step = Decimal(1).scaleb(-figure.decimals)
    scale = 10**figure.decimals
    whole = (2 * exact.numerator * scale + exact.denominator) // (2 * exact.denominator)
    rounded = (Decimal(whole) * step).quantize(step, ROUND_HALF_UP)
    cut = (Decimal(int(exact * scale)) * step).quantize(step, ROUND_DOWN)
    if figure.percent == rounded:
        return "equal"
    if figure.percent == cut:
        return "truncated"
    if abs(Fraction(figure.percent) - exact) <= Fraction(TOLERANCE):
        return "tolerance"
    return "differs"


def check_change(figure: Figure, now: Fraction | None, before: Fraction | None) -> str:
    """How a published change stands to the recomputed values.

    Returns:
        ``equal``, ``truncated`` or ``tolerance`` where the points agree and it says points;
        ``points_called_per_cent`` where the points agree but it says per cent;
        ``relative`` where it is the relative change; ``differs``; ``cannot_recompute``.
    """
    if now is None or before is None:
        return "cannot_recompute"
    # Published values were rounded before they were subtracted: twice half a last digit.
    points = _close(figure, now - before)
    if points != "differs":
        return points if figure.says_points else "points_called_per_cent"
    relative = before > 0 and not figure.says_points
    if relative and _close(figure, (now - before) / before) != "differs":
        return "relative"
    return "differs"


def _close(figure: Figure, share: Fraction) -> str:
    sign = -1 if share < 0 else 1
    return _compare(Figure(sign * figure.percent), abs(share))


def check_rank(
    published: tuple[int, int | None], rank: int | None, ranked_units: int | None
) -> str:
    """``equal``, ``other_denominator`` (the rank agrees), ``differs``, ``cannot_recompute``."""
    if rank is None:
        return "cannot_recompute"
    if published[0] != rank:
        return "differs"
    if published[1] is not None and ranked_units is not None and published[1] != ranked_units:
        return "other_denominator"
    return "equal"


def check_tier(published: Tier, value: Fraction | None, rules: RuleSet) -> str:
    """How a published tier stands to the exact value.

    Returns:
        ``equal``; ``rounded_over_cut_off`` where only the rounded value reaches it;
        ``differs``; ``cannot_recompute``.
    """
    tier = rules.tier(value)
    if tier is None or value is None:
        return "cannot_recompute"
    if tier.id == published.id:
        return "equal"
    shown = percent(value, rules.decimals)
    rounded = None if shown is None else rules.tier(Fraction(shown) / 100)
    return "rounded_over_cut_off" if rounded and rounded.id == published.id else "differs"
