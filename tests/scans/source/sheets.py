"""Small sheets with something printed on them, and files made of them."""

from __future__ import annotations

import io
from pathlib import Path

import cv2
import numpy as np
import pikepdf
from numpy.typing import NDArray
from PIL import Image


def sheet(width: int = 496, height: int = 702) -> NDArray[np.uint8]:
    """Grey form page, A4 at 60 dpi by default: lines of text, boxes, a mark top left."""
    page = np.full((height, width), 255, np.uint8)
    for y in range(60, height - 40, 36):
        cv2.putText(page, f"Item {y}: how satisfied", (30, y), 0, 0.5, 0, 1)
        for x in range(width - 140, width - 20, 28):
            cv2.rectangle(page, (x, y - 12), (x + 14, y + 2), 0, 1)
    cv2.rectangle(page, (8, 8), (40, 24), 0, -1)
    return page


def colour_sheet(width: int = 496, height: int = 702) -> NDArray[np.uint8]:
    """The same in BGR, with a blue pen stroke."""
    page = cv2.cvtColor(sheet(width, height), cv2.COLOR_GRAY2BGR)
    cv2.line(page, (width // 2, height // 2), (width - 60, height - 60), (180, 60, 20), 3)
    return np.asarray(page, dtype=np.uint8)


def picture(page: NDArray[np.uint8]) -> Image.Image:
    """A Pillow picture of BGR or grey pixels."""
    return Image.fromarray(page if page.ndim == 2 else page[:, :, ::-1])


def two_level(page: NDArray[np.uint8]) -> Image.Image:
    """A 1-bit picture."""
    return picture(page).convert("1", dither=Image.Dither.NONE)


def encoded(page: NDArray[np.uint8] | Image.Image, kind: str, **options: object) -> bytes:
    """A file of one picture."""
    out = io.BytesIO()
    made = page if isinstance(page, Image.Image) else picture(page)
    made.save(out, kind, **options)
    return out.getvalue()


def write(path: Path, data: bytes) -> Path:
    """Write and give back the path."""
    path.write_bytes(data)
    return path


def image_stream(pdf: pikepdf.Pdf, data: bytes, size: tuple[int, int], **entries: object) -> object:
    """An image object of already encoded data."""
    stream = pikepdf.Stream(pdf, data)
    stream.Type, stream.Subtype = pikepdf.Name.XObject, pikepdf.Name.Image
    stream.Width, stream.Height = size
    stream.BitsPerComponent, stream.ColorSpace = 8, pikepdf.Name.DeviceRGB
    for name, value in entries.items():
        stream[f"/{name}"] = value
    return pdf.make_indirect(stream)


def add_page(
    pdf: pikepdf.Pdf,
    image: object,
    *,
    content: str | None = None,
    size: tuple[float, float] = (595.2, 842.4),
    rotate: int = 0,
    **entries: object,
) -> None:
    """A page that shows ``image`` as ``/Im0``, edge to edge unless ``content`` says else."""
    shown = content or f"q {size[0]} 0 0 {size[1]} 0 0 cm /Im0 Do Q"
    page = pikepdf.Dictionary(
        Type=pikepdf.Name.Page,
        MediaBox=[0, 0, *size],
        Rotate=rotate,
        Resources=pikepdf.Dictionary(XObject=pikepdf.Dictionary(Im0=image)),
        Contents=pikepdf.Stream(pdf, shown.encode()),
    )
    for name, value in entries.items():
        page[f"/{name}"] = value
    pdf.pages.append(pikepdf.Page(pdf.make_indirect(page)))
