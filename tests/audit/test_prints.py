"""Fingerprints survive the store, and what an earlier version kept is no error."""

from __future__ import annotations

import json
import struct
import zlib
from dataclasses import replace

import numpy as np
import pytest

from audit.extending.subjects import prints
from audit.pipeline.prints import pack, unpack
from scans.likeness.ink import ALL_INK, PEN


def test_pens_and_the_source_of_the_file_come_back() -> None:
    page = prints()["honest"]
    metadata = {"make": "Brava", "software": "GIMP 2.10", "owner": "Nguyễn Văn A"}
    origin = replace(page.origin, dpi=(300.0, 300.0), quantisation=((3,) * 64,), metadata=metadata)
    page = replace(page, origin=origin)
    back = unpack(pack(page), path=origin.path, sha256=origin.sha256, page=origin.page)
    np.testing.assert_allclose(back.pens, page.pens, atol=1e-5)
    assert len(back.pens) >= 1
    assert back.origin.dpi == origin.dpi
    assert back.origin.quantisation == origin.quantisation
    assert back.origin.encoding == origin.encoding
    # What the checks do not look at stays in the original.
    assert back.origin.metadata == {"make": "Brava", "software": "GIMP 2.10"}


def test_what_the_scanner_left_comes_back() -> None:
    page = prints()["honest"]
    back = unpack(pack(page), path="a", sha256="0" * 64, page=1)
    assert page.scanner is not None
    assert back.scanner is not None
    np.testing.assert_array_equal(back.scanner.dirt, page.scanner.dirt)
    np.testing.assert_allclose(back.scanner.values, page.scanner.values, atol=1e-5)
    assert back.scanner.px_per_mm == pytest.approx(page.scanner.px_per_mm, abs=1e-5)


def test_a_fingerprint_kept_before_scanners_were_is_read() -> None:
    page = prints()["honest"]
    data = pack(page)
    size = struct.calcsize("<4sI")
    _, length = struct.unpack_from("<4sI", data)
    content = zlib.decompress(data[size:])
    meta = json.loads(content[:length])
    del meta["scanner"]
    head = json.dumps(meta).encode()
    old = struct.pack("<4sI", b"ink3", len(head)) + zlib.compress(head + content[length:])
    back = unpack(old, path="a", sha256="0" * 64, page=1)
    assert back.scanner is None
    np.testing.assert_array_equal(back.marks.own, page.marks.own)


def test_a_signature_kept_without_a_picture_of_the_pen_alone_gets_one() -> None:
    page = prints()["stamped"]
    grey = replace(page, inks=tuple(ink for ink in page.inks if ink.shows == ALL_INK))
    back = unpack(b"ink4" + pack(grey)[4:], path="a", sha256="0" * 64, page=1)
    (pen,) = (ink for ink in back.inks if ink.shows == PEN)
    assert pen.kind == "signature"
    assert "signature:signature:1main" in back.codes


def test_a_fingerprint_of_another_version_is_told() -> None:
    data = b"ink1" + pack(prints()["honest"])[4:]
    with pytest.raises(ValueError, match="another version"):
        unpack(data, path="a", sha256="0" * 64, page=1)
