"""PDF: streams as they are where a page is one picture, drawn where it is not."""

import hashlib
import io
import struct
import zlib

import cv2
import numpy as np
import pikepdf
import pytest
from PIL import Image, TiffImagePlugin

from detectors.errors import InputError
from scans.source import Limits, PageError, read_pages
from scans.types import ScanClass
from tests.scans.source.sheets import (
    add_page,
    colour_sheet,
    encoded,
    image_stream,
    sheet,
    two_level,
    write,
)

W, H = 496, 702
JPEG = encoded(colour_sheet(), "JPEG", quality=85)
PIXELS = cv2.imdecode(np.frombuffer(JPEG, np.uint8), cv2.IMREAD_COLOR)
A4 = "595.2 0 0 842.4 0 0 cm"


def jpeg_image(pdf, **entries):
    return image_stream(pdf, JPEG, (W, H), Filter=pikepdf.Name.DCTDecode, **entries)


def only(path, **options):
    (page,) = read_pages(path, **options)
    return page


def one_page(tmp_path, *, image_entries=None, **options):
    pdf = pikepdf.new()
    add_page(pdf, jpeg_image(pdf, **(image_entries or {})), **options)
    pdf.save(tmp_path / "a.pdf")
    return only(tmp_path / "a.pdf")


def test_jpeg_comes_out_byte_identical(tmp_path):
    page = one_page(tmp_path)
    assert page.origin.metadata["stream_sha256"] == hashlib.sha256(JPEG).hexdigest()
    assert np.array_equal(page.image, PIXELS)
    assert page.origin.encoding == "jpeg"
    assert page.origin.quantisation
    assert page.origin.dpi == pytest.approx((60, 60), abs=0.1)
    assert page.origin.media_type == "application/pdf"


def test_jpeg_inside_deflate_comes_out_byte_identical(tmp_path):
    pdf = pikepdf.new()
    both = [pikepdf.Name.FlateDecode, pikepdf.Name.DCTDecode]
    add_page(pdf, image_stream(pdf, zlib.compress(JPEG), (W, H), Filter=pikepdf.Array(both)))
    pdf.save(tmp_path / "a.pdf")
    page = only(tmp_path / "a.pdf")
    assert page.origin.metadata["stream_sha256"] == hashlib.sha256(JPEG).hexdigest()
    assert np.array_equal(page.image, PIXELS)


@pytest.mark.parametrize(("rotate", "turns"), [(0, 0), (90, -1), (180, 2), (270, 1), (-90, 1)])
def test_page_rotation_is_applied(tmp_path, rotate, turns):
    page = one_page(tmp_path, rotate=rotate)
    assert np.array_equal(page.image, np.rot90(PIXELS, turns))
    assert page.origin.encoding == "jpeg"


@pytest.mark.parametrize(
    ("matrix", "seen"),
    [
        ("595.2 0 0 842.4 0 0", lambda p: p),
        ("-595.2 0 0 842.4 595.2 0", lambda p: p[:, ::-1]),
        ("595.2 0 0 -842.4 0 842.4", lambda p: p[::-1]),
        ("-595.2 0 0 -842.4 595.2 842.4", lambda p: p[::-1, ::-1]),
        ("0 595.2 -842.4 0 842.4 0", lambda p: np.rot90(p, 1)),
        ("0 -595.2 842.4 0 0 595.2", lambda p: np.rot90(p, -1)),
        ("0 595.2 842.4 0 0 0", lambda p: np.rot90(p, -1)[::-1]),
        ("0 -595.2 -842.4 0 842.4 595.2", lambda p: np.rot90(p, 1)[::-1]),
    ],
)
def test_turned_and_mirrored_placement_agrees_with_drawing_it(tmp_path, matrix, seen):
    lying = matrix.startswith("0")
    size = (842.4, 595.2) if lying else (595.2, 842.4)
    page = one_page(tmp_path, content=f"q {matrix} cm /Im0 Do Q", size=size)
    assert np.array_equal(page.image, seen(PIXELS))
    # The same page with a dot on it has to be drawn; it must look the same.
    drawn = one_page(tmp_path, content=f"q {matrix} cm /Im0 Do Q 0 0 1 1 re f", size=size)
    assert drawn.scan_class is ScanClass.RENDERED
    grid = (84, 60) if lying else (60, 84)
    small = cv2.resize(drawn.image, grid, interpolation=cv2.INTER_AREA).astype(int)
    same = cv2.resize(page.image, grid, interpolation=cv2.INTER_AREA).astype(int)
    assert np.abs(small - same).mean() < 4


