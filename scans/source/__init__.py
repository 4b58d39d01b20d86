"""Intake of paper pictures: JPEG, PNG, TIFF and PDF files to pages.

::

    from scans.source import expand, read_pages

    for path in expand(paths):
        for page in read_pages(path):      # RawPage, or PageError for one that failed
            ...

Everything here reads untrusted files: types are told by content, sizes are checked
before decoding, and whatever is wrong ends in one :class:`detectors.errors.InputError`.
"""

from scans.source.files import expand, sha256_of
from scans.source.quality import refuse
from scans.source.reader import read_half, read_pages
from scans.source.types import DEFAULT, Limits, PageError

__all__ = [
    "DEFAULT",
    "Limits",
    "PageError",
    "expand",
    "read_half",
    "read_pages",
    "refuse",
    "sha256_of",
]
