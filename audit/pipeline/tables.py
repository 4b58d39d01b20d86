"""Tables of a round, read from the originals that were kept of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from audit.intake.collection import Known, read_circumstances
from audit.intake.columns import TableProblem
from audit.intake.custody_book import Custody, read_custody
from audit.intake.originals_at import originals_at
from audit.intake.registers import Units, read_units, units_at
from audit.intake.tables import Responses, read_responses
from audit.pipeline.assembly import TableFile
from audit.pipeline.sources import RoundForm, problem_of, relative_to_round
from audit.pipeline.tools import Tools
from audit.scoring.rules import RuleSet
from audit.settings import Settings
from audit.store import Store
from audit.store.pages import Files
from audit.trail.acts import Action
from detectors.errors import AuditError, InputError

__all__ = [
    "read_previous",
    "read_round_circumstances",
    "read_round_custody",
    "read_round_units",
    "read_tables",
]


@contextmanager
def _original(store: Store, settings: Settings, kind: str, path: Path) -> Iterator[Path | None]:
    """The kept file that stands for a table of the settings, at hand on this machine."""
    relative = relative_to_round(settings.path(path), settings.base)
    with store.reading() as connection:
        kept = Files(connection, settings.round.id).kept(kind)
        found = [row["sha256"] for row in kept if row["path"] == relative]
    if not found:
        yield None
        return
    with originals_at(settings.originals_place).at_hand(found[:1]) as there:
        yield there[found[0]]


def read_round_units(store: Store, settings: Settings) -> Units:
    """The units of the round, all versions.

    Raises:
        InputError: If the table cannot be used, or no unit is valid on the last day.
    """
    with _original(store, settings, "units", settings.units) as path:
        units = read_units(path or settings.path(settings.units), name=settings.units)
    if units_at(units.frame, settings.round.date_to).empty:
        raise InputError(
            f"no unit is valid on {settings.round.date_to}, the last day of the round",
            where=str(settings.units),
            remedy="correct valid_from and valid_to",
        )
    return units


def read_round_custody(store: Store, settings: Settings, units: frozenset[str]) -> Custody | None:
    """The custody of the round; ``None`` where there is no such table."""
    with _original(store, settings, "custody", settings.custody) as path:
        return None if path is None else read_custody(path, units=units, name=settings.custody)


def read_previous(store: Store, settings: Settings, form: RoundForm) -> Responses | None:
    """Responses of the round before; ``None`` where the settings name none."""
    if form.settings.previous is None:
        return None
    with _original(store, settings, "previous", form.settings.previous) as path:
        return read_responses(
            path or settings.path(form.settings.previous),
            form.instrument,
            mapping=form.settings.table,
            timezone=settings.timezone,
            name=form.settings.previous,
            partial=True,
        )


def read_round_circumstances(
    store: Store, settings: Settings, form: RoundForm, rules: RuleSet
) -> Known:
    """What is known of the round's collection beside its answers, read from the originals."""
    with ExitStack() as stack:
        files = {
            key: stack.enter_context(_original(store, settings, "collection", path))
            or settings.path(path)
            for key, path in settings.collection.files().items()
        }
        return read_circumstances(
            settings.collection,
            files,
            form.instrument,
            mapping=form.settings.table,
            timezone=settings.timezone,
            method_break=settings.round.method_break is not None,
            cutoffs=tuple(float(tier.cut_off) for tier in rules.tiers if tier.cut_off > 0),
        )


def read_tables(
    store: Store,
    settings: Settings,
    forms: Sequence[RoundForm],
    units: frozenset[str],
    tools: Tools,
) -> tuple[dict[str, list[TableFile]], list[TableProblem]]:
    """Every response table, read from its original, under the instrument it belongs to.

    A table that cannot be used is a problem and the others are read.
    """
    originals = originals_at(settings.originals_place)
    with store.reading() as connection:
        rows = [dict(r) for r in Files(connection, settings.round.id).kept("responses")]
    tables: dict[str, list[TableFile]] = {form.instrument.id: [] for form in forms}
    problems: list[TableProblem] = []
    reasons: dict[int, str | None] = {}
    for row in rows:
        with originals.at_hand([row["sha256"]]) as there:
            path = there[row["sha256"]]
            try:
                form, responses = _read_table(path, row["path"], forms, units, settings)
            except AuditError as error:
                problems.append(problem_of(error, row["path"], "table_not_read"))
                reasons[row["id"]] = error.what
                continue
        reasons[row["id"]] = None
        tables[form.instrument.id].append(TableFile(row["id"], row["path"], responses))
        problems += responses.problems
    with store.writing(tools.act(Action.TABLES)) as connection:
        files = Files(connection, settings.round.id)
        for key, reason in reasons.items():
            files.set_reason(key, reason)
    return tables, problems


def _read_table(
    path: Path,
    name: str,
    forms: Sequence[RoundForm],
    units: frozenset[str],
    settings: Settings,
) -> tuple[RoundForm, Responses]:
    """Read a table as the first instrument that it fits.

    With several instruments, a folder of the instrument's id below the inbox decides; else
    the first whose columns are all there.
    """
    inbox = settings.responses.as_posix().rstrip("/") + "/"
    folder = name.removeprefix(inbox).split("/")[0]
    failures: list[InputError] = []
    for form in [f for f in forms if f.instrument.id == folder] or forms:
        try:
            responses = read_responses(
                path,
                form.instrument,
                mapping=form.settings.table,
                required=("unit_id",),
                units=units,
                timezone=settings.timezone,
                name=name,
            )
        except InputError as error:
            failures.append(error)
        else:
            return form, responses
    raise failures[0]
