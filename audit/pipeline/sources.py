"""What people put into the round's folders, taken in: originals first, then rows."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from audit.intake.columns import TableProblem
from audit.intake.originals import hash_regular, list_files
from audit.intake.originals_at import originals_at
from audit.pipeline.tools import Tools
from audit.settings import InstrumentSettings, Settings
from audit.store import Store
from audit.store.pages import Files
from audit.trail.acts import Action
from audit.trail.chain import describe
from detectors.errors import AccessError, AuditError, ConfigError, UsageError
from detectors.instrument import Instrument, load_instrument

__all__ = [
    "Found",
    "RoundForm",
    "Sources",
    "gather",
    "load_forms",
    "one_form",
    "problem_of",
    "relative_to_round",
    "require_inbox",
    "take_in",
]


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
        kind: ``scan``, ``responses``, ``units``, ``custody``, ``withdrawn``, ``previous``,
            ``collection`` or ``results``.
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
        problems: What could not be taken in, or as it stands.
        refused: Of these, files that are there and were not taken in.
    """

    forms: list[RoundForm]
    found: list[Found]
    problems: list[TableProblem] = field(default_factory=list)
    refused: list[TableProblem] = field(default_factory=list)


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


def one_form(settings: Settings, wanted: str | None) -> RoundForm:
    """The form of that id; without one, the only form of the round.

    Raises:
        UsageError: If there is none, or several and none is named.
    """
    forms = load_forms(settings)
    names = ", ".join(form.instrument.id for form in forms)
    for form in forms:
        if wanted == form.instrument.id or (wanted is None and len(forms) == 1):
            return form
    if wanted is None:
        raise UsageError("the round has several forms", remedy=f"name one: --instrument {names}")
    raise UsageError(f"there is no form {wanted}", remedy=f"the round has {names}")


def require_inbox(settings: Settings, kept: Iterable[str]) -> None:
    """Refuse a round whose inbox is gone: "nothing new" would be told of a share that is not there.

    Args:
        settings: Of the round; a round without paper needs no folder of scans.
        kept: Files taken in before, by their names in the round.

    Raises:
        AccessError: If neither folder is there, or one that files were taken from.
    """
    names = set(kept)
    gone = [
        name for name in (settings.scans, settings.responses) if not settings.path(name).is_dir()
    ]
    for name in gone:
        below = f"{relative_to_round(settings.path(name), settings.base)}/"
        if len(gone) == 2 or any(path.startswith(below) for path in names):
            raise AccessError(
                "the folder of the inbox is not there",
                where=str(settings.path(name)),
                remedy="mount it, or make it (mkdir -p) if nothing is to come in",
            )


