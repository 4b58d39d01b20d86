"""JPEG, PNG and TIFF in the many ways scanners and people store them."""

import io

import cv2
import numpy as np
import pytest
from PIL import Image, TiffImagePlugin
from PIL.PngImagePlugin import PngInfo

from detectors.errors import InputError
from scans.source import Limits, PageError, read_pages
from scans.source.orientation import code_of, upright
from scans.types import ScanClass
from tests.scans.source.sheets import colour_sheet, encoded, picture, sheet, two_level, write

# How a page seen upright is stored under each orientation code, in Pillow's words.
STORED = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


def only(path, **options):
    (page,) = read_pages(path, **options)
    return page


def test_jpeg_pixels_are_the_decoders(tmp_path):
    data = encoded(colour_sheet(), "JPEG", quality=85, dpi=(60, 60))
    page = only(write(tmp_path / "a.jpg", data))
    expected = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    assert np.array_equal(page.image, expected)
    assert page.origin.dpi == (60.0, 60.0)
    assert page.origin.encoding == "jpeg"


@pytest.mark.parametrize(
    "options", [{"progressive": True}, {"subsampling": 0}, {"restart_marker_rows": 1}]
)
def test_jpeg_variants(tmp_path, options):
    page = only(write(tmp_path / "a.jpg", encoded(colour_sheet(), "JPEG", quality=95, **options)))
    difference = np.abs(page.image.astype(int) - colour_sheet().astype(int))
    assert difference.mean() < 3


def test_quantisation_tables_row_by_row(tmp_path):
    data = encoded(sheet(), "JPEG", quality=50)
    (table,) = only(write(tmp_path / "a.jpg", data)).origin.quantisation
    # ITU-T T.81, table K.1: what quality 50 means to libjpeg.
    assert table[:8] == (16, 11, 10, 16, 24, 40, 51, 61)
    assert table[8:16] == (12, 12, 14, 19, 26, 58, 60, 55)


def test_cmyk_jpeg(tmp_path):
    cmyk = picture(colour_sheet()).convert("CMYK")
    page = only(write(tmp_path / "a.jpg", encoded(cmyk, "JPEG", quality=95)))
    assert np.abs(page.image.astype(int) - colour_sheet().astype(int)).mean() < 6


def test_grey_stored_as_colour_is_grey(tmp_path):
    three = cv2.cvtColor(sheet(), cv2.COLOR_GRAY2BGR)
    for name, data in (("a.jpg", encoded(three, "JPEG")), ("a.png", encoded(three, "PNG"))):
        page = only(write(tmp_path / name, data))
        assert page.image.ndim == 2


@pytest.mark.parametrize("code", range(1, 9))
def test_orientation_is_applied(tmp_path, code):
    grey = sheet()
    stored = picture(grey) if STORED[code] is None else picture(grey).transpose(STORED[code])
    exif = Image.Exif()
    exif[274] = code
    jpeg = only(write(tmp_path / "a.jpg", encoded(stored, "JPEG", quality=100, exif=exif)))
    assert jpeg.image.shape == grey.shape
    assert np.abs(jpeg.image.astype(int) - grey.astype(int)).mean() < 1
    png = only(write(tmp_path / "a.png", encoded(stored, "PNG", exif=exif)))
    assert np.array_equal(png.image, grey)
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    tags[274] = code
    tiff = only(write(tmp_path / "a.tif", encoded(stored, "TIFF", tiffinfo=tags)))
    assert np.array_equal(tiff.image, grey)
    assert tiff.origin.metadata.get("orientation", 1) == code


@pytest.mark.parametrize("code", range(1, 9))
def test_code_of_is_the_inverse_of_upright(code):
    square = np.arange(4, dtype=np.uint8).reshape(2, 2)
    assert code_of(upright(square, code)) == code


def test_metadata_is_kept_cleaned_and_untrusted(tmp_path):
    exif = Image.Exif()
    exif[0x0131] = "Edit\x07or\n" + "x" * 500
    exif[0x0110] = "Phone 7"
    exif.get_ifd(0x8769)[0x829D] = 1.8
    xmp = b'<x xmp:CreatorTool="Adobe Photoshop 21" xmp:ModifyDate="2026-01-02T03:04:05"/>'
    facts = only(
        write(tmp_path / "a.jpg", encoded(sheet(), "JPEG", exif=exif, xmp=xmp, comment=b"hello"))
    ).origin.metadata
    assert facts["software"].startswith("Edit or xxx")
    assert len(facts["software"]) <= 200
    assert facts["model"] == "Phone 7"
    assert facts["camera"] is True
    assert facts["xmp_creator_tool"] == "Adobe Photoshop 21"
    assert facts["xmp_modified"] == "2026-01-02T03:04:05"
    assert facts["comment"] == "hello"


