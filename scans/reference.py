"""What honest pages look like: the distributions that turn scores into p-values.

One distribution a check and scan class. A built-in reference, learnt from the simulator's
honest pages of every scanner profile, is always there; ``survey-audit calibrate`` learns
another from pages of one form and scanner that are believed honest, and takes precedence
wherever it has seen enough.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from detectors.calibration.tail import HonestDistribution
from detectors.errors import InputError
from scans.types import ScanClass

__all__ = ["PageScores", "Reference", "builtin_reference", "load_reference"]

FORMAT = 1
# Below this many pages a learnt distribution says too little to replace the built-in one.
FEWEST_PAGES = 10

PageScores = Mapping[str, float]


@dataclass(frozen=True, eq=False)
class Reference:
    """Honest scores by check and scan class.

    Attributes:
        distributions: ``(check id, scan class)`` -> its honest distribution.
        pages: Scan class -> how many honest pages were seen.
        fallback: Asked where this one has not seen enough.
        source: Where it comes from, for reports.
    """

    distributions: Mapping[tuple[str, str], HonestDistribution]
    pages: Mapping[str, int]
    fallback: Reference | None = None
    source: Mapping[str, Any] = field(default_factory=dict)

    def p_value(self, check: str, scan_class: ScanClass, score: float) -> float | None:
        """How often an honest page of this class scores this high; ``None`` if never seen."""
        known = self.distributions.get((check, scan_class.value))
        if known is not None and known.n >= FEWEST_PAGES:
            return known.p_value(float(score))
        if self.fallback is not None:
            return self.fallback.p_value(check, scan_class, score)
        return None

    @staticmethod
    def learn(
        pages: Iterable[tuple[ScanClass, PageScores]], *, source: Mapping[str, Any] | None = None
    ) -> Reference:
        """Learn from the scores of honest pages, each a check id -> score."""
        scores: dict[tuple[str, str], list[float]] = {}
        counts: dict[str, int] = {}
        for scan_class, page in pages:
            counts[scan_class.value] = counts.get(scan_class.value, 0) + 1
            for check, score in page.items():
                scores.setdefault((check, scan_class.value), []).append(score)
        fitted = {key: HonestDistribution.fit(values) for key, values in scores.items()}
        return Reference(fitted, counts, source=dict(source or {}))

    def to_json(self) -> dict[str, Any]:
        """The file format of ``calibrate --output``; rounded, so that it stays small."""
        return {
            "format": FORMAT,
            "source": dict(self.source),
            "pages": dict(sorted(self.pages.items())),
            "honest": [
                {"check": check, "scan_class": scan_class, **distribution.to_json()}
                for (check, scan_class), distribution in sorted(self.distributions.items())
            ],
        }

    @staticmethod
    def from_json(data: Mapping[str, Any], *, fallback: Reference | None = None) -> Reference:
        """The inverse of :meth:`to_json`.

        Raises:
            KeyError, ValueError, TypeError: If ``data`` is of another shape.
        """
        if data["format"] != FORMAT:
            raise ValueError(f"format {data['format']}, this version reads {FORMAT}")
        distributions = {
            (str(entry["check"]), ScanClass(entry["scan_class"]).value): (
                HonestDistribution.from_json(entry)
            )
            for entry in data["honest"]
        }
        pages = {str(k): int(v) for k, v in data["pages"].items()}
        return Reference(distributions, pages, fallback, dict(data.get("source", {})))


@cache
def builtin_reference() -> Reference:
    """The reference that ships with the program."""
    text = files("scans").joinpath("builtin_reference.json").read_text(encoding="utf-8")
    return Reference.from_json(json.loads(text))


def load_reference(path: str | Path | None) -> Reference:
    """The reference in ``path``, backed by the built-in one; only that for ``None``.

    Raises:
        InputError: If the file is no reference.
    """
    if path is None:
        return builtin_reference()
    try:
        data = json.loads(Path(path).read_text(encoding="utf-8"))
        return Reference.from_json(data, fallback=builtin_reference())
    except OSError as error:
        raise InputError(
            f"the reference cannot be read ({error.strerror})", where=str(path)
        ) from error
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        raise InputError(
            f"not a reference of honest pages ({error})",
            where=str(path),
            remedy="make one with: survey-audit calibrate PAGE… --instrument T.toml --output REF",
        ) from error
