"""An index of codes: all within a distance, out of a million, in less than a page's check.

Codes stand in one array that only grows; a search counts differing bits over it in blocks that
stay in the cache. At 32 bytes a code the scan is bound by memory and costs about 10 ms a
million; distances are whole numbers, so what is found is exact, the same on every machine, and
does not depend on the order in which codes came.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from scans.likeness.sketch import BYTES

__all__ = ["MOST", "RADIUS", "CodeIndex"]

RADIUS = 92
"""Bits that alike codes may differ in. Unrelated ones differ in 128 +- 8, so that four pairs in a
million come this near by chance; two scans of one sheet differ in 2 to 40, a signature printed
again over another seal in up to 90. What is near is looked at closely: .3 ms a pair."""

MOST = 24
"""Neighbours given for one code, the nearest: a printed signature is on every page."""

_WORDS = BYTES // 8
_BLOCK = 16_384


class CodeIndex:
    """Codes by key, of one kind of ink."""

    def __init__(self) -> None:
        """Start empty."""
        # One row a word, so that a word of many codes is read in one go.
        self._codes = np.empty((_WORDS, 1024), np.uint64)
        self._keys = np.empty(1024, np.int64)
        self._count = 0

    def __len__(self) -> int:
        return self._count

    @property
    def nbytes(self) -> int:
        """Memory that it takes."""
        return int(self._codes.nbytes + self._keys.nbytes)

    def add(self, keys: NDArray[np.int64], codes: NDArray[np.uint8]) -> None:
        """Append codes.

        Args:
            keys: int64 ``(n,)``: what is given back; any numbers, each once.
            codes: uint8 ``(n, BYTES)``.
        """
        count = self._count + len(keys)
        if count > len(self._keys):
            room = max(count, len(self._keys) * 3 // 2)
            wider, longer = np.empty((_WORDS, room), np.uint64), np.empty(room, np.int64)
            wider[:, : self._count] = self._codes[:, : self._count]
            longer[: self._count] = self._keys[: self._count]
            self._codes, self._keys = wider, longer
        self._codes[:, self._count : count] = _words(codes).T
        self._keys[self._count : count] = keys
        self._count = count

    def near(
        self, code: NDArray[np.uint8], radius: int = RADIUS, most: int = MOST
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Keys and distances of the codes within ``radius`` bits, nearest first.

        Args:
            code: uint8 ``(BYTES,)``.
            radius: Most bits that may differ.
            most: So many at most; of equally near ones those with the smaller key.
        """
        wanted = _words(code.reshape(1, BYTES))[0]
        keys, distances = [], []
        for part, names in self._blocks():
            # Three words of 64 bits fit in a byte, the fourth may not.
            distance = np.bitwise_count(part[0] ^ wanted[0])
            for k in range(1, _WORDS - 1):
                distance += np.bitwise_count(part[k] ^ wanted[k])
            last = np.bitwise_count(part[-1] ^ wanted[-1])
            near = distance <= radius
            near &= last <= radius
            rows = np.flatnonzero(near)
            apart = distance[rows].astype(np.int64) + last[rows]
            rows, apart = rows[apart <= radius], apart[apart <= radius]
            if rows.size:
                keys.append(names[rows])
                distances.append(apart)
        if not keys:
            return np.empty(0, np.int64), np.empty(0, np.int64)
        found, far = np.concatenate(keys), np.concatenate(distances)
        order = np.lexsort((found, far))[:most]
        return found[order], far[order]

    def _blocks(self) -> Iterator[tuple[NDArray[np.uint64], NDArray[np.int64]]]:
        for start in range(0, self._count, _BLOCK):
            end = min(start + _BLOCK, self._count)
            yield self._codes[:, start:end], self._keys[start:end]


def _words(codes: NDArray[np.uint8]) -> NDArray[np.uint64]:
    return np.ascontiguousarray(codes, np.uint8).view(np.uint64).reshape(-1, _WORDS)