def test_damaged_exif_does_not_cost_the_page(tmp_path):
    page = only(write(tmp_path / "a.jpg", encoded(sheet(), "JPEG", exif=b"Exif\x00\x00rubbish")))
    assert page.origin.metadata["exif_damaged"] is True


def test_png_palette_alpha_and_depths(tmp_path):
    grey = sheet()
    palette = picture(colour_sheet()).quantize(16)
    expected = np.asarray(palette.convert("RGB"))[:, :, ::-1]
    assert np.array_equal(only(write(tmp_path / "p.png", encoded(palette, "PNG"))).image, expected)

    clear = Image.new("RGBA", picture(grey).size, (0, 0, 0, 0))
    assert only(write(tmp_path / "t.png", encoded(clear, "PNG"))).image.min() == 255
    half = Image.new("LA", (100, 100), (0, 128))
    assert abs(int(only(write(tmp_path / "h.png", encoded(half, "PNG"))).image[5, 5]) - 127) <= 1

    deep = Image.fromarray(grey.astype(np.uint16) * 257)
    assert np.array_equal(only(write(tmp_path / "d.png", encoded(deep, "PNG"))).image, grey)

    bits = only(write(tmp_path / "b.png", encoded(two_level(grey), "PNG")))
    assert np.array_equal(bits.image, np.where(grey >= 128, 255, 0))
    assert bits.scan_class is ScanClass.BITONAL


def test_png_texts_are_metadata(tmp_path):
    texts = PngInfo()
    texts.add_text("Software", "GIMP 2.10")
    page = only(write(tmp_path / "a.png", encoded(sheet(), "PNG", pnginfo=texts, dpi=(200, 200))))
    assert page.origin.metadata["software"] == "GIMP 2.10"
    assert page.origin.dpi == pytest.approx((200, 200), abs=0.1)


@pytest.mark.parametrize(
    ("compression", "encoding"),
    [
        ("group3", "ccitt"),
        ("group4", "ccitt"),
        ("tiff_lzw", "lossless"),
        ("tiff_adobe_deflate", "lossless"),
        ("packbits", "lossless"),
        ("raw", "lossless"),
    ],
)
def test_tiff_of_several_two_level_frames(tmp_path, compression, encoding):
    pages = [sheet(), sheet(400, 600), sheet()[::-1]]
    first, *rest = (two_level(np.ascontiguousarray(page)) for page in pages)
    data = encoded(
        first, "TIFF", save_all=True, append_images=rest, compression=compression, dpi=(300, 300)
    )
    got = list(read_pages(write(tmp_path / "a.tif", data)))
    assert [page.origin.page for page in got] == [1, 2, 3]
    for page, made in zip(got, pages, strict=True):
        assert np.array_equal(page.image, np.where(made >= 128, 255, 0))
        assert page.origin.encoding == encoding
        assert page.origin.dpi == (300.0, 300.0)
        assert page.scan_class is ScanClass.BITONAL


@pytest.mark.parametrize("compression", ["tiff_lzw", "tiff_adobe_deflate", "packbits", "raw"])
def test_tiff_colour_grey_palette(tmp_path, compression):
    colour = colour_sheet()
    palette = picture(colour).quantize(8)
    for made, expected in (
        (picture(colour), colour),
        (picture(sheet()), sheet()),
        (palette, np.asarray(palette.convert("RGB"))[:, :, ::-1]),
    ):
        data = encoded(made, "TIFF", compression=compression)
        assert np.array_equal(only(write(tmp_path / "a.tif", data)).image, expected)


