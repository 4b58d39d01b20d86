"""What a file says about how it was made."""

from __future__ import annotations

from dataclasses import replace

import pytest

from detectors.finding import Severity
from scans.checks.metadata_editor import CHECK, traces_of
from scans.page import check_page
from scans.reference import builtin_reference
from scans.source.software import editor_named
from tests.scans.checks.altered import clean
from tests.scans.pages import form

SCANNERS = (
    *("RICOH Aficio MP 4002", "Canon MG Series Image Garden", "EPSON Scan", "PaperStream Capture"),
    *("LEAD Technologies Inc. V1.01", "GraphicsMagick 1.3.12", "Adobe Acrobat Pro Paper Capture"),
    *("HP Scan Extended", "Adobe Scan for Android", "NAPS2", "img2pdf 0.4.4", "iText 7", "14.2"),
)


@pytest.mark.parametrize("name", SCANNERS)
def test_programs_that_scan_are_innocent(name):
    assert editor_named({"software": name, "producer": name}) is None


@pytest.mark.parametrize(
    ("place", "name"),
    [
        ("software", "Adobe Photoshop 25.0 (Windows)"),
        ("software", "GIMP 2.10.34"),
        ("xmp_creator_tool", "Affinity Photo 2"),
        ("producer", "Foxit PhantomPDF Printer"),
        ("stream_software", "paint.net 5.0"),
    ],
)
def test_editors_are_named(place, name):
    assert editor_named({"make": "RICOH", place: name}) == name
    (trace,) = traces_of({place: name})
    assert trace.weight == 3
    assert name in trace.message.en
    assert name in trace.message.vi


def test_times_of_birth_and_change():
    born = "D:20260310101938+07'00'"
    assert not traces_of({"created": born, "modified": "D:20260310102500+07'00'"})
    (trace,) = traces_of({"created": born, "modified": "D:20260412090000+07'00'"})
    assert trace.weight == 1
    assert not traces_of({"taken": "2026:03:10 10:19:38", "modified": "no date"})
    assert not traces_of({"taken": "2026:03:10 10:19:38", "modified": "2026:13:40 00:00:00"})


def test_what_was_added_to_a_pdf():
    assert [t.weight for t in traces_of({"incremental_updates": 2, "annotations": 1})] == [2, 2]
    assert not traces_of({"incremental_updates": 0})


def view_with(**facts: str):
    page = clean("office_200")
    return replace(page, raw=replace(page.raw, origin=replace(page.raw.origin, metadata=facts)))


def test_a_file_without_a_word_cannot_be_judged():
    assert CHECK.assess(view_with()).not_assessable == {0: "the file says nothing about itself"}


def test_a_trace_is_yellow_and_flags_no_page():
    view = view_with(software="GIMP 2.10.34")
    (finding,) = CHECK.assess(view).findings
    assert finding.severity is Severity.YELLOW
    assert finding.p_value is not None
    assert finding.p_value >= 0.02
    outcome = check_page(view.raw, form("HL-01"), reference=builtin_reference())
    assert any(f.detector == "metadata.editor" for f in outcome.result.findings)
    assert outcome.result.flagged is False
    assert outcome.result.severity is Severity.YELLOW