@pytest.mark.parametrize(
    "content",
    [
        f"q {A4} /Im0 Do Q BT 3 Tr /F1 12 Tf (recognised text) Tj ET",
        f"q 0 0 595.2 842.4 re W n {A4} /Im0 Do Q",
        f"/Artifact BMC q {A4} /Im0 Do Q EMC",
        "0.24 0 0 0.24 0 0 cm q 2480 0 0 3510 0 0 cm /Im0 Do Q",
        "q 590 0 0 835 2 3 cm /Im0 Do Q",
    ],
)
def test_what_leaves_a_sole_picture_as_it_is(tmp_path, content):
    page = one_page(tmp_path, content=content)
    assert page.origin.encoding == "jpeg"
    assert np.array_equal(page.image, PIXELS)


@pytest.mark.parametrize(
    "content",
    [
        f"q {A4} /Im0 Do Q BT /F1 12 Tf 50 50 Td (visible text) Tj ET",
        f"q {A4} /Im0 Do Q 100 100 50 20 re f",
        f"q {A4} /Im0 Do Q q 50 0 0 50 100 100 cm /Im0 Do Q",
        "q 300 0 0 400 100 100 cm /Im0 Do Q",
        "q 800 0 0 1100 -100 -100 cm /Im0 Do Q",
        "q 590 60 -60 835 30 0 cm /Im0 Do Q",
        f"q 100 100 200 200 re W n {A4} /Im0 Do Q",
        f"q 0 0 m 500 0 l 0 800 l h W n {A4} /Im0 Do Q",
        f"/OC /Layer BDC q {A4} /Im0 Do Q EMC",
        "",
    ],
)
def test_anything_else_is_drawn_and_says_so(tmp_path, content):
    page = one_page(tmp_path, content=content or "n")
    assert page.scan_class is ScanClass.RENDERED
    assert page.origin.encoding == "rendered"
    assert page.origin.dpi == (300.0, 300.0)
    assert abs(page.image.shape[0] - 3510) <= 1
    assert abs(page.image.shape[1] - 2480) <= 1


def test_a_note_over_the_scan_is_not_lost(tmp_path):
    pdf = pikepdf.new()
    note = pikepdf.Dictionary(
        Type=pikepdf.Name.Annot, Subtype=pikepdf.Name.Square, Rect=[100, 100, 200, 200]
    )
    add_page(pdf, jpeg_image(pdf), Annots=pikepdf.Array([note]))
    pdf.save(tmp_path / "a.pdf")
    page = only(tmp_path / "a.pdf")
    assert page.scan_class is ScanClass.RENDERED
    assert page.origin.metadata["annotations"] == 1


@pytest.mark.parametrize(
    "entries",
    [{"Decode": [1, 0, 1, 0, 1, 0]}, {"Mask": [0, 10, 0, 10, 0, 10]}],
)
def test_pictures_shown_otherwise_than_stored_are_drawn(tmp_path, entries):
    assert one_page(tmp_path, image_entries=entries).scan_class is ScanClass.RENDERED


@pytest.mark.parametrize("black", [False, True])
def test_fax_and_lossless_pictures(tmp_path, black):
    bits = np.asarray(two_level(sheet()))
    packed = np.packbits(bits, axis=1).tobytes()
    pdf = pikepdf.new()
    grey = {"ColorSpace": pikepdf.Name.DeviceGray}
    decode = {"Decode": [1, 0]} if black else {}
    stored = np.packbits(~bits, axis=1).tobytes() if black else packed
    add_page(
        pdf,
        image_stream(
            pdf, zlib.compress(stored), (W, H), Filter=pikepdf.Name.FlateDecode,
            **{**grey, "BitsPerComponent": 1, **decode},
        ),
    )  # fmt: skip
    colour = colour_sheet()[:, :, ::-1].tobytes()
    add_page(pdf, image_stream(pdf, zlib.compress(colour), (W, H), Filter=pikepdf.Name.FlateDecode))
    pdf.save(tmp_path / "a.pdf")
    first, second = read_pages(tmp_path / "a.pdf")
    assert np.array_equal(first.image, np.where(bits, 255, 0))
    assert first.scan_class is ScanClass.BITONAL
    assert first.origin.encoding == "lossless"
    assert np.array_equal(second.image, colour_sheet())


