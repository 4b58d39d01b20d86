"""Streams of a PDF, unpacked no further than they are worth.

A few kilobytes of a PDF stream can unpack to gigabytes, and filters may be stacked. Here
unpacking stops where a limit is passed.
"""

from __future__ import annotations

import zlib
from typing import Any

import pikepdf

__all__ = ["filters_of", "unpacked"]

# Of a stream in another code than Flate, which is unpacked whole: at most a thousand times it.
_OTHER_BYTES = 64 << 10


def filters_of(stream: Any) -> list[str]:
    """Names of a stream's filters in the order of unpacking; one empty name for none."""
    found = stream.get("/Filter")
    if found is None:
        return [""]
    if isinstance(found, pikepdf.Array):
        return [str(name) for name in found] or [""]
    return [str(found)]


def unpacked(stream: Any, most: int) -> bytes | None:
    """What a stream holds, ``None`` if that is more than ``most`` bytes.

    Raises:
        zlib.error, pikepdf.PdfError: If it is damaged.
    """
    filters = [name for name in filters_of(stream) if name]
    if set(filters) <= {"/FlateDecode", "/Fl"} and "/DecodeParms" not in stream:
        data = bytes(stream.read_raw_bytes())
        for _ in filters:
            data = zlib.decompressobj().decompress(data, most + 1)
            if len(data) > most:
                return None
        return data if len(data) <= most else None
    if len(stream.read_raw_bytes()) > _OTHER_BYTES:
        return None
    data = bytes(stream.read_bytes())
    return data if len(data) <= most else None
