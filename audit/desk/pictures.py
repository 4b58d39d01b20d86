"""Pictures of the originals, made on the server and kept for a while in memory."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from audit.desk.recent import Recent
from audit.intake.originals import Originals
from detectors.errors import AuditError
from detectors.instrument import BoxMm, Instrument
from scans.laid import LaidPage, lay_half, lay_page

__all__ = ["SCREEN_PX", "Pictures"]

SCREEN_PX = 1760
"""Height of the picture that is shown first; the scan as it is follows on zooming in.

Half an A4 page at 300 dpi, which is what a decoder gives at once.
"""
_LEAST_PX = 1600  # a half that is smaller is too coarse for a first look

# Frames stand beside the place, not on its edge.
_BESIDE_MM = 0.7
# A colour page of 300 dpi takes 26 MB decoded, half a megabyte as a picture.
_DECODED = 6
_ENCODED = 256
_PLACED = 2_000


class Pictures:
    """Pages of the originals as pictures."""

    def __init__(self, originals: Originals, instruments: Mapping[str, Instrument]) -> None:
        """Show pages of ``originals`` laid over the forms of ``instruments``."""
        self._originals = originals
        self._instruments = instruments
        self._laid: Recent[LaidPage | None] = Recent(_DECODED)
        self._seen: Recent[LaidPage] = Recent(_PLACED)
        self._done: Recent[bytes | None] = Recent(_ENCODED)
        self._placed: Recent[Any] = Recent(512)

    def page(self, sha256: str, page: int, instrument_id: str) -> LaidPage | None:
        """One page; ``None`` where its original cannot be read any more."""
        key = (sha256, page, instrument_id)

        def make() -> LaidPage | None:
            try:
                form = self._instruments[instrument_id]
                with self._originals.at_hand([sha256]) as there:
                    laid = lay_page(str(there[sha256]), page, form, self._seen.peek(key))
            except (AuditError, KeyError):
                return None
            if laid is not None:
                # Where it lies takes a few kilobytes and most of the work: kept for longer.
                self._seen.get(key, lambda: laid.placed)
            return laid

        return self._laid.get(key, make)

    def _half(self, sha256: str, page: int, instrument_id: str) -> LaidPage | None:
        """A page at half its size; ``None`` where the whole has to be decoded."""
        if page != 1:
            return None
        key = (sha256, page, instrument_id)
        try:
            form = self._instruments[instrument_id]
            with self._originals.at_hand([sha256]) as there:
                found = lay_half(str(there[sha256]), form, _LEAST_PX, self._seen.peek(key))
        except (AuditError, KeyError):
            return None
        if found is None:
            return None
        half, placed = found
        self._seen.get(key, lambda: placed)
        return half

    def geometry(
        self, sha256: str, page: int, instrument_id: str, boxes: tuple[BoxMm, ...]
    ) -> tuple[tuple[int, int], bool, list[list[tuple[float, float]]]] | None:
        """Size of the scan, whether fields can be covered, and where places lie on it."""

        def make() -> Any:
            laid = self._seen.peek((sha256, page, instrument_id))
            if laid is None:
                laid = self.page(sha256, page, instrument_id)
            if laid is None:
                return None
            return laid.size, laid.coverable, [laid.outline(box, _BESIDE_MM) for box in boxes]

        found: tuple[tuple[int, int], bool, list[list[tuple[float, float]]]] | None
        found = self._placed.get((sha256, page, instrument_id, boxes), make)
        return found

    def ready(self, sha256: str, page: int, instrument_id: str) -> bool:
        """Whether the picture that is shown first is at hand."""
        return self._done.holds((sha256, page, instrument_id, "scan", True, False))

    def whole(
        self, sha256: str, page: int, instrument_id: str, look: str, *, covered: bool, full: bool
    ) -> bytes | None:
        """The page as a JPEG; see :meth:`scans.laid.LaidPage.whole`."""

        def make() -> bytes | None:
            first = look == "scan" and not full
            laid = self._half(sha256, page, instrument_id) if first else None
            if laid is None:
                laid = self.page(sha256, page, instrument_id)
            height = None if full else SCREEN_PX
            return None if laid is None else laid.whole(look, covered=covered, height=height)

        return self._done.get((sha256, page, instrument_id, look, covered, full), make)

    def place(
        self, sha256: str, page: int, instrument_id: str, box: BoxMm, part: str, *, covered: bool
    ) -> bytes | None:
        """A place on a page as a JPEG; see :meth:`scans.laid.LaidPage.place`."""

        def make() -> bytes | None:
            laid = self.page(sha256, page, instrument_id)
            return None if laid is None else laid.place(box, part, covered=covered)

        return self._done.get((sha256, page, instrument_id, box, part, covered), make)

    def straight(
        self, sha256: str, page: int, instrument_id: str, *, covered: bool = True
    ) -> bytes | None:
        """The page laid straight; see :meth:`scans.laid.LaidPage.straight`."""

        def make() -> bytes | None:
            laid = self.page(sha256, page, instrument_id)
            return None if laid is None else laid.straight(covered=covered)

        return self._done.get((sha256, page, instrument_id, "straight", covered), make)
