"""Known holes of packages, out of a file: what the Open Source Vulnerabilities database exports.

`https://osv-vulnerabilities.storage.googleapis.com/PyPI/all.zip` holds one JSON document an
advisory (format: https://ossf.github.io/osv-schema/). It is carried to where no network is.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from tests.supply.lock import Locked

__all__ = ["Advisories", "Hole", "holes", "read_advisories"]

_MOST_BYTES = 20_000_000  # of one advisory


@dataclass(frozen=True, slots=True)
class Hole:
    """A locked package with a known hole.

    Attributes:
        package: Name and version.
        advisory: Its id.
        also: Other names of it, e.g. CVE numbers.
        summary: What it is, in a line.
        fixed: Versions in which it is mended.
    """

    package: str
    advisory: str
    also: tuple[str, ...]
    summary: str
    fixed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Advisories:
    """What a file holds.

    Attributes:
        of: Normalised name -> advisories about it, none that was taken back.
        count: How many there are about Python packages.
        newest: The latest day on which one was changed; empty if none says.
    """

    of: dict[str, list[dict[str, Any]]]
    count: int
    newest: str


def read_advisories(path: Path) -> Advisories:
    """Read a ZIP archive, a folder or a single file of advisories.

    Raises:
        ValueError: If something in it is no advisory, or none is about a Python package.
        OSError: If it cannot be read.
    """
    of: dict[str, list[dict[str, Any]]] = {}
    count, newest = 0, ""
    for name, text in _documents(path):
        try:
            found = json.loads(text)
            about = {canonicalize_name(a["package"]["name"]) for a in _of_python(found)}
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"{name} is no advisory in the OSV format ({error})") from error
        if not about:
            continue
        count, newest = count + 1, max(newest, str(found.get("modified", ""))[:10])
        for package in about if found.get("withdrawn") is None else ():
            of.setdefault(package, []).append(found)
    if not count:
        raise ValueError("there is no advisory about a Python package in it")
    return Advisories(of, count, newest)


def holes(packages: Iterable[Locked], known: Advisories) -> list[Hole]:
    """The locked packages with a known hole, in order of name."""
    found = []
    for package in sorted({p.purl: p for p in packages}.values(), key=lambda p: p.purl):
        for advisory in known.of.get(canonicalize_name(package.name), ()):
            mine = [
                a
                for a in _of_python(advisory)
                if canonicalize_name(a["package"]["name"]) == canonicalize_name(package.name)
            ]
            if any(_affects(affected, package.version) for affected in mine):
                text = str(advisory.get("summary") or advisory.get("details") or "")
                found.append(
                    Hole(
                        f"{package.name} {package.version}",
                        str(advisory["id"]),
                        tuple(map(str, advisory.get("aliases", ()))),
                        " ".join(text.split())[:120],
                        tuple(sorted({e["fixed"] for e in _events(mine) if "fixed" in e})),
                    )
                )
    return found


def _documents(path: Path) -> Iterator[tuple[str, bytes]]:
    if path.is_dir():
        for one in sorted(path.rglob("*.json")):
            yield str(one), one.read_bytes()
        return
    if not zipfile.is_zipfile(path):
        yield str(path), path.read_bytes()
        return
    with zipfile.ZipFile(path) as archive:
        for member in archive.infolist():
            if member.filename.endswith(".json"):
                if member.file_size > _MOST_BYTES:
                    raise ValueError(f"{member.filename} is too large for an advisory")
                yield member.filename, archive.read(member)


def _of_python(advisory: dict[str, Any]) -> list[dict[str, Any]]:
    if not isinstance(advisory["id"], str):
        raise ValueError("its id is no text")
    return [a for a in advisory.get("affected", ()) if a["package"]["ecosystem"] == "PyPI"]


def _events(affected: list[dict[str, Any]]) -> Iterator[dict[str, str]]:
    for one in affected:
        for span in one.get("ranges", ()):
            if span["type"] == "ECOSYSTEM":
                yield from span["events"]


def _affects(affected: dict[str, Any], version: str) -> bool:
    """By the listed versions or any range of versions; what cannot be read counts as affected."""
    if version in affected.get("versions", ()):
        return True
    spans = [s for s in affected.get("ranges", ()) if s["type"] == "ECOSYSTEM"]
    try:
        return any(_in_span(span["events"], Version(version)) for span in spans)
    except InvalidVersion:
        return True


def _in_span(events: list[dict[str, str]], version: Version) -> bool:
    """Introduced at or before it, and not mended since; see the evaluation of the OSV schema."""

    def key(event: dict[str, str]) -> tuple[Version, bool]:
        ((what, at),) = event.items()
        return Version(at if at != "0" else "0.dev0"), what == "last_affected"

    inside = False
    for event in sorted((e for e in events if "limit" not in e), key=key):
        ((what, _),) = event.items()
        at, _ = key(event)
        if what == "introduced" and at <= version:
            inside = True
        if (what == "fixed" and at <= version) or (what == "last_affected" and at < version):
            inside = False
    return inside
