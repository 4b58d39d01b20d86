"""Every check that comes with the program keeps the contract of a check.

The promises stand in :mod:`audit.extending.contract`, where authors of other checks find them,
too; what they are tried on in :mod:`audit.extending.subjects`. A check is found by the registry
and nothing has to be added here for it.
"""

from __future__ import annotations

import importlib
import pkgutil

import pytest

from audit.extending.contract import promises
from audit.extending.promise import answers_of
from audit.pipeline import signs
from detectors.registry import PACKAGES, Level, discover
from tests.schemas import accept_finding

CHECKS = {name: check for level in Level for name, check in discover(level).items()}
ON_PAPER = {name for name, check in CHECKS.items() if check.info.level in (Level.PAGE, Level.PAGES)}
MADE = [
    pytest.param(promise, check, id=f"{promise.name}-{name}")
    for promise in promises()
    for name, check in CHECKS.items()
    if promise.concerns(check)
]


@pytest.mark.parametrize("level", list(Level))
def test_every_public_file_of_a_room_is_a_check_of_its_level(level):
    package = importlib.import_module(PACKAGES[level])
    names = [m.name for m in pkgutil.iter_modules(package.__path__) if not m.name.startswith("_")]
    assert names
    found = {importlib.import_module(f"{package.__name__}.{name}").CHECK for name in names}
    assert found <= set(discover(level).values())
    assert len(found) == len(names)


@pytest.mark.parametrize(("promise", "check"), MADE)
def test_every_check_keeps_every_promise(promise, check):
    promise.keep(check)


@pytest.mark.parametrize("name", sorted(CHECKS))
def test_findings_are_valid_against_the_schema(name):
    for answer in answers_of(CHECKS[name]):
        for finding in answer.findings:
            accept_finding(finding.to_json())


@pytest.mark.parametrize("name", sorted(ON_PAPER))
def test_every_check_of_paper_has_something_to_say_here(name):
    assert any(answer.findings for answer in answers_of(CHECKS[name]))


def test_an_id_belongs_to_one_check_only():
    ids = [name for level in Level for name in discover(level)] + list(signs.VERSIONS)
    assert len(ids) == len(set(ids))


def test_the_tampered_units_of_the_round_are_found():
    tables = [check for name, check in CHECKS.items() if name not in ON_PAPER]
    found = {f.detector for check in tables for a in answers_of(check) for f in a.findings}
    assert {"answers.unit_twins", "answers.twin", "channel.response_time"} <= found
    assert {"custody.balance", "answers.incoherence", "answers.tail_deficit"} <= found


def test_rules_over_the_whole_round_speak_alike():
    found = [
        signs.serial_reused("r1", "PB-1", ("a.jpg#1",)),
        signs.not_issued("r1", "PB-1"),
        signs.unit_differs("r1", "PB-1", "U1", "U2"),
        signs.record_differs("r1", "PB-1", [("A1", "2", "5")]),
    ]
    assert {finding.detector for finding in found} == set(signs.VERSIONS) == set(signs.TITLES)
    for finding in found:
        accept_finding(finding.to_json())
        assert finding.record_id == "r1"
