"""Loops are compiled before pages come, and only then."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from scans import compiled
from scans.bilinear import between


def answer(code):
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_workers_start_with_every_loop_compiled():
    code = (
        "import scans.ready\n"
        "from detectors.registry import Level, discover\n"
        "discover(Level.PAGE)\n"
        "from scans.compiled import _LOOPS\n"
        "print(len(_LOOPS) > 10, [loop.__name__ for loop in _LOOPS if loop._made is None])"
    )
    assert answer(code) == "True []"


def test_who_reads_no_page_waits_for_no_compiler():
    assert answer("import sys, scans.page; print('numba' in sys.modules)") == "False"


def test_other_arrays_are_refused_and_not_read_as_something_else():
    with pytest.raises(TypeError):
        between(
            np.zeros((2, 2, 2), np.float32), np.zeros((1, 2)), 0.0, 0.0, 1.0, 1.0, np.zeros((1, 2))
        )


def test_a_folder_that_takes_no_cache_is_no_hindrance(monkeypatch):
    """Read-only installations compile in every process that workers are forked from."""
    import numba

    real = numba.njit

    def refusing(*args, cache, **kwargs):
        if cache:
            raise RuntimeError("cannot cache function: no locator available")
        return real(*args, **kwargs)

    monkeypatch.setattr(numba, "njit", refusing)

    def doubled(values):
        for k in range(len(values)):
            values[k] *= 2

    loop, values = compiled._Loop(doubled, "void(int64[::1])"), np.arange(4)
    loop(values)
    assert values.tolist() == [0, 2, 4, 6]
