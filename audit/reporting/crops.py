"""Evidence pictures for reports: which to cut, and cutting them from the kept originals.

Which is decided where the store is read; cutting is slow work on images and is done by the
worker that writes the report.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from audit.intake.originals_at import originals_at
from audit.reporting.data import RoundData, Row
from detectors.errors import AuditError
from detectors.instrument import BoxMm, Instrument

__all__ = ["CropRequest", "crop_requests", "cut"]


@dataclass(frozen=True, slots=True)
class CropRequest:
    """Places on one page of one original.

    Attributes:
        place: Folder or bucket of the originals.
        sha256: The original.
        page: Its page, from 1.
        boxes_mm: The places on the form.
        keys: What each picture is for.
    """

    place: str
    sha256: str
    page: int
    boxes_mm: tuple[BoxMm, ...]
    keys: tuple[int, ...]


def crop_requests(data: RoundData, findings: Sequence[Row]) -> tuple[CropRequest, ...]:
    """Pictures of those findings that name a place on a stored page, keyed by their position.

    An original that is not there any more gives no picture; ``verify`` tells about it, and
    the report says that there is none.
    """
    originals = data.settings.originals_place
    by_page: dict[int, list[int]] = {}
    for place, finding in enumerate(findings):
        if finding["box_mm"] is not None and finding["page_id"] in data.pages:
            by_page.setdefault(finding["page_id"], []).append(place)
    requests = []
    for page_id, places in by_page.items():
        page = data.pages[page_id]
        boxes = [findings[place]["box_mm"] for place in places]
        boxes_mm = tuple((b[0], b[1], b[2], b[3]) for b in boxes)
        where = (originals, page["sha256"], page["page"])
        requests.append(CropRequest(*where, boxes_mm, tuple(places)))
    return tuple(requests)


def cut(requests: Sequence[CropRequest], instrument: Instrument) -> Mapping[int, bytes]:
    """Pictures by key; a page that cannot be read any more gives none."""
    if not requests:
        return {}
    from scans.crops import evidence_crops

    crops: dict[int, bytes] = {}
    for request in requests:
        try:
            with originals_at(request.place).at_hand([request.sha256]) as there:
                path = str(there[request.sha256])
                pictures = evidence_crops(path, request.page, instrument, request.boxes_mm)
        except AuditError:
            continue
        crops.update(zip(request.keys, pictures, strict=False))
    return crops
