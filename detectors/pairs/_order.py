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

from detectors.pairs.packing import LANES, WORD, PackedRows, flat, hash_rows

__all__ = ["Bucketed", "by_band", "in_order"]

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
        planes: uint32 ``(planes, words, m + LANES)``: their answers, and places to read past.
        bands: uint32 ``(bands, words)``: item bits of the bands up to this one.
        since: int64 ``(m,)``: first place that can hold a near row.
        reach: int64 ``(m,)``: place after the last one.
    """

    rows: Ints
    planes: Words
    bands: Words
    since: Ints
    reach: Ints


def in_order(planes: Words, rows: Ints) -> Words:
    """uint32 ``(planes, words, m + LANES)``: ``rows``, and places that can be read past them."""
    taken = np.empty((*planes.shape[:2], rows.size + LANES), dtype=np.uint32)
    taken[:, :, rows.size :] = 0
    for answers, ordered in zip(flat(planes), flat(taken), strict=True):
        # With another mode numpy would take a copy first.
        np.take(answers, rows, out=ordered[: rows.size], mode="clip")
    return taken


def by_band(packed: PackedRows, rows: Ints, most: int) -> Iterator[Bucketed]:
    """Order ``rows`` by each of ``most + 1`` bands in turn."""
    bands = _bands(packed, most + 1)
    off = np.minimum(packed.off_the_top[rows], MOST_OFF)
    planes = np.take(packed.planes, rows, axis=2)
    answered = packed.answered[:, rows]
    for t, band in enumerate(bands):
        whole = np.flatnonzero(((answered & band[:, None]) == band[:, None]).all(axis=0))
        inside = np.take(planes, whole, axis=2)
        bucket = hash_rows(flat(inside & band[:, None]))
        key = (bucket >> np.uint64(1)).astype(np.int64) & ~MOST_OFF | off[whole]
        order = np.argsort(key)
        key = key[order]
        since, reach = _within(key, most)
        yield Bucketed(
            rows[whole[order]],
            in_order(inside, order),
            bands[: t + 1],
            since,
            reach,
        )


def _within(key: Ints, most: int) -> tuple[Ints, Ints]:
    """First place, and the one after the last, of a bucket with ``most`` more or fewer off."""
    start = np.flatnonzero(np.diff(key, prepend=-1))
    kind, edge = key[start], np.append(start, key.size)
    low = np.maximum(kind - most, kind & ~MOST_OFF)  # not past the bucket
    high = np.minimum(kind + most, kind | MOST_OFF)
    since = edge[np.searchsorted(kind, low, side="left")]
    reach = edge[np.searchsorted(kind, high, side="right")]
    return np.repeat(since, np.diff(edge)), np.repeat(reach, np.diff(edge))


def _bands(packed: PackedRows, number: int) -> Words:
    """Items dealt into bands so that varied and uniform ones are spread evenly.

    For more than ``MOST_BANDS`` there is one band without items, which all rows share.
    """
    if number > MOST_BANDS:
        return np.zeros((1, packed.full.size), dtype=np.uint32)
    share = packed.shares
    entropy = -(share * np.log(np.where(share > 0, share, 1.0))).sum(axis=1)
    bands = np.zeros((number, packed.full.size), dtype=np.uint32)
    for place, item in enumerate(np.argsort(-entropy, kind="stable").tolist()):
        turn, seat = divmod(place, number)
        band = number - 1 - seat if turn % 2 else seat
        bands[band, item // WORD] |= np.uint32(1 << item % WORD)
    return bands
