"""Pictures: PNG, JPEG and TIFF files."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable, Sequence
from functools import cache

import numpy as np
from PIL import Image

from tests.hostile.corpus.case import READ, Case

__all__ = ["CASES", "jpeg", "png", "tiff"]

SIDE = (180, 252)


@cache
def _sheet() -> Image.Image:
    draw = np.random.default_rng(8)
    pixels = np.full((SIDE[1], SIDE[0], 3), 250, np.uint8)
    pixels[::18] = 30
    pixels[:, ::20] = 40
    pixels = np.clip(pixels + draw.normal(0, 3, pixels.shape), 0, 255).astype(np.uint8)
    return Image.fromarray(pixels)


def jpeg(**options: object) -> bytes:
    """A small JPEG."""
    out = io.BytesIO()
    _sheet().save(out, "JPEG", quality=85, dpi=(60, 60), **options)
    return out.getvalue()


def png(**options: object) -> bytes:
    """A small PNG."""
    out = io.BytesIO()
    _sheet().save(out, "PNG", **options)
    return out.getvalue()


def tiff(**options: object) -> bytes:
    """A small TIFF."""
    out = io.BytesIO()
    made = _sheet().convert("1") if options.get("compression") == "group4" else _sheet()
    made.save(out, "TIFF", **options)
    return out.getvalue()


def chunk(kind: bytes, body: bytes, crc: int | None = None) -> bytes:
    """A part of a PNG file."""
    right = zlib.crc32(kind + body)
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", crc or right)


def made_png(width: int, height: int, data: bytes, *more: bytes, bits: int = 8) -> bytes:
    """A PNG of grey pixels, from its parts."""
    head = struct.pack(">IIBBBBB", width, height, bits, 0, 0, 0, 0)
    parts = [b"\x89PNG\r\n\x1a\n", chunk(b"IHDR", head), *more, chunk(b"IDAT", data)]
    return b"".join([*parts, chunk(b"IEND", b"")])


def _zeros(count: int) -> bytes:
    packer = zlib.compressobj(9)
    block = bytes(1 << 20)
    parts = [packer.compress(block) for _ in range(count >> 20)]
    return b"".join([*parts, packer.flush()])


def _text_bomb(kind: bytes) -> bytes:
    packed = _zeros(200 << 20)
    body = b"Comment\x00\x00" + packed
    if kind == b"iTXt":
        body = b"XML:com.adobe.xmp\x00\x01\x00\x00\x00" + packed
    elif kind == b"iCCP":
        body = b"icc\x00\x00" + packed
    return made_png(8, 8, zlib.compress(bytes(9 * 8)), chunk(kind, body))


def _wrong_crc() -> bytes:
    data = bytearray(png())
    at = data.find(b"IDAT")
    data[at + 60] ^= 0x55
    return bytes(data)


def _exif(tags: bytes) -> bytes:
    """A JPEG with this EXIF block."""
    whole = jpeg()
    body = b"Exif\x00\x00" + tags
    return whole[:2] + b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body + whole[2:]


def ifd(entries: Sequence[tuple[int, int, int, int]], following: int = 0) -> bytes:
    """A directory of a TIFF file: tag, kind, count, value."""
    parts = [struct.pack("<HHII", *entry) for entry in entries]
    return struct.pack("<H", len(parts)) + b"".join(parts) + struct.pack("<I", following)


def made_tiff(*directories: bytes, start: int = 8) -> bytes:
    """A TIFF file whose directories stand one after the other."""
    return b"II*\x00" + struct.pack("<I", start) + b"".join(directories)


def _entries(width: int = 100, height: int = 100, **other: int) -> list[tuple[int, int, int, int]]:
    tags = {256: width, 257: height, 258: 8, 259: 1, 262: 1, 273: 8, 277: 1, 278: height}
    tags[279] = width * height
    tags.update({int(key[1:]): value for key, value in other.items()})
    return [(tag, 4, 1, value & 0xFFFFFFFF) for tag, value in sorted(tags.items())]


def _many_frames() -> bytes:
    size = 2 + 12 * len(_entries(1, 1)) + 4
    count = 30_000
    return made_tiff(*(ifd(_entries(1, 1), 8 + size * (n + 1)) for n in range(count)))


def _packed_bomb() -> bytes:
    """A gigapixel in one strip of zeros."""
    data = _zeros(64 << 20)
    entries = _entries(40_000, 40_000, t259=8, t273=8, t279=len(data), t278=40_000)
    return b"II*\x00" + struct.pack("<I", 8 + len(data)) + data + ifd(entries)


def _within_the_limit() -> bytes:
    """As large as a page may be: a hundred million pixels in some kilobytes."""
    data = _zeros(100 << 20)
    entries = _entries(10_000, 10_000, t259=8, t273=8, t279=len(data), t278=10_000)
    return b"II*\x00" + struct.pack("<I", 8 + len(data)) + data + ifd(entries)


def _many_strips() -> bytes:
    entries = [e for e in _entries(100, 100) if e[0] not in (273, 279)]
    entries += [(273, 4, 0x3FFFFFFF, 8), (279, 4, 0x3FFFFFFF, 8)]
    return made_tiff(ifd(sorted(entries)), b"\0" * 400)


def _cut(whole: Callable[[], bytes], share: float) -> Callable[[], bytes]:
    def make() -> bytes:
        data = whole()
        return data[: int(len(data) * share)]

    return make


def _flipped(whole: Callable[[], bytes], seed: int, share: float = 0.02) -> Callable[[], bytes]:
    def make() -> bytes:
        data = np.frombuffer(whole(), np.uint8).copy()
        draw = np.random.default_rng(seed)
        at = draw.integers(600, len(data) - 2, int(share * len(data)))
        data[at] ^= draw.integers(1, 256, at.size).astype(np.uint8)
        return data.tobytes()

    return make


def _huge_jpeg() -> bytes:
    data = bytearray(jpeg())
    at = data.find(b"\xff\xc0")
    struct.pack_into(">HH", data, at + 5, 65_500, 65_500)
    return bytes(data)


def _scans_without_end() -> bytes:
    """A progressive picture whose scan is told ten thousand times over."""
    whole = jpeg(progressive=True)
    start = whole.rfind(b"\xff\xda")
    scan = whole[start:-2]
    return whole[:start] + scan * 10_000 + whole[-2:]


CASES = (
    Case("bomb.png", "pages", lambda: made_png(60_000, 60_000, _zeros(64 << 20)), says=("million",)),
    Case("bomb_one_bit.png", "pages",
         lambda: made_png(100_000, 100_000, _zeros(64 << 20), bits=1), says=("million",)),
    Case("as_large_as_may_be.png", "pages", lambda: made_png(10_000, 10_000, _zeros(96 << 20)), None),
    Case("negative.png", "pages", lambda: made_png(0x80000001, 10, b"")),
    Case("no_width.png", "pages", lambda: made_png(0, 10, zlib.compress(b""))),
    Case("text_bomb.png", "pages", lambda: _text_bomb(b"zTXt")),
    Case("xmp_bomb.png", "pages", lambda: _text_bomb(b"iTXt")),
    Case("profile_bomb.png", "pages", lambda: _text_bomb(b"iCCP"), None),
    Case("many_texts.png", "pages", lambda: made_png(
        8, 8, zlib.compress(bytes(72)), *[chunk(b"tEXt", b"Comment\0x")] * 100_000), None),
    Case("wrong_crc.png", "pages", _wrong_crc),
    Case("cut.png", "pages", _cut(png, 0.6)),
    Case("too_much_data.png", "pages", lambda: made_png(8, 8, _zeros(300 << 20)), None),
    Case("chunk_of_gigabytes.png", "pages", lambda: png()[:33] + b"\x7f\xff\xff\xffIDATx"),
    Case("cut.jpg", "pages", _cut(jpeg, 0.5), says=("truncated",)),
    Case("cut_progressive.jpg", "pages", _cut(lambda: jpeg(progressive=True), 0.5),
         says=("truncated",)),
    Case("cut_with_end.jpg", "pages", lambda: _cut(jpeg, 0.4)() + b"\xff\xd9", None),
    Case("only_head.jpg", "pages", lambda: b"\xff\xd8\xff"),
    Case("huge.jpg", "pages", _huge_jpeg, says=("million",)),
    Case("scans_without_end.jpg", "pages", _scans_without_end, None),
    *(Case(f"flipped_{n}.jpg", "pages", _flipped(jpeg, n), None) for n in range(6)),
    Case("exif_loop.jpg", "pages",
         lambda: _exif(b"II*\0\x08\0\0\0" + ifd([(0x8769, 4, 1, 8), (0x8825, 4, 1, 8)], 8)), READ),
    Case("exif_count.jpg", "pages",
         lambda: _exif(b"II*\0\x08\0\0\0" + ifd([(0x131, 2, 0x7FFFFFFF, 8), (0x10F, 2, 2**31, 9)])),
         READ),
    Case("exif_escape.jpg", "pages",
         lambda: _exif(b"II*\0\x08\0\0\0" + ifd([(0x131, 2, 12, 26)]) + b"\x1b]0;own\x07\x1b[2J\0"),
         READ),
    Case("xmp_laughs.jpg", "pages", lambda: jpeg(
        xmp=b'<!DOCTYPE x [<!ENTITY a "&b;&b;"><!ENTITY b "&a;">]><x>&a;</x>' + b"<x>" * 9_000), READ),
    Case("orientation.jpg", "pages",
         lambda: _exif(b"II*\0\x08\0\0\0" + ifd([(0x112, 3, 1, 77)])), READ),
    Case("loop.tif", "pages", lambda: made_tiff(ifd(_entries(), 8), b"\0" * 10_000), None,
         says=("missing",)),
    Case("no_end.tif", "pages", lambda: made_tiff(ifd(_entries(), 0x7FFFFFFF), b"\0" * 10_000), None,
         says=("missing",)),
    Case("start_outside.tif", "pages", lambda: made_tiff(start=0xFFFFFFF0)),
    Case("many_frames.tif", "pages", _many_frames, says=("pages",)),
    Case("bomb.tif", "pages", _packed_bomb, says=("million",)),
    Case("as_large_as_may_be.tif", "pages", _within_the_limit, None),
    Case("many_strips.tif", "pages", _many_strips),
    Case("tiles.tif", "pages", lambda: made_tiff(
        ifd([*_entries(), (322, 4, 1, 0x7FFFFFF0), (323, 4, 1, 0x7FFFFFF0), (324, 4, 1, 8),
             (325, 4, 1, 8)]), b"\0" * 400)),
    Case("no_tile.tif", "pages", lambda: made_tiff(
        ifd([*_entries(), (322, 4, 1, 0), (323, 4, 1, 0), (324, 4, 1, 8), (325, 4, 1, 8)]))),
    Case("samples.tif", "pages", lambda: made_tiff(ifd(_entries(t277=0xFFFF)), b"\0" * 400)),
    Case("bits.tif", "pages", lambda: made_tiff(ifd(_entries(t258=0xFFFF)), b"\0" * 400)),
    Case("rows_of_none.tif", "pages", lambda: made_tiff(ifd(_entries(t278=0)), b"\0" * 20_000), None),
    Case("many_tags.tif", "pages",
         lambda: made_tiff(ifd([(t, 2, 0x7FFFFFFF, 8) for t in range(60_000)])), None),
    Case("sub_loop.tif", "pages", lambda: made_tiff(
        ifd([*_entries(), (330, 4, 1, 8), (0x8769, 4, 1, 8)]), b"\0" * 10_000), None),
    Case("big_count.tif", "pages", lambda: b"II+\0\x08\0\0\0\x10\0\0\0\0\0\0\0" + b"\xff" * 64),
    Case("fax_zeros.tif", "pages", lambda: tiff(compression="group4")[:8] + bytes(3_000)
         + tiff(compression="group4")[3_008:], None),
    Case("cut.tif", "pages", _cut(lambda: tiff(compression="tiff_lzw"), 0.7), None),
    *(Case(f"flipped_{n}.tif", "pages", _flipped(lambda: tiff(compression="tiff_lzw"), n), None)
      for n in range(3)),
    *(Case(f"flipped_fax_{n}.tif", "pages", _flipped(lambda: tiff(compression="group4"), n, 0.01),
           None) for n in range(3)),
)  # fmt: skip
