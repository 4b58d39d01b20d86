"""Cut, damaged and hostile files end in one clear line, never in half a page."""

import io
import struct
import zlib

import numpy as np
import pikepdf
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from detectors.errors import InputError
from scans.source import PageError, read_pages
from scans.source.fax import accounts_for
from scans.types import RawPage
from tests.scans.source.sheets import (
    add_page,
    colour_sheet,
    encoded,
    image_stream,
    sheet,
    two_level,
    write,
)


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def a_pdf(tmp_path, jpeg):
    pdf = pikepdf.new()
    stream = image_stream(pdf, jpeg, (124, 176), Filter=pikepdf.Name.DCTDecode)
    add_page(pdf, stream)
    add_page(pdf, stream, content="q 500 0 0 700 9 9 cm /Im0 Do Q 9 9 50 50 re f", size=(100, 140))
    pdf.save(tmp_path / "made.pdf")
    return (tmp_path / "made.pdf").read_bytes()


def files(tmp_path):
    small, bits = colour_sheet(124, 176), two_level(sheet(124, 176))
    jpeg = encoded(small, "JPEG", quality=80, dpi=(60, 60))
    several = {"save_all": True, "append_images": [bits], "compression": "group4"}
    return {
        "a.jpg": jpeg,
        "progressive.jpg": encoded(small, "JPEG", quality=80, progressive=True),
        "a.png": encoded(small, "PNG"),
        "g4.tif": encoded(bits, "TIFF", **several),
        "lzw.tif": encoded(small, "TIFF", compression="tiff_lzw"),
        "jpeg.tif": encoded(small, "TIFF", compression="jpeg"),
        "a.pdf": a_pdf(tmp_path, jpeg),
    }


KINDS = ["a.jpg", "progressive.jpg", "a.png", "g4.tif", "lzw.tif", "jpeg.tif", "a.pdf"]


@pytest.mark.parametrize("share", [0.02, 0.3, 0.5, 0.8, 0.97])
@pytest.mark.parametrize("name", ["a.jpg", "progressive.jpg", "a.png", "lzw.tif", "jpeg.tif"])
def test_truncated_pictures_are_refused_whole(tmp_path, name, share):
    data = files(tmp_path)[name]
    path = write(tmp_path / name, data[: int(len(data) * share)])
    with pytest.raises(InputError) as caught:
        list(read_pages(path))
    assert name in str(caught.value)
    assert "\n" not in str(caught.value)
    assert caught.value.remedy


def test_jpeg_without_its_end_is_refused_even_with_a_thumbnail(tmp_path):
    inner = encoded(sheet(40, 50), "JPEG")
    whole = files(tmp_path)["a.jpg"]
    application = b"\xff\xe2" + struct.pack(">H", len(inner) + 2) + inner
    data = whole[:2] + application + whole[2:]
    assert isinstance(next(read_pages(write(tmp_path / "whole.jpg", data))), RawPage)
    with pytest.raises(InputError, match="its end is missing"):
        next(read_pages(write(tmp_path / "cut.jpg", data[:-40])))


@pytest.mark.parametrize("options", [{}, {"subsampling": 0}])
def test_jpeg_cut_and_closed_or_with_a_hole_is_refused(tmp_path, options):
    data = encoded(colour_sheet(), "JPEG", quality=80, **options)
    half = len(data) // 2
    for hurt in (
        data[:half] + b"\xff\xd9",
        data[: half - 3000] + data[half:],
        data[: half - 3000] + b"\x00" * 3000 + data[half:],
    ):
        with pytest.raises(InputError, match=r"breaks off at row \d+ of 702|does not decode"):
            next(read_pages(write(tmp_path / "a.jpg", hurt)))


