"""Documents that people act on: minutes, list of held forms, request for explanation, comparison.

None of them says what anybody answered. The request for explanation goes to the unit that
was rated, so it names kinds of signs and places on the form, never a value and no extract.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal, TypeAlias

from detectors.finding import Message, Severity
from reports.views.backcheck import BackcheckReport
from reports.views.identity import InstrumentIdentity, Provenance, RoundIdentity, UnitIdentity
from reports.views.signs import CustodyRow, SignCount

__all__ = [
    "AskedForm",
    "BackcheckPaper",
    "Compared",
    "Comparison",
    "Explanation",
    "HeldForm",
    "HeldList",
    "Match",
    "Minutes",
    "Outcome",
    "ReviewedForm",
]


@dataclass(frozen=True, slots=True)
class ReviewedForm:
    """One form in the minutes.

    Attributes:
        label: Serial or record id.
        place: Page and item, e.g. "1 / C3".
        signs: What was seen.
        severity: The worst of them.
        opinion: Where its review stands, and the reviewers' reasons.
        crop_key: Place of its extract among the extracts of the unit; ``None`` without one.
        crop: PNG or JPEG bytes, fields masked.
    """

    label: str
    place: str
    signs: tuple[Message, ...]
    severity: Severity
    opinion: Message
    crop_key: int | None = None
    crop: bytes | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of the flagged forms of a unit: numbers of forms."""

    kept: int
    held: int
    excluded: int
    to_verify: int


@dataclass(frozen=True, slots=True)
class Minutes:
    """Record of a review of forms, to be completed and signed by those who were there.

    Attributes:
        unit: The unit.
        round: The round.
        instrument: The form.
        provenance: Where the numbers come from.
        custody: Batches; ``None`` without a custody table.
        forms: Flagged forms, the most serious first.
        outcome: What became of them.
        files: Name and SHA-256 of the originals of those forms.
    """

    unit: UnitIdentity
    round: RoundIdentity
    instrument: InstrumentIdentity
    provenance: Provenance
    custody: tuple[CustodyRow, ...] | None
    forms: tuple[ReviewedForm, ...]
    outcome: Outcome
    files: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class HeldForm:
    """One form that is out of scoring.

    Attributes:
        unit: Name of its unit.
        label: Serial or record id.
        batch: Its batch.
        kinds: Kinds of signs, or why it could not be judged.
        severity: ``None`` where it could not be judged.
        status: Where its review stands.
    """

    unit: str
    label: str
    batch: str
    kinds: tuple[Message, ...]
    severity: Severity | None
    status: Message


@dataclass(frozen=True, slots=True)
class HeldList:
    """Forms out of scoring, over the whole round."""

    round: RoundIdentity
    provenance: Provenance
    forms: tuple[HeldForm, ...]


@dataclass(frozen=True, slots=True)
class AskedForm:
    """One form that the unit is asked about: where, and what kind of sign."""

    label: str
    batch: str
    place: str
    kinds: tuple[Message, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """A request to a unit to explain what was seen.

    Attributes:
        unit: The unit.
        round: The round.
        instrument: The form.
        provenance: Where the numbers come from.
        counts: Kinds of signs with the number of forms.
        unit_signs: Titles of signs about the unit as a whole.
        forms: Forms with an orange or red sign.
        custody: Batches whose numbers do not agree.
        innocent: Circumstances that may explain the signs, to be told or ruled out.
    """

    unit: UnitIdentity
    round: RoundIdentity
    instrument: InstrumentIdentity
    provenance: Provenance
    counts: tuple[SignCount, ...]
    unit_signs: tuple[Message, ...]
    forms: tuple[AskedForm, ...]
    custody: tuple[CustodyRow, ...] = ()
    innocent: tuple[Message, ...] = ()


@dataclass(frozen=True, slots=True)
class BackcheckPaper:
    """The report of a draw of back-checks; ``unit_names`` gives ids their names."""

    round: RoundIdentity
    provenance: Provenance
    report: BackcheckReport
    unit_names: tuple[tuple[str, str], ...] = ()
    tier_names: tuple[tuple[str, Message], ...] = ()


Match: TypeAlias = Literal[
    "equal",
    "truncated",
    "tolerance",
    "as_received",
    "within_bounds",
    "points_called_per_cent",
    "relative",
    "rounded_over_cut_off",
    "other_denominator",
    "differs",
    "not_comparable",
    "cannot_recompute",
]
"""How a published figure stands to the recomputed one."""


@dataclass(frozen=True, slots=True)
class Compared:
    """One published figure.

    Attributes:
        unit: Name of the unit, or of the whole.
        indicator: What the figure is.
        published: As it was published, word for word.
        recomputed: As it comes out; ``None`` where it cannot be recomputed or is withheld.
        shown_as: How to write ``recomputed``: a share in [0, 1], a change of shares, a count.
        text: ``recomputed`` where it is no number, e.g. a tier or a rank.
        difference: Published less recomputed, as a share; ``None`` where it makes no sense.
        match: How they stand to each other.
        n: Forms behind the recomputed value.
        source: Where it was published.
        published_on: When.
    """

    unit: str
    indicator: Message
    published: str
    recomputed: float | None
    match: Match
    shown_as: Literal["share", "points", "count"] = "share"
    text: Message | None = None
    difference: float | None = None
    n: int | None = None
    source: str = ""
    published_on: date | None = None


@dataclass(frozen=True, slots=True)
class Comparison:
    """Published figures against recomputed ones."""

    round: RoundIdentity
    provenance: Provenance
    rows: tuple[Compared, ...]
