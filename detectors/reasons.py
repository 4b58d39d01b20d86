"""Why subjects could not be judged, for millions of them in a byte each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

__all__ = ["Reasons"]


class Reasons(Mapping[int, str]):
    """Subject index -> reason, as a number of the reason for every subject.

    Most checks of a large table do not apply to any of its rows: a dictionary of millions of
    equal texts would take a hundred bytes a row.
    """

    def __init__(self, reasons: Mapping[int, str], count: int) -> None:
        """Keep ``reasons`` of ``count`` subjects."""
        self._texts = ["", *dict.fromkeys(reasons.values())]
        number = {text: place for place, text in enumerate(self._texts) if place}
        kind = np.min_scalar_type(len(self._texts))
        self._code: NDArray[np.unsignedinteger] = np.zeros(count, dtype=kind)
        self._size = len(reasons)
        where = np.fromiter(reasons, dtype=np.intp, count=self._size)
        told = map(number.__getitem__, reasons.values())
        self._code[where] = np.fromiter(told, dtype=kind, count=self._size)

    def __getitem__(self, subject: int) -> str:
        code = int(self._code[subject]) if 0 <= subject < self._code.size else 0
        if not code:
            raise KeyError(subject)
        return self._texts[code]

    def __iter__(self) -> Iterator[int]:
        return iter(np.flatnonzero(self._code).tolist())

    def __len__(self) -> int:
        return self._size
