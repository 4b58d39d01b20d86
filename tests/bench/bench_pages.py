"""Checking a page against decoding it."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from scans.worker import limit_worker
from tests.bench.measure import Measure, fastest


def measures() -> list[Measure]:
    """300 dpi A4 pages of three scanners: colour of a flatbed and a feeder, grey with its noise."""
    limit_worker()
    with TemporaryDirectory() as folder:
        return _check_of_a_page(Path(folder))


def _check_of_a_page(folder: Path) -> list[Measure]:
    """Decoding alone against the whole check of 300 dpi A4 pages."""
    import cv2
    import numpy as np

    from detectors.instrument import load_instrument
    from scans.page import check_page
    from scans.reference import builtin_reference
    from scans.register import register
    from scans.simulate.form import write_instrument
    from scans.simulate.page import simulate_page
    from scans.simulate.respondents import random_spec
    from scans.source import read_pages
    from scans.template import load_templates

    measures = []
    reference = builtin_reference()
    for form_id, page, profile in [("HL-01", 2, scanner) for scanner in ("flatbed", "adf", "grey")]:
        form = load_instrument(write_instrument(form_id, folder / form_id))
        made = simulate_page(random_spec(form_id, page, 5, profile=profile), 5)
        path = folder / f"{profile}{made.suffix}"
        path.write_bytes(made.data)
        data = np.frombuffer(made.data, np.uint8)
        (raw,) = list(read_pages(path))
        templates = load_templates(form)

        def decode(data: np.ndarray = data) -> object:
            return cv2.imdecode(data, cv2.IMREAD_COLOR)

        def read(path: Path = path) -> object:
            return list(read_pages(path))

        def lay(raw: object = raw, templates: object = templates) -> object:
            return register(raw, templates)

        def whole(path: Path = path, form: object = form) -> object:
            return [check_page(p, form, reference=reference) for p in read_pages(path)]

        floor, reading, laying, total = fastest(decode, read, lay, whole)
        name = f"{form_id} page {page}, {profile}"
        against = "decoding the same page"
        measures += [
            Measure(f"decode ({name})", 1000 * floor, "ms", None, None),
            Measure(f"read and classify ({name})", 1000 * reading, "ms", reading / floor, against),
            Measure(f"register ({name})", 1000 * laying, "ms", laying / floor, against),
            Measure(f"whole check ({name})", 1000 * total, "ms", total / floor, against),
        ]
    return measures
