"""PDF: the scanner's own pixels where a page is one picture, a drawing where it is not.

A scan in a PDF is a compressed stream. Taken out as it is, it keeps every byte of
evidence; drawing the page at "300 dpi" changed 13 % of the pixels of a real one. JPEG
streams are decoded by this package, fax, JBIG2 and lossless ones by PDFium without its
drawing them. PDFium is not thread-safe: one thread a process.
"""

from __future__ import annotations

import hashlib
import mmap
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pikepdf
import pypdfium2
import pypdfium2.raw as pdfium_c
from numpy.typing import NDArray

from detectors.errors import InputError
from scans.source.fax import accounts_for
from scans.source.jpeg import decode_jpeg, read_header
from scans.source.metadata import clean, xmp_facts
from scans.source.orientation import upright
from scans.source.pdf_page import SolePicture, page_size, sole_picture, visible_annotations
from scans.source.pdf_streams import filters_of, unpacked
from scans.source.pictures import collapse_grey, fault
from scans.source.types import Limits

__all__ = ["PdfPicture", "read_pdf"]

_ENCODINGS = {
    "/CCITTFaxDecode": "ccitt",
    "/JBIG2Decode": "jbig2",
    "/FlateDecode": "lossless",
    "/LZWDecode": "lossless",
    "/RunLengthDecode": "lossless",
    "": "lossless",
}
_INFO = {
    "/Producer": "producer",
    "/Creator": "creator",
    "/CreationDate": "created",
    "/ModDate": "modified",
}
# What pikepdf and PDFium raise on damaged or hostile content.
_PDF_FAULTS = (
    pikepdf.PdfError,
    pypdfium2.PdfiumError,
    pikepdf.models.image.UnsupportedImageTypeError,
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    AttributeError,
    OverflowError,
    ZeroDivisionError,
    RuntimeError,
    NotImplementedError,
    MemoryError,
    OSError,
    zlib.error,
)
_FEW_BYTES = 16 << 20
_XMP_BYTES = 1 << 20
_MOST_UPDATES = 1_000
_REMEDY = "scan it again, or save the page as TIFF or PNG"


class PdfPicture:
    """Pixels of one page with what is known of them."""

    __slots__ = ("dpi", "encoding", "metadata", "pixels", "quantisation")

    def __init__(
        self,
        pixels: NDArray[np.uint8],
        dpi: tuple[float, float],
        encoding: str,
        metadata: dict[str, Any],
        quantisation: tuple[tuple[int, ...], ...] = (),
    ) -> None:
        """Hold the parts together."""
        self.pixels = pixels
        self.dpi = dpi
        self.encoding = encoding
        self.metadata = metadata
        self.quantisation = quantisation


def read_pdf(path: Path, limits: Limits) -> Iterator[tuple[int, int, PdfPicture | str]]:
    """Page number from 1, number of pages, and the picture or why there is none.

    Raises:
        InputError: If the file is encrypted, broken, without pages or with too many.
    """
    where = str(path)
    try:
        pdf = pikepdf.open(path)
    except pikepdf.PasswordError as error:
        raise InputError(
            "the PDF is encrypted", where=where, remedy="save it without a password"
        ) from error
    except _PDF_FAULTS as error:
        raise InputError(
            f"broken PDF: {_plain_fault(error, path)}", where=where, remedy=_REMEDY
        ) from error
    with pdf, _Drawing(path, pdf) as drawing:
        try:
            total = _page_count(pdf, limits)
            facts = _document_facts(pdf, path)
        except _PDF_FAULTS as error:
            raise InputError(
                f"broken PDF: {_plain_fault(error, path)}", where=where, remedy=_REMEDY
            ) from error
        if total == 0:
            raise InputError("the PDF has no pages", where=where, remedy=_REMEDY)
        if total > limits.pages:
            raise InputError(
                f"{total} pages exceed the limit of {limits.pages} a file",
                where=where,
                remedy="split it into smaller files",
            )
        for number in range(1, total + 1):
            try:
                picture: PdfPicture | str = _page(
                    pdf.pages[number - 1], drawing, number - 1, facts, limits
                )
            except InputError as error:
                picture = f"{error.what} — {error.remedy}"
            except _PDF_FAULTS as error:
                picture = f"damaged PDF page: {_plain_fault(error, path)} — {_REMEDY}"
            yield number, total, picture


