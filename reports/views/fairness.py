"""Who is flagged: rates by group of respondents, area, channel and scanner."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from detectors.finding import Message
from reports.views.measures import MINIMUM_CELL, wilson

__all__ = ["FairnessRow", "FairnessTable", "withheld"]


def withheld(counts: Sequence[int]) -> frozenset[int]:
    """Which cells must not be shown, so that a shown total gives none of the small ones away.

    Cells under :data:`MINIMUM_CELL` are withheld. Where they are one cell only, or together
    still under the minimum, the next smallest go with them (complementary suppression):
    else the total less what is shown would be the small cell.

    Args:
        counts: Forms in each cell, 0 or more; an empty cell needs no hiding.
    """
    hidden = {place for place, n in enumerate(counts) if 0 < n < MINIMUM_CELL}
    order = sorted((n, place) for place, n in enumerate(counts) if n >= MINIMUM_CELL)
    for _, place in order:
        if not hidden or (len(hidden) > 1 and sum(counts[p] for p in hidden) >= MINIMUM_CELL):
            break
        hidden.add(place)
    return frozenset(hidden)


@dataclass(frozen=True, slots=True)
class FairnessRow:
    """One group; ``flagged`` is ``None`` where it is withheld.

    Attributes:
        group: Its name.
        judged: Forms that could be judged.
        flagged: Forms with an orange or red sign.
    """

    group: Message
    judged: int
    flagged: int | None

    @property
    def rate(self) -> float | None:
        """Share of judged forms that are flagged."""
        return None if self.flagged is None or not self.judged else self.flagged / self.judged

    @property
    def interval(self) -> tuple[float, float] | None:
        """95 % interval of the rate."""
        return None if self.rate is None else wilson(self.rate, self.judged)


@dataclass(frozen=True, slots=True)
class FairnessTable:
    """Flag rates by one property of form or respondent; small cells are withheld.

    Attributes:
        by: The property, e.g. age group.
        rows: Groups in the order of the form.
        p_value: Of equal rates in all groups within units (permutation); ``None`` if not tested.
    """

    by: Message
    rows: tuple[FairnessRow, ...]
    p_value: float | None = None

    def __post_init__(self) -> None:
        """Withhold small cells and what would give them away."""
        hidden = withheld([row.judged for row in self.rows])
        rows = tuple(
            FairnessRow(row.group, row.judged, None) if place in hidden else row
            for place, row in enumerate(self.rows)
        )
        object.__setattr__(self, "rows", rows)
