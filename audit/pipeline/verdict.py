"""What could not be judged, and how a run ends, from what is stored."""

from __future__ import annotations

import sqlalchemy as sa

from audit.intake.tables import MINOR_CODES
from audit.settings import Settings
from audit.store import Store
from audit.store.evidence import Findings
from audit.store.pages import Pages
from audit.store.records import scanned_with_reasons
from detectors.errors import ExitCode
from detectors.finding import Severity
from scans.unjudged import why_unjudged

__all__ = ["not_judged", "verdict"]

_FORM = {
    "unknown_unit": "no unit of the round is known for it — put it in inbox/scans/<unit_id>/, "
    "or give its serial a range in the custody table",
    "page_missing": "a page of the form is missing — scan it, with the same serial",
}
_TWICE = {
    "page_missing": "a page of the form is missing, and its serial stands on several sheets — see "
    "its case; scan the sheet whole, with a serial that no other has",
}


def not_judged(connection: sa.Connection, round_id: str) -> list[str]:
    """One line for each input that could not be judged: file, place, reason, way out."""
    lines = [
        f"{problem['place']}: {problem['what']} — {problem['remedy']}"
        for problem in Findings(connection, round_id).problems()
        if problem["code"] not in MINOR_CODES
    ]
    for page in Pages(connection, round_id).all():
        if page["status"] != "read":
            place = f"{page['path']}, page {page['page']}"
            reason = str(page["reason"]).removeprefix(f"{page['path']}: ")
            lines.append(f"{place}: {reason.removeprefix(f'{place}: ')}")
        elif page["flagged"] is None:
            why, remedy = why_unjudged(page["not_assessable"])
            place = f"{page['path']}, page {page['page']}"
            lines.append(f"{place}: read, but not judged: {'; '.join(why)}; {remedy}")
    for path, record, reasons in scanned_with_reasons(connection, round_id):
        # A second sheet of a serial stands under the serial and its number.
        said = _FORM | (_TWICE if "#" in record else {})
        lines += [f"{path}, form {record}: {said[r]}" for r in reasons if r in _FORM]
    return lines


def verdict(store: Store, settings: Settings) -> tuple[list[str], ExitCode]:
    """What could not be judged, and the exit code that follows from what is stored."""
    with store.reading() as connection:
        lines = not_judged(connection, settings.round.id)
        findings = Findings(connection, settings.round.id).open()
    worst = Severity.worst([Severity(row["severity"]) for row in findings])
    if settings.fail_on != "none" and worst.rank >= Severity(settings.fail_on).rank:
        return lines, ExitCode.FINDINGS
    return lines, ExitCode.PARTLY_JUDGED if lines else ExitCode.DONE


def failures(connection: sa.Connection, round_id: str) -> list[dict[str, str]]:
    """The same as places and codes, for a manifest: what was written on a form is not told."""
    found = [
        {"place": str(problem["place"]), "code": str(problem["code"])}
        for problem in Findings(connection, round_id).problems()
        if problem["code"] not in MINOR_CODES
    ]
    for page in Pages(connection, round_id).all():
        if page["status"] != "read" or page["flagged"] is None:
            code = page["status"] if page["status"] != "read" else "not_judged"
            found.append({"place": f"{page['path']}, page {page['page']}", "code": code})
    for path, _, reasons in scanned_with_reasons(connection, round_id):
        found += [{"place": path, "code": reason} for reason in reasons if reason in _FORM]
    return found
