"""Fingerprints of pages as bytes for the store. No pickles: a store is data, not code."""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scans.fingerprint import Fingerprint
from scans.likeness.cells import CELL, MarkCells
from scans.likeness.fields import with_pens
from scans.likeness.ink import FieldInk
from scans.measure.scanner import ScannerTraits
from scans.source.software import PLACES
from scans.types import Origin

__all__ = ["pack", "unpack"]

_HEAD = struct.Struct("<4sI")
# What earlier versions kept has nothing of its scanner, and of scans without colour no picture of a
# signature without the seal over it. It is read all the same.
_MAGIC, _READ = b"ink5", frozenset((b"ink3", b"ink4", b"ink5"))
# What the checks on where a file comes from look at; all else of it stays in the original.
_NAMED = frozenset((*PLACES, "make", "model", "stream_make", "stream_model"))


def pack(page: Fingerprint) -> bytes:
    """Three to seven kilobytes: what is drawn takes half a byte a pixel, squeezed."""
    meta = {
        "form_page": page.form_page,
        "shape": list(page.shape),
        "media_type": page.origin.media_type,
        "thumb": list(page.thumb.shape),
        "index": page.marks.index.tolist(),
        "strength": page.marks.strength.tolist(),
        "source": _source(page.origin),
        "pens": np.round(page.pens.astype(np.float64), 5).tolist(),
        "scanner": _scanner(page.scanner),
        "inks": [
            [i.id, i.kind, list(i.box_mm), i.shows, i.px_per_mm, list(i.corner), list(i.ink.shape)]
            for i in page.inks
        ],
    }
    pictures = [(page.marks.own.astype(np.int16) + 8).astype(np.uint8).ravel()]
    pictures += [ink.ink.ravel() for ink in page.inks]
    head = json.dumps(meta, sort_keys=True, separators=(",", ":")).encode()
    body = page.thumb.tobytes() + b"".join(_nibbles(picture) for picture in pictures)
    return _HEAD.pack(_MAGIC, len(head)) + zlib.compress(head + body, 6)


def unpack(data: bytes, *, path: str, sha256: str, page: int) -> Fingerprint:
    """The fingerprint again, under the name that the round gives its file."""
    magic, length = _HEAD.unpack_from(data)
    if magic not in _READ:
        raise ValueError("a fingerprint of another version")
    content = zlib.decompress(data[_HEAD.size :])
    meta: Mapping[str, Any] = json.loads(content[:length])
    rows, columns = meta["thumb"]
    at = length + rows * columns
    thumb = np.frombuffer(content[length:at], np.uint8).reshape(rows, columns)
    count = len(meta["index"])
    own, at = _pixels(content, at, count * CELL * CELL)
    inks = []
    for name, kind, box, shows, px_per_mm, corner, shape in meta["inks"]:
        ink, at = _pixels(content, at, shape[0] * shape[1])
        place = (name, kind, tuple(box), shows, px_per_mm, (corner[0], corner[1]))
        inks.append(FieldInk(*place, ink.reshape(shape)))
    marks = MarkCells(
        np.array(meta["index"], np.int32),
        np.array(meta["strength"], np.uint8),
        (own.astype(np.int16) - 8).astype(np.int8).reshape(count, CELL, CELL),
    )
    source = meta["source"]
    origin = Origin(
        path,
        sha256,
        page,
        meta["media_type"],
        None if source["dpi"] is None else (source["dpi"][0], source["dpi"][1]),
        source["encoding"],
        tuple(tuple(table) for table in source["quantisation"]),
        source["metadata"],
    )
    return Fingerprint(
        origin=origin,
        form_page=meta["form_page"],
        marks=marks,
        inks=tuple(inks) if magic == _MAGIC else with_pens(inks),
        thumb=thumb,
        shape=(meta["shape"][0], meta["shape"][1]),
        pens=np.array(meta["pens"], np.float32).reshape(-1, 4),
        scanner=_traits(meta.get("scanner")),
    )


def _scanner(traits: ScannerTraits | None) -> dict[str, Any] | None:
    if traits is None:
        return None
    # JSON has no numbers that are none.
    values = [None if v != v else round(v, 5) for v in traits.values.tolist()]
    px_per_mm = round(float(traits.px_per_mm), 5)
    return {"px_per_mm": px_per_mm, "values": values, "dirt": traits.dirt.tolist()}


def _traits(kept: Mapping[str, Any] | None) -> ScannerTraits | None:
    if kept is None:
        return None
    return ScannerTraits(
        kept["px_per_mm"],
        np.array(kept["values"], np.float32),
        np.array(kept["dirt"], np.uint16).reshape(-1, 4),
    )


def _source(origin: Origin) -> dict[str, Any]:
    return {
        "dpi": None if origin.dpi is None else list(origin.dpi),
        "encoding": origin.encoding,
        "quantisation": [list(table) for table in origin.quantisation],
        "metadata": {k: str(v) for k, v in sorted(origin.metadata.items()) if k in _NAMED},
    }


def _nibbles(pixels: NDArray[np.uint8]) -> bytes:
    even = np.append(pixels, 0) if pixels.size % 2 else pixels
    return np.asarray(even[0::2] << 4 | even[1::2], np.uint8).tobytes()


def _pixels(content: bytes, at: int, count: int) -> tuple[NDArray[np.uint8], int]:
    size = (count + 1) // 2
    pairs = np.frombuffer(content[at : at + size], np.uint8)
    return np.stack([pairs >> 4, pairs & 15], axis=1).ravel()[:count], at + size
