"""What results rest on and are held against: firmness, slices, changes, targets, publication.

Tables of the round name the unit in their first column; those of one unit leave it out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reports.documents.blocks import Block, Cell, Column, Facts, Heading, Level, Table, Text
from reports.documents.parts import number, plain, share, shares
from reports.locale import Text as Words
from reports.views import UnitReport, suppress
from reports.views.outcomes import (
    ActionNote,
    AwardNote,
    ChangeNote,
    ComplaintNote,
    Firmness,
    PublishedFigure,
    ResultSlice,
    TargetNote,
)

__all__ = [
    "actions_table",
    "awards_table",
    "chances",
    "changes_table",
    "complaints_table",
    "firmness_part",
    "published_table",
    "slices_table",
    "targets_table",
    "unit_follow_up",
    "unit_held_against",
]


def chances(firm: Firmness, words: Words) -> str:
    """Each tier with its chance, the impossible ones left out."""
    told = [(tier, chance) for tier, chance in firm.tier_chances if chance >= 0.005]
    return "; ".join(f"{words.say(tier)} {words.percent(chance, 0)}" for tier, chance in told)


def firmness_part(firm: Firmness | None, ranked: int | None, words: Words) -> Iterator[Block]:
    """How firm value, tier and rank of one unit are."""
    if firm is None:
        return
    yield Heading(words("firm.heading"), 3)
    rows = []
    if firm.interval is not None:
        worth = words("firm.worth", n=words.number(firm.effective))
        rows.append((words("col.interval"), f"{shares(words, *firm.interval)} ({worth})"))
    if told := chances(firm, words):
        rows.append((words("firm.tiers"), told))
    if firm.tier_chance_least is not None:
        verdict = words("firm.tier.open" if firm.tier_open else "firm.tier.firm")
        least = words.percent(firm.tier_chance_least, 0)
        rows.append((words("firm.least"), f"{least}: {verdict}"))
    if firm.rank_interval is not None:
        rows.append((words("firm.rank"), _ranks(firm.rank_interval, ranked, words)))
    if firm.rank_interval_bounds is not None and firm.rank_interval_bounds != firm.rank_interval:
        rows.append((words("firm.rank.bounds"), _ranks(firm.rank_interval_bounds, ranked, words)))
    if firm.rank_chances:
        told = "; ".join(
            f"{words.rank(rank, None)}: {words.percent(chance, 0)}"
            for rank, chance in firm.rank_chances
        )
        rows.append((words("firm.rank.chance"), told))
    yield Facts(tuple(rows), wide=True)


def _ranks(ends: tuple[int, int], of: int | None, words: Words) -> str:
    low, high = ends
    if low == high:
        return words.rank(low, of)
    return f"{words.number(low)} – {words.rank(high, of)}"


def slices_table(slices: Sequence[ResultSlice], name: str, words: Words) -> Table:
    """Results by slice; factors stand beside them where they are known."""
    factors = list(dict.fromkeys(factor for one in slices for factor, _ in one.factors))
    columns = (
        Column(words("slice.by"), weight=1.5),
        Column(words("slice.which"), weight=2.0, head=True),
        Column("n", right=True, weight=0.8),
        Column(words("col.value"), right=True, weight=1.1),
        Column(words("col.interval"), right=True, weight=2.1),
        *(Column(factor, right=True, weight=0.9) for factor in factors),
    )
    return Table(name, columns, tuple(_slice_line(one, factors, words) for one in slices))


def _slice_line(one: ResultSlice, factors: Sequence[str], words: Words) -> tuple[Cell, ...]:
    what, which = words("slice.level"), words.or_raw("level_of_unit", one.category)
    if one.dimension is not None:
        what, which = words.say(one.dimension), words.or_raw("channel", one.category)
    elif one.scope == "group":
        what, which = words("slice.group"), words.or_raw("group", one.category)
    head = (plain(what), plain(which or one.category), number(words, one.n))
    if one.value is None:
        gone = words("withheld.short") if not suppress(one.n) else words("suppressed.short")
        return (*head, Cell(gone, span=2 + len(factors)))
    by_factor = dict(one.factors)
    return (
        *head,
        share(words, one.value),
        plain(shares(words, one.low, one.high)),
        *(
            Cell(words("withheld.short"))
            if by_factor.get(factor) is None
            else share(words, by_factor[factor])
            for factor in factors
        ),
    )


def changes_table(rows: Sequence[ChangeNote], words: Words, *, units: bool) -> Table:
    """Change against the period before, with where the unit comes from."""
    columns = (
        *_unit_column(words, units=units),
        Column(words("outcome.programme"), weight=1.4),
        Column(words("change.before"), right=True, weight=1.3),
        Column(words("change.now"), right=True),
        Column(words("change.points"), right=True, weight=1.4),
        Column(words("change.rank"), right=True, weight=1.2),
        Column(words("outcome.verdict"), weight=2.4),
    )
    lines = []
    for row in rows:
        points = Cell(words("none"))
        if row.points is not None:
            ends = "" if row.interval is None else " – ".join(map(words.signed, row.interval))
            points = Cell(words.signed(row.points), row.points, "points", under=ends)
        lines.append(
            (
                *_unit_cell(row.unit, units=units),
                plain(words.say(row.programme)),
                _before_cell(row, words),
                share(words, row.value),
                points,
                plain(_places(row, words)),
                plain(words.say(row.verdict), _lineage(row, words)),
            )
        )
    return Table(words("change.heading"), columns, tuple(lines))


def _before_cell(row: ChangeNote, words: Words) -> Cell:
    if row.before is not None:
        return share(words, row.before, row.period)
    if row.spread_before is not None:
        return Cell(shares(words, *row.spread_before), under=words("change.spread"))
    return Cell(words("none"), under=row.period)


def _places(row: ChangeNote, words: Words) -> str:
    def place(rank: tuple[int | None, int | None]) -> str:
        if rank[0] is None:
            return words("none")
        return words.number(rank[0]) + (f"/{words.number(rank[1])}" if rank[1] else "")

    if row.rank[0] is None and row.rank_before[0] is None:
        return words("none")
    return f"{place(row.rank_before)} → {place(row.rank)}"


def _lineage(row: ChangeNote, words: Words) -> str:
    told = []
    if row.predecessors:
        told.append(words("change.from", units=", ".join(row.predecessors)))
    if row.method_break:
        told.append(words("change.method"))
    return "; ".join(told)


def published_table(rows: Sequence[PublishedFigure], words: Words, *, units: bool) -> Table:
    """Published figures beside recomputed ones."""
    columns = (
        *_unit_column(words, units=units),
        Column(words("comparison.indicator"), weight=1.8),
        Column(words("comparison.published"), right=True),
        Column(words("comparison.recomputed"), right=True, weight=1.3),
        Column(words("comparison.match"), weight=2.2),
        Column(words("outcome.source"), weight=1.4),
    )
    lines = []
    for row in rows:
        found = plain(row.recomputed) if isinstance(row.recomputed, str) else Cell(words("none"))
        if isinstance(row.recomputed, float):
            found = share(words, row.recomputed)
            if row.is_change:
                found = Cell(words.signed(row.recomputed), row.recomputed, "points")
        level: Level = {True: "green", False: "orange", None: "none"}[row.agrees]  # type: ignore[assignment]
        what = f"{words.say(row.programme)}: {words.say(row.what)}"
        lines.append(
            (
                *_unit_cell(row.unit or words("outcome.all_units"), units=units),
                plain(what),
                plain(row.published.replace(".", ",") if words.language == "vi" else row.published),
                found,
                Cell(words.say(row.verdict), level=level),
                plain(row.source),
            )
        )
    return Table(words("published.heading"), columns, tuple(lines))


def awards_table(rows: Sequence[AwardNote], words: Words, *, units: bool) -> Table:
    """Awards and criticisms with whether they should wait."""
    columns = (
        *_unit_column(words, units=units),
        Column(words("award.title"), weight=1.8),
        Column(words("outcome.programme"), weight=1.4),
        Column(words("award.advice"), weight=1.6),
        Column(words("award.reasons"), weight=3.0),
    )
    lines = []
    for row in rows:
        level: Level = "none" if row.hold is None else "orange" if row.hold else "green"
        advice = {None: "award.unknown", True: "award.hold", False: "award.go"}[row.hold]
        title = row.title
        if row.criticism:
            title = words("award.criticism", title=row.title)
        reasons = "; ".join(map(words.say, row.reasons))
        notes = "; ".join(map(words.say, row.notes))
        if notes:
            notes = words("award.note", notes=notes)
        lines.append(
            (
                *_unit_cell(row.unit, units=units),
                plain(title),
                plain(words.say(row.programme)),
                Cell(words(advice), level=level),
                plain(reasons or words("none"), notes),
            )
        )
    return Table(words("award.heading"), columns, tuple(lines))


def targets_table(rows: Sequence[TargetNote], words: Words, *, units: bool) -> Table:
    """Targets and what was reached."""
    columns = (
        *_unit_column(words, units=units),
        Column(words("target.indicator"), weight=1.8),
        Column(words("target.target"), right=True),
        Column(words("target.reached"), right=True),
        Column(words("outcome.due"), weight=1.1),
        Column(words("outcome.verdict"), weight=1.6),
        Column(words("outcome.source"), weight=1.4),
    )
    signs = {">=": "≥", "<=": "≤"}
    lines = []
    for row in rows:
        goal = row.target.replace(".", ",") if words.language == "vi" else row.target
        lines.append(
            (
                *_unit_cell(row.unit, units=units),
                plain(words.or_raw("indicator", row.indicator) or row.indicator),
                plain(f"{signs.get(row.operator, row.operator)} {goal}%"),
                share(words, row.value),
                plain(words("none") if row.due is None else words.day(row.due)),
                plain(words.say(row.verdict)),
                plain(row.source),
            )
        )
    return Table(words("target.heading"), columns, tuple(lines))


def actions_table(rows: Sequence[ActionNote], words: Words, *, units: bool) -> Table:
    """Actions that were agreed on, and whether they are done."""
    columns = (
        Column(words("action.id"), head=True),
        *_unit_column(words, units=units, head=False),
        Column(words("action.text"), weight=2.6),
        Column(words("action.office"), weight=1.4),
        Column(words("outcome.due"), weight=1.1),
        Column(words("action.open_cases"), right=True),
        Column(words("outcome.verdict"), weight=1.4),
    )
    lines = []
    for row in rows:
        late = row.overdue or (row.done is not None and row.due is not None and row.done > row.due)
        lines.append(
            (
                plain(row.id),
                *_unit_cell(row.unit or words("outcome.all_units"), units=units),
                plain(row.text),
                plain(row.office),
                plain(words("none") if row.due is None else words.day(row.due)),
                number(words, row.open_cases),
                Cell(
                    words("action.overdue") if row.overdue else words.say(row.verdict),
                    level="yellow" if late else None,
                    under="" if row.done is None else words.day(row.done),
                ),
            )
        )
    return Table(words("action.heading"), columns, tuple(lines))


def complaints_table(rows: Sequence[ComplaintNote], words: Words, *, units: bool) -> Table:
    """Complaints beside satisfaction."""
    columns = (
        *_unit_column(words, units=units),
        Column(words("col.value"), right=True),
        Column(words("complaint.count"), right=True),
        Column(words("complaint.served"), right=True),
        Column(words("outcome.verdict"), weight=2.6),
    )
    lines = tuple(
        (
            *_unit_cell(row.unit, units=units),
            share(words, row.value),
            number(words, row.complaints),
            number(words, row.served),
            plain(words.say(row.verdict)),
        )
        for row in rows
    )
    return Table(words("complaint.heading"), columns, lines)


def _unit_column(words: Words, *, units: bool, head: bool = True) -> tuple[Column, ...]:
    return (Column(words("col.unit"), weight=2.2, head=head),) if units else ()


def _unit_cell(name: str, *, units: bool) -> tuple[Cell, ...]:
    return (plain(name),) if units else ()


def unit_held_against(report: UnitReport, words: Words) -> Iterator[Block]:
    """How firm the result of a unit is, its slices, and what it is held against."""
    yield from firmness_part(report.firmness, report.result.ranked_units, words)
    if report.slices:
        yield Heading(words("slice.heading"), 3)
        yield slices_table(report.slices, words("slice.heading"), words)
    found = report.outcomes
    if found is None:
        return
    if found.changes:
        yield Heading(words("change.heading"), 3)
        yield changes_table(found.changes, words, units=False)
    if found.published:
        yield Heading(words("published.heading"), 3)
        yield published_table(found.published, words, units=False)
    if found.complaints:
        yield Heading(words("complaint.heading"), 3)
        yield complaints_table(found.complaints, words, units=False)
    if found.awards:
        yield Heading(words("award.heading"), 3)
        yield awards_table(found.awards, words, units=False)
        yield Text(words("award.lead"), note=True)


def unit_follow_up(report: UnitReport, words: Words) -> Iterator[Block]:
    """Targets of a unit and what was agreed on."""
    found = report.outcomes
    if found is None:
        return
    if found.targets:
        yield Heading(words("target.heading"), 3)
        yield targets_table(found.targets, words, units=False)
    if found.actions:
        yield Heading(words("action.heading"), 3)
        yield actions_table(found.actions, words, units=False)
