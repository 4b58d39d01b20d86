"""What intake promises its callers besides pages: limits, and pages it had to give up."""

from __future__ import annotations

from dataclasses import dataclass

from detectors.errors import InputError
from scans.types import Origin

__all__ = ["DEFAULT", "Limits", "PageError"]


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of a machine one file may ask for; more is refused before decoding.

    The defaults let through everything an office scanner makes (A3 at 600 dpi is 70
    million pixels) and stop files whose header promises more than memory holds.

    Attributes:
        pixels: Of one page, after decoding.
        pages: Of one TIFF or PDF.
        file_bytes: Of one file.
        render_dpi: Resolution at which a PDF page is drawn when it is not one image.
    """

    pixels: int = 120_000_000
    pages: int = 2_000
    file_bytes: int = 512 * 1024 * 1024
    render_dpi: int = 300

    def check_pixels(self, width: int, height: int, where: str) -> None:
        """Refuse a picture by its announced size.

        Raises:
            InputError: If a side is not positive or there are more than ``pixels``.
        """
        if width < 1 or height < 1:
            raise InputError(
                f"the picture is {width} x {height} pixels",
                where=where,
                remedy="scan the page again",
            )
        if width * height > self.pixels:
            raise self.too_large(f"{width} x {height} pixels", where)

    def too_large(self, what: str, where: str) -> InputError:
        """The error for ``what`` exceeding ``pixels``."""
        return InputError(
            f"{what}: more than the limit of {self.pixels / 1e6:g} million pixels a page",
            where=where,
            remedy="scan at 600 dpi or less",
        )


DEFAULT = Limits()


@dataclass(frozen=True, slots=True)
class PageError:
    """A page of a several-page file that could not be decoded; the others are not lost.

    Attributes:
        origin: File, hash and page number; the rest as far as it was known.
        reason: One line: what is wrong with this page and the way out.
    """

    origin: Origin
    reason: str
