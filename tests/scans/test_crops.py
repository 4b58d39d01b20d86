"""Evidence pictures: the place is framed, what was written by hand is covered."""

from __future__ import annotations

import cv2
import numpy as np

from scans.crops import evidence_crops
from tests.scans.pages import folder, form, honest, written


def decoded(data):
    return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)


def test_a_picture_shows_the_place_and_its_surroundings():
    path = written(honest("HL-01", 2, 301), "crops")
    box = form("HL-01").pages[1].boxes[10].box_mm
    first, again = (evidence_crops(str(path), 1, form("HL-01"), [box])[0] for _ in range(2))
    assert first == again
    picture = decoded(first)
    assert picture.shape[1] > 8 * box[2] * 3
    assert picture.std() > 10


def test_handwritten_fields_are_covered():
    path = written(honest("HL-01", 2, 301), "crops")
    fields = form("HL-01").pages[1].fields
    (signature,) = [f for f in fields if f.kind == "signature"]
    x, y, w, h = signature.box_mm
    inner = (x + w * 0.3, y + h * 0.3, w * 0.2, h * 0.2)
    picture = decoded(evidence_crops(str(path), 1, form("HL-01"), [inner])[0])
    middle = picture[picture.shape[0] // 2 - 2 : picture.shape[0] // 2 + 2]
    assert np.abs(middle.astype(int) - 205).mean() < 40
    assert int(middle.min()) > 20


def test_a_page_of_another_form_gives_no_picture():
    path = written(honest("HL-01", 2, 301), "crops")
    assert folder().exists()
    assert evidence_crops(str(path), 1, form("YK-01"), [(10.0, 10.0, 5.0, 5.0)]) == []
