"""The lock file: every package with its version and the hashes of its files."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Locked", "read_lock"]

_LINE = re.compile(
    r"(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[\w,.-]+\])?==(?P<version>[^\s;]+)"
    r"(?P<marker>\s*;[^\\]*)?(?P<hashes>(?:\s+--hash=sha256:[0-9a-f]{64})*)"
)


@dataclass(frozen=True, slots=True)
class Locked:
    """One package of a lock file."""

    name: str
    version: str
    hashes: tuple[str, ...]

    @property
    def purl(self) -> str:
        """Its package URL."""
        return f"pkg:pypi/{re.sub(r'[-_.]+', '-', self.name).lower()}@{self.version}"


def read_lock(path: Path) -> list[Locked]:
    """Packages in the order of the file.

    Raises:
        ValueError: If a line is no package with an exact version and hashes.
    """
    text = re.sub(r"\\\n", " ", path.read_text("utf-8"))
    found = []
    for line in text.splitlines():
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        match = _LINE.fullmatch(line.strip())
        if match is None or not match["hashes"]:
            raise ValueError(f"{path.name}: no package with its version and hashes: {line[:80]}")
        hashes = tuple(re.findall(r"[0-9a-f]{64}", match["hashes"]))
        found.append(Locked(match["name"], match["version"], hashes))
    return found
