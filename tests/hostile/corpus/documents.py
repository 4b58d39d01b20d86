"""PDF documents: written by hand where a library would refuse to write them."""

from __future__ import annotations

import io
import zlib
from collections.abc import Callable, Mapping
from typing import Any

import pikepdf

from tests.hostile.corpus.case import READ, STOPPED, Case
from tests.hostile.corpus.pictures import SIDE, _zeros, jpeg

__all__ = ["CASES", "document", "scan"]

BOX = "/MediaBox [0 0 595 842]"


def document(objects: Mapping[int, str | bytes], root: int = 1) -> bytes:
    """A PDF of these objects, numbers as given, with a table that fits."""
    out = bytearray(b"%PDF-1.7\n")
    places = {}
    for number, content in objects.items():
        places[number] = len(out)
        body = content.encode() if isinstance(content, str) else content
        out += f"{number} 0 obj\n".encode() + body + b"\nendobj\n"
    start, size = len(out), max(objects) + 1
    out += f"xref\n0 {size}\n".encode()
    for number in range(size):
        at = places.get(number)
        out += b"0000000000 65535 f \n" if at is None else f"{at:010d} 00000 n \n".encode()
    out += f"trailer << /Size {size} /Root {root} 0 R >>\nstartxref\n{start}\n%%EOF\n".encode()
    return bytes(out)


def stream(data: bytes, entries: str = "") -> bytes:
    """A stream object."""
    head = f"<< /Length {len(data)} {entries} >>\nstream\n".encode()
    return head + data + b"\nendstream"


def one_page(page: str = "", content: bytes | None = None, **objects: str | bytes) -> bytes:
    """A document of one page; ``objects`` are numbered ``o5`` and so on."""
    all_: dict[int, str | bytes] = {
        1: "<< /Type /Catalog /Pages 2 0 R >>",
        2: "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        3: f"<< /Type /Page /Parent 2 0 R {BOX} /Contents 4 0 R {page} >>",
        4: content if content is not None else stream(b"0 0 100 100 re f"),
    }
    all_.update({int(name[1:]): body for name, body in objects.items()})
    return document(all_)


def scan(*changes: Callable[[pikepdf.Pdf], None]) -> bytes:
    """A document whose only page is a JPEG, changed."""
    pdf = pikepdf.new()
    image = pikepdf.Stream(pdf, jpeg())
    image.Type, image.Subtype = pikepdf.Name.XObject, pikepdf.Name.Image
    image.Width, image.Height = SIDE
    image.BitsPerComponent, image.ColorSpace = 8, pikepdf.Name.DeviceRGB
    image.Filter = pikepdf.Name.DCTDecode
    page = pikepdf.Dictionary(
        Type=pikepdf.Name.Page,
        MediaBox=[0, 0, 595, 842],
        Resources=pikepdf.Dictionary(XObject=pikepdf.Dictionary(Im0=pdf.make_indirect(image))),
        Contents=pikepdf.Stream(pdf, b"q 595 0 0 842 0 0 cm /Im0 Do Q"),
    )
    pdf.pages.append(pikepdf.Page(pdf.make_indirect(page)))
    for change in changes:
        change(pdf)
    out = io.BytesIO()
    pdf.save(out)
    return out.getvalue()


def _javascript(pdf: pikepdf.Pdf) -> None:
    code = pikepdf.String("while(true){app.launchURL('http://x/')}")
    pdf.Root.OpenAction = pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS=code)
    pdf.Root.AA = pikepdf.Dictionary(WC=pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS=code))
    pdf.pages[0].obj.AA = pikepdf.Dictionary(
        O=pikepdf.Dictionary(S=pikepdf.Name.Launch, F=pikepdf.String("/bin/sh"))
    )


def _attachment(pdf: pikepdf.Pdf) -> None:
    data = b"MZ" + bytes(1 << 20)
    pdf.attachments["../../evil.exe"] = pikepdf.AttachedFileSpec(
        pdf, data, filename="../../evil.exe"
    )