class _Drawing:
    """PDFium's view of the file, opened when a page first needs it."""

    def __init__(self, path: Path, pdf: pikepdf.Pdf) -> None:
        self._path, self._pdf = path, pdf
        self._document: pypdfium2.PdfDocument | None = None

    def __enter__(self) -> _Drawing:
        return self

    def __exit__(self, *_: object) -> None:
        if self._document is not None:
            self._document.close()

    def page(self, index: int) -> pypdfium2.PdfPage:
        if self._document is None:
            # PDFium builds a tree of all metadata as it opens a document: gigabytes of a bomb.
            packet = self._pdf.Root.get("/Metadata")
            if isinstance(packet, pikepdf.Stream) and unpacked(packet, _FEW_BYTES) is None:
                raise InputError(
                    f"its metadata unpack to more than {_FEW_BYTES >> 20} MiB",
                    where=str(self._path),
                    remedy=_REMEDY,
                )
            self._document = pypdfium2.PdfDocument(self._path)
        return self._document[index]


def _page_count(pdf: pikepdf.Pdf, limits: Limits) -> int:
    """Number of pages; what the document says of it, where that alone is too much."""
    tree = pdf.Root.get("/Pages")
    said = tree.get("/Count", 0) if isinstance(tree, pikepdf.Dictionary) else 0
    if isinstance(said, int) and said > limits.pages:
        return said
    return len(pdf.pages)


def _page(
    page: pikepdf.Page, drawing: _Drawing, index: int, facts: dict[str, Any], limits: Limits
) -> PdfPicture:
    facts = dict(facts)
    notes = visible_annotations(page)
    if notes:
        facts["annotations"] = notes
    sole = None if notes else sole_picture(page)
    if sole is not None:
        picture = _extract(sole, drawing, index, facts, limits)
        if picture is not None:
            return picture
    return _draw(page, drawing, index, facts, limits)


def _extract(
    sole: SolePicture, drawing: _Drawing, index: int, facts: dict[str, Any], limits: Limits
) -> PdfPicture | None:
    """The embedded pixels as they are; ``None`` if the page has to be drawn after all."""
    stream = sole.stream
    width, height = int(stream.get("/Width", 0)), int(stream.get("/Height", 0))
    limits.check_pixels(width, height, "")
    filters = filters_of(stream)
    if filters[-1] == "/DCTDecode":
        made = _extract_jpeg(stream, filters, facts, limits)
    elif filters[-1] in _ENCODINGS:
        made = _extract_other(stream, filters, drawing, index, facts)
    else:
        return None
    if made is None:
        return None
    pixels, encoding, quantisation = made
    if pixels.shape[:2] != (height, width):
        return None
    facts["orientation"] = sole.code
    pixels = upright(pixels, sole.code)
    dpi = (
        pixels.shape[1] * 72.0 / sole.size_pt[0],
        pixels.shape[0] * 72.0 / sole.size_pt[1],
    )
    return PdfPicture(pixels, dpi, encoding, facts, quantisation)


_Made = tuple[NDArray[np.uint8], str, tuple[tuple[int, ...], ...]]


