"""Which programs a file names: those that make scans, and those that change pictures.

Names are matched as words in what the file says about itself. A program that is in
neither list says nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

__all__ = ["PLACES", "editor_named", "named_software"]

# What scans, scan suites, office machines and PDF tools write; whatever else stands in such
# a name, it is innocent ("Canon My Image Garden", "Adobe Scan for Android").
_SCANNING = re.compile(
    r"""\b(?:
    ricoh | canon | epson | hewlett | hp | xerox | fuji | kyocera | konica | minolta | brother |
    fujitsu | pfu | paperstream | scansnap | sharp | toshiba | lexmark | samsung | panasonic |
    kodak | alaris | avision | plustek | mustek | microtek | visioneer | oki | develop |
    naps2 | vuescan | silverfast | simple\ scan | xsane | sane | twain | wia | windows\ fax |
    lead\ technologies | leadtools | omnipage | abbyy | finereader | readiris | iris | kofax |
    capture\ pro | paper\ capture | acrobat | adobe\ scan | office\ lens | microsoft\ lens |
    camscanner | genius\ scan | scanbot | tiny\ scanner | turboscan | swiftscan | paperport |
    nuance | docuware | laserfiche | ephesoft | irislink | i\.r\.i\.s |
    libtiff | libjpeg | img2pdf | ocrmypdf | tesseract | ghostscript | pdfium | pikepdf | qpdf |
    itext | tcpdf | pdfsam | mupdf | poppler | imagemagick | graphicsmagick | intsig
    )\b""",
    re.IGNORECASE | re.VERBOSE,
)
_EDITING = re.compile(
    r"""\b(?:
    photoshop | lightroom | illustrator | fireworks | gimp | paint\.net | paintshop | paint\ shop |
    photo-paint | coreldraw | pixelmator | affinity | krita | photopea | pixlr | canva | picsart |
    snapseed | fotor | photoscape | acdsee | meitu | facetune | inkscape | photofiltre | paint |
    luminar | darktable | photodirector | touchretouch | cleanup\.pictures | polarr | figma |
    phantompdf | pdfelement | sejda | pdfescape | pdffiller | nitro | infix |
    pdf-xchange\ editor | foxit\ pdf\ editor | foxit\ editor | libreoffice\ draw
    )\b""",
    re.IGNORECASE | re.VERBOSE,
)
PLACES = (
    *("software", "host", "xmp_creator_tool", "xmp_agent", "producer", "creator", "comment"),
    *("stream_software", "stream_host", "stream_xmp_creator_tool", "stream_xmp_agent"),
    "stream_comment",
)


def named_software(metadata: Mapping[str, Any]) -> tuple[str, ...]:
    """Names of programs that the file gives, each once, in a fixed order."""
    found = [str(metadata[place]) for place in PLACES if metadata.get(place)]
    return tuple(dict.fromkeys(found))


def editor_named(metadata: Mapping[str, Any]) -> str | None:
    """The first program among them that changes pictures or pages; ``None`` if none does."""
    for name in named_software(metadata):
        if _EDITING.search(name) and not _SCANNING.search(name):
            return name
    return None
