"""Texts of the desk: complete in both languages, and none that nobody uses."""

from __future__ import annotations

import re
import string
from pathlib import Path

import pytest

import audit.desk
from audit.desk.locale import LANGUAGES, desk_catalogue, load_text
from audit.desk.permissions import Permission, allowed
from audit.judge.authority import Bar, Role
from audit.judge.decision import CaseState, Verdict
from reports.locale import catalogue

HERE = Path(audit.desk.__file__).parent


def entries(language: str) -> dict[str, tuple[str, ...]]:
    found = {}
    for entry in desk_catalogue(language):
        if entry.id:
            key = entry.id if isinstance(entry.id, str) else entry.id[0]
            found[key] = (entry.string,) if isinstance(entry.string, str) else tuple(entry.string)
    return found


def places(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_both_languages_say_the_same_things() -> None:
    vi, en = entries("vi"), entries("en")
    assert vi.keys() == en.keys()
    for key in vi:
        for text in (*vi[key], *en[key]):
            assert text.strip() == text != "", key
            assert places(text) == places(vi[key][0]), key


def test_nothing_of_the_reports_is_said_again() -> None:
    reports = {e.id if isinstance(e.id, str) else e.id[0] for e in catalogue("vi") if e.id}
    assert not reports & entries("vi").keys()


def used() -> set[str]:
    code = [p.read_text("utf-8") for p in (*HERE.rglob("*.py"), *HERE.rglob("*.j2"))]
    return {
        key for text in code for key in re.findall(r"""["']([a-z_]+(?:\.[a-z_.]+)?)["']""", text)
    }


def test_every_text_is_used_and_every_used_text_is_there() -> None:
    families = {
        "role": [r.value for r in Role],
        "state": [s.value for s in CaseState],
        "verdict": [v.value for v in Verdict],
        "bar": [b.value for b in Bar],
    }
    text = load_text("vi")
    for family, codes in families.items():
        for code in codes:
            assert text(f"{family}.{code}")
    built = r"(role|state|verdict|bar|mark|subject|filter|part|layer|look|mask|tool|answer|key"
    built += r"|mark_state|page_status|scan\.none|deed|batch|why|measure|stage|peers|corrections"
    built += r"|explain|staff|keys|help|value|reviewers)\..+"
    unknown = {k for k in entries("vi") if k not in used() and not re.fullmatch(built, k)}
    assert not unknown
    asked = {
        key
        for path in (*HERE.rglob("*.j2"), *HERE.rglob("*.py"))
        for key in re.findall(
            r"""\b(?:t|t\.count|visit\.text)\(["']([a-z_.]+)["'](?! ~)""", path.read_text("utf-8")
        )
    }
    for language in LANGUAGES:
        for key in asked:
            if not key.endswith("."):
                load_text(language)._known(key)


@pytest.mark.parametrize("role", list(Role))
def test_no_role_may_everything(role: Role) -> None:
    assert not all(allowed(role, permission) for permission in Permission)
    assert allowed(role, Permission.ACCOUNT)
