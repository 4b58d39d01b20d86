"""Whether a reference was learned with the checks that would be judged by it today.

A check whose numbers changed since gives other scores to the same honest pages: held against
the old ones, honest pages look rare, or altered ones usual. How rare a page is as a whole hangs on
every check and on the built-in reference, which lends what few pages cannot show.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from detectors.registry import Level, discover

__all__ = ["PAGE", "outdated", "outdated_line", "versions_today"]

PAGE = "page"
"""Stands for the page as a whole among the ids of checks: its fused likelihood ratio."""
_WHOLE = "how rare a page is as a whole"


def versions_today(builtin: str | None = None) -> dict[str, str]:
    """Check id -> version of every page check, and of the page as a whole.

    Args:
        builtin: Hash of the built-in reference; ``None`` while that one itself is learned.
    """
    checks = {check_id: check.info.version for check_id, check in discover(Level.PAGE).items()}
    return checks if builtin is None else {**checks, PAGE: builtin}


def outdated(learned_with: Mapping[str, str], today: Mapping[str, str]) -> tuple[str, ...]:
    """Ids of what a reference has to say nothing about any more, in order.

    Args:
        learned_with: Versions that the reference was learned with; empty for files written
            before references said so.
        today: :func:`versions_today`.
    """
    other = {check for check, version in today.items() if learned_with.get(check) != version}
    # A check that is no longer there spoke in the page as a whole.
    if other or learned_with.keys() - today.keys():
        other.add(PAGE)
    return tuple(sorted(other & today.keys()))


def outdated_line(where: str, checks: tuple[str, ...], source: Mapping[str, Any]) -> str:
    """One line for whoever named the file: which checks, and what to do."""
    known = discover(Level.PAGE).keys()
    names = [check for check in checks if check != PAGE]
    said = "all checks" if set(names) >= known else ", ".join([*names, _WHOLE])
    by = f" (by {source['program']})" if isinstance(source.get("program"), str) else ""
    return (
        f"{where}: this reference was learned{by} with other versions of {said}; there the "
        "built-in reference is used, or nothing where that has none — learn it again: "
        f"survey-audit calibrate PAGE… --instrument T.toml --output {where}"
    )