@pytest.mark.parametrize("compression", ["group3", "group4"])
@pytest.mark.parametrize("hole", ["zeros", "noise"])
def test_fax_with_a_hole_is_no_page_with_its_marks_gone(tmp_path, compression, hole):
    whole = encoded(two_level(sheet()), "TIFF", compression=compression, strip_size=2**20)
    assert isinstance(next(read_pages(write(tmp_path / "whole.tif", whole))), RawPage)
    with Image.open(io.BytesIO(whole)) as picture:
        (start,), (length,) = picture.tag_v2[273], picture.tag_v2[279]
    size = length // 2
    filling = bytes(size) if hole == "zeros" else np.random.default_rng(1).bytes(size)
    data = whole[: start + length - size] + filling + whole[start + length :]
    with pytest.raises(InputError, match="fax data break off"):
        next(read_pages(write(tmp_path / "a.tif", data)))


def test_padded_fax_lines_are_no_hole():
    # Faxes pad short lines with zeros before the end mark to give the printer time.
    page = np.full((64, 496), 255, np.uint8)
    made = encoded(two_level(page), "TIFF", compression="group3", strip_size=2**20)
    with Image.open(io.BytesIO(made)) as picture:
        (start,), (length,) = picture.tag_v2[273], picture.tag_v2[279]
    bits = np.unpackbits(np.frombuffer(made[start : start + length], np.uint8))
    text = "".join(map(str, bits)).replace("00000000000" + "1", "0" * 51 + "1")
    padded = np.packbits(np.array(list(text.ljust(-(-len(text) // 8) * 8, "0")), np.uint8))
    assert accounts_for(page, padded.tobytes(), group=3, min_is_white=False)
    assert not accounts_for(page, made[start : start + length] * 2, group=3, min_is_white=False)


def test_trailing_bytes_after_a_jpeg_are_no_damage(tmp_path):
    data = files(tmp_path)["a.jpg"] + b"\x00" * 64
    assert isinstance(next(read_pages(write(tmp_path / "a.jpg", data))), RawPage)


def test_headers_that_claim_too_much_are_refused_before_decoding(tmp_path):
    size = struct.pack(">II", 100_000, 100_000)
    png = (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", size + b"\x08\x02\x00\x00\x00") + chunk(b"IEND", b"")
    )
    jpeg = bytearray(files(tmp_path)["a.jpg"])
    frame = jpeg.index(b"\xff\xc0")
    jpeg[frame + 5 : frame + 9] = b"\xff\xff\xff\xff"
    tiff = bytearray(files(tmp_path)["lzw.tif"])
    for tag in (256, 257):
        at = tiff.index(struct.pack("<HH", tag, 3))
        tiff[at : at + 12] = struct.pack("<HHII", tag, 4, 1, 100_000)
    for name, data in (("a.png", png), ("a.jpg", bytes(jpeg)), ("a.tif", bytes(tiff))):
        with pytest.raises(InputError, match="limit of 120 million pixels"):
            next(read_pages(write(tmp_path / name, data)))


def test_text_bomb_in_a_png(tmp_path):
    whole = files(tmp_path)["a.png"]
    bomb = chunk(b"zTXt", b"Comment\x00\x00" + zlib.compress(b"A" * (8 * 2**20), 9))
    data = whole[:33] + bomb + whole[33:]
    with pytest.raises(InputError, match="PNG"):
        next(read_pages(write(tmp_path / "a.png", data)))


@pytest.mark.parametrize("name", KINDS)
@settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(flips=st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), min_size=1, max_size=12))
def test_random_damage_gives_pages_page_errors_or_input_errors(tmp_path, name, flips):
    cached = tmp_path / f"whole-{name}"
    if not cached.exists():
        cached.write_bytes(files(tmp_path)[name])
    data = bytearray(cached.read_bytes())
    for place, value in flips:
        data[min(int(place * len(data)), len(data) - 1)] = value
    path = write(tmp_path / name, bytes(data))
    try:
        for page in read_pages(path):
            assert isinstance(page, RawPage | PageError)
            if isinstance(page, PageError):
                assert page.reason
                assert "\n" not in page.reason
            else:
                assert page.image.size
    except InputError as error:
        assert name in str(error)
        assert "\n" not in str(error)
