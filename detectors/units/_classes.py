"""How usual the answers of a record are, all of them together.

Within a class of people answers are independent, and the classes differ in every item: a
latent class model. With two dozen classes it comes close to the density of honest records,
their blocks of items and straight lines included, without a guess at their structure.

Reference: Lazarsfeld & Henry (1968), *Latent Structure Analysis*; Dempster, Laird & Rubin
(1977) for the algorithm.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from detectors.units._lift import one_hot

__all__ = ["Classes", "Density", "usual_shares"]

CLASSES = 24
RECORDS_A_CLASS = 40
STEPS = 30
# steps on the records of other folds, which begin with what all have taught
FOLD_STEPS = 6
FOLDS = 5
LEARNED = 8_000
# what an item's own shares of answers are worth in a class, in records
PRIOR = 1.0
# how much of a record begins in the class of its level
APART = 0.7
CROSSED = 20_000
BLOCK = 8192
COMPILED_FROM = 20_000

Array = NDArray[np.float64]
Codes = NDArray[np.integer]
Rows = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Density:
    """Log probabilities of records among honest ones.

    Below ``CROSSED`` records a record is judged by classes that were learned on others.

    Attributes:
        models: Learned on all records, or on those of the other fold.
        fold: ``(n,)``: by which of them a record is judged.
        records: ``(n,)`` log probability of the answers that a record gives.
        alone: float32 ``(items, states)``: log share of each answer; 0 for no answer.
    """

    models: tuple[Classes, ...]
    fold: Rows
    records: Array
    alone: NDArray[np.float32]

    @classmethod
    def of(
        cls, codes: Codes, level: Array, levels: Rows, peers: Rows, rng: np.random.Generator
    ) -> Density:
        """Learn from ``peers`` and judge all records.

        Args:
            codes: ``(n, items)``, 0 = no answer.
            level: ``(n,)`` mean level.
            levels: ``(items,)``.
            peers: Rows that are taken for honest.
            rng: Chance.
        """
        whole = _some(peers, rng)
        model = Classes.of(codes[whole], level[whole], levels, rng)
        fold = np.zeros(len(codes), dtype=np.intp)
        models = [model]
        if len(codes) < CROSSED:
            fold = rng.permutation(len(codes)) % FOLDS
            others = [_some(peers[fold[peers] != one], rng) for one in range(FOLDS)]
            models = [model.learned_on(codes[rows], levels) for rows in others]
        alone = np.log(np.maximum(usual_shares(codes[whole], levels), 1e-9)).astype(np.float32)
        alone[:, 0] = 0.0
        found = cls(tuple(models), fold, np.empty(0), alone)
        return replace(found, records=found.of_made(codes, np.arange(len(codes))))

    def of_made(self, codes: Codes, rows: Rows) -> Array:
        """Log probability of records that were made up, by the models of as many ``rows``."""
        if len(self.models) == 1:
            return self.models[0].log_likelihood(codes)
        found = np.empty(len(codes))
        for one, model in enumerate(self.models):
            mine = self.fold[rows] == one
            found[mine] = model.log_likelihood(codes[mine])
        return found

    def independent(self, codes: Codes) -> Array:
        """``(n,)`` log probability of answers if items were independent."""
        found = np.zeros(len(codes))
        for j, alone in enumerate(self.alone):
            found += alone[codes[:, j]]
        return found


@dataclass(frozen=True, eq=False)
class Classes:
    """Classes of people.

    Attributes:
        answer: float32 ``(items x states, classes)``: log share of an answer; 0 for no answer.
        share: float32 ``(classes,)``: log share of a class.
    """

    answer: NDArray[np.float32]
    share: NDArray[np.float32]

    @classmethod
    def of(cls, codes: Codes, level: Array, levels: Rows, rng: np.random.Generator) -> Classes:
        """Learn from records: ``(n, items)``, and the ``(n,)`` levels by which classes begin."""
        n = len(codes)
        count = int(np.clip(n // RECORDS_A_CLASS, 1, CLASSES))
        order = np.argsort(level + 1e-3 * rng.random(n), kind="stable")
        part = np.full((n, count), (1.0 - APART) / count, dtype=np.float32)
        part[order, np.arange(n) * count // max(n, 1)] += APART
        part *= np.exp(0.5 * rng.standard_normal(part.shape, dtype=np.float32))
        part /= part.sum(axis=1, keepdims=True)
        usual = usual_shares(codes, levels)
        marks = one_hot(codes, usual.shape[1])
        model = cls._of_parts(part, marks, usual)
        for _ in range(STEPS - 1):
            model = cls._of_parts(model._parts(marks), marks, usual)
        return model

    def learned_on(self, codes: Codes, levels: Rows) -> Classes:
        """The same classes after some more steps on these records alone."""
        usual = usual_shares(codes, levels)
        marks = one_hot(codes, usual.shape[1])
        model = self
        for _ in range(FOLD_STEPS):
            model = self._of_parts(model._parts(marks), marks, usual)
        return model

    @classmethod
    def _of_parts(
        cls, part: NDArray[np.float32], marks: NDArray[np.float32], usual: Array
    ) -> Classes:
        """What is expected of classes with these ``(n, classes)`` parts in each record."""
        given = (part.T @ marks).reshape(part.shape[1], *usual.shape) + PRIOR * usual
        given /= given.sum(axis=2, keepdims=True)
        answer = np.log(np.maximum(given, 1e-9)).astype(np.float32)
        answer[:, :, 0] = 0.0
        size = part.sum(axis=0, dtype=np.float64) + 0.5
        share = np.log(size / size.sum()).astype(np.float32)
        return cls(np.ascontiguousarray(answer.reshape(len(answer), -1).T), share)

    def _parts(self, marks: NDArray[np.float32]) -> NDArray[np.float32]:
        part = marks @ self.answer + self.share
        part = np.exp(part - part.max(axis=1, keepdims=True))
        part /= part.sum(axis=1, keepdims=True)
        answer: NDArray[np.float32] = part
        return answer

    def log_likelihood(self, codes: Codes) -> Array:
        """``(n,)`` log probability of the answers that were given."""
        states = len(self.answer) // codes.shape[1]
        found = np.empty(len(codes))
        if len(codes) >= COMPILED_FROM:
            from detectors.units._loops import likelihood_of_classes

            likelihood_of_classes(
                np.ascontiguousarray(codes), self.answer, self.share, states, found
            )
            return found
        for start in range(0, len(codes), BLOCK):
            joint = one_hot(codes[start : start + BLOCK], states) @ self.answer + self.share
            most = joint.max(axis=1)
            found[start : start + BLOCK] = most + np.log(np.exp(joint - most[:, None]).sum(axis=1))
        return found


def _some(rows: Rows, rng: np.random.Generator) -> Rows:
    return rows if rows.size <= LEARNED else np.sort(rng.choice(rows, LEARNED, replace=False))


def usual_shares(codes: Codes, levels: Rows) -> Array:
    """``(items, states)`` shares of the answers, half of one added to each."""
    states = int(levels.max()) + 1
    usual = np.stack([np.bincount(codes[:, j], minlength=states) for j in range(codes.shape[1])])
    shares = usual + 0.5
    shares[:, 0] = 0.0
    shares[np.arange(states) > levels[:, None]] = 0.0
    answer: Array = shares / shares.sum(axis=1, keepdims=True)
    return answer
