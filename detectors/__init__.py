"""The ground: what a finding is, how it is calibrated, what numbers betray.

As a library::

    from detectors import ConformalDetector, RecordScreen, ResponseIndices
    from detectors import load_instrument, screen

The estimators are told in :mod:`detectors.estimators`, the rest in
:mod:`detectors.instrument` and :mod:`detectors.screening`.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from detectors.estimators import ConformalDetector, RecordScreen, ResponseIndices
    from detectors.instrument import load_instrument
    from detectors.screening import screen

__all__ = ["ConformalDetector", "RecordScreen", "ResponseIndices", "load_instrument", "screen"]

_ROOMS = {"load_instrument": "detectors.instrument", "screen": "detectors.screening"}


def __getattr__(name: str) -> Any:
    # Loaded when asked for: importing the package must not cost a start of the command line.
    if name in __all__:
        from importlib import import_module

        return getattr(import_module(_ROOMS.get(name, "detectors.estimators")), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
