"""Does a page coded as a fax account for all of its data?

Decoders of ITU-T T.4 and T.6 (group 3 and 4) go on after damage: the rest of the page
comes out white, print and marks gone, and nobody is told. That would look like erasure.
Both codings are canonical, so coding the decoded page again gives back the size it was
stored in: 0.999 to 1.000 of it on all 13 two-level TIFF pages of the development data
(SURVEY_AUDIT_DATA). A hole of zeros or of noise in the second half gives 0.5.
"""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image, TiffImagePlugin

__all__ = ["accounts_for"]

_SHARE = 0.9
# Group 3 may pad a line with zeros before its end mark (eleven zeros and a one). A line
# is padded for at most 40 ms at 14400 bit/s; a longer run of zeros is a hole.
_END_OF_LINE, _LONGEST_FILL = 11, 576
_STRIP_BYTES, _T4_OPTIONS = 279, 292


def accounts_for(
    pixels: NDArray[np.uint8],
    coded: bytes,
    *,
    group: int,
    min_is_white: bool = True,
    rows_per_strip: int | None = None,
    options: int = 0,
) -> bool:
    """Whether ``coded`` holds no more than ``pixels`` need.

    Args:
        pixels: uint8 ``(height, width)``, 0 and 255, as stored (not turned).
        coded: The data of all strips.
        group: 3 or 4.
        min_is_white: Whether ink is coded as black, as faxes do.
        rows_per_strip: Of the stored picture; all rows by default.
        options: T4Options of group 3 (bit 0: two-dimensional).
    """
    # Inverted here, since Pillow does it a pixel at a time (2 s a page) when saving.
    bits = Image.fromarray(255 - pixels if min_is_white else pixels)
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    if group == 3:
        tags[_T4_OPTIONS] = options & 1
    height, width = pixels.shape
    rows = min(rows_per_strip or height, height)
    made = io.BytesIO()
    bits.convert("1", dither=Image.Dither.NONE).save(
        made,
        "TIFF",
        compression=f"group{group}",
        tiffinfo=tags,
        strip_size=rows * ((width + 7) // 8),
    )
    with Image.open(made, formats=["TIFF"]) as again:
        needed = float(sum(getattr(again, "tag_v2", {})[_STRIP_BYTES]))
    stored = float(len(coded)) if group == 4 else len(coded) - _fill(coded) / 8
    return bool(needed >= _SHARE * stored)


def _fill(coded: bytes) -> float:
    """Bits of padding before ends of lines."""
    bits = np.unpackbits(np.frombuffer(coded, dtype=np.uint8))
    ones = np.flatnonzero(bits)
    runs = np.diff(ones, prepend=-1) - 1
    padding = runs[(runs > _END_OF_LINE) & (runs <= _LONGEST_FILL)] - _END_OF_LINE
    return float(padding.sum())
