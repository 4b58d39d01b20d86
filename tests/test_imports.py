"""Imports go down only, and help answers without the heavy packages."""

from __future__ import annotations

import ast
import subprocess
import sys

import pytest

from tests.data import ROOT

ALLOWED = {
    "detectors": {"detectors"},
    "scans": {"scans", "detectors"},
    "reports": {"reports", "detectors"},
    "audit": {"audit", "reports", "scans", "detectors"},
}
EFFECTS = {"sqlalchemy", "alembic", "typer", "fastapi", "requests", "urllib", "socket"}
HEAVY = {
    *("numpy", "pandas", "scipy", "sklearn", "pyod", "numba", "cv2", "matplotlib", "pandera"),
    *("pyarrow", "sqlalchemy", "alembic", "pydantic_settings", "structlog", "PIL", "jinja2"),
}


def imported(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            yield node.module.split(".")[0]


@pytest.mark.parametrize("room", sorted(ALLOWED))
def test_imports_go_down_only(room):
    files = sorted((ROOT / room).rglob("*.py"))
    assert files
    for path in files:
        wrong = (set(imported(path)) & set(ALLOWED)) - ALLOWED[room]
        assert not wrong, f"{path.relative_to(ROOT)} imports {', '.join(sorted(wrong))}"


@pytest.mark.parametrize("room", ["detectors", "scans", "reports"])
def test_only_the_roof_touches_stores_and_networks(room):
    for path in sorted((ROOT / room).rglob("*.py")):
        wrong = set(imported(path)) & EFFECTS
        assert not wrong, f"{path.relative_to(ROOT)} imports {', '.join(sorted(wrong))}"


def test_help_loads_nothing_heavy():
    code = (
        "import sys; from audit.cli.main import run; run(['--help']); "
        "print('|'.join(sorted({m.split('.')[0] for m in sys.modules})), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    loaded = set(done.stderr.strip().splitlines()[-1].split("|"))
    assert "check" in done.stdout
    assert not loaded & HEAVY, sorted(loaded & HEAVY)
