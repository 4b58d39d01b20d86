"""The manifest of a run: everything needed to say where a number comes from.

One JSON file a run, written beside its place and renamed, with its own hash kept in the
store. Names of people, serials and answers do not stand in it.
"""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from audit.whole_file import write_whole

__all__ = ["libraries", "write_manifest"]

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


def write_manifest(folder: Path, run_id: str, content: Mapping[str, Any]) -> tuple[Path, str]:
    """Write ``<folder>/<run_id>.json`` in one step.

    Returns:
        The file and the SHA-256 of its bytes.

    Raises:
        AccessError: If the folder cannot be written.
    """
    data = (json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode()
    path = folder / f"{run_id}.json"
    write_whole(path, data, "the manifest")
    return path, hashlib.sha256(data).hexdigest()
