"""Files that people take back: kept with their hash and the reason, and counted no more.

A form of another round, a batch scanned twice: deleting it from the inbox does not undo that
it was taken in. ``withdrawn.csv`` names paths of the round with a reason each; a path that is
struck off the list counts again. Both are entries of the trail.

A scan of which no unit is known is put into the folder of its unit, as the program itself
advises: the file has moved, and is no second copy of itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from audit.intake._cells import to_text
from audit.intake.columns import TableProblem, columns_of
from audit.pipeline.sources import Sources, problem_of
from audit.pipeline.tools import Tools
from audit.settings import Settings
from audit.store import Store
from audit.store.pages import Files
from audit.store.records import scanned_with_reasons
from audit.trail.acts import Action
from audit.trail.chain import describe
from detectors.errors import InputError

__all__ = ["withdraw"]

_MOVED = "moved to "


def withdraw(store: Store, settings: Settings, sources: Sources, tools: Tools) -> int:
    """Let the list decide which files count.

    A list that cannot be used changes nothing and is a problem to be told.

    Returns:
        How many files are withdrawn now.
    """
    try:
        listed = _listed(settings, sources)
    except InputError as error:
        sources.problems.append(problem_of(error, str(settings.withdrawn), "table_not_read"))
        return 0
    with store.reading() as connection:
        rows = Files(connection, settings.round.id).standing("scan", "responses", "results")
        homeless = {
            path
            for path, _, reasons in scanned_with_reasons(connection, settings.round.id)
            if "unknown_unit" in reasons
        }
    moved = _moved([dict(row) for row in rows], sources, homeless, listed)
    known = {row["path"] for row in rows}
    for path in sorted(listed.keys() - known):
        what = f"{path} is no file of this round"
        sources.problems.append(
            TableProblem(str(settings.withdrawn), what, "correct the path", code="unknown_file")
        )
    for row in rows:
        why = listed.get(row["path"]) or moved.get(row["path"])
        state = "kept" if why is None else "withdrawn"
        if row["state"] == state:
            continue
        with store.writing(tools.act(Action.FILE_STATE, row["path"])) as connection:
            files = Files(connection, settings.round.id)
            files.set_state(row["id"], state)
            if row["path"] in moved or str(row["reason"]).startswith(_MOVED):
                files.set_reason(row["id"], moved.get(row["path"]))
            after = {"state": state, "sha256": row["sha256"], "why": why}
            describe(connection, before={"state": row["state"]}, after=after)
    return len((listed.keys() & known) | moved.keys())


def _moved(
    rows: Sequence[Mapping[str, Any]],
    sources: Sources,
    homeless: set[str],
    listed: Mapping[str, str],
) -> dict[str, str]:
    """Scans that counted for no unit and now stand elsewhere in the inbox: path -> why.

    One that counted for a unit is not looked at: the same file under another unit is a sign.
    """
    there = {found.path: found for found in sources.found if found.kind == "scan"}
    now = {found.sha256: path for path, found in there.items() if path not in listed}
    moved = {}
    for row in rows:
        path = row["path"]
        # What was found to have moved has no record any more that could say it again.
        gone = path in homeless or str(row["reason"]).startswith(_MOVED)
        if row["kind"] == "scan" and gone and path not in there and row["sha256"] in now:
            moved[path] = f"{_MOVED}{now[row['sha256']]}"
    return moved


def _listed(settings: Settings, sources: Sources) -> Mapping[str, str]:
    """Path -> reason."""
    path = settings.path(settings.withdrawn)
    if not path.is_file():
        return {}
    table = columns_of(path, None, settings.withdrawn)
    for name in ("path", "reason"):
        table.require(name)
    paths = table.values("path", to_text, "write a path of this round")
    reasons = table.values("reason", to_text, "write why")
    sources.problems += table.problems
    listed: dict[str, str] = {}
    if paths is None or reasons is None:
        return listed
    for name, reason in zip(paths, reasons, strict=True):
        if name and not reason:
            what = f"{name} has no reason"
            sources.problems.append(
                TableProblem(str(settings.withdrawn), what, "write one", code="no_reason")
            )
        elif name:
            listed[name.replace("\\", "/").removeprefix("./")] = str(reason)
    return listed