def fax_data():
    """The bare T.6 data of the sheet, ink coded black."""
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    tags[262] = 0
    made = encoded(
        two_level(sheet()), "TIFF", compression="group4", tiffinfo=tags, strip_size=2**30
    )
    with Image.open(io.BytesIO(made)) as picture:
        (start,), (length,) = picture.tag_v2[273], picture.tag_v2[279]
    return made[start : start + length]


def test_fax_stream(tmp_path):
    pdf = pikepdf.new()
    parameters = pikepdf.Dictionary(K=-1, Columns=W, Rows=H)
    entries = {"ColorSpace": pikepdf.Name.DeviceGray, "BitsPerComponent": 1}
    stream = image_stream(
        pdf,
        fax_data(),
        (W, H),
        Filter=pikepdf.Name.CCITTFaxDecode,
        DecodeParms=parameters,
        **entries,
    )
    add_page(pdf, stream, rotate=180)
    pdf.save(tmp_path / "a.pdf")
    page = only(tmp_path / "a.pdf")
    assert np.array_equal(page.image, np.where(sheet() >= 128, 255, 0)[::-1, ::-1])
    assert page.origin.encoding == "ccitt"
    assert page.origin.metadata["stream_sha256"] == hashlib.sha256(fax_data()).hexdigest()
    assert page.scan_class is ScanClass.BITONAL


def test_fax_stream_with_a_hole(tmp_path):
    pdf = pikepdf.new()
    whole = fax_data()
    stream = image_stream(
        pdf,
        whole[: len(whole) // 2] + bytes(len(whole) - len(whole) // 2),
        (W, H),
        Filter=pikepdf.Name.CCITTFaxDecode,
        DecodeParms=pikepdf.Dictionary(K=-1, Columns=W, Rows=H),
        ColorSpace=pikepdf.Name.DeviceGray,
        BitsPerComponent=1,
    )
    add_page(pdf, stream)
    pdf.save(tmp_path / "a.pdf")
    with pytest.raises(InputError, match="fax data break off"):
        next(read_pages(tmp_path / "a.pdf"))


def test_jbig2_stream(tmp_path):
    # ITU-T T.88: a page, and one generic region whose data are coded as a fax.
    page_info = struct.pack(">IIIIBH", W, H, 0, 0, 0, 0)
    region = struct.pack(">IIIIBB", W, H, 0, 0, 0, 1) + fax_data()
    data = b"".join(
        struct.pack(">IBBBI", number, kind, 0, 1, len(body)) + body
        for number, (kind, body) in enumerate(((48, page_info), (38, region)))
    )
    pdf = pikepdf.new()
    entries = {"ColorSpace": pikepdf.Name.DeviceGray, "BitsPerComponent": 1}
    add_page(pdf, image_stream(pdf, data, (W, H), Filter=pikepdf.Name.JBIG2Decode, **entries))
    pdf.save(tmp_path / "a.pdf")
    page = only(tmp_path / "a.pdf")
    assert np.array_equal(page.image, np.where(sheet() >= 128, 255, 0))
    assert page.origin.encoding == "jbig2"


@pytest.mark.parametrize("inverted", [False, True])
def test_stencil_mask(tmp_path, inverted):
    bits = np.asarray(two_level(sheet()))
    pdf = pikepdf.new()
    data = np.packbits(~bits if inverted else bits, axis=1).tobytes()
    stencil = image_stream(pdf, data, (W, H), ImageMask=True, BitsPerComponent=1)
    del stencil["/ColorSpace"]
    if inverted:
        stencil["/Decode"] = [1, 0]
    add_page(pdf, stencil)
    add_page(pdf, stencil, content=f"q 1 0 0 rg {A4} /Im0 Do Q")
    pdf.save(tmp_path / "a.pdf")
    plain, red = read_pages(tmp_path / "a.pdf")
    assert np.array_equal(plain.image, np.where(bits, 255, 0))
    assert plain.scan_class is ScanClass.BITONAL
    assert red.scan_class is ScanClass.RENDERED
    assert red.image.ndim == 3


def test_picture_within_a_form(tmp_path):
    pdf = pikepdf.new()
    form = pikepdf.Stream(pdf, f"q {A4} /Im0 Do Q".encode())
    form.Type, form.Subtype = pikepdf.Name.XObject, pikepdf.Name.Form
    form.BBox = [0, 0, 595.2, 842.4]
    form.Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(Im0=jpeg_image(pdf)))
    add_page(pdf, pdf.make_indirect(form), content="q /Im0 Do Q")
    pdf.save(tmp_path / "a.pdf")
    assert np.array_equal(only(tmp_path / "a.pdf").image, PIXELS)


