"""The manifest of a run: everything needed to say where a number comes from.

One JSON file a run, written beside its place and renamed, with its own hash kept in the
store. Names of people, serials and answers do not stand in it.
"""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from audit.defused import json_words
from audit.pipeline.plan import input_key
from audit.scoring.rules import told
from audit.whole_file import write_whole

if TYPE_CHECKING:
    from audit.pipeline.plan import Inputs
    from audit.pipeline.stages import Work

__all__ = ["libraries", "manifest_of", "write_manifest"]

FORMAT = "survey-audit run 2"

_LIBRARIES = (
    *("numpy", "scipy", "pandas", "scikit-learn", "pyod", "opencv-python-headless", "pillow"),
    *("pypdfium2", "pikepdf", "zxing-cpp", "sqlalchemy", "pyarrow", "openpyxl"),
)


def libraries() -> dict[str, str]:
    """Versions of Python and of the libraries that numbers depend on."""
    found = {"python": platform.python_version()}
    for name in _LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "missing"
    return found


def manifest_of(
    work: Work,
    inputs: Inputs,
    started: str,
    finished: str,
    *,
    status: str,
    exit_code: int,
    counts: Mapping[str, int] | None = None,
    failed: Sequence[Mapping[str, str]] = (),
    error: str | None = None,
) -> dict[str, Any]:
    """All that a manifest says.

    Args:
        work: The run.
        inputs: What its results depend on.
        started: When, ISO 8601.
        finished: When.
        status: ``done``, ``failed`` or ``interrupted``.
        exit_code: By the contract.
        counts: Of what was done.
        failed: Inputs that could not be judged: place and code.
        error: The kind of the error that ended the run.
    """
    settings = work.settings
    return {
        "format": FORMAT,
        "run": work.run_id,
        "round": settings.round.id,
        "status": status,
        "error": error,
        "exit_code": exit_code,
        "started_at": started,
        "finished_at": finished,
        "phases": work.phases.done,
        "software": inputs.software,
        "libraries": libraries(),
        "config_sha256": settings.sha256(),
        "results_sha256": inputs.settings,
        "engine": {"kind": settings.engine.kind, "jobs": settings.jobs},
        "rules": told(work.rules),
        "instruments": dict(inputs.instruments),
        "references": dict(inputs.references),
        "checks": dict(inputs.checks),
        "seed": settings.seed,
        "decisions": inputs.decisions,
        "inputs": [{"path": path, "sha256": sha} for path, sha in sorted(inputs.files)],
        "counts": dict(counts or {}),
        "failures": [dict(entry) for entry in failed],
        "input_key": input_key(inputs),
    }


def write_manifest(folder: Path, run_id: str, content: Mapping[str, Any]) -> tuple[Path, str]:
    """Write ``<folder>/<run_id>.json`` in one step.

    Returns:
        The file and the SHA-256 of its bytes.

    Raises:
        AccessError: If the folder cannot be written.
    """
    data = (json_words(content, indent=1, sort_keys=True) + "\n").encode()
    path = folder / f"{run_id}.json"
    write_whole(path, data, "the manifest")
    return path, hashlib.sha256(data).hexdigest()
