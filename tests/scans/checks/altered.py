"""Scans that are opened, altered by a few lines of their own and saved, without the simulator's
frauds: what checks of the file are asked about."""

from __future__ import annotations

import io
from dataclasses import replace
from functools import cache

import cv2
import numpy as np
from PIL import Image

from detectors.instrument import Instrument
from scans.page import view_of
from scans.source import read_pages
from scans.view import PageView
from tests.scans.pages import folder, form, honest, raw

__all__ = ["clean", "pixels", "resaved", "saved", "score_of"]


@cache
def clean(profile: str, seed: int = 21) -> PageView:
    """An honest page as its scanner stored it."""
    found = view_of(raw(honest("HL-01", 2, seed, profile), f"altered-{profile}-{seed}"),
                    form("HL-01"), reference=None)  # fmt: skip
    assert isinstance(found, PageView), found
    return found


def pixels(page: PageView, box: int, margin_mm: float = 1.2) -> tuple[slice, slice]:
    """Rows and columns of the scan around an answer box."""
    x, y, w, h = page.template.page.boxes[box].box_mm
    m = margin_mm
    corners = np.array(
        [[x - m, y - m], [x + w + m, y - m], [x - m, y + h + m], [x + w + m, y + h + m]]
    )
    px = page.registration.to_px(corners)
    left, top = np.floor(px.min(axis=0)).astype(int)
    right, bottom = np.ceil(px.max(axis=0)).astype(int)
    return slice(top, bottom), slice(left, right)


def saved(image: np.ndarray, how: int | str, instrument: Instrument) -> PageView:
    """The picture saved (``png`` or the quality of a JPEG), read and laid over the form."""
    path = folder() / f"altered.{'png' if how == 'png' else 'jpg'}"
    path.write_bytes(_bytes(image, how, None))
    (page,) = list(read_pages(path))
    found = view_of(page, instrument, reference=None)
    assert isinstance(found, PageView), found
    return found


def resaved(
    image: np.ndarray, first: list[int], how: int | str, instrument: Instrument
) -> PageView:
    """The same with a JPEG of the tables ``first`` in between."""
    once = np.frombuffer(_bytes(image, 0, first), np.uint8)
    again = cv2.imdecode(once, cv2.IMREAD_UNCHANGED)
    assert again is not None
    return saved(again, how, instrument)


def _bytes(image: np.ndarray, how: int | str, tables: list[int] | None) -> bytes:
    rgb = image if image.ndim == 2 else cv2.cvtColor(image, cv2.COLOR_BGR2RGB)
    buffer, picture = io.BytesIO(), Image.fromarray(rgb)
    if how == "png":
        picture.save(buffer, "PNG", dpi=(200, 200), compress_level=1)
    elif tables is not None:
        picture.save(buffer, "JPEG", qtables=[tables] * (1 if image.ndim == 2 else 2))
    else:
        picture.save(buffer, "JPEG", quality=how, dpi=(200, 200))
    return buffer.getvalue()


def score_of(check, page: PageView) -> float:
    """The raw score; NaN where it is not assessable."""
    return float(check.assess(replace(page)).scores[0])
