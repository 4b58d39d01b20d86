"""A finding as it leaves the program: never without the innocent explanations of its kind."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from detectors.finding import Finding
from detectors.registry import Level, discover

__all__ = ["explained"]


def explained(finding: Finding, levels: Iterable[Level]) -> dict[str, Any]:
    """JSON of a finding with what honest people and machines do that looks alike.

    The explanations stand in ``innocent`` and close the message, so that whoever passes on
    the message alone passes them on, too.

    Args:
        finding: The sign.
        levels: Where its check is looked for.
    """
    data = finding.to_json()
    infos = (check.info for level in levels for check in discover(level).values())
    innocent = next((info.innocent for info in infos if info.id == finding.detector), ())
    data["innocent"] = [message.to_json() for message in innocent]
    if innocent:
        vi = " ".join(message.vi for message in innocent)
        en = " ".join(message.en for message in innocent)
        data["message"] = {
            "vi": f"{finding.message.vi} Giải thích vô tội có thể có: {vi}",
            "en": f"{finding.message.en} Innocent explanations: {en}",
        }
    return data
