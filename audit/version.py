"""Which version of the program this is."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

__all__ = ["software_version"]


def software_version() -> str:
    """The installed version, ``0+source`` when run from a checkout that is not installed."""
    try:
        return version("survey-audit")
    except PackageNotFoundError:
        return "0+source"
