"""Evidence pictures for reports, cut from the kept originals."""

from __future__ import annotations

from collections.abc import Sequence

from audit.intake.originals import originals_at
from audit.reporting.data import RoundData, Row
from detectors.errors import AuditError

__all__ = ["crops_of"]


def crops_of(data: RoundData, findings: Sequence[Row]) -> dict[int, bytes]:
    """Picture by finding key, for those findings that name a place on a stored page.

    An original that cannot be read any more gives no picture; ``verify`` tells about it,
    and the report says that there is none.
    """
    from scans.crops import evidence_crops

    originals = originals_at(data.settings.originals_place)
    by_page: dict[int, list[Row]] = {}
    for finding in findings:
        if finding["box_mm"] is not None and finding["page_id"] in data.pages:
            by_page.setdefault(finding["page_id"], []).append(finding)
    crops: dict[int, bytes] = {}
    for page_id, members in by_page.items():
        page = data.pages[page_id]
        boxes = [(b[0], b[1], b[2], b[3]) for b in (f["box_mm"] for f in members)]
        try:
            with originals.at_hand([page["sha256"]]) as there:
                path = str(there[page["sha256"]])
                cut = evidence_crops(path, page["page"], data.instrument, boxes)
        except AuditError:
            continue
        crops.update({f["id"]: picture for f, picture in zip(members, cut, strict=False)})
    return crops
