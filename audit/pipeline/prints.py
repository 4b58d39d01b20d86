"""Fingerprints of pages as bytes for the store. No pickles: a store is data, not code."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from scans.fingerprint import Fingerprint
from scans.measure.strokes import MarkPictures
from scans.types import Origin

__all__ = ["pack", "unpack"]


def pack(page: Fingerprint) -> bytes:
    """A compressed numpy archive; the same fingerprint gives the same arrays."""
    meta = {
        "form_page": page.form_page,
        "answers": {item: list(values) for item, values in page.answers.items()},
        "shape": list(page.shape),
        "media_type": page.origin.media_type,
    }
    buffer = io.BytesIO()
    np.savez_compressed(
        buffer,
        meta=np.frombuffer(json.dumps(meta, sort_keys=True).encode(), dtype=np.uint8),
        index=page.marks.index,
        ink=page.marks.ink,
        sketch=page.sketch,
        thumb=page.thumb,
        pens=page.pens,
    )
    return buffer.getvalue()


def unpack(data: bytes, *, path: str, sha256: str, page: int) -> Fingerprint:
    """The fingerprint again, under the name that the round gives its file."""
    with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
        meta: Mapping[str, Any] = json.loads(arrays["meta"].tobytes())
        return Fingerprint(
            origin=Origin(path, sha256, page, meta["media_type"]),
            form_page=meta["form_page"],
            answers={item: tuple(values) for item, values in meta["answers"].items()},
            marks=MarkPictures(arrays["index"], arrays["ink"]),
            sketch=arrays["sketch"],
            thumb=arrays["thumb"],
            shape=(meta["shape"][0], meta["shape"][1]),
            # Fingerprints of earlier versions know no pens.
            pens=arrays["pens"] if "pens" in arrays else np.zeros((0, 4), np.float32),
        )
