"""Files that people take back: kept with their hash and the reason, and counted no more.

A form of another round, a batch scanned twice: deleting it from the inbox does not undo that
it was taken in. ``withdrawn.csv`` names paths of the round with a reason each; a path that is
struck off the list counts again. Both are entries of the trail.
"""

from __future__ import annotations

from collections.abc import Mapping

from audit.intake._cells import to_text
from audit.intake.columns import TableProblem, columns_of
from audit.pipeline.sources import Sources, problem_of
from audit.pipeline.tools import Tools
from audit.settings import Settings
from audit.store import Store
from audit.store.pages import Files
from audit.trail.acts import Action
from audit.trail.chain import describe
from detectors.errors import InputError

__all__ = ["withdraw"]


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
    known = {row["path"] for row in rows}
    for path in sorted(listed.keys() - known):
        what = f"{path} is no file of this round"
        sources.problems.append(
            TableProblem(str(settings.withdrawn), what, "correct the path", code="unknown_file")
        )
    for row in rows:
        state = "withdrawn" if row["path"] in listed else "kept"
        if row["state"] == state:
            continue
        with store.writing(tools.act(Action.FILE_STATE, row["path"])) as connection:
            Files(connection, settings.round.id).set_state(row["id"], state)
            after = {"state": state, "sha256": row["sha256"], "why": listed.get(row["path"])}
            describe(connection, before={"state": row["state"]}, after=after)
    return len(listed.keys() & known)


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
