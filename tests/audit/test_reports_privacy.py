"""One look over every document in every format: nobody is named, no small cell gets out."""

from __future__ import annotations

import base64
import io
import re
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pikepdf
import pytest
from PIL import Image

from audit.pipeline.run import run_round
from audit.reporting import write_round_reports
from audit.reporting.write import DOCUMENTS
from reports.documents import unit_document
from reports.files import FORMATS, render
from scans.crops import evidence_crops
from tests.audit.rounds import (
    FakeScans,
    Sheet,
    answers,
    erasure,
    responses_csv,
    settings_of,
    small_round,
    tools,
)
from tests.reports import sample
from tests.reports.test_report_formats import READ
from tests.scans.pages import form, honest, written

NAME, PHONE, LOW = "Nguyễn Thị Canari", "0912345678", "lowgiver-77"
PERSON = {
    "comment": f"Tôi là {NAME}",
    "account": f"acc-{NAME}",
    "device": f"dev-{PHONE}",
    "ip": "203.0.113.77",
    "case_id": f"HS-{PHONE}",
    "collector": "canari-collector",
}
SMALL = "u3"


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> dict[Path, str]:
    """Every document in every format, as the words that it holds."""
    folder = tmp_path_factory.mktemp("privacy")
    config = small_round(folder, units=("u1", "u2", SMALL))
    scans = FakeScans()
    scans.put(
        folder,
        "u1/a.png",
        Sheet({"A1": 5, "A2": 5, "B1": 4, "B2": 5}, serial="PB-1", findings=(erasure("A1"),)),
    )
    rows = answers(1, 40, "u1") + answers(2, 40, "u2")
    low = {"record_id": LOW, "unit_id": "u1", "channel": "QR", "A1": 1, "A2": 2, "B1": 1, "B2": 1}
    # 6 people, 7 of 24 answers in the two best values: 29.17 %
    small = [
        {
            "record_id": f"s{k}",
            "unit_id": SMALL,
            "channel": "QR",
            "A1": a,
            "A2": 3,
            "B1": 2,
            "B2": b,
        }
        for k, (a, b) in enumerate(((5, 4), (4, 4), (5, 2), (5, 3), (4, 3), (3, 3)))
    ]
    every = [{**row, **PERSON} for row in (*rows, low, *small)]
    (folder / "inbox/responses/a.csv").write_text(responses_csv(every), "utf-8")
    settings = settings_of(config)
    run_round(settings, tools(scans))
    kinds = [kind for kind in DOCUMENTS if kind != "backcheck"]
    paths = write_round_reports(settings, languages=["vi"], formats=list(FORMATS), documents=kinds)
    return {path: READ[path.suffix[1:]](path.read_bytes()) for path in paths}


def test_every_document_is_there_in_every_format(outputs: dict[Path, str]) -> None:
    for fmt in FORMATS:
        names = [path.name for path in outputs if path.suffix == f".{fmt}"]
        assert len(names) == 3 * 3 + 3, fmt


@pytest.mark.parametrize("canary", [NAME, PHONE, "Canari", "203.0.113.77", "canari-collector"])
def test_nobody_is_named(outputs: dict[Path, str], canary: str) -> None:
    for path, words in outputs.items():
        assert canary not in words, path
        assert canary.encode() not in _unpacked(path), path


def test_who_gave_low_scores_is_nowhere(outputs: dict[Path, str]) -> None:
    assert any("PB-1" in words for words in outputs.values())  # a flagged form is listed
    for path, words in outputs.items():
        assert LOW not in words, path
        assert LOW.encode() not in _unpacked(path), path


def test_a_small_unit_shows_its_count_and_nothing_else(outputs: dict[Path, str]) -> None:
    for path, words in outputs.items():
        for value in ("29,17", "29.17", "0.2916", "0.29167"):
            assert value not in words, path
    (page,) = [words for path, words in outputs.items() if path.name == "index.html"]
    assert "n &lt; 10" in page
    assert "01 đơn vị có dưới 10 phiếu không nằm trong các giá trị chung" in page


def test_a_unit_that_is_asked_to_explain_reads_no_answer(outputs: dict[Path, str]) -> None:
    asked = [words for path, words in outputs.items() if path.parent.name == "explanation"]
    assert len(asked) == 3 * len(FORMATS)
    for words in asked:
        assert "Dấu hiệu tẩy xóa." not in words
        assert "<img" not in words
        assert not re.search(r"\d → \d|\d,\d\d%", words.split("</style>")[-1])
    assert any("PB-1" in words for words in asked)


def _unpacked(path: Path) -> bytes:
    """All bytes of a file, its packed parts unpacked."""
    if path.suffix in (".xlsx", ".docx"):
        with zipfile.ZipFile(path) as archive:
            return b"".join(archive.read(name) for name in archive.namelist())
    if path.suffix == ".pdf":
        with pikepdf.open(path) as pdf:
            return b"".join(_streams(pdf))
    return path.read_bytes()


def _streams(pdf: pikepdf.Pdf) -> Iterator[bytes]:
    for thing in pdf.objects:
        if thing._type_code == pikepdf.ObjectType.stream and "/Filter" in thing:
            if str(thing.get("/Filter")) == "/FlateDecode":
                yield bytes(thing.read_bytes())
        else:
            yield thing.unparse()


def test_a_signature_is_in_no_picture_of_any_format() -> None:
    """Magenta ink in the field for the signature, and an extract that lies on it."""
    path = written(honest("HL-01", 2, 301), "privacy")
    (field,) = [f for f in form("HL-01").pages[1].fields if f.kind == "signature"]
    page = cv2.imread(str(path))
    assert page is not None
    scale = page.shape[1] / 210.0
    x, y, w, h = (round(side * scale) for side in field.box_mm)
    cv2.line(page, (x + 8, y + 8), (x + w - 8, y + h - 8), (255, 0, 255), 14)
    signed = path.with_name("signed.png")
    cv2.imwrite(str(signed), page)
    assert _magenta(page[:, :, ::-1])
    fx, fy, fw, fh = field.box_mm
    (crop,) = evidence_crops(str(signed), 1, form("HL-01"), [(fx, fy, fw, fh)])
    images = replace(sample.images(), examples=(replace(sample.images().examples[0], crop=crop),))
    document = unit_document(sample.unit_report(images=images), "vi")
    for fmt in FORMATS:
        pictures = list(_pictures(render(document, fmt), fmt))
        assert pictures, fmt
        assert not any(_magenta(picture) for picture in pictures), fmt


def _magenta(pixels: np.ndarray) -> bool:
    red, green, blue = (pixels[..., k].astype(int) for k in range(3))
    return bool(((red > 170) & (green < 110) & (blue > 170)).any())


def _pictures(data: bytes, fmt: str) -> Iterator[np.ndarray]:
    if fmt == "html":
        found = re.findall(rb"data:image/\w+;base64,([A-Za-z0-9+/=]+)", data)
        files = [base64.b64decode(part) for part in found]
    elif fmt == "pdf":
        with pikepdf.open(io.BytesIO(data)) as pdf:
            for page in pdf.pages:
                for raw in page.get_images().values():
                    picture = pikepdf.PdfImage(raw).as_pil_image()
                    yield np.asarray(picture.convert("RGB"))
        return
    else:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = [name for name in archive.namelist() if "/media/" in name]
            files = [archive.read(name) for name in names]
    for file in files:
        yield np.asarray(Image.open(io.BytesIO(file)).convert("RGB"))