def _outside(pdf: pikepdf.Pdf) -> None:
    """The picture's data are said to lie in another file."""
    image = pdf.pages[0].obj.Resources.XObject.Im0
    image.F = pikepdf.String("/etc/passwd")
    image.FFilter = pikepdf.Name.DCTDecode


def _escapes(pdf: pikepdf.Pdf) -> None:
    pdf.docinfo["/Producer"] = pikepdf.String("\x1b]0;own\x07\x1b[2J\u202exe")


def _xmp(pdf: pikepdf.Pdf) -> None:
    pdf.Root.Metadata = pdf.make_stream(
        b'<!DOCTYPE x [<!ENTITY a "&b;">]><x>&a;</x>' + b"CreatorTool" * 200_000
    )


def _xmp_bomb() -> bytes:
    body = _zeros(600 << 20)
    return one_page(
        o1="<< /Type /Catalog /Pages 2 0 R /Metadata 5 0 R >>",
        o5=stream(body, "/Type /Metadata /Subtype /XML /Filter /FlateDecode"),
    )


def _content_bomb() -> bytes:
    data = zlib.compress(_zeros(1 << 30), 9)
    return one_page(content=stream(data, "/Filter [/FlateDecode /FlateDecode]"))


def _picture(width: int, height: int, data: bytes, entries: str) -> bytes:
    image = f"/Type /XObject /Subtype /Image /Width {width} /Height {height} {entries}"
    return one_page(
        "/Resources << /XObject << /Im0 5 0 R >> >>",
        stream(b"q 595 0 0 842 0 0 cm /Im0 Do Q"),
        o5=stream(data, image),
    )


GREY = "/BitsPerComponent 8 /ColorSpace /DeviceGray"


def _forms(depth: int, wide: int) -> bytes:
    """Each form shows the next one several times: ``wide ** depth`` pictures."""
    objects: dict[str, str | bytes] = {}
    for number in range(5, 5 + depth):
        inner = f"/Resources << /XObject << /F {number + 1} 0 R >> >>"
        objects[f"o{number}"] = stream(
            b"/F Do " * wide, f"/Type /XObject /Subtype /Form /BBox [0 0 9 9] {inner}"
        )
    objects[f"o{5 + depth}"] = stream(
        b"0 0 1 1 re f", "/Type /XObject /Subtype /Form /BBox [0 0 9 9]"
    )
    return one_page("/Resources << /XObject << /F 5 0 R >> >>", stream(b"/F Do"), **objects)


def _own_form() -> bytes:
    inner = "/Resources << /XObject << /F 5 0 R >> >>"
    return one_page(
        "/Resources << /XObject << /F 5 0 R >> >>",
        stream(b"/F Do"),
        o5=stream(b"/F Do /F Do", f"/Type /XObject /Subtype /Form /BBox [0 0 9 9] {inner}"),
    )


def _many_pages() -> bytes:
    kids = " ".join("3 0 R" for _ in range(300_000))
    return one_page(o2=f"<< /Type /Pages /Kids [{kids}] /Count 300000 >>")


def _deep_tree(depth: int) -> bytes:
    objects: dict[int, str | bytes] = {1: "<< /Type /Catalog /Pages 2 0 R >>"}
    for number in range(2, depth):
        parent = "" if number == 2 else f"/Parent {number - 1} 0 R"
        objects[number] = f"<< /Type /Pages /Kids [{number + 1} 0 R] /Count 1 {parent} >>"
    objects[depth] = f"<< /Type /Page /Parent {depth - 1} 0 R {BOX} >>"
    return document(objects)


def _nested(depth: int) -> str:
    return "[" * depth + "]" * depth


def _reference_loop() -> bytes:
    return one_page(o4="5 0 R", o5="6 0 R", o6="4 0 R")


