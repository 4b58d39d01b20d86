"""Stands in for reading a file in a worker: a file named so kills its worker each time."""

from __future__ import annotations

import os
import signal

from scans import batch

_listed = batch._listed


def kill_on_sight(file, instrument, reference, rate):
    """Read ``file``, but die on one that is named killer."""
    if "killer" in str(file):
        os.kill(os.getpid(), signal.SIGKILL)
    return _listed(file, instrument, reference, rate)
