"""The orders in which rows are scanned: by what is off the top, and band by band.

Two rows have at least as many mismatches as the numbers of their answers off an item's
commonest answer differ. And if the items are dealt into ``most + 1`` bands, two rows with
``most`` mismatches or fewer match on a whole band (pigeonhole principle; Manku, Jain &
Das Sarma 2007, WWW): only rows of one bucket, equal on a band, need comparing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detectors.pairs.packing import MOST_LEVELS, WORD, PackedRows, flat, hash_rows

__all__ = ["Bucketed", "by_band", "off_the_top"]

Words = NDArray[np.uint32]
Ints = NDArray[np.int64]

OFF_BITS = 7
MOST_OFF = (1 << OFF_BITS) - 1
MOST_BANDS = 32


@dataclass(frozen=True, eq=False)
class Bucketed:
    """Rows in the order of one band: buckets, and by number off the top within them.

    Attributes:
        rows: int64 ``(m,)``: unique rows; those that lack an item of the band are left out.
        planes: uint32 ``(planes, words, m)``: their answers.
        bands: uint32 ``(bands, words)``: item bits of the bands up to this one.
        since: int64 ``(m,)``: first place that can hold a near row.
        reach: int64 ``(m,)``: place after the last one.
    """

    rows: Ints
    planes: Words
    bands: Words
    since: Ints
    reach: Ints


def off_the_top(packed: PackedRows) -> Ints:
    """int64 ``(u,)``: answers other than their item's commonest one."""
    off = np.zeros(len(packed), dtype=np.int64)
    for item in range(packed.items):
        values = packed.values_of(item)
        share = _shares(packed, values)
        off += (values != share[1:].argmax() + 1) & (values > 0)
    return off


def by_band(packed: PackedRows, rows: Ints, most: int) -> Iterator[Bucketed]:
    """Order ``rows`` by each of ``most + 1`` bands in turn."""
    bands = _bands(packed, most + 1)
    off = np.minimum(off_the_top(packed)[rows], MOST_OFF)
    planes = np.take(packed.planes, rows, axis=2)
    answered = packed.answered[:, rows]
    for t, band in enumerate(bands):
        whole = np.flatnonzero(((answered & band[:, None]) == band[:, None]).all(axis=0))
        inside = np.take(planes, whole, axis=2)
        bucket = hash_rows(flat(inside & band[:, None]))
        key = (bucket >> np.uint64(1)).astype(np.int64) & ~MOST_OFF | off[whole]
        order = np.argsort(key)
        key = key[order]
        low = np.maximum(key - most, key & ~MOST_OFF)  # not past the bucket
        high = np.minimum(key + most, key | MOST_OFF)
        yield Bucketed(
            rows[whole[order]],
            np.take(inside, order, axis=2),
            bands[: t + 1],
            np.searchsorted(key, low, side="left"),
            np.searchsorted(key, high, side="right"),
        )


def _bands(packed: PackedRows, number: int) -> Words:
    """Items dealt into bands so that varied and uniform ones are spread evenly.

    For more than ``MOST_BANDS`` there is one band without items, which all rows share.
    """
    if number > MOST_BANDS:
        return np.zeros((1, packed.full.size), dtype=np.uint32)
    entropy = np.zeros(packed.items)
    for item in range(packed.items):
        share = _shares(packed, packed.values_of(item))
        share = share[share > 0]
        entropy[item] = -(share * np.log(share)).sum()
    bands = np.zeros((number, packed.full.size), dtype=np.uint32)
    for place, item in enumerate(np.argsort(-entropy, kind="stable").tolist()):
        turn, seat = divmod(place, number)
        band = number - 1 - seat if turn % 2 else seat
        bands[band, item // WORD] |= np.uint32(1 << item % WORD)
    return bands


def _shares(packed: PackedRows, values: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Share of unique rows with each answer, 0 for none."""
    return np.bincount(values, minlength=MOST_LEVELS + 1) / max(len(packed), 1)
