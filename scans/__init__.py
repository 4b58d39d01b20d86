"""Paper: from a file to a registered form, its marks and the evidence on its image.

As a library::

    from scans import calibrate, check_page, check_pages, page_object

Each is told in :mod:`scans.api`.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from scans.api import calibrate, check_page, check_pages, page_object

__all__ = ["calibrate", "check_page", "check_pages", "page_object"]


def __getattr__(name: str) -> Any:
    # Loaded when asked for: importing the package must not cost a start of the command line.
    if name in __all__:
        from scans import api

        return getattr(api, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
