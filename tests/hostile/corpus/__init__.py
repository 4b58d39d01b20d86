"""The corpus: each file with how reading it must end. Made when asked for; none is kept."""

from __future__ import annotations

from collections.abc import Sequence

from tests.hostile.corpus import archives, documents, pictures, sheets, tables, texts
from tests.hostile.corpus.case import Case

__all__ = ["CASES", "Case"]

CASES: Sequence[Case] = (
    *tables.CASES,
    *sheets.CASES,
    *pictures.CASES,
    *documents.CASES,
    *texts.CASES,
    *archives.CASES,
)
