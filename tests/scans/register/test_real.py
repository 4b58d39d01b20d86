"""Real scans: every page on its own form page, every other form refused."""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest

from detectors.instrument import load_instrument
from scans.register import register
from scans.template import PageTemplate, load_templates
from scans.types import Refusal, Registration, ScanClass, Status
from tests.data import DATA, real
from tests.scans.register.forms import Image, raw

SETS = ("formscanner", "amc", "hotel")


def rows(name: str, table: str) -> list[dict[str, str]]:
    path = DATA / "scans" / name / table
    if not path.exists():
        return []
    return list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))


OWN = [(name, row) for name in SETS for row in rows(name, "pages.csv")]
OTHER = [("formscanner", "negatives", row) for row in rows("negatives", "truth.csv")]
OTHER += [("amc", "amc_formats", row) for row in rows("amc_formats", "truth.csv")]
CROSS = [(a, b, row) for a in SETS for b in SETS if a != b for row in rows(b, "pages.csv")]


def name_of(value: object) -> str:
    return value["file"] + ":" + value["page"] if isinstance(value, dict) else str(value)


def templates(name: str) -> tuple[PageTemplate, ...]:
    return load_templates(load_instrument(real("scans", name, "instrument.toml")))


@cache
def frames(path: Path) -> tuple[Image, ...]:
    if path.suffix == ".pdf":
        import pypdfium2

        document = pypdfium2.PdfDocument(path)
        return tuple(
            np.asarray(page.render(scale=200 / 72, grayscale=True).to_numpy().squeeze())
            for page in document
        )
    _, found = cv2.imreadmulti(str(path), flags=cv2.IMREAD_GRAYSCALE)
    return tuple(np.asarray(image, np.uint8) for image in found)


def result(form: str, folder: str, row: dict[str, str]) -> Registration | Refusal:
    image = frames(real("scans", folder, "scans", row["file"]))[int(row["page"]) - 1]
    kind = ScanClass.PHOTO if folder == "hotel" else ScanClass.CONTINUOUS
    return register(raw(np.ascontiguousarray(image), kind), templates(form))


@pytest.mark.skipif(not OWN, reason="real data scans/ not found; set SURVEY_AUDIT_DATA")
def test_the_data_are_there() -> None:
    assert (len(OWN), len(OTHER), len(CROSS)) == (11, 25, 22)


@pytest.mark.parametrize(("name", "row"), OWN, ids=name_of)
def test_own_form_page(name: str, row: dict[str, str]) -> None:
    found = result(name, name, row)
    assert isinstance(found, Registration), found
    assert found.form_page == int(row["form_page"])
    assert found.residual_mm < 0.15
    # The sheet whose number grid was removed has three quarters of its print; others all.
    assert found.match > (0.7 if row["file"] == "201303061208_0001.tif" else 0.95)


@pytest.mark.parametrize(("form", "folder", "row"), OTHER + CROSS, ids=name_of)
def test_other_forms_are_refused(form: str, folder: str, row: dict[str, str]) -> None:
    found = result(form, folder, row)
    assert isinstance(found, Refusal), found
    assert found.status is Status.WRONG_FORM
    assert found.reason


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_real_pages_turned(turns: int) -> None:
    for name, file in (("amc", "201303061208_0001.tif"), ("formscanner", "Q00005.jpg")):
        image = np.rot90(frames(real("scans", name, "scans", file))[0], -turns)
        found = register(raw(np.ascontiguousarray(image)), templates(name))
        assert isinstance(found, Registration), found
        assert found.form_page == (2 if name == "amc" else 1)


@pytest.mark.parametrize("dpi", [150, 600])
def test_real_page_at_other_resolutions(dpi: int) -> None:
    image = frames(real("scans", "amc", "scans", "201303061208_0003.tif"))[0]
    how = cv2.INTER_AREA if dpi < 300 else cv2.INTER_NEAREST
    resized = cv2.resize(image, None, fx=dpi / 300, fy=dpi / 300, interpolation=how)
    found = register(raw(np.asarray((resized > 150) * 255, np.uint8)), templates("amc"))
    assert isinstance(found, Registration), found
    assert found.form_page == 3
