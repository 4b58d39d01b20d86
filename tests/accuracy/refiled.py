"""What files, messengers, copiers and faxes do to honest pages.

Each is one function of a picture that gives the file; it shares no code with the simulator.
"""

from __future__ import annotations

import io
from collections.abc import Callable

import cv2
import numpy as np
from PIL import Image

from tests.accuracy.treated import TREATED, Picture, blurred, grey_of, resized, to_bytes

__all__ = ["REFILED", "Filed", "Refiling", "saved"]

Filed = tuple[bytes, str]
Refiling = Callable[[Picture, np.random.Generator], Filed]

_A4_MM = 297.0


def saved(image: Picture, rng: np.random.Generator) -> Filed:
    """Lossless or as JPEG of quality 75 to 95, as programs save."""
    if rng.integers(2):
        return _coded(image, ".png")
    return _coded(image, ".jpg", int(rng.integers(75, 96)))


def _coded(image: Picture, suffix: str, quality: int = 90) -> Filed:
    how = [cv2.IMWRITE_JPEG_QUALITY, quality] if suffix == ".jpg" else []
    return cv2.imencode(suffix, image, how)[1].tobytes(), suffix


def _faxed(image: Picture, rng: np.random.Generator) -> Filed:
    """204 dots an inch across, 98 or 196 down, two levels, group 4."""
    down = int(rng.choice([98, 196]))
    grey = grey_of(image)
    dpi = max(image.shape[:2]) / _A4_MM * 25.4
    size = (round(grey.shape[1] * 204 / dpi), round(grey.shape[0] * down / dpi))
    small = np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), np.uint8)
    two = np.where(small > rng.uniform(0.6, 0.8) * np.median(small[::8, ::8]), 255, 0)
    made = io.BytesIO()
    picture = Image.fromarray(np.asarray(two, np.uint8)).convert("1", dither=Image.Dither.NONE)
    picture.save(made, "TIFF", compression="group4", dpi=(204, down))
    return made.getvalue(), ".tif"


def _down_and_up(image: Picture, rng: np.random.Generator) -> Filed:
    """To 150 or 200 dpi, and to 300 again."""
    dpi = max(image.shape[:2]) / _A4_MM * 25.4
    small = resized(image, float(rng.choice([150, 200])) / dpi)
    up = 300 / (max(small.shape[:2]) / _A4_MM * 25.4)
    return saved(resized(small, up, cv2.INTER_CUBIC), rng)


def _messenger(image: Picture, rng: np.random.Generator) -> Filed:
    """Sent by a messenger: made smaller and compressed."""
    by = min(1.0, float(rng.integers(1600, 2561)) / max(image.shape[:2]))
    return _coded(resized(image, by), ".jpg", int(rng.integers(60, 81)))


def _saved_thrice(image: Picture, rng: np.random.Generator) -> Filed:
    """Opened and saved again, by programs of several habits."""
    for _ in range(2):
        data, _ = _coded(image, ".jpg", int(rng.integers(60, 97)))
        image = np.asarray(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED))
    return _coded(image, ".jpg", int(rng.integers(60, 97)))


def _cropped_again(image: Picture, rng: np.random.Generator) -> Filed:
    """Cropped by some pixels, so that blocks lie elsewhere, and saved."""
    left, top = (int(v) for v in rng.integers(0, 30, 2))
    return _coded(np.ascontiguousarray(image[top:, left:]), ".jpg", int(rng.integers(75, 96)))


def _screenshot(image: Picture, rng: np.random.Generator) -> Filed:
    """Of a viewer that shows the page, with the viewer around it."""
    page = resized(image, float(rng.integers(1500, 2200)) / max(image.shape[:2]))
    ground = [int(v) for v in (rng.integers(40, 240),) * 3]
    rims = [int(v) for v in rng.integers(0, 60, 4)]
    shown = cv2.copyMakeBorder(page, *rims, cv2.BORDER_CONSTANT, value=ground)
    return saved(np.asarray(shown, np.uint8), rng)


def _wavelets(image: Picture, rng: np.random.Generator) -> Filed:
    """A PDF whose pages are kept as JPEG 2000."""
    shown = image if image.ndim == 2 else np.ascontiguousarray(image[..., ::-1])
    made = io.BytesIO()
    rate = [float(rng.uniform(8, 30))]
    Image.fromarray(shown).save(made, "JPEG2000", quality_mode="rates", quality_layers=rate)
    space = b"/DeviceGray" if image.ndim == 2 else b"/DeviceRGB"
    entry = b"/Filter/JPXDecode/BitsPerComponent 8/ColorSpace" + space
    return _pdf(image, [(entry, made.getvalue(), image.shape[:2])]), ".pdf"