def test_many_pages_come_in_order(tmp_path):
    pdf = pikepdf.new()
    for rotate in (0, 180, 0):
        add_page(pdf, jpeg_image(pdf), rotate=rotate)
    pdf.save(tmp_path / "a.pdf")
    pages = list(read_pages(tmp_path / "a.pdf"))
    assert [page.origin.page for page in pages] == [1, 2, 3]
    assert np.array_equal(pages[1].image, PIXELS[::-1, ::-1])


def test_where_it_comes_from_and_what_was_appended(tmp_path):
    pdf = pikepdf.new()
    add_page(pdf, jpeg_image(pdf))
    pdf.docinfo["/Producer"] = "Office MFP 12"
    pdf.docinfo["/CreationDate"] = "D:20260701080000+07'00'"
    pdf.save(tmp_path / "a.pdf")
    facts = only(tmp_path / "a.pdf").origin.metadata
    assert facts["producer"] == "Office MFP 12"
    assert facts["created"] == "D:20260701080000+07'00'"
    assert facts["incremental_updates"] == 0
    data = (tmp_path / "a.pdf").read_bytes()
    start = data.rindex(b"startxref")
    write(tmp_path / "b.pdf", data + data[start:])
    assert only(tmp_path / "b.pdf").origin.metadata["incremental_updates"] == 1
    pdf.save(tmp_path / "c.pdf", linearize=True)
    assert only(tmp_path / "c.pdf").origin.metadata["incremental_updates"] == 0


def test_encrypted(tmp_path):
    pdf = pikepdf.new()
    add_page(pdf, jpeg_image(pdf))
    pdf.save(tmp_path / "a.pdf", encryption=pikepdf.Encryption(user="secret", owner="boss"))
    with pytest.raises(InputError, match=r"a\.pdf: the PDF is encrypted — save it without"):
        next(read_pages(tmp_path / "a.pdf"))
    pdf.save(tmp_path / "b.pdf", encryption=pikepdf.Encryption(user="", owner="boss"))
    assert np.array_equal(only(tmp_path / "b.pdf").image, PIXELS)


def test_no_pages_and_broken(tmp_path):
    pikepdf.new().save(tmp_path / "a.pdf")
    with pytest.raises(InputError, match="no pages"):
        next(read_pages(tmp_path / "a.pdf"))
    with pytest.raises(InputError, match="broken PDF"):
        next(read_pages(write(tmp_path / "b.pdf", b"%PDF-1.4\nnothing follows")))


def test_a_bad_page_does_not_cost_the_others(tmp_path):
    pdf = pikepdf.new()
    add_page(pdf, jpeg_image(pdf))
    add_page(pdf, image_stream(pdf, JPEG[: len(JPEG) // 2], (W, H), Filter=pikepdf.Name.DCTDecode))
    add_page(pdf, jpeg_image(pdf), size=(0.1, 0.1))
    add_page(pdf, jpeg_image(pdf))
    pdf.save(tmp_path / "a.pdf")
    pages = list(read_pages(tmp_path / "a.pdf"))
    assert [type(page) is PageError for page in pages] == [False, True, True, False]
    assert pages[1].origin.page == 2
    assert "truncated JPEG" in pages[1].reason
    assert "no size" in pages[2].reason


def test_a_single_bad_page_is_an_error_that_names_it(tmp_path):
    pdf = pikepdf.new()
    add_page(pdf, image_stream(pdf, JPEG[:-1000], (W, H), Filter=pikepdf.Name.DCTDecode))
    pdf.save(tmp_path / "a.pdf")
    with pytest.raises(InputError, match=r"a\.pdf, page 1: truncated JPEG.* — "):
        next(read_pages(tmp_path / "a.pdf"))


def test_limits(tmp_path):
    pdf = pikepdf.new()
    for _ in range(3):
        add_page(pdf, jpeg_image(pdf), size=(14_000, 14_000), content="0 0 9 9 re f")
    pdf.save(tmp_path / "a.pdf")
    with pytest.raises(InputError, match="3 pages exceed the limit of 2"):
        next(read_pages(tmp_path / "a.pdf", limits=Limits(pages=2)))
    pages = list(read_pages(tmp_path / "a.pdf"))
    assert all("limit of 120 million pixels" in page.reason for page in pages)
