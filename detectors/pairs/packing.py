"""Answers packed into bits, equal rows kept once.

An answer 1…15 takes three or four bits, each in a plane of its own; 0 stands for no
answer. Two rows then differ in the items whose bit is set in
``(a0 ^ b0) | (a1 ^ b1) | …``, and all items of a word are compared at once. No answer
never matches, not even no answer: what a row lacks counts as a mismatch with every row,
with a copy of itself too.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

__all__ = ["MOST_LEVELS", "PackedRows", "pack"]

MOST_LEVELS = 15
WORD = 32
LANES = 16
BLOCK = 1 << 15
PART_BITS, MOST_PART_BITS, PART_ROWS = 6, 8, 1 << 15

Words = NDArray[np.uint32]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class PackedRows:
    """Unique rows of answers and the records that gave them.

    Attributes:
        planes: uint32 ``(3 or 4, words, u)``: bit ``p`` of the answers to 32 items.
        weight: int64 ``(u,)``: records with this row.
        first: int64 ``(u,)``: lowest index among them; unique rows stand in its order.
        row_of: int64 ``(n,)``: unique row of each record.
        items: Number of items.
    """

    planes: Words
    weight: Ints
    first: Ints
    row_of: Ints
    items: int

    def __len__(self) -> int:
        """Number of unique rows."""
        return int(self.weight.size)

    @property
    def records(self) -> int:
        """Number of records."""
        return int(self.row_of.size)

    @cached_property
    def full(self) -> Words:
        """uint32 ``(words,)``: the bits that stand for an item."""
        bits = np.zeros(self.planes.shape[1], dtype=np.uint32)
        for item in range(self.items):
            bits[item // WORD] |= np.uint32(1 << item % WORD)
        return bits

    @cached_property
    def answered(self) -> Words:
        """uint32 ``(words, u)``: bits of the items answered."""
        return np.asarray(np.bitwise_or.reduce(self.planes, axis=0))

    @cached_property
    def lacking(self) -> Ints:
        """int64 ``(u,)``: items not answered, the mismatches of a row with its own copy."""
        return self.items - _ones(self.answered)

    @cached_property
    def shares(self) -> NDArray[np.float64]:
        """float64 ``(items, 16)``: share of unique rows with each answer; 0 stands for none."""
        counts = np.zeros((self.items, MOST_LEVELS + 1))
        for item in range(self.items):
            values = self.values_of(item)
            counts[item] = [np.count_nonzero(values == answer) for answer in range(counts.shape[1])]
        return counts / max(len(self), 1)

    @cached_property
    def off_the_top(self) -> Ints:
        """int64 ``(u,)``: answers other than their item's commonest one."""
        off = np.zeros_like(self.answered)
        commonest = self.shares[:, 1:].argmax(axis=1) + 1
        for p, plane in enumerate(self.planes):
            top = np.zeros_like(self.full)
            for item in np.flatnonzero(commonest >> p & 1).tolist():
                top[item // WORD] |= np.uint32(1 << item % WORD)
            off |= plane ^ top[:, None]
        return _ones(off & self.answered)

    @cached_property
    def second(self) -> Ints:
        """int64 ``(u,)``: second lowest index among the records of a row; -1 if it has one."""
        second = np.full(len(self), self.records, dtype=np.int64)
        others = np.flatnonzero(self.first[self.row_of] != np.arange(self.records))
        np.minimum.at(second, self.row_of[others], others)
        return np.where(second == self.records, -1, second)

    def values_of(self, item: int) -> NDArray[np.uint8]:
        """uint8 ``(u,)``: answers to ``item``; 0 for none."""
        word, bit = item // WORD, np.uint32(item % WORD)
        values = np.zeros(len(self), dtype=np.uint8)
        for p, plane in enumerate(self.planes):
            values |= ((plane[word] >> bit) & np.uint32(1)).astype(np.uint8) << np.uint8(p)
        return values

    def of(self, records: Ints) -> PackedRows:
        """The same for some records, numbered in the order given."""
        rows = self.row_of[records]
        _, first, place = np.unique(rows, return_index=True, return_inverse=True)
        return _numbered(np.take(self.planes, rows, axis=2), first[place], self.items)


def pack(answers: NDArray[np.float64], levels: NDArray[np.int64]) -> PackedRows:
    """Pack a table of answers.

    Args:
        answers: float64 ``(n, items)``: positions 1 to ``levels`` of the item; NaN for no
            answer.
        levels: ``(items,)``: number of levels of each item, 1 to 15.

    Raises:
        ValueError: If there is no item, ``levels`` does not fit or lies outside 1 to 15, or
            an answer is not a position of its item.
    """
    answers = np.asarray(answers, dtype=np.float64)
    levels = np.asarray(levels)
    if answers.ndim != 2 or answers.shape[1] == 0:
        raise ValueError(f"answers need rows and at least one item, not shape {answers.shape}")
    if levels.shape != (answers.shape[1],):
        raise ValueError(f"{levels.size} levels for {answers.shape[1]} items")
    if levels.min() < 1 or levels.max() > MOST_LEVELS:
        raise ValueError(f"levels {levels.min()} to {levels.max()}: only 1 to {MOST_LEVELS} fit")
    n, items = answers.shape
    planes = np.zeros((3 if levels.max() < 8 else 4, -(-items // WORD), n), dtype=np.uint32)
    for start in range(0, n, BLOCK):
        _pack_block(answers[start : start + BLOCK], levels, planes[:, :, start : start + BLOCK])
    return _numbered(planes, _first_like(planes), items)


def _pack_block(answers: NDArray[np.float64], levels: NDArray[np.int64], planes: Words) -> None:
    known = ~np.isnan(answers)
    codes = np.where(known, answers, 0.0).clip(-1, 255).astype(np.int16)
    wrong = known & ((codes != answers) | (codes < 1) | (codes > levels))
    if wrong.any():
        row, item = np.argwhere(wrong)[0]
        raise ValueError(
            f"answer {answers[row, item]} to item {item} is no position 1 to {levels[item]}"
        )
    columns = np.ascontiguousarray(codes.T).astype(np.uint32)
    for item, column in enumerate(columns):
        bit = np.uint32(item % WORD)
        for p in range(len(planes)):
            planes[p, item // WORD] |= ((column >> np.uint32(p)) & np.uint32(1)) << bit


def flat(planes: Words) -> Words:
    """All words of a row in a column."""
    return planes.reshape(planes.shape[0] * planes.shape[1], planes.shape[2])


def hash_rows(words: Words) -> NDArray[np.uint64]:
    """uint64 ``(rows,)``: equal for equal columns of ``(words, rows)``, rarely for others."""
    hashes = np.zeros(words.shape[1], dtype=np.uint64)
    for start in range(0, hashes.size, BLOCK):
        mixed = hashes[start : start + BLOCK]
        for word in words[:, start : start + BLOCK]:
            mixed ^= word
            mixed *= np.uint64(0x9E3779B97F4A7C15)
            mixed ^= mixed >> np.uint64(32)
            mixed *= np.uint64(0xD6E8FEB86659FD93)
            mixed ^= mixed >> np.uint64(29)
    return hashes


def _first_like(planes: Words) -> Ints:
    """int64 ``(n,)``: lowest record with the same answers as each.

    Records are parted by the first bits of a hash, so that what is sorted and compared at once
    stays in the processor's cache.
    """
    words = flat(planes)
    key = hash_rows(words)
    bits = PART_BITS
    while bits < MOST_PART_BITS and key.size >> bits > PART_ROWS:
        bits += 1
    part = (key >> np.uint64(64 - bits)).astype(np.uint8)
    records = np.argsort(part, kind="stable")
    edges = np.concatenate([[0], np.cumsum(np.bincount(part, minlength=1 << bits))])
    first = np.empty(records.size, dtype=np.int64)
    for start, stop in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        if stop > start:
            mine = records[start:stop]
            first[mine] = mine[_first_in_part(key[mine], words[:, mine])]
    return first


def _first_in_part(key: NDArray[np.uint64], words: Words) -> Ints:
    """int64 ``(rows,)``: lowest place of a column of ``words`` like each; ``key`` hashes them."""
    order = np.argsort(key)
    new = np.diff(key[order], prepend=np.uint64(0)) != 0
    new[:1] = True
    apart = np.zeros(order.size, dtype=np.bool_)
    for word in words:
        apart[1:] |= np.diff(word[order]) != 0
    if (apart & ~new).any():  # two rows share a hash
        order = np.lexsort(words)
        new = np.ones(order.size, dtype=np.bool_)
        new[1:] = (np.diff(words[:, order].astype(np.int64)) != 0).any(axis=0)
    starts = np.flatnonzero(new)
    first = np.empty(order.size, dtype=np.int64)
    lowest = np.minimum.reduceat(order, starts)
    first[order] = np.repeat(lowest, np.diff(np.append(starts, order.size)))
    return first


def _numbered(planes: Words, first_like: Ints, items: int) -> PackedRows:
    """Unique rows in the order of their first record."""
    is_first = first_like == np.arange(first_like.size)
    number = np.cumsum(is_first) - 1
    row_of = number[first_like]
    first = np.flatnonzero(is_first)
    weight = np.bincount(row_of, minlength=first.size).astype(np.int64)
    unique = np.compress(is_first, planes, axis=2)
    return PackedRows(unique, weight, first, row_of, items)


def _ones(words: Words) -> Ints:
    """int64 ``(rows,)``: bits set in ``(words, rows)``."""
    return np.asarray(np.bitwise_count(words).sum(axis=0, dtype=np.int64))
