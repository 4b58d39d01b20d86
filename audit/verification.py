"""Whether what is kept still is what was taken in."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from audit.intake.originals import Originals, hash_file
from audit.settings import Settings
from audit.store import Store
from audit.store.pages import Files
from audit.store.results import Runs

__all__ = ["Verification", "verify_round"]


@dataclass(frozen=True)
class Verification:
    """What was found.

    Attributes:
        checked: Originals and manifests compared.
        faults: One line for each that has changed or is gone.
        orphans: Kept files that no row speaks of: harmless, left by an interrupted run.
    """

    checked: int
    faults: tuple[str, ...]
    orphans: tuple[str, ...]


def verify_round(
    store: Store, settings: Settings, *, progress: Callable[..., Iterator[Any]]
) -> Verification:
    """Hash every original and manifest again.

    Args:
        store: Of the round.
        settings: Of the round.
        progress: Passes items on: ``(items, label, total=…)``.
    """
    originals = Originals(settings.path(settings.originals))
    with store.reading() as connection:
        names: dict[str, str] = {}
        for path, sha256 in Files(connection, settings.round.id).hashes():
            names.setdefault(sha256, path)
        runs = [dict(row) for row in Runs(connection, settings.round.id).all()]
    faults: list[str] = []
    items: Iterable[tuple[str, str]] = sorted(names.items())
    for sha256, path in progress(items, "originals", total=len(names)):
        fault = originals.verify(sha256)
        if fault is not None:
            faults.append(f"{path}: the original {sha256} is {fault}")
    manifests = [run for run in runs if run["manifest"]]
    for run in manifests:
        manifest = settings.path(settings.runs) / run["manifest"]
        if not manifest.is_file():
            faults.append(f"{manifest}: the manifest is missing")
        elif hash_file(manifest) != run["manifest_sha256"]:
            faults.append(f"{manifest}: the manifest is changed")
    orphans = tuple(str(path) for path in originals.orphans(frozenset(names)))
    return Verification(len(names) + len(manifests), tuple(faults), orphans)