def _layers(image: Picture, rng: np.random.Generator) -> Filed:
    """A "compact" PDF: paper and colours coarsely below, ink as a mask of two levels above."""
    colour = image if image.ndim == 3 else np.asarray(cv2.cvtColor(image, cv2.COLOR_GRAY2BGR))
    ink = np.asarray(grey_of(image) < 0.65 * np.median(grey_of(image)[::8, ::8]), np.uint8)
    closed = cv2.morphologyEx(colour, cv2.MORPH_CLOSE, np.ones((9, 9), np.uint8))
    coarse = resized(np.asarray(closed, np.uint8), 1 / 3)
    below, _ = _coded(coarse, ".jpg", 60)
    made = io.BytesIO()
    mask = Image.fromarray(255 * ink).convert("1", dither=Image.Dither.NONE)
    mask.save(made, "TIFF", compression="group4", strip_size=image.shape[0] * image.shape[1])
    with Image.open(made) as again:
        start, count = again.tag_v2[273][0], again.tag_v2[279][0]
    width = image.shape[1]
    two = b"/ImageMask true/BitsPerComponent 1/Filter/CCITTFaxDecode/DecodeParms"
    two += b"<</K -1/Columns %d/Rows %d>>" % (width, image.shape[0])
    data = made.getvalue()[start : start + count]
    first = b"/Filter/DCTDecode/BitsPerComponent 8/ColorSpace/DeviceRGB"
    return _pdf(image, [(first, below, coarse.shape[:2]), (two, data, image.shape[:2])]), ".pdf"


def _pdf(image: Picture, layers: list[tuple[bytes, bytes, tuple[int, ...]]]) -> bytes:
    """A page of A4 that shows pictures over each other."""
    height = 842.0
    width = height * image.shape[1] / image.shape[0]
    draw = b"".join(
        b"q %f 0 0 %f 0 0 cm /I%d Do Q " % (width, height, k) for k in range(len(layers))
    )
    names = b"".join(b"/I%d %d 0 R" % (k, 5 + k) for k in range(len(layers)))
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 %f %f]/Contents 4 0 R" % (width, height)
        + b"/Resources<</XObject<<" + names + b">>>>>>",
        b"<</Length %d>>stream\n" % len(draw) + draw + b"\nendstream",
    ]  # fmt: skip
    for entry, data, (down, across) in layers:
        head = b"<</Type/XObject/Subtype/Image/Width %d/Height %d" % (across, down)
        head += entry + b"/Length %d>>stream\n" % len(data)
        objects.append(head + data + b"\nendstream")
    out, places = b"%PDF-1.7\n", []
    for k, body in enumerate(objects, start=1):
        places.append(len(out))
        out += b"%d 0 obj\n" % k + body + b"\nendobj\n"
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    end = b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1) + table
    end += b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (
        len(objects) + 1,
        len(out),
    )
    return out + end


def _copied(image: Picture, rng: np.random.Generator) -> Filed:
    """Photocopied, and the copy scanned: toner, specks, its own skew and paper."""
    height, width = image.shape[:2]
    grey = blurred(grey_of(image), float(rng.uniform(0.6, 1.1)))
    paper = float(np.median(grey[::8, ::8]))
    dark = np.clip((0.9 * paper - grey) / (0.9 * paper - float(rng.uniform(60, 110))), 0, 1)
    dark = dark * dark * (3 - 2 * dark)
    specks = rng.random((height, width)) < float(rng.uniform(1e-5, 8e-5))
    dark = np.maximum(dark, cv2.dilate(specks.astype(np.float32), np.ones((2, 2))))
    turn = cv2.getRotationMatrix2D(
        (width / 2, height / 2), float(rng.normal(0, 0.5)), float(rng.uniform(0.985, 1.01))
    )
    dark = cv2.warpAffine(dark, turn, (width, height))
    dark = cv2.GaussianBlur(dark, (0, 0), float(rng.uniform(0.6, 1.0)))
    grain = cv2.GaussianBlur(rng.normal(0, 4.0, (height, width)).astype(np.float32), (0, 0), 1.2)
    level, black = float(rng.uniform(232, 252)), float(rng.uniform(25, 60))
    scanned = level + (black - level) * dark + grain + rng.normal(0, 1.5, (height, width))
    return saved(to_bytes(scanned), rng)


def _twice(image: Picture, rng: np.random.Generator) -> Filed:
    """Two of all that is done, one after the other; what is drawn anew only as the last."""
    names = [*TREATED, *(name for name in REFILED if name not in _LAST)]
    first, second = (names[int(k)] for k in rng.choice(len(names), 2, replace=False))
    if first in TREATED:
        image = TREATED[first](image, rng)
    else:
        data, _ = REFILED[first](image, rng)
        image = np.asarray(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED))
    if second in TREATED:
        return saved(TREATED[second](image, rng), rng)
    return REFILED[second](image, rng)


_LAST = ("faxed", "kept as JPEG 2000 in a PDF", "kept in layers in a PDF", "treated twice")

REFILED: dict[str, Refiling] = {
    "faxed": _faxed,
    "made smaller and larger again": _down_and_up,
    "sent by a messenger": _messenger,
    "saved three times": _saved_thrice,
    "cropped and saved again": _cropped_again,
    "taken from the screen": _screenshot,
    "kept as JPEG 2000 in a PDF": _wavelets,
    "kept in layers in a PDF": _layers,
    "photocopied and scanned": _copied,
    "treated twice": _twice,
}
"""What is done to the files of pages, in the words of the lab."""
