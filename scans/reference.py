"""What honest pages look like: the distributions that turn scores into p-values.

One distribution a check and scan class. A built-in reference, learnt from the simulator's
honest pages of every scanner profile, is always there; ``survey-audit calibrate`` learns
another from pages of one form and scanner that are believed honest, and takes precedence
wherever it has seen enough.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from detectors.calibration.tail import HonestDistribution
from detectors.errors import InputError
from detectors.registry import Level, discover
from scans.few_pages import Top, known, stretch, upper
from scans.fusion import Fusion
from scans.outdated import PAGE, outdated, outdated_line, versions_today
from scans.types import ScanClass

__all__ = ["PAGE", "PageScores", "Reference", "builtin_reference", "load_reference"]

FORMAT = 2
# Below this many pages a learnt distribution says too little to replace the built-in one.
FEWEST_PAGES = 10
# From here on it knows its own tail.
ENOUGH_PAGES = 200
# So many scores above 0 are a tail.
_A_TAIL = 10
# Honest real scans score up to two smallest spreads above simulated ones, mostly less than one.
_SLACK = 1.5
# Of a few hundred honest pages the hundredth part is two or three, and might be others: a page is
# flagged where its rarity is below the accepted rate with this confidence.
_CONFIDENCE = 0.75
_MOST_BYTES = 64 << 20

PageScores = Mapping[str, float]


def _has_tail(distribution: HonestDistribution) -> bool:
    return int(np.count_nonzero(distribution.scores > 0.0)) >= _A_TAIL


@dataclass(frozen=True, eq=False)
class Reference:
    """Honest scores by check and scan class.

    Attributes:
        distributions: ``(check id, scan class)`` -> its honest distribution.
        pages: Scan class -> how many honest pages were seen.
        fallback: Asked where this one has not seen enough.
        source: Where it comes from, for reports.
        fusion: How the checks' p-values make one number of a page; the fallback's where it
            has one.
        slack: What a scanner and form that were not learned from may add to honest scores, in
            smallest believed spreads of each check.
        versions: Check id -> version that it was learned with; empty in files that do not say.
        outdated: Ids of what was learned with other versions and therefore taken out; the
            fallback speaks there.
    """

    distributions: Mapping[tuple[str, str], HonestDistribution]
    pages: Mapping[str, int]
    fallback: Reference | None = None
    source: Mapping[str, Any] = field(default_factory=dict)
    fusion: Fusion = field(default_factory=lambda: Fusion({}))
    slack: float = 0.0
    versions: Mapping[str, str] = field(default_factory=dict)
    outdated: tuple[str, ...] = ()

    def __repr__(self) -> str:
        """One line: how many honest pages of which kind of scan it has seen."""
        seen = ", ".join(f"{count} {kind}" for kind, count in sorted(self.pages.items()))
        behind = ", with the built-in one behind it" if self.fallback is not None else ""
        return f"<Reference: {seen or 'no'} pages{behind}>"

    def p_value(self, check: str, scan_class: ScanClass, score: float) -> float | None:
        """How often an honest page of this class scores this high; ``None`` if never seen.

        From :data:`ENOUGH_PAGES` on a learnt distribution speaks for itself. With fewer it
        says how large scores are on this form and scanner, and the built-in one lends the
        shape of the tail, which forty pages cannot show. The built-in one alone gives every
        score some slack: real paper is less even than simulated paper; and of a page as a
        whole it gives an upper bound of the p-value.
        """
        key = (check, scan_class.value)
        own = self.distributions.get(key)
        base = None if self.fallback is None else self.fallback.distributions.get(key)
        if self.fallback is None:
            if own is None or own.n == 0:
                return None
            slackened = float(score) - self.slack * own.min_scale
            if check == PAGE:
                return own.p_bound(slackened, _CONFIDENCE)
            return max(own.p_value(slackened), self._of_other_classes(check, own, slackened))
        if own is None or own.n < FEWEST_PAGES:
            return self.fallback.p_value(check, scan_class, score)
        if base is None or own.n >= ENOUGH_PAGES:
            return own.p_value(float(score))
        if check == PAGE:
            # The fused ratio was brought to scale check by check. What is left, as where checks
            # hang together more than on the built-in scanners, may only draw it in.
            louder = max(0.0, upper(own) - upper(base))
            return base.p_value(float(score) - known(own) * louder)
        slack = self.fallback.slack * base.min_scale * (1.0 - known(own))
        return base.p_value(float(score) * stretch(own, base) - slack)

    def _of_other_classes(self, check: str, own: HonestDistribution, score: float) -> float:
        """How often a check speaks this loud on honest pages of the classes where it does at all.

        Where hardly any honest page scored, a handful of devices has shown no tail: none thinner
        is believed than that of other classes. 0 where the class has a tail of its own.
        """
        if score <= 0.0 or _has_tail(own):
            return 0.0
        others = (d for (name, _), d in self.distributions.items() if name == check and d.n)
        return max((d.p_value(score) for d in others if _has_tail(d)), default=0.0)

    def knows(self, check: str, scan_class: ScanClass) -> bool:
        """Whether this reference or its fallback can give p-values of a check."""
        return self.p_value(check, scan_class, 0.0) is not None

    def _speaks_for_itself(self, check: str, scan_class: str) -> bool:
        """Whether p-values of a check rest on this reference's own pages alone."""
        own = self.distributions[check, scan_class]
        lent = None if self.fallback is None else self.fallback.distributions
        return lent is None or (own.n >= ENOUGH_PAGES or (check, scan_class) not in lent)

    def page_p_value(self, scan_class: ScanClass, p_values: Mapping[str, float]) -> float:
        """How often an honest page of this class has checks that speak this loud together.

        Args:
            scan_class: Of the page.
            p_values: Check id -> honest p-value, of the checks that could judge.
        """
        found = self.p_value(PAGE, scan_class, self.log_ratio(p_values))
        if found is not None:
            return found
        # Nothing is known of whole pages: as if the checks were independent.
        smallest = min(p_values.values(), default=1.0)
        return float(1.0 - (1.0 - smallest) ** max(1, len(p_values)))

    def log_ratio(self, p_values: Mapping[str, float]) -> float:
        """The page's fused evidence, see :meth:`scans.fusion.Fusion.log_ratio`."""
        fusion = self.fusion if self.fallback is None else self.fallback.fusion
        return fusion.log_ratio(p_values)

    def parts(self, p_values: Mapping[str, float]) -> dict[str, float]:
        """What each check adds to the page's likelihood ratio."""
        fusion = self.fusion if self.fallback is None else self.fallback.fusion
        return fusion.parts(p_values)

    def p_values(self, scan_class: ScanClass, scores: PageScores) -> dict[str, float]:
        """Honest p-value of each check that is known in this class."""
        found = {check: self.p_value(check, scan_class, score) for check, score in scores.items()}
        return {check: p for check, p in found.items() if p is not None}

    @staticmethod
    def learn(
        pages: Iterable[tuple[ScanClass, PageScores]],
        *,
        altered: Iterable[tuple[ScanClass, PageScores]] = (),
        fallback: Reference | None = None,
        source: Mapping[str, Any] | None = None,
    ) -> Reference:
        """Learn from the scores of honest pages, each a check id -> score.

        Args:
            pages: Scan class and scores of honest pages.
            altered: The same of altered ones, to learn how checks are fused; without them
                the fallback's way is kept.
            fallback: Asked where too few pages were seen.
            source: Where the pages come from.
        """
        seen = list(pages)
        scores: dict[tuple[str, str], list[float]] = {}
        counts: dict[str, int] = {}
        for scan_class, page in seen:
            counts[scan_class.value] = counts.get(scan_class.value, 0) + 1
            for check, score in page.items():
                scores.setdefault((check, scan_class.value), []).append(score)
        scales = {
            check_id: check.info.min_scale for check_id, check in discover(Level.PAGE).items()
        }
        fitted = {
            key: HonestDistribution.fit(values, min_scale=scales.get(key[0], 0.0))
            for key, values in scores.items()
        }
        versions = versions_today(None if fallback is None else _builtin_sha256())
        bare = Reference(fitted, counts, fallback, dict(source or {}), versions=versions)
        fusion = Fusion.fit(bare.p_values(c, page) for c, page in altered)
        whole = replace(bare, fusion=fusion)
        ratios: dict[str, list[float]] = {}
        tops = {key: Top.of(honest) for key, honest in fitted.items()}
        for scan_class, page in seen:
            p_values = {}
            for check, score in page.items():
                key = (check, scan_class.value)
                # As a fresh page is judged: by the others, or by what the fallback lends.
                if whole._speaks_for_itself(*key):
                    p_values[check] = tops[key].left_out(fitted[key], score)
                else:
                    p_values[check] = whole.p_value(check, scan_class, score) or 1.0
            ratios.setdefault(scan_class.value, []).append(whole.log_ratio(p_values))
        pages_as_a_whole = {(PAGE, c): HonestDistribution.fit(r) for c, r in ratios.items()}
        return replace(whole, distributions=fitted | pages_as_a_whole)

    def to_json(self) -> dict[str, Any]:
        """The file format of ``calibrate --output``; rounded, so that it stays small."""
        return {
            "format": FORMAT,
            "source": dict(self.source),
            "pages": dict(sorted(self.pages.items())),
            "checks": dict(sorted(self.versions.items())),
            "fusion": self.fusion.to_json(),
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
        fusion = Fusion.from_json(data["fusion"])
        versions = {str(k): str(v) for k, v in dict(data.get("checks", {})).items()}
        source = dict(data.get("source", {}))
        return Reference(distributions, pages, fallback, source, fusion, versions=versions)

    def of_today(self) -> Reference:
        """The same without what was learned with other versions of the checks than today's."""
        other = outdated(self.versions, versions_today(_builtin_sha256()))
        kept = {key: d for key, d in self.distributions.items() if key[0] not in other}
        return replace(self, distributions=kept, outdated=other)

    def outdated_line(self, where: str | Path) -> str | None:
        """What whoever named this file must be told; ``None`` where all of it is of today."""
        if not self.outdated:
            return None
        return outdated_line(str(where), self.outdated, self.source)


@cache
def builtin_reference() -> Reference:
    """The reference that ships with the program."""
    return replace(Reference.from_json(json.loads(_builtin())), slack=_SLACK)


def _builtin() -> bytes:
    return files("scans").joinpath("builtin_reference.json").read_bytes()


@cache
def _builtin_sha256() -> str:
    return hashlib.sha256(_builtin()).hexdigest()[:16]


def load_reference(path: str | Path | None) -> Reference:
    """The reference in ``path``, backed by the built-in one; only that for ``None``.

    What it learned with other versions of the checks is left out: see its ``outdated``, and
    tell the user its ``outdated_line``.

    Raises:
        InputError: If the file is no reference.
    """
    if path is None:
        return builtin_reference()
    try:
        with Path(path).open("rb") as stream:
            text = stream.read(_MOST_BYTES + 1)
        if len(text) > _MOST_BYTES:
            raise ValueError(f"larger than {_MOST_BYTES >> 20} MB")
        return Reference.from_json(json.loads(text), fallback=builtin_reference()).of_today()
    except OSError as error:
        raise InputError(
            f"the reference cannot be read ({error.strerror})",
            where=str(path),
            remedy="check the path",
        ) from error
    except (
        KeyError,
        ValueError,
        TypeError,
        AttributeError,
        OverflowError,
        RecursionError,
    ) as error:
        why = "nested too deep" if isinstance(error, RecursionError) else str(error)
        raise InputError(
            f"not a reference of honest pages ({why})",
            where=str(path),
            remedy="make one with: survey-audit calibrate PAGE… --instrument T.toml --output REF",
        ) from error
