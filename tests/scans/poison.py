"""Stands in for reading a file in a worker: what its name says befalls the worker."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

__all__ = ["befalls", "pages_or_death"]


def befalls(path: Path) -> Iterator[str]:
    """Pages of a file, until what is in its name happens.

    A file whose name holds ``once`` is harmless when it is read a second time.
    """
    name = path.name
    yield f"{name} 1"
    again = path.with_suffix(".read")
    harmless = "once" in name and again.exists()
    again.touch()
    if not harmless:
        if "killer" in name:
            os.kill(os.getpid(), signal.SIGKILL)
        if "sleeper" in name:
            time.sleep(600)
        if "burner" in name:
            while True:
                pass
        if "eater" in name:
            np.ones(1 << 33, np.uint8)
        if "faulty" in name:
            raise ValueError("two\nlines")
    yield f"{name} 2"


def pages_or_death(paths, how):
    """Pages of some files on a cluster; one that is named killer takes the worker along."""
    from audit.pipeline.cluster import _pages

    for path in paths:
        if "killer" in path:
            os.kill(os.getpid(), signal.SIGKILL)
    return _pages(paths, how)
