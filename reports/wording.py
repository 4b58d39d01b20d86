"""Names and small phrases that several documents share: kinds of signs, severities, changes."""

from __future__ import annotations

from collections.abc import Sequence

from detectors.finding import Message, Severity
from reports.locale import Text, catalogue, in_both
from reports.views import RoundIdentity, Sign, UnitReport

__all__ = [
    "change",
    "kind_title",
    "noun",
    "rank_change",
    "scan_title",
    "severity_label",
    "signs_of",
]

_KINDS = frozenset(
    str(entry.id).removeprefix("kind.")
    for entry in catalogue("vi")
    if str(entry.id).startswith("kind.")
)
_SCANS = frozenset(
    str(entry.id).removeprefix("scan.")
    for entry in catalogue("vi")
    if str(entry.id).startswith("scan.")
)


def kind_title(kind: str) -> Message:
    """Name of a kind of sign; a kind without one stands as it is."""
    return in_both(f"kind.{kind}") if kind in _KINDS else Message(kind, kind)


def scan_title(scan_class: str) -> Message:
    """Name of a kind of scan; one without a name stands as it is."""
    if scan_class not in _SCANS:
        return Message(scan_class, scan_class)
    return in_both(f"scan.{scan_class}")


def severity_label(text: Text, severity: Severity | None) -> str:
    """The severity in words; ``None`` is "could not be judged", never green."""
    return text(f"severity.{'none' if severity is None else severity.value}")


def noun(round_: RoundIdentity) -> str:
    """Key of what is counted: paper forms, or records where a digital channel takes part."""
    return "count.form" if round_.channels == ("paper",) else "count.record"


def change(text: Text, difference: float) -> str:
    """A difference of shares in words; what rounds to nothing is "unchanged"."""
    if abs(difference) < 0.00005:
        return text("change.none")
    key = "change.up" if difference > 0 else "change.down"
    return text(key, points=text.points(difference))


def rank_change(text: Text, before: int, after: int) -> str:
    """A change of rank in words; a smaller rank is better."""
    if before == after:
        return text("rank.same")
    return text.count("rank.up" if after < before else "rank.down", abs(before - after))


def signs_of(report: UnitReport) -> Sequence[Sign]:
    """Signs in the numbers and in the digital channels."""
    sections = (report.statistics, report.digital)
    return [sign for section in sections if section for sign in section.signs]