def gather(settings: Settings, tools: Tools) -> Sources:
    """List and hash what is there and whole; nothing is changed.

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
    if settings.path(settings.withdrawn).is_file():
        named.append(("withdrawn", settings.withdrawn))
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
    named += [
        ("results", path) for path in settings.results.tables() if settings.path(path).is_file()
    ]
    listed = [(kind, settings.path(path)) for kind, path in dict.fromkeys(named)]
    listed += [("results", path) for path in _index_files(settings)]
    listed += [("responses", path) for path in _table_files(settings, sources)]
    listed += [("scan", path) for path in _scan_files(settings, sources)]
    whole = tools.settled([path for _, path in listed], settings.settle_seconds)
    for kind, path in listed:
        if path in whole:
            _add(sources, settings, kind, path)
        else:
            sources.problems.append(
                TableProblem(
                    relative_to_round(path, settings.base),
                    "somebody is still writing it",
                    "the next run takes it in; copy under a hidden name (.name), then rename",
                    code="not_settled",
                )
            )
    sources.found.sort(key=lambda found: found.path)
    sources.refused = list(sources.problems)
    return sources


def _table_files(settings: Settings, sources: Sources) -> Sequence[Path]:
    refused: list[AuditError] = []
    files = list_files(settings.path(settings.responses), refuse=refused.append)
    sources.problems += _problems(refused, settings, settings.responses, "no_access")
    return files


def _index_files(settings: Settings) -> Sequence[Path]:
    """Workbooks of the index; lock files of spreadsheet programs are passed by."""
    folder = settings.path(settings.results.index)
    names = sorted(folder.glob("*.xlsx")) if folder.is_dir() else ()
    return [path for path in names if not path.name.startswith(("~", "."))]


def _scan_files(settings: Settings, sources: Sources) -> Sequence[Path]:
    folder = settings.path(settings.scans)
    if not folder.is_dir():
        return ()
    from scans.source import expand

    refused: list[AuditError] = []
    files = sorted(expand([folder], refuse=refused.append))
    sources.problems += _problems(refused, settings, settings.scans, "refused_file")
    return files


def _problems(
    refused: Iterable[AuditError], settings: Settings, folder: Path, code: str
) -> Iterator[TableProblem]:
    """What was refused below a folder, by its name in the round; where a link leads is not told."""
    for error in refused:
        problem = problem_of(error, str(folder), code)
        base = f"{settings.base.as_posix()}/"
        yield dataclasses.replace(problem, where=problem.where.removeprefix(base))


def _add(sources: Sources, settings: Settings, kind: str, path: Path) -> None:
    relative = relative_to_round(path, settings.base)
    try:
        # Never opened by its name alone: a pipe would hold the run for ever.
        sources.found.append(Found(relative, kind, path, hash_regular(path)))
    except AuditError as error:
        problem = problem_of(error, relative, "refused_file")
        sources.problems.append(dataclasses.replace(problem, where=relative))
    except OSError as error:
        what = f"cannot be read ({error.strerror})"
        sources.problems.append(TableProblem(relative, what, "check permissions", code="no_access"))


def relative_to_round(path: Path, base: Path) -> str:
    """How a file is called in the round, the same on every machine."""
    try:
        # Its own name, not that of what it may be a link to.
        own = path.parent.resolve() / path.name
        name = own.relative_to(base.resolve()).as_posix()
    except ValueError:
        name = path.as_posix()
    # A name that is no UTF-8 is spelled out: no store and no report could hold it.
    return name.encode("utf-8", "backslashreplace").decode()


def problem_of(error: AuditError, place: str, code: str) -> TableProblem:
    """What an error leaves to be told, where the rest goes on."""
    return TableProblem(error.where or place, error.what, error.remedy or "look at it", code=code)


def take_in(
    store: Store, settings: Settings, sources: Sources, run_id: str, tools: Tools
) -> Mapping[str, int]:
    """Keep the originals of everything new, file by file.

    Returns:
        Number of files by kind that were new.
    """
    originals = originals_at(settings.originals_place)
    originals.sweep()
    with store.reading() as connection:
        rows = Files(connection, settings.round.id).every()
        own = [row for row in rows if row["round_id"] == settings.round.id]
        known = {(r["path"], r["sha256"]) for r in own if r["state"] != "replaced"}
    new: dict[str, int] = {}
    for found in list(sources.found):
        if (found.path, found.sha256) in known:
            continue
        try:
            kept = originals.add(found.real)
        except AuditError as error:
            # A source that is gone or became a link is its own matter; a full disk is not.
            if found.real.is_file() and not found.real.is_symlink():
                raise
            sources.found.remove(found)
            problem = problem_of(error, found.path, "refused_file")
            told = dataclasses.replace(problem, where=found.path)
            sources.problems.append(told)
            sources.refused.append(told)
            continue
        with store.writing(tools.act(Action.FILE_IN, found.path)) as connection:
            files = Files(connection, settings.round.id)
            files.add(found.path, found.kind, kept.sha256, kept.size, run_id)
            what = {"kind": found.kind, "sha256": kept.sha256, "size": kept.size, "run": run_id}
            describe(connection, after=what)
        tools.log("file.in", kind=found.kind, sha256=kept.sha256, size=kept.size)
        new[found.kind] = new.get(found.kind, 0) + 1
    return new
