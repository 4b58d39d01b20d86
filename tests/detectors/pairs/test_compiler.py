"""The package works where nothing can be written beside it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

from tests.data import ROOT

CODE = """
import numpy as np
from detectors.pairs import best_match, pack
from detectors.pairs import _kernels
assert str(_kernels.__file__).startswith({root!r})
packed = pack(np.array([[1.0, 2.0], [1.0, 3.0]]), np.array([5, 5]))
print(best_match(packed, compiled=True)[0].tolist())
"""


def test_without_a_folder_for_compiled_code(tmp_path):
    # a file stands where each folder would be made: that stops root, too
    room = tmp_path / "detectors"
    room.mkdir()
    shutil.copy(ROOT / "detectors" / "__init__.py", room)
    shutil.copytree(
        ROOT / "detectors" / "pairs", room / "pairs", ignore=shutil.ignore_patterns("__pycache__")
    )
    blocked = [room / "pairs" / "__pycache__", tmp_path / "home"]
    for path in blocked:
        path.touch()
    kept = {name: value for name, value in os.environ.items() if not name.startswith("NUMBA")}
    environment = {**kept, "HOME": str(blocked[1]), "XDG_CACHE_HOME": str(blocked[1])}
    code = CODE.format(root=str(tmp_path))
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[1, 1]"
    assert all(path.is_file() for path in blocked)


def test_small_tables_wait_for_no_compiler():
    code = (
        "import sys, numpy as np; from detectors.pairs import best_match, count_near, pack; "
        "p = pack(np.ones((50, 3)), np.full(3, 5)); best_match(p); count_near(p); "
        "sys.exit('numba' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)
