"""Published figures, results of the period before and the lineage of units, for ``[results]``.

These are small tables kept by hand. One with anything wrong is refused as a whole, with every
place that is wrong: a comparison over half a table misleads.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from audit.intake._cells import Cell, to_date, to_number, to_text
from audit.intake.columns import TableProblem, columns_of
from audit.intake.register_cells import count_of
from audit.intake.results_rows import About, Rows, text_of
from audit.scoring.lineage import Kind, Link, Previous
from audit.scoring.publication import Figure, parse_change, parse_percent, parse_rank
from audit.scoring.rules import RuleSet, Tier

__all__ = ["Published", "read_lineage", "read_previous_results", "read_published"]

_KINDS = {
    **{kind.value: kind for kind in Kind},
    "đổi tên": Kind.RENAMED,
    "sáp nhập": Kind.MERGED,
    "hợp nhất": Kind.MERGED,
    "chia": Kind.SPLIT,
    "tách": Kind.SPLIT,
    "chia tách": Kind.SPLIT,
    "giải thể": Kind.DISSOLVED,
}


@dataclass(frozen=True, slots=True)
class Published:
    """Figures of one result as they were published; ``None``: not published.

    Attributes:
        about: Programme, unit (``*`` for all units together), measure, factor.
        value: The value.
        change: Change against the period before.
        rank: Rank and denominator.
        tier: The tier.
        source: Where it was published.
    """

    about: About
    value: Figure | None
    change: Figure | None
    rank: tuple[int, int | None] | None
    tier: Tier | None
    source: str


def read_published(
    path: Path, name: str, units: Collection[str], books: Mapping[str, RuleSet]
) -> tuple[list[Published], list[TableProblem]]:
    """Read published figures: ``unit_id`` and any of ``value, change, rank, tier``.

    Raises:
        InputError: If the file cannot be used or lacks ``unit_id``.
    """
    table = columns_of(path, None, name)
    table.require("unit_id")
    rows = Rows(table)
    about = list(rows.about(units, anything=True))
    value = rows.column("value", text_of(parse_percent), "write it as 97,71%")
    change = rows.column("change", text_of(parse_change), "write it as giảm 0,93 điểm phần trăm")
    rank = rows.column("rank", text_of(parse_rank), "write it as 26/63")
    tier = rows.column("tier", to_text, "write the name of a tier")
    source = rows.column("source", to_text, "write plain text")
    found: dict[About, Published] = {}
    for row, one in enumerate(about):
        known = None
        if one is not None and tier[row] is not None:
            known = books[one[0]].tier_called(tier[row])
            if known is None:
                names = ", ".join(t.name.vi for t in books[one[0]].tiers) or "none"
                rows.note(row, "tier", f"the tier {tier[row]!r} is not known", f"known are {names}")
        if one is None:
            continue
        if one in found:
            what = f"unit {one[1]} stands twice for the same result"
            rows.note(row, "unit_id", what, "keep one row")
        text = source[row] or ""
        found[one] = Published(one, value[row], change[row], rank[row], known, text)
    return rows.whole(list(found.values()))


def read_previous_results(
    path: Path, name: str, units: Collection[str]
) -> tuple[dict[About, Previous], list[TableProblem]]:
    """Read results of the period before, by hand or from ``export scores`` of that round.

    Units that are no longer there are welcome: lineage may lead to them.

    Raises:
        InputError: If the file cannot be used or lacks ``unit_id`` or a value.
    """
    table = columns_of(path, None, name)
    table.require("unit_id")
    exported = table.name("value") is None
    table.require("value_after_review" if exported else "value")
    ending = "_after_review" if exported else ""
    rows = Rows(table)
    about = list(rows.about(None))
    value = rows.column(f"value{ending}", _share, "write it as 98,64% or 0.9864")
    worth = rows.column("effective_n", to_number, "write a number from 0")
    n = rows.column("n", count_of, "write a whole number from 0")
    ranks = rows.column(f"rank{ending}", text_of(parse_rank), "write it as 26/63")
    ranked = rows.column("ranked_units", count_of, "write a whole number from 1")
    tier = rows.column(f"tier{ending}", to_text, "write the name of a tier")
    period = rows.column("period", to_text, "write plain text")
    ended = rows.column("period_to", to_date, "write it as 2025-12-31")
    found: dict[About, Previous] = {}
    for row, one in enumerate(about):
        if one is None:
            continue
        if one in found:
            rows.note(row, "unit_id", f"unit {one[1]} stands twice for one result", "keep one row")
        rank, total = ranks[row] or (None, None)
        if total is None and ranked[row] is not None:
            total = int(ranked[row])
        size = worth[row] if worth[row] is not None else n[row]
        found[one] = Previous(
            value=value[row],
            n=size or None,
            rank=rank,
            ranked_units=total,
            tier=tier[row],
            period=period[row] or "",
            ended=ended[row],
        )
    return (found, []) if not table.problems else ({}, list(table.problems))


def read_lineage(
    path: Path, name: str, units: Collection[str]
) -> tuple[list[Link], list[TableProblem]]:
    """Read the lineage of units: ``predecessor, successor, kind, day, source``.

    Raises:
        InputError: If the file cannot be used or lacks ``predecessor`` or ``kind``.
    """
    table = columns_of(path, None, name)
    for column in ("predecessor", "kind"):
        table.require(column)
    rows = Rows(table)
    before = rows.column("predecessor", to_text, "write the id of a unit")
    after = rows.column("successor", to_text, "write the id of a unit")
    kinds = rows.column("kind", _kind, f"known are {', '.join(kind.value for kind in Kind)}")
    days = rows.column("day", to_date, "write it as 2025-07-01")
    source = rows.column("source", to_text, "write plain text")
    found = []
    for row in range(len(rows)):
        if before[row] is None:
            rows.note(row, "predecessor", "the cell is blank", "write the id of a unit")
        elif kinds[row] is None:
            rows.note(row, "kind", "the cell is blank or not known", "write renamed or merged")
        elif after[row] is None and kinds[row] is not Kind.DISSOLVED:
            rows.note(row, "successor", "the cell is blank", "only a dissolved unit has none")
        elif after[row] is not None and after[row] not in units:
            what = f"unit {after[row]} is not in the list of units"
            rows.note(row, "successor", what, "add it to the units, or correct it")
        else:
            link = Link(before[row], after[row], kinds[row], days[row], source[row] or "")
            found.append(link)
    return rows.whole(found)


def _share(cell: Cell) -> float | None:
    """``98,64%``, ``98.64`` and ``0.9864`` are one share; up to 1 it is taken as a share."""
    value = to_number(cell)
    if value is None:
        return None
    text = to_text(cell) or ""
    share = value / 100 if "%" in text or value > 1 else value
    if not 0 <= share <= 1:
        raise ValueError(f"{text!r} is no share and no percentage from 0 to 100")
    return float(Fraction(str(value)) / 100) if share != value else share


def _kind(cell: Cell) -> Kind | None:
    text = to_text(cell)
    if text is None:
        return None
    if text.casefold() not in _KINDS:
        raise ValueError(f"{text!r} is no kind of lineage")
    return _KINDS[text.casefold()]
