"""What a file says about itself: software, dates, camera. Evidence, and untrusted.

Anybody can write anything there, so texts are stripped of control characters and cut,
XMP is searched by pattern and never parsed as XML (no entities, no nesting), and
whatever does not decode is left out.
"""

from __future__ import annotations

import re
import unicodedata
import warnings
from typing import Any

from PIL import Image

__all__ = ["clean", "exif_facts", "xmp_facts"]

MAX_TEXT = 200
_XMP_BYTES = 256 * 1024
_TAGS = {
    0x010F: "make",
    0x0110: "model",
    0x0131: "software",
    0x0132: "modified",
    0x013C: "host",
    0x9003: "taken",
    0x9004: "digitised",
}
_ORIENTATION = 0x0112
_EXIF_IFD = 0x8769
# Exposure time, f-number, ISO, focal length: set by cameras, not by scanners.
_CAMERA_TAGS = (0x829A, 0x829D, 0x8827, 0x920A)
_XMP = {
    "xmp_creator_tool": "CreatorTool",
    "xmp_created": "CreateDate",
    "xmp_modified": "ModifyDate",
    "xmp_agent": "softwareAgent",
}


def clean(value: object) -> str:
    """Printable text of at most 200 characters in NFC."""
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    text = unicodedata.normalize("NFC", str(value)[: 4 * MAX_TEXT])
    shown = "".join(c if unicodedata.category(c)[0] != "C" else " " for c in text)
    return " ".join(shown.split())[:MAX_TEXT]


def exif_facts(exif: Image.Exif | bytes) -> dict[str, Any]:
    """Software, dates, maker and orientation out of EXIF or TIFF tags.

    Returns:
        Texts by name; ``orientation`` (1 to 8) when stored; ``camera`` True when
        exposure data are present; ``exif_damaged`` True when it could not be read.
    """
    facts: dict[str, Any] = {}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if isinstance(exif, bytes):
                data, exif = exif, Image.Exif()
                exif.load(data)
            inner = exif.get_ifd(_EXIF_IFD)
    except Exception:
        return {"exif_damaged": True}
    for tag, name in _TAGS.items():
        text = clean(exif.get(tag) or inner.get(tag) or "")
        if text:
            facts[name] = text
    turn = exif.get(_ORIENTATION)
    if isinstance(turn, int) and 1 <= turn <= 8:
        facts["orientation"] = turn
    if any(tag in inner for tag in _CAMERA_TAGS):
        facts["camera"] = True
    return facts


def xmp_facts(packet: bytes) -> dict[str, str]:
    """Creator tool, dates and last editing software out of an XMP packet."""
    text = packet[:_XMP_BYTES].decode("utf-8", "replace")
    facts = {}
    for name, key in _XMP.items():
        found = re.findall(rf"\b{key}\s*(?:=\s*[\"']|>)\s*([^\"'<]{{1,{MAX_TEXT}}})", text)
        if found:
            facts[name] = clean(found[-1])
    return facts
