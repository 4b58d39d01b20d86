"""What a check is, and where the checks are.

A check is one object named ``CHECK`` in one file of ``scans/checks/``,
``detectors/records/`` or ``detectors/units/`` (or in an installed package that names
it under the entry-point group ``survey_audit.checks``). Nothing else has to be
edited: :func:`discover` finds it, the contract test runs on it, the accuracy lab
measures it and the page of methods is made from its :class:`CheckInfo`.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Protocol, TypeVar, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from detectors.errors import MissingComponent
from detectors.finding import Family, Finding, Message

__all__ = ["GROUP", "Assessment", "Check", "CheckInfo", "Level", "discover"]

Subject_contra = TypeVar("Subject_contra", contravariant=True)


class Level(StrEnum):
    """What a check looks at in one call."""

    PAGE = "page"  # one registered page
    PAGES = "pages"  # pages given together: reuse and duplicates
    RECORD = "record"  # rows of a response table
    UNIT = "unit"  # units of a response table


@dataclass(frozen=True, slots=True)
class CheckInfo:
    """What a check tells about itself; the methods page prints it.

    Attributes:
        id: Dotted lower-case name, also the column in ``records.csv`` or ``units.csv``.
        level: What it looks at.
        family: The independent source of evidence.
        kind: What it is a sign of.
        title: A few words for a heading.
        sees: What it sees and why the fraud leaves that trace.
        null_model: Under which assumption its p-value is right, and how it is made.
        source: Paper, standard, or the peer whose values it reproduces.
        innocent: What honest people and machines do that looks alike.
        valid_for: Scan classes (pages) or conditions (tables) it can judge; elsewhere it
            answers "not assessable", never "clean". Empty means everywhere.
        batch_dependent: True where a subject's score depends on the others in the call.
        min_scale: Smallest spread of honest scores that is believed, in units of the score,
            where nearly all honest subjects score the same.
        reasons: What it answers where it cannot judge, in both languages, word for word; for
            checks of other packages, whose reasons ``audit/reporting/reasons.py`` cannot know.
        version: Raised when its numbers change, so that a run redoes its work.
    """

    id: str
    level: Level
    family: Family
    kind: str
    title: Message
    sees: str
    null_model: str
    source: str
    innocent: tuple[Message, ...]
    valid_for: frozenset[str] = frozenset()
    batch_dependent: bool = False
    min_scale: float = 0.0
    reasons: tuple[Message, ...] = ()
    version: str = "1"


@dataclass(frozen=True, slots=True)
class Assessment:
    """What a check answers about the subjects it was given, in their order.

    Attributes:
        scores: float64, one a subject; NaN where it could not judge.
        p_values: float64 in (0, 1], one a subject; NaN where it could not judge, or
            where the check is a rule without a null distribution.
        findings: Signs worth a person's time. Few; most subjects have none.
        not_assessable: Subject index -> reason. Every NaN score has one.
        info: Numbers for the reader that belong to no single subject.
    """

    scores: NDArray[np.float64]
    p_values: NDArray[np.float64]
    findings: tuple[Finding, ...] = ()
    not_assessable: Mapping[int, str] = field(default_factory=dict)
    info: Mapping[str, Any] = field(default_factory=dict)


@runtime_checkable
class Check(Protocol[Subject_contra]):
    """The one contract of image, record and unit checks.

    ``assess`` is a pure function of its arguments: it changes none of them, uses no
    clock, network or global random state, and with the same seed answers the same.
    An empty subject gives an empty assessment. What it cannot judge is NaN with a
    reason.
    """

    @property
    def info(self) -> CheckInfo:
        """Who the check is."""
        ...

    def assess(self, subject: Subject_contra, *, seed: int = 0) -> Assessment:
        """Judge ``subject`` (one page, several pages, or a prepared table)."""
        ...


PACKAGES: Mapping[Level, str] = {
    Level.PAGE: "scans.checks",
    Level.PAGES: "scans.reuse",
    Level.RECORD: "detectors.records",
    Level.UNIT: "detectors.units",
}


GROUP = "survey_audit.checks"


def _loaded(point: EntryPoint) -> Check[Any]:
    where = f"{point.dist.name if point.dist else 'a package'}, entry point {point.name}"
    remedy = "mend or uninstall that package"
    try:
        check = point.load()
    except Exception as error:  # another's code may raise anything
        what = f"its check {point.value} cannot be loaded: {type(error).__name__}: {error}"
        raise MissingComponent(what, where=where, remedy=remedy) from error
    if not isinstance(check, Check) or not isinstance(check.info, CheckInfo):
        raise MissingComponent(f"{point.value} is not a check", where=where, remedy=remedy)
    return check


@cache
def discover(level: Level) -> Mapping[str, Check[Any]]:
    """All checks of one level by id, in order of id.

    Raises:
        MissingComponent: If an installed package offers a check that cannot be loaded: a run
            without it would pass for one in which it found nothing.
        RuntimeError: If two checks carry one id, or a check stands in the room of
            another level.
    """
    found: dict[str, Check[Any]] = {}
    package = importlib.import_module(PACKAGES[level])
    names = [m.name for m in pkgutil.iter_modules(package.__path__) if not m.name.startswith("_")]
    candidates = [importlib.import_module(f"{package.__name__}.{name}") for name in names]
    checks = [module.CHECK for module in candidates if hasattr(module, "CHECK")]
    plugins = [_loaded(point) for point in entry_points(group=GROUP)]
    checks.extend(plugin for plugin in plugins if plugin.info.level is level)
    for check in checks:
        if check.info.level is not level:
            raise RuntimeError(f"check {check.info.id} is of level {check.info.level}, not {level}")
        if check.info.id in found:
            raise RuntimeError(f"two checks are called {check.info.id}")
        found[check.info.id] = check
    return dict(sorted(found.items()))