def _previous_loop() -> bytes:
    whole = one_page()
    start = whole.rfind(b"startxref\n") + 10
    at = whole[start:].split(b"\n")[0]
    return whole.replace(b"/Root 1 0 R >>", b"/Root 1 0 R /Prev " + at + b" >>")


def _object_stream_loop() -> bytes:
    body = b"10 0 1 << >>"
    return one_page(
        o5=stream(body, "/Type /ObjStm /N 2000000000 /First 5 /Extends 5 0 R"),
        o3=f"<< /Type /Page /Parent 2 0 R {BOX} /Contents 4 0 R /Annots 5 0 R >>",
    )


def _encrypted() -> bytes:
    pdf = pikepdf.open(io.BytesIO(scan()))
    out = io.BytesIO()
    pdf.save(out, encryption=pikepdf.Encryption(owner="o", user="u"))
    return out.getvalue()


def _many_notes() -> bytes:
    notes = " ".join("5 0 R" for _ in range(200_000))
    return one_page(f"/Annots [{notes}]", o5="<< /Type /Annot /Subtype /Stamp /Rect [0 0 9 9] >>")


def _pages(pages: Any) -> Callable[[], bytes]:
    return lambda: one_page(o2=pages)


CASES = (
    Case("javascript.pdf", "pages", lambda: scan(_javascript), READ, ("(252, 180, 3)",)),
    Case("attachment.pdf", "pages", lambda: scan(_attachment), READ, ("(252, 180, 3)",)),
    Case("outside_stream.pdf", "pages", lambda: scan(_outside), None),
    Case("escapes.pdf", "pages", lambda: scan(_escapes), READ),
    Case("xmp_laughs.pdf", "pages", lambda: scan(_xmp), READ),
    Case("xmp_bomb.pdf", "pages", _xmp_bomb, says=("metadata unpack to more than 16 MiB",)),
    Case("encrypted.pdf", "pages", _encrypted, says=("encrypted",)),
    Case("content_bomb.pdf", "pages", _content_bomb, None),
    Case("picture_bomb.pdf", "pages",
         lambda: _picture(60_000, 60_000, _zeros(64 << 20), f"{GREY} /Filter /FlateDecode"),
         says=("million",)),
    Case("picture_within_limit.pdf", "pages",
         lambda: _picture(10_000, 10_000, _zeros(96 << 20), f"{GREY} /Filter /FlateDecode"), None),
    Case("picture_too_long.pdf", "pages",
         lambda: _picture(100, 100, _zeros(900 << 20), f"{GREY} /Filter /FlateDecode"), None),
    Case("packed_jpeg_bomb.pdf", "pages",
         lambda: _picture(*SIDE, _zeros(900 << 20), "/BitsPerComponent 8 /ColorSpace /DeviceRGB "
                          "/Filter [/FlateDecode /DCTDecode]"), None),
    Case("fax_bomb.pdf", "pages",
         lambda: _picture(10_000, 10_000, b"\x00" * 100, "/BitsPerComponent 1 /ColorSpace /DeviceGray "
                          "/Filter /CCITTFaxDecode /DecodeParms << /K -1 /Columns 2000000000 >>"),
         None),
    Case("jbig2_noise.pdf", "pages",
         lambda: _picture(500, 500, bytes(range(256)) * 4, "/BitsPerComponent 1 "
                          "/ColorSpace /DeviceGray /Filter /JBIG2Decode"), None),
    Case("negative_picture.pdf", "pages",
         lambda: _picture(-5, 100, b"x", f"{GREY}")),
    Case("huge_page.pdf", "pages", lambda: one_page("/MediaBox [0 0 2000000 2000000]"), None),
    Case("infinite_page.pdf", "pages",
         lambda: one_page("/MediaBox [0 0 " + "9" * 400 + " 1e400]"), None),
    Case("huge_unit.pdf", "pages", lambda: one_page("/UserUnit 75000"), None),
    Case("no_number.pdf", "pages", lambda: one_page("/MediaBox [/a (b) null 4 0 R]"), None),
    Case("pages_loop.pdf", "pages", _pages("<< /Type /Pages /Kids [2 0 R] /Count 1 >>")),
    Case("pages_of_pages.pdf", "pages",
         _pages("<< /Type /Pages /Kids [2 0 R 2 0 R 3 0 R] /Count 3 >>"), None),
    Case("count_of_billions.pdf", "pages",
         _pages("<< /Type /Pages /Kids [3 0 R] /Count 2000000000 >>"), None),
    Case("many_pages.pdf", "pages", _many_pages, says=("pages",)),
    Case("deep_tree.pdf", "pages", lambda: _deep_tree(30_000), None),
    Case("deep_array.pdf", "pages", lambda: one_page(o5=_nested(300_000), o6="5 0 R"), None),
    Case("deep_content.pdf", "pages", lambda: one_page(content=stream(_nested(200_000).encode())),
         None),
    Case("deep_state.pdf", "pages", lambda: one_page(content=stream(b"q " * 1_000_000)), None),
    Case("reference_loop.pdf", "pages", _reference_loop, None),
    Case("previous_loop.pdf", "pages", _previous_loop, None),
    Case("object_stream_loop.pdf", "pages", _object_stream_loop, None),
    Case("parent_loop.pdf", "pages",
         lambda: one_page(o3="<< /Type /Page /Parent 3 0 R /Contents 4 0 R >>"), None),
    Case("length_loop.pdf", "pages",
         lambda: one_page(o4=b"<< /Length 4 0 R >>\nstream\nq Q\nendstream"), None),
    Case("own_form.pdf", "pages", _own_form, STOPPED),
    Case("forms_of_forms.pdf", "pages", lambda: _forms(12, 12), STOPPED),
    Case("own_pattern.pdf", "pages", lambda: one_page(
        "/Resources << /Pattern << /P 5 0 R >> >>",
        stream(b"/Pattern cs /P scn 0 0 500 800 re f"),
        o5=stream(b"/Pattern cs /P scn 0 0 1 1 re f",
                  "/Type /Pattern /PatternType 1 /PaintType 1 /TilingType 1 /BBox [0 0 1 1] "
                  "/XStep 0.001 /YStep 0.001 /Resources << /Pattern << /P 5 0 R >> >>")), STOPPED),
    Case("tiny_steps.pdf", "pages", lambda: one_page(
        "/Resources << /Pattern << /P 5 0 R >> >>",
        stream(b"/Pattern cs /P scn 0 0 595 842 re f"),
        o5=stream(b"0 0 1 1 re f", "/Type /Pattern /PatternType 1 /PaintType 1 /TilingType 1 "
                  "/BBox [0 0 1 1] /XStep 0.00001 /YStep 0.00001 /Resources << >>")), STOPPED),
    Case("calculator.pdf", "pages", lambda: one_page(
        "/Resources << /ColorSpace << /C [/Separation /x /DeviceGray 5 0 R] >> >>",
        stream(b"/C cs 1 scn 0 0 9 9 re f"),
        o5=stream(b"{ " + b"1 " * 900_000 + b"}", "/FunctionType 4 /Domain [0 1] /Range [0 1]")),
        None),
    Case("many_notes.pdf", "pages", _many_notes, None),
    Case("many_paths.pdf", "pages",
         lambda: one_page(content=stream(b"0 0 m 595 842 l 0 842 l 595 0 l b " * 300_000)), STOPPED),
    Case("only_head.pdf", "pages", lambda: b"%PDF-1.7"),
    Case("no_pages.pdf", "pages", _pages("<< /Type /Pages /Kids [] /Count 0 >>"),
         says=("no pages",)),
    Case("cut.pdf", "pages", lambda: scan()[:4_000], None),
    Case("many_ends.pdf", "pages", lambda: scan() + b"%%EOF\n" * 2_000_000, None),
)  # fmt: skip