def _extract_jpeg(
    stream: Any, filters: list[str], facts: dict[str, Any], limits: Limits
) -> _Made | None:
    if "/Decode" in stream or "/DecodeParms" in stream:
        return None
    data = stream.read_raw_bytes()
    if filters[:-1] == ["/FlateDecode"]:
        # A JPEG is compressed already: what unpacks to far more is none.
        data = zlib.decompressobj().decompress(data, _FEW_BYTES + 4 * len(data))
    elif filters[:-1]:
        return None
    header = read_header(data, "embedded picture")
    if header.components not in (1, 3):
        return None  # ink colours of a CMYK stream depend on the document's settings
    pixels = decode_jpeg(data, header, limits, "embedded picture")
    for name, value in header.metadata.items():
        facts.setdefault(f"stream_{name}", value)
    facts["stream_sha256"] = hashlib.sha256(data).hexdigest()
    return collapse_grey(pixels), "jpeg", header.quantisation


def _extract_other(
    stream: Any, filters: list[str], drawing: _Drawing, index: int, facts: dict[str, Any]
) -> _Made | None:
    images = list(drawing.page(index).get_objects(filter=[pdfium_c.FPDF_PAGEOBJ_IMAGE]))
    if len(images) != 1:
        return None
    pixels = _bitmap(images[0].get_bitmap(render=False))
    if bool(stream.get("/ImageMask", False)):
        pixels = np.asarray(255 - pixels, dtype=np.uint8)  # PDFium gives where ink is put
    data = stream.read_raw_bytes()
    group4 = filters == ["/CCITTFaxDecode"] and int(stream.get("/DecodeParms", {}).get("/K", 0)) < 0
    # Which of ink and paper is coded as black changes the size by 2 % only.
    if group4 and pixels.ndim == 2 and not accounts_for(pixels, data, group=4):
        raise ValueError("its fax data break off")
    facts["stream_sha256"] = hashlib.sha256(data).hexdigest()
    return pixels, _ENCODINGS[filters[-1]], ()


def _draw(
    page: pikepdf.Page, drawing: _Drawing, index: int, facts: dict[str, Any], limits: Limits
) -> PdfPicture:
    box, _, unit = page_size(page)
    scale = limits.render_dpi / 72.0
    width, height = (box[2] - box[0]) * unit * scale, (box[3] - box[1]) * unit * scale
    limits.check_pixels(round(width), round(height), "")
    pixels = _bitmap(drawing.page(index).render(scale=scale * unit))
    dpi = float(limits.render_dpi)
    return PdfPicture(pixels, (dpi, dpi), "rendered", facts)


def _bitmap(bitmap: pypdfium2.PdfBitmap) -> NDArray[np.uint8]:
    array = np.asarray(bitmap.to_numpy(), dtype=np.uint8)
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[:, :, 0]
    if array.ndim == 2:
        return np.array(array)
    if array.shape[2] == 4:
        array = np.asarray(cv2.cvtColor(array, cv2.COLOR_BGRA2BGR), dtype=np.uint8)
    return collapse_grey(np.array(array))


def _document_facts(pdf: pikepdf.Pdf, path: Path) -> dict[str, Any]:
    facts: dict[str, Any] = {}
    info = pdf.trailer.get("/Info")
    if isinstance(info, pikepdf.Dictionary):
        for key, name in _INFO.items():
            text = clean(info.get(key, ""))
            if text:
                facts[name] = text
    packet = pdf.Root.get("/Metadata")
    if isinstance(packet, pikepdf.Stream):
        facts.update(xmp_facts(unpacked(packet, _XMP_BYTES) or b""))
    facts["incremental_updates"] = _updates(path, linear=pdf.is_linearized)
    return facts


def _updates(path: Path, *, linear: bool) -> int:
    """How often something was appended to the file after it was first written."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        found, at = 0, data.find(b"%%EOF")
        while at >= 0 and found < _MOST_UPDATES:
            found += 1
            at = data.find(b"%%EOF", at + 5)
    # A linearised file is born with two ends.
    return max(0, found - (2 if linear else 1))


def _plain_fault(error: Exception, path: Path) -> str:
    """A library's complaint without the path it repeats."""
    text = str(error).replace(f"{path}: ", "").replace(str(path), "file")
    # Where an object lay in memory is another place each time.
    return fault(Exception(re.sub(r"\s*<[^<>]* 0x[0-9a-f]+>", "", text)))
