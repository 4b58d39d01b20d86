"""Where the real scans and tables are; tests that need them skip by name without them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
DATA = Path(os.environ.get("SURVEY_AUDIT_DATA", ROOT.parent / "shared" / "data"))


def real(*parts: str) -> Path:
    """A file or folder of the real data, or the test is skipped and says why."""
    path = DATA.joinpath(*parts)
    if not path.exists():
        pytest.skip(f"real data {'/'.join(parts)} not found; set SURVEY_AUDIT_DATA")
    return path
