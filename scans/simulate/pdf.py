"""Scans as a scanner's PDF: every picture as it is, filling its page."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from zlib import compress

import pikepdf
from PIL import Image

__all__ = ["pages_as_pdf"]

_SPACES = {"L": "/DeviceGray", "RGB": "/DeviceRGB", "1": "/DeviceGray"}
_DPI = 300.0


def pages_as_pdf(pictures: Sequence[Path], target: Path) -> Path:
    """Write pictures (JPEG or PNG) as the pages of one PDF.

    A JPEG is taken over byte for byte, so that its compression tells what it told before; other
    pictures are packed without loss. The page's size comes from the picture's resolution.

    Args:
        pictures: One a page, grey, colour or two levels.
        target: The PDF to write.

    Returns:
        ``target``.
    """
    with pikepdf.new() as document:
        for picture in pictures:
            _page(document, picture.read_bytes())
        document.save(target)
    return target


def _page(document: pikepdf.Pdf, data: bytes) -> None:
    with Image.open(BytesIO(data)) as image:
        width, height = image.size
        dpi = float(image.info.get("dpi", (_DPI, _DPI))[0]) or _DPI
        if image.format == "JPEG":
            stream, packing = pikepdf.Stream(document, data), "/DCTDecode"
        else:
            stream = pikepdf.Stream(document, compress(image.tobytes()))
            packing = "/FlateDecode"
        stream.update(
            {
                "/Type": pikepdf.Name.XObject,
                "/Subtype": pikepdf.Name.Image,
                "/Width": width,
                "/Height": height,
                "/ColorSpace": pikepdf.Name(_SPACES[image.mode]),
                "/BitsPerComponent": 1 if image.mode == "1" else 8,
                "/Filter": pikepdf.Name(packing),
            }
        )
    box = [0, 0, width * 72 / dpi, height * 72 / dpi]
    document.add_blank_page(page_size=(box[2], box[3]))
    page = document.pages[-1]
    name = page.add_resource(stream, pikepdf.Name.XObject)
    drawing = f"q {box[2]:.3f} 0 0 {box[3]:.3f} 0 0 cm {name} Do Q".encode()
    page.contents_add(pikepdf.Stream(document, drawing))
