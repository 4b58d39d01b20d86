"""Fingerprints survive the store, and what an earlier version kept is no error."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from audit.extending.subjects import prints
from audit.pipeline.prints import pack, unpack


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


def test_a_fingerprint_of_another_version_is_told() -> None:
    data = b"ink1" + pack(prints()["honest"])[4:]
    with pytest.raises(ValueError, match="another version"):
        unpack(data, path="a", sha256="0" * 64, page=1)
