"""What a run has to do, from what is there and what was done. Pure.

A unit of work is known by the hash of everything that its result depends on: the content of
the file, the instrument, the checks with their versions, the reference and the rates. Equal
key, equal result: it is not done again. The whole run has such a key, too.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["FileWork", "Inputs", "input_key", "page_key", "pages_to_judge"]


@dataclass(frozen=True, slots=True)
class FileWork:
    """One scan that has to be judged.

    Attributes:
        file_id: Its key.
        path: Relative to the round.
        sha256: Of its content.
        work_key: Under which its pages will be stored.
    """

    file_id: int
    path: str
    sha256: str
    work_key: str


@dataclass(frozen=True)
class Inputs:
    """Everything that the results of a round depend on.

    Attributes:
        settings: Hash of the settings that matter for results.
        files: Path and SHA-256 of every file of the round, kept or there now.
        instruments: Hash of each instrument, by id.
        references: Hash of each reference, by instrument.
        rules: Hash of the rule set.
        checks: Version of each check, by id.
        decisions: Number of the last decision.
        software: Version of the program.
        corrections: Number of the last agreement on a correction.
        refused: Place and reason of what is there and could not be taken in: it is told until
            it is mended, and no longer.
    """

    settings: str
    files: tuple[tuple[str, str], ...]
    instruments: Mapping[str, str]
    references: Mapping[str, str]
    rules: str
    checks: Mapping[str, str]
    decisions: int
    software: str
    corrections: int = 0
    refused: tuple[tuple[str, str], ...] = ()


def input_key(inputs: Inputs) -> str:
    """Hash of all inputs: a round whose key has not changed has nothing to do."""
    return _hash(
        [
            inputs.settings,
            sorted(inputs.files),
            inputs.instruments,
            inputs.references,
            inputs.rules,
            inputs.checks,
            inputs.decisions,
            inputs.software,
            *([inputs.corrections] if inputs.corrections else []),
            *([sorted(inputs.refused)] if inputs.refused else []),
        ]
    )


def page_key(
    sha256: str,
    instruments: Mapping[str, str],
    references: Mapping[str, str],
    checks: Mapping[str, str],
    false_flag_rate: float,
) -> str:
    """Hash of what the pages of one file depend on when judged alone."""
    return _hash([sha256, instruments, references, checks, false_flag_rate])


def pages_to_judge(
    scans: Iterable[Mapping[str, Any]],
    done: Mapping[int, str],
    key: Mapping[str, str],
) -> Sequence[FileWork]:
    """Scans whose pages are not stored under the key that they should have.

    Args:
        scans: Rows of files: ``id, path, sha256``.
        done: File key -> key under which its pages are stored.
        key: SHA-256 -> the key that it should have.
    """
    return [
        FileWork(row["id"], row["path"], row["sha256"], key[row["sha256"]])
        for row in scans
        if done.get(row["id"]) != key[row["sha256"]]
    ]


def _hash(parts: Any) -> str:
    text = json.dumps(parts, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
