"""PNG: palettes, transparency, 1 to 16 bits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detectors.errors import InputError
from scans.source.metadata import clean, exif_facts, xmp_facts
from scans.source.orientation import upright
from scans.source.pictures import PICTURE_FAULTS, fault, opened, to_pixels
from scans.source.types import Limits

__all__ = ["read_png"]

_TEXTS = {
    "Software": "software",
    "Creation Time": "created",
    "Author": "author",
    "Comment": "comment",
    "Source": "source",
}


def read_png(
    path: Path, limits: Limits
) -> tuple[NDArray[np.uint8], tuple[float, float] | None, dict[str, Any]]:
    """Upright pixels, resolution if stored, and metadata of a PNG file.

    Raises:
        InputError: If it is too large, truncated, damaged or a decompression bomb.
    """
    where = str(path)
    try:
        with path.open("rb") as file, opened(file, "PNG", limits, where) as picture:
            limits.check_pixels(*picture.size, where)
            dpi = picture.info.get("dpi")
            pixels = to_pixels(picture)
            facts = _facts(picture.info)
            if "exif" in picture.info:
                facts.update(exif_facts(picture.getexif()))
    except PICTURE_FAULTS as error:
        raise InputError(
            f"truncated or damaged PNG: {fault(error)}", where=where, remedy="copy or scan it again"
        ) from error
    code = int(facts.get("orientation", 1))
    if dpi is not None:
        dpi = (float(dpi[0]), float(dpi[1])) if min(dpi) > 1 else None
    return upright(pixels, code), dpi if code < 5 or dpi is None else (dpi[1], dpi[0]), facts


def _facts(info: dict[Any, Any]) -> dict[str, Any]:
    facts: dict[str, Any] = {
        name: clean(info[key]) for key, name in _TEXTS.items() if info.get(key)
    }
    packet = info.get("XML:com.adobe.xmp") or info.get("xmp")
    if packet:
        facts.update(xmp_facts(packet if isinstance(packet, bytes) else str(packet).encode()))
    return facts
