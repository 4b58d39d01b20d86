"""From a file to its pages, one at a time.

A page is decoded once, brought upright and to square pixels, told apart by scan class
and measured for quality; nothing else is changed, because pixels are evidence.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from detectors.errors import AccessError, InputError
from scans.source.files import check_file, media_type_of, sha256_of
from scans.source.jpeg import decode_jpeg, read_header
from scans.source.look import look_at
from scans.source.orientation import upright
from scans.source.pdf import read_pdf
from scans.source.pictures import collapse_grey
from scans.source.png import read_png
from scans.source.quality import assess
from scans.source.scan_class import classify
from scans.source.tiff import read_frames
from scans.source.types import DEFAULT, Limits, PageError
from scans.types import Origin, RawPage, ScanClass

__all__ = ["read_half", "read_pages"]

# Up to this ratio of resolutions the affine part of registration absorbs the difference
# and the pixels stay the scanner's own; beyond (fax 204 x 98) shapes are unrecognisable.
_SQUARE = 1.1
# A greater ratio is a wrong tag: the coarsest fax mode is 204 x 98.
_STRETCH = 2.5
# Telephones say 72 or nothing.
_SCANNED_DPI = 150


def read_pages(path: Path | str, *, limits: Limits = DEFAULT) -> Iterator[RawPage | PageError]:
    """Pages of one file, decoded one by one as they are asked for.

    A bad page of a several-page file comes as :class:`PageError` in its place; a file
    that yields nothing at all raises. Errors come with the first page, not the call.

    Args:
        path: JPEG, PNG, TIFF or PDF, known by its content.
        limits: What one file may ask for.

    Raises:
        InputError: If the file is empty, of another kind, encrypted, truncated, broken,
            or beyond a limit.
        AccessError: If it cannot be read.
    """
    path = Path(path)
    check_file(path, limits)
    kind = media_type_of(path)
    sha256 = sha256_of(path)
    try:
        if kind == "image/jpeg":
            yield _read_jpeg(path, sha256, limits)
        elif kind == "image/png":
            pixels, dpi, facts = read_png(path, limits)
            yield _page(pixels, Origin(str(path), sha256, 1, kind, dpi, metadata=facts))
        else:
            yield from _read_several(path, sha256, kind, limits)
    except OSError as error:
        raise AccessError(
            f"cannot be read: {error.strerror or error}",
            where=str(path),
            remedy="check the disk and permissions",
        ) from error


def read_half(
    path: Path | str, *, least: int, limits: Limits = DEFAULT
) -> tuple[RawPage, tuple[int, int]] | None:
    """A JPEG at half its width and height, to be looked at: neither classified nor measured.

    Args:
        path: The file.
        least: Height that the half has to have, in px.
        limits: What one file may ask for.

    Returns:
        The page, its class given as continuous tone, with the width and height of the scan
        itself; ``None`` for other kinds of files, photographs, small scans and pixels that
        are not square.

    Raises:
        InputError: As :func:`read_pages`.
        AccessError: If it cannot be read.
    """
    path = Path(path)
    check_file(path, limits)
    if media_type_of(path) != "image/jpeg":
        return None
    try:
        data = path.read_bytes()
    except OSError as error:
        raise AccessError(
            f"cannot be read: {error.strerror or error}",
            where=str(path),
            remedy="check the disk and permissions",
        ) from error
    header = read_header(data, str(path))
    turned = header.orientation >= 5
    size = (header.height, header.width) if turned else (header.width, header.height)
    if header.dpi is None or min(header.dpi) < _SCANNED_DPI or "camera" in header.metadata:
        return None
    uneven = max(header.dpi) >= _SQUARE * min(header.dpi)
    if uneven or header.components == 4 or size[1] < 2 * least:
        return None
    pixels = decode_jpeg(data, header, limits, str(path), half=True)
    dpi = (header.dpi[0] / 2, header.dpi[1] / 2)
    origin = Origin(str(path), "", 1, "image/jpeg", dpi, "jpeg")
    page = RawPage(origin, upright(pixels, header.orientation), ScanClass.CONTINUOUS)
    return page, size


def _read_jpeg(path: Path, sha256: str, limits: Limits) -> RawPage:
    data, where = path.read_bytes(), str(path)
    header = read_header(data, where)
    pixels = collapse_grey(decode_jpeg(data, header, limits, where))
    dpi = header.dpi
    if dpi is not None and header.orientation >= 5:
        dpi = (dpi[1], dpi[0])
    origin = Origin(
        where, sha256, 1, "image/jpeg", dpi, "jpeg", header.quantisation, header.metadata
    )
    return _page(upright(pixels, header.orientation), origin)


def _read_several(
    path: Path, sha256: str, kind: str, limits: Limits
) -> Iterator[RawPage | PageError]:
    read = read_frames if kind == "image/tiff" else read_pdf
    for number, total, found in read(path, limits):
        if isinstance(found, str):
            if total == 1:
                what, _, remedy = found.partition(" — ")
                raise InputError(what, where=f"{path}, page 1", remedy=remedy)
            yield PageError(Origin(str(path), sha256, number, kind), found)
            continue
        yield _page(
            found.pixels,
            Origin(
                str(path),
                sha256,
                number,
                kind,
                found.dpi,
                found.encoding,
                found.quantisation,
                found.metadata,
            ),
        )


def _page(pixels: NDArray[np.uint8], origin: Origin) -> RawPage:
    pixels, origin = _squared(pixels, origin)
    look = look_at(pixels, origin)
    page = RawPage(origin, pixels, classify(pixels, origin, look))
    page = replace(page, quality=assess(page, look))
    # They are there already: cached_property looks for them here.
    vars(page).update(grey=look.halvings.at(0), halvings=look.halvings)
    return page


def _squared(pixels: NDArray[np.uint8], origin: Origin) -> tuple[NDArray[np.uint8], Origin]:
    """Square pixels at the finer of two very different resolutions."""
    if origin.dpi is None or not (_SQUARE <= max(origin.dpi) / min(origin.dpi) <= _STRETCH):
        return pixels, origin
    dpi, (height, width) = max(origin.dpi), pixels.shape[:2]
    size = (round(width * dpi / origin.dpi[0]), round(height * dpi / origin.dpi[1]))
    two_level = pixels.ndim == 2 and not np.any((pixels != 0) & (pixels != 255))
    grown: NDArray[Any] = cv2.resize(pixels, size, interpolation=cv2.INTER_LINEAR)
    if two_level:
        grown = np.where(grown < 128, 0, 255)
    facts = {**origin.metadata, "resampled_from": [width, height]}
    changed = replace(origin, dpi=(dpi, dpi), metadata=facts)
    return np.asarray(grown, dtype=np.uint8), changed
