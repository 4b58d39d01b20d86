"""What back-checks showed: precision of the flags, rates by arm, risk of each tier.

Nothing here says what anybody answered, or which record was drawn into which arm.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

__all__ = ["ArmResult", "BackcheckReport", "Escalation", "ShareRange", "TierRisk"]


@dataclass(frozen=True, slots=True)
class ShareRange:
    """A share in [0, 1] and where it may lie; ``value`` is ``None`` where nobody answered."""

    value: float | None
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class ArmResult:
    """One arm of a draw.

    Attributes:
        arm: ``suspect``, ``high`` or ``random``.
        population: Records that could be drawn.
        drawn: Records that were.
        stands: Answers that confirm the record.
        altered: Answers by which the record is not the respondent's.
        unclear: Answers that say neither.
        missing: Nobody can be asked any more.
        open: Still to be asked.
        share: Altered among those that say one or the other, with an exact interval for a
            sample of fixed size.
        worst: The same if everything unclear and missing were sound, or altered.
        anytime: As ``share``, with an interval that holds at every look together.
    """

    arm: str
    population: int
    drawn: int
    stands: int
    altered: int
    unclear: int
    missing: int
    open: int
    share: ShareRange
    worst: ShareRange
    anytime: ShareRange


@dataclass(frozen=True, slots=True)
class TierRisk:
    """The test of one unit's tier, as it stood when the sample was drawn.

    Attributes:
        unit_id: The unit.
        tier: Id of the tier; ``None`` where the unit has none.
        value: Its value then, a share.
        cut_off: Where the tier begins.
        records: Records that the value rests on.
        asked: Of the sample, those that count for this unit.
        altered: Of these, altered.
        risk: Chance at most that a wrong tier would have passed so far, with everything
            unclear or missing counted as altered, in the order of the list up to the first
            that is still open.
        risk_if_typical: The same without what is unclear, missing or open: true only if those
            who answered are like those who did not.
        more: Records that must stand, without an altered one, until the risk limit is
            reached; ``None`` where that cannot be.
        enough: Whether ``risk`` is at the limit.
    """

    unit_id: str
    tier: str | None
    value: float | None
    cut_off: float | None
    records: int
    asked: int
    altered: int
    risk: float
    risk_if_typical: float
    more: int | None
    enough: bool


@dataclass(frozen=True, slots=True)
class Escalation:
    """Where more should be asked: ``kind`` is ``batch`` or ``unit``."""

    kind: str
    name: str
    altered: int
    asked: int


@dataclass(frozen=True, slots=True)
class BackcheckReport:
    """One draw and what came of it.

    Attributes:
        round_id: The round.
        instrument_id: The form.
        number: Of the draw.
        seed: The public seed.
        drawn_at: When.
        population_sha256: Of the list that was drawn from.
        confidence: Of the intervals.
        risk_limit: Of the tiers.
        precision: The share of flags that should at least be right.
        arms: Results by arm.
        tiers: Tests of the units that were asked about.
        flags: ``better`` (more than ``precision`` of the flags are right), ``worse``, or
            ``open`` (not known yet).
        flags_tell: Whether flagged records are altered more often than those drawn from all:
            ``True``, or ``None`` while it is not known.
        escalate: Where more should be asked.
        enough: Whether what was asked for is known, so that the work may stop.
        exhausted: Whether nobody on the list is left to be asked.
    """

    round_id: str
    instrument_id: str
    number: int
    seed: str
    drawn_at: dt.datetime
    population_sha256: str
    confidence: float
    risk_limit: float
    precision: float
    arms: tuple[ArmResult, ...]
    tiers: tuple[TierRisk, ...]
    flags: str
    flags_tell: bool | None
    escalate: tuple[Escalation, ...] = field(default=())
    enough: bool = False
    exhausted: bool = False
