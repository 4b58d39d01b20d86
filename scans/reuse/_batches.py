"""What came together: pages of one folder that show the same page of the form."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath

from scans.fingerprint import Fingerprint

__all__ = ["batches_of"]


def batches_of(pages: Sequence[Fingerprint]) -> list[list[int]]:
    """Places in ``pages`` of each batch, by name: the order in which pages come is no matter."""
    found: dict[tuple[str, int], list[int]] = {}
    for i, page in enumerate(pages):
        folder = str(PurePath(page.origin.path).parent)
        found.setdefault((folder, page.form_page), []).append(i)
    return [sorted(members, key=lambda i: (pages[i].name, i)) for members in found.values()]
