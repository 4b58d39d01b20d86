"""What people bring to hold results against, read from the originals that were kept of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TypeVar

from audit.intake._cells import to_text
from audit.intake.columns import TableProblem, columns_of
from audit.intake.goal_tables import (
    Action,
    Award,
    Target,
    read_actions,
    read_awards,
    read_targets,
)
from audit.intake.index_books import IndexPart, join_books, read_index_book
from audit.intake.originals_at import originals_at
from audit.intake.published_tables import (
    Published,
    read_lineage,
    read_previous_results,
    read_published,
)
from audit.intake.register_cells import count_of
from audit.pipeline.sources import problem_of, relative_to_round
from audit.scoring.index import IndexBook
from audit.scoring.lineage import Link, Previous
from audit.scoring.rules import INDEX, RuleSet, rules_at
from audit.settings import Settings
from audit.store import Store
from audit.store.pages import Files
from audit.store.rounds import Rounds
from detectors.errors import AuditError

__all__ = ["Brought", "read_brought"]

V = TypeVar("V")


@dataclass(frozen=True)
class Brought:
    """Everything under ``[results]``, and the register of complaints.

    Attributes:
        published: Published figures.
        previous: Programme, unit, measure, factor -> result of the period before.
        links: Lineage of units.
        targets: Targets.
        actions: Actions agreed on.
        awards: Proposed awards and criticisms.
        has_awards: Whether there is a table of awards.
        books: Index books, one a year.
        index_rules: Year -> rule set of the index valid at its end.
        complaints: Unit -> complaints; ``None`` without a register.
        problems: What could not be taken as it stands.
    """

    published: Sequence[Published]
    previous: Mapping[tuple[str, str, str, str], Previous]
    links: Sequence[Link]
    targets: Sequence[Target]
    actions: Sequence[Action]
    awards: Sequence[Award]
    has_awards: bool
    books: Sequence[IndexBook]
    index_rules: Mapping[int, RuleSet]
    complaints: Mapping[str, int] | None
    problems: Sequence[TableProblem] = ()


def read_brought(
    store: Store, settings: Settings, units: frozenset[str], rules: Mapping[str, RuleSet]
) -> Brought:
    """Read it all; a file that cannot be used is a problem and the others are read.

    Raises:
        ConfigError: If the rule sets of a year overlap.
    """
    with store.reading() as connection:
        listed = Rounds(connection, settings.round.id).units()
        names = {
            str(unit): str(name)
            for unit, name in zip(listed["unit_id"], listed["name"], strict=True)
            if unit in units
        }
        files = Files(connection, settings.round.id)
        kept = {row["path"]: row["sha256"] for row in files.kept("results")}
        complaints_at = {row["path"]: row["sha256"] for row in files.kept("collection")}
    problems: list[TableProblem] = []
    by_year: dict[int, RuleSet] = {}

    def of_year(year: int) -> RuleSet:
        if year not in by_year:
            by_year[year] = rules_at(settings.path(settings.rules), date(year, 12, 31), INDEX)
        return by_year[year]

    with ExitStack() as stack:
        place = originals_at(settings.originals_place)
        hashes = sorted({*kept.values(), *complaints_at.values()})
        at_hand = stack.enter_context(place.at_hand(hashes))

        def table(
            name: Path, read: Callable[[Path, str], tuple[V, list[TableProblem]]], empty: V
        ) -> V:
            relative = relative_to_round(settings.path(name), settings.base)
            if relative not in kept:
                return empty
            try:
                found, wrong = read(at_hand[kept[relative]], relative)
            except AuditError as error:
                problems.append(problem_of(error, relative, "table_not_read"))
                return empty
            problems.extend(wrong)
            return found

        named = settings.results
        parts: list[IndexPart] = []
        folder = relative_to_round(settings.path(named.index), settings.base).rstrip("/") + "/"
        for path in sorted(p for p in kept if p.startswith(folder)):
            try:
                parts.append(read_index_book(at_hand[kept[path]], path, names, of_year))
            except AuditError as error:
                problems.append(problem_of(error, path, "table_not_read"))
        books, wrong = join_books(parts)
        problems += wrong
        for book in books:
            of_year(book.year)
        no_published: list[Published] = []
        no_links: list[Link] = []
        no_previous: dict[tuple[str, str, str, str], Previous] = {}
        awards_path = relative_to_round(settings.path(named.awards), settings.base)
        return Brought(
            published=table(
                named.published, lambda p, n: read_published(p, n, units, rules), no_published
            ),
            previous=table(
                named.previous, lambda p, n: read_previous_results(p, n, units), no_previous
            ),
            links=table(named.lineage, lambda p, n: read_lineage(p, n, units), no_links),
            targets=table(named.targets, lambda p, n: read_targets(p, n, units), list[Target]()),
            actions=table(named.actions, lambda p, n: read_actions(p, n, units), list[Action]()),
            awards=table(named.awards, lambda p, n: read_awards(p, n, units), list[Award]()),
            has_awards=awards_path in kept,
            books=books,
            index_rules=by_year,
            complaints=_complaints(settings, complaints_at, at_hand),
            problems=problems,
        )


def _complaints(
    settings: Settings, kept: Mapping[str, str], at_hand: Mapping[str, Path]
) -> dict[str, int] | None:
    """The register of complaints; what is wrong in it is told where the checks read it."""
    path = settings.collection.complaints
    if path is None:
        return None
    relative = relative_to_round(settings.path(path), settings.base)
    if relative not in kept:
        return None
    try:
        table = columns_of(at_hand[kept[relative]], None, relative)
    except AuditError:
        return None
    units = table.values("unit_id", to_text, "")
    counts = table.values("complaints", count_of, "")
    if units is None or counts is None:
        return None
    found: dict[str, int] = {}
    for unit, number in zip(units, counts, strict=True):
        if unit is not None and number is not None:
            found[unit] = found.get(unit, 0) + int(number)
    return found
