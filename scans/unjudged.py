"""Why checks could not judge a page: of the page itself, or of what it came with."""

from __future__ import annotations

from collections.abc import Mapping

from detectors.registry import Level, discover
from scans.reprint import CHECK, OTHER_PRINT

__all__ = ["of_the_page_alone", "why_unjudged"]


def of_the_page_alone(reasons: Mapping[str, str]) -> dict[str, str]:
    """Check id -> reason, without what may change when more pages come."""
    together = discover(Level.PAGES)
    return {
        check: reason
        for check, reason in reasons.items()
        if check not in together and (check, reason) != (CHECK, OTHER_PRINT)
    }


def why_unjudged(reasons: Mapping[str, str]) -> tuple[list[str], str]:
    """Why a page that was read is neither flagged nor clean, and what to do about it."""
    if OTHER_PRINT in reasons.values():
        return [OTHER_PRINT], "hold one against the blank, and give the instrument the one printed"
    known = sorted(set(of_the_page_alone(reasons).values())) or ["no honest pages are known"]
    return known, "calibrate on honest pages like it, and name the reference"
