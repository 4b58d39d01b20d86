"""Answers as they are stored, of thousands of records at once. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audit.pipeline.assembly import Answer, Assembly, answer_of
from audit.trail.canonical import answer_part, answers_hash, hash_of_parts
from detectors.instrument import Instrument

__all__ = ["Given"]

Told = tuple[Answer, str]
"""An answer and what it adds to the text that is hashed."""


class Given:
    """The answers of an assembly by row.

    Millions of records give a few answers over and over: each is put into words once.
    """

    def __init__(self, instrument: Instrument, assembly: Assembly) -> None:
        """Look through the answers."""
        self._instrument, self._assembly = instrument, assembly
        frame = assembly.frame
        # In the order in which they are hashed.
        items = sorted(instrument.items, key=lambda item: item.id)
        self._cells: list[NDArray[Any]] = [frame[item.id].to_numpy() for item in items]
        self._told: list[Callable[[Any], Told | None]] = []
        for item in items:
            told: dict[Any, Told] = {}
            for value in frame[item.id].dropna().unique().tolist():
                answer = answer_of(item, value)
                told[value] = answer, answer_part(*answer)
            # What is missing is not found there: a NaN equals nothing.
            self._told.append(told.get)
        self._closer: NDArray[np.bool_] = np.asarray(assembly.unread.any(axis=1))
        self._closer[[row for row, _ in assembly.multiple]] = True

    def __call__(self, rows: NDArray[np.intp]) -> tuple[list[Sequence[Answer]], list[str]]:
        """The answers of some rows, and the hash of those of each."""
        columns = [
            list(map(told, cells[rows].tolist()))
            for told, cells in zip(self._told, self._cells, strict=True)
        ]
        answers: list[Sequence[Answer]] = []
        hashes: list[str] = []
        for given in zip(*columns, strict=True) if columns else ((),) * len(rows):
            there = [told for told in given if told is not None]
            answers.append([answer for answer, _ in there])
            hashes.append(hash_of_parts([part for _, part in there]))
        for place in np.flatnonzero(self._closer[rows]).tolist():
            some = list(self._assembly.answers(int(rows[place]), self._instrument))
            answers[place], hashes[place] = some, answers_hash(some)
        return answers, hashes