def test_jpeg_in_tiff(tmp_path):
    data = encoded(colour_sheet(), "TIFF", compression="jpeg", quality=90)
    page = only(write(tmp_path / "a.tif", data))
    assert np.abs(page.image.astype(int) - colour_sheet().astype(int)).mean() < 3
    assert page.origin.encoding == "jpeg"
    (table,) = page.origin.quantisation
    # ITU-T T.81, table K.1, at a fifth of its values: what quality 90 means to libjpeg.
    assert table[:8] == (3, 2, 2, 3, 5, 8, 10, 12)


def test_min_is_white(tmp_path):
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    tags[262] = 0
    data = encoded(two_level(sheet()), "TIFF", compression="group4", tiffinfo=tags)
    page = only(write(tmp_path / "a.tif", data))
    assert np.array_equal(page.image, np.where(sheet() >= 128, 255, 0))


def test_fax_pixels_are_made_square(tmp_path):
    page = sheet(816, 1122)
    fax = cv2.resize(page, (816, 539), interpolation=cv2.INTER_AREA)
    data = encoded(two_level(fax), "TIFF", compression="group3", dpi=(204, 98))
    got = only(write(tmp_path / "fax.tif", data))
    assert got.image.shape == (1122, 816)
    assert got.origin.dpi == (204.0, 204.0)
    assert got.origin.metadata["resampled_from"] == [816, 539]
    assert got.scan_class is ScanClass.BITONAL


def test_slightly_different_or_absurd_resolutions_leave_pixels_alone(tmp_path):
    for dpi in ((200, 196), (300, 2)):
        data = encoded(sheet(), "TIFF", dpi=dpi)
        assert np.array_equal(only(write(tmp_path / "a.tif", data)).image, sheet())


def test_limits_name_themselves(tmp_path):
    small = Limits(pixels=10_000, pages=2)
    for name, data in (
        ("a.jpg", encoded(sheet(), "JPEG")),
        ("a.png", encoded(sheet(), "PNG")),
        ("a.tif", encoded(sheet(), "TIFF")),
    ):
        with pytest.raises(InputError, match=r"limit of 0\.01 million pixels"):
            next(read_pages(write(tmp_path / name, data), limits=small))
    frames = [two_level(sheet())] * 3
    data = encoded(frames[0], "TIFF", save_all=True, append_images=frames[1:])
    with pytest.raises(InputError, match="limit of 2 a file"):
        next(read_pages(write(tmp_path / "many.tif", data), limits=small))


def test_one_bad_frame_does_not_cost_the_others(tmp_path):
    pages = [two_level(sheet())] * 3
    out = io.BytesIO()
    pages[0].save(out, "TIFF", save_all=True, append_images=pages[1:], compression="tiff_lzw")
    data = bytearray(out.getvalue())
    with Image.open(io.BytesIO(data)) as made:
        made.seek(1)
        start, length = made.tag_v2[273][0], made.tag_v2[279][0]
    data[start : start + length] = b"\xff" * length
    got = list(read_pages(write(tmp_path / "a.tif", bytes(data))))
    assert [type(page) is PageError for page in got] == [False, True, False]
    assert got[1].origin.page == 2
    assert "damaged TIFF page" in got[1].reason
    assert np.array_equal(got[2].image, got[0].image)


def test_a_cut_chain_of_frames_says_so(tmp_path):
    pages = [two_level(sheet())] * 3
    data = encoded(pages[0], "TIFF", save_all=True, append_images=pages[1:], compression="group4")
    with Image.open(io.BytesIO(data)) as made:
        made.seek(2)
        cut = data[: made.tag_v2[273][0] - 200]
    got = list(read_pages(write(tmp_path / "a.tif", cut)))
    assert not isinstance(got[0], PageError)
    assert isinstance(got[-1], PageError)
    assert "truncated" in got[-1].reason


def test_a_chain_that_bites_its_tail_ends(tmp_path):
    pages = [two_level(sheet())] * 2
    data = bytearray(encoded(pages[0], "TIFF", save_all=True, append_images=pages[1:]))
    first = int.from_bytes(data[4:8], "little")
    entries = int.from_bytes(data[first : first + 2], "little")
    second = int.from_bytes(data[first + 2 + 12 * entries :][:4], "little")
    entries = int.from_bytes(data[second : second + 2], "little")
    end = second + 2 + 12 * entries
    data[end : end + 4] = first.to_bytes(4, "little")
    got = list(read_pages(write(tmp_path / "a.tif", bytes(data))))
    assert len(got) == 3
    assert isinstance(got[2], PageError)
