"""Reports of units against the floor: drawing the same plots and writing them to files."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from reports.documents import unit_document
from reports.documents.blocks import Chart, Document
from reports.files import render, write_file
from tests.bench.measure import Measure, fastest
from tests.reports import sample

_UNITS = 5


def measures() -> list[Measure]:
    """A unit's report in each format, made in this process."""
    names = [f"U{number}" for number in range(_UNITS)]
    reports = [sample.unit_report(unit=replace(sample.unit(), id=name)) for name in names]

    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)

        def plots() -> None:
            for name, report in zip(names, reports, strict=True):
                for place, svg in enumerate(_charts(unit_document(report, "vi"))):
                    write_file(root / f"{name}-{place}.svg", svg.encode())

        def whole(fmt: str) -> Callable[[], None]:
            def work() -> None:
                for name, report in zip(names, reports, strict=True):
                    write_file(root / f"{name}.{fmt}", render(unit_document(report, "vi"), fmt))

            return work

        formats = ("html", "pdf", "xlsx", "docx")
        floor, *times = fastest(plots, *(whole(fmt) for fmt in formats), repeats=3)
    against = "drawing and writing the same plots alone"
    return [
        Measure(f"report of a unit, {fmt}", 1000 * seconds / _UNITS, "ms", seconds / floor, against)
        for fmt, seconds in zip(formats, times, strict=True)
    ]


def _charts(document: Document) -> list[str]:
    return [str(block.svg) for block in document.blocks if isinstance(block, Chart)]
