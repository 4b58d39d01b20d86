"""What people put into the round's folders, taken in: originals first, then rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from audit.intake.collection import Known, read_circumstances
from audit.intake.originals import Originals, hash_file, list_files
from audit.intake.registers import Custody, Units, read_custody, read_units, units_at
from audit.intake.tables import Responses, TableProblem, read_responses
from audit.pipeline.assemble import TableFile
from audit.pipeline.tools import Tools
from audit.scoring.rules import RuleSet
from audit.settings import InstrumentSettings, Settings
from audit.store import Store
from audit.store.pages import Files
from audit.trail.acts import Action
from audit.trail.chain import describe
from detectors.errors import AuditError, ConfigError, InputError
from detectors.instrument import Instrument, load_instrument

__all__ = ["Found", "RoundForm", "Sources", "gather", "take_in"]


@dataclass(frozen=True)
class RoundForm:
    """One instrument of the round with its settings."""

    instrument: Instrument
    settings: InstrumentSettings


@dataclass(frozen=True, slots=True)
class Found:
    """One file in the round's folders.

    Attributes:
        path: Relative to the round, with forward slashes.
        kind: ``scan``, ``responses``, ``units``, ``custody``, ``previous`` or
            ``collection``.
        real: Where it stands on this machine.
        sha256: Of its content as it was listed; empty where it could not be read.
    """

    path: str
    kind: str
    real: Path
    sha256: str


@dataclass
class Sources:
    """Everything a run starts from.

    Attributes:
        forms: Instruments in the order of the settings.
        found: Files there now, in order of path.
        problems: What could not be taken in.
    """

    forms: list[RoundForm]
    found: list[Found]
    problems: list[TableProblem] = field(default_factory=list)


def load_forms(settings: Settings) -> list[RoundForm]:
    """The instruments of a round.

    Raises:
        InputError: If one cannot be used.
        ConfigError: If two carry one id.
    """
    forms = [RoundForm(load_instrument(settings.path(s.file)), s) for s in settings.instrument]
    ids = [form.instrument.id for form in forms]
    for form_id in ids:
        if ids.count(form_id) > 1:
            raise ConfigError(
                f"two instruments are called {form_id}", where="instrument", remedy="rename one"
            )
    return forms


def gather(settings: Settings) -> Sources:
    """List and hash what is there; nothing is changed.

    Raises:
        ConfigError: If a file that the settings name is not there.
        InputError: If an instrument cannot be used.
    """
    sources = Sources(load_forms(settings), [])
    if not settings.path(settings.units).is_file():
        raise ConfigError(
            f"the units table {settings.units} is not there",
            where="audit.toml, key units",
            remedy="put it there: unit_id, name, group, …",
        )
    named = [("units", settings.units)]
    if settings.path(settings.custody).is_file():
        named.append(("custody", settings.custody))
    for form in sources.forms:
        for key in ("reference", "previous"):
            path = getattr(form.settings, key)
            if path is not None and not settings.path(path).is_file():
                raise ConfigError(
                    f"the file {path} is not there",
                    where=f"audit.toml, key instrument.{key}",
                    remedy="correct the path, or remove the key",
                )
        if form.settings.previous is not None:
            named.append(("previous", form.settings.previous))
    for key, path in settings.collection.files().items():
        if not settings.path(path).is_file():
            raise ConfigError(
                f"the file {path} is not there",
                where=f"audit.toml, key collection.{key}",
                remedy="correct the path, or remove the key",
            )
        named.append(("collection", path))
    for kind, path in dict.fromkeys(named):
        _add(sources, settings, kind, settings.path(path))
    for path in list_files(settings.path(settings.responses)):
        _add(sources, settings, "responses", path)
    for path in _scan_files(settings.path(settings.scans), sources):
        _add(sources, settings, "scan", path)
    sources.found.sort(key=lambda found: found.path)
    return sources


def _scan_files(folder: Path, sources: Sources) -> Sequence[Path]:
    if not folder.is_dir():
        return ()
    from scans.source import expand

    refused: list[InputError] = []
    files = sorted(expand([folder], refuse=refused.append))
    sources.problems += [_problem(error, str(folder), "refused_file") for error in refused]
    return files


def _add(sources: Sources, settings: Settings, kind: str, path: Path) -> None:
    relative = _relative(path, settings.base)
    try:
        if path.is_symlink():
            raise InputError("a link is not taken in", where=relative, remedy="put the file there")
        sources.found.append(Found(relative, kind, path, hash_file(path)))
    except AuditError as error:
        sources.problems.append(_problem(error, relative, "refused_file"))
    except OSError as error:
        what = f"cannot be read ({error.strerror})"
        sources.problems.append(TableProblem(relative, what, "check permissions", code="no_access"))


def _relative(path: Path, base: Path) -> str:
    try:
        return path.resolve().relative_to(base.resolve()).as_posix()
    except ValueError:
        return path.as_posix()


def _problem(error: AuditError, place: str, code: str) -> TableProblem:
    return TableProblem(error.where or place, error.what, error.remedy or "look at it", code=code)


def take_in(
    store: Store, settings: Settings, sources: Sources, run_id: str, tools: Tools
) -> Mapping[str, int]:
    """Keep the originals of everything new, file by file.

    Returns:
        Number of files by kind that were new.
    """
    originals = Originals(settings.path(settings.originals))
    originals.sweep()
    with store.reading() as connection:
        known = {(r["path"], r["sha256"]) for r in Files(connection, settings.round.id).kept()}
    new: dict[str, int] = {}
    for found in sources.found:
        if (found.path, found.sha256) in known:
            continue
        kept = originals.add(found.real)
        with store.writing(tools.act(Action.FILE_IN, found.path)) as connection:
            files = Files(connection, settings.round.id)
            files.add(found.path, found.kind, kept.sha256, kept.size, run_id)
            what = {"kind": found.kind, "sha256": kept.sha256, "size": kept.size, "run": run_id}
            describe(connection, after=what)
        new[found.kind] = new.get(found.kind, 0) + 1
    return new


def _original(store: Store, settings: Settings, kind: str, path: Path) -> Path | None:
    """The kept file that stands for a table of the settings."""
    relative = _relative(settings.path(path), settings.base)
    with store.reading() as connection:
        for row in Files(connection, settings.round.id).kept(kind):
            if row["path"] == relative:
                return Originals(settings.path(settings.originals)).path(row["sha256"])
    return None


def read_round_units(store: Store, settings: Settings) -> Units:
    """The units of the round, all versions.

    Raises:
        InputError: If the table cannot be used, or no unit is valid on the last day.
    """
    path = _original(store, settings, "units", settings.units)
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
    path = _original(store, settings, "custody", settings.custody)
    return None if path is None else read_custody(path, units=units, name=settings.custody)


def read_previous(store: Store, settings: Settings, form: RoundForm) -> Responses | None:
    """Responses of the round before; ``None`` where the settings name none."""
    if form.settings.previous is None:
        return None
    path = _original(store, settings, "previous", form.settings.previous)
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
    files = {
        key: _original(store, settings, "collection", path) or settings.path(path)
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
    originals = Originals(settings.path(settings.originals))
    with store.reading() as connection:
        rows = [dict(r) for r in Files(connection, settings.round.id).kept("responses")]
    tables: dict[str, list[TableFile]] = {form.instrument.id: [] for form in forms}
    problems: list[TableProblem] = []
    reasons: dict[int, str | None] = {}
    for row in rows:
        path = originals.path(row["sha256"])
        try:
            form, responses = _read_table(path, row["path"], forms, units, settings)
        except AuditError as error:
            problems.append(_problem(error, row["path"], "table_not_read"))
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
