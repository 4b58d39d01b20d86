"""A page against a million earlier ones, in units of checking one page.

The million codes are made as filled forms make them: those of marks are unrelated (the mean mark
is taken off, so equal answers do not bring them near), those of fields cluster by hand, and one
field's all lie near to each other, as short lines of writing do.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from scans.worker import limit_worker
from tests.bench.measure import Measure, fastest, peak_mb

PAGES = 1_000_000
HANDS = 20_000
# Rooms of a page with marks, a comment, a signature and a seal, and how far codes in them lie
# from their cluster, as a share of the bits.
ROOMS = {
    "marks": (PAGES, 0.5),
    "comment": (1, 0.30),
    "signature": (HANDS, 0.35),
    "its main strokes": (HANDS, 0.35),
    "seal": (40, 0.4),
}
MEMORY_MB = 8_000


def measures() -> list[Measure]:
    """Search, close looks and memory."""
    limit_worker()
    with TemporaryDirectory() as folder:
        return _against(*_page(Path(folder)))


def _against(check: Any, page: Any, other: Any, packed: int) -> list[Measure]:
    import numpy as np

    rng = np.random.default_rng(7)
    indices = {name: _index(rng, *made) for name, made in ROOMS.items()}
    queries = {name: index.code(rng) for name, (index, _) in indices.items()}

    def search() -> object:
        return [indices[name][0].index.near(queries[name]) for name in indices]

    def one_search() -> object:
        return indices["marks"][0].index.near(queries["marks"])

    looks = sum(len(found[0]) for found in search())

    def close() -> object:
        from scans.likeness.pairs import compared

        return [compared(page, other) for _ in range(looks // len(page.inks) + 1)]

    one, four, verified, whole = fastest(one_search, search, close, check)
    memory = sum(size for _, size in indices.values()) / 1e6
    peak = peak_mb()
    against = "the whole check of one page"
    return [
        Measure(f"search among {PAGES} codes", 1000 * one, "ms", one / whole, against),
        Measure(f"search a page's {len(ROOMS)} codes", 1000 * four, "ms", four / whole, against),
        Measure(
            f"look closely at {looks} fields", 1000 * verified, "ms", verified / whole, against
        ),
        Measure(
            f"a page against {PAGES} earlier ones",
            1000 * (four + verified),
            "ms",
            (four + verified) / whole,
            against,
        ),
        Measure(f"codes of {PAGES} pages", memory, "MB", memory / MEMORY_MB, f"{MEMORY_MB} MB"),
        Measure(
            f"peak memory of the process that holds and searches them, {PAGES} pages",
            peak,
            "MB",
            peak / MEMORY_MB,
            f"{MEMORY_MB} MB",
        ),
        Measure("a page's fingerprint", packed, "bytes", packed / 4096, "4 kB"),
    ]


class _Made:
    """An index and how the codes in it were made."""

    def __init__(self, index: Any, centres: Any, apart: float) -> None:
        self.index, self.centres, self.apart = index, centres, apart

    def code(self, rng: Any) -> Any:
        """One more code of the same making."""
        return _codes(rng, self.centres[: min(len(self.centres), 1)], 1, self.apart)[0]


def _index(rng: Any, clusters: int, apart: float) -> tuple[_Made, int]:
    import numpy as np

    from scans.likeness.index import CodeIndex

    index = CodeIndex()
    centres = rng.integers(0, 256, (min(clusters, 200_000), 32), dtype=np.uint8)
    for start in range(0, PAGES, 100_000):
        codes = _codes(rng, centres, 100_000, apart)
        index.add(np.arange(start, start + 100_000), codes)
    return _Made(index, centres, apart), index.nbytes


def _codes(rng: Any, centres: Any, count: int, apart: float) -> Any:
    """Codes that differ from one of ``centres`` in a share ``apart`` of their bits."""
    import numpy as np

    flips = np.packbits(rng.random((count, 256), dtype=np.float32) < apart, axis=1)
    return centres[rng.integers(0, len(centres), count)] ^ flips


def _page(folder: Path) -> tuple[Any, Any, Any, int]:
    """The check of a 300 dpi colour page, two fingerprints, and the bytes of one."""
    from dataclasses import replace

    from audit.pipeline.prints import pack
    from detectors.instrument import load_instrument
    from scans.page import check_page
    from scans.reference import builtin_reference
    from scans.simulate.form import write_instrument
    from scans.simulate.page import simulate_page
    from scans.simulate.respondents import random_spec
    from scans.source import PageError, read_pages

    form = load_instrument(write_instrument("HL-01", folder))
    reference = builtin_reference()

    def check(seed: int = 5) -> Any:
        (raw,) = list(read_pages(folder / f"page{seed}.jpg"))
        if isinstance(raw, PageError):
            raise TypeError(raw.reason)
        return check_page(raw, form, reference=reference)

    for seed in (5, 6):
        spec = replace(random_spec("HL-01", 2, seed), signed=True, comment_lines=2)
        (folder / f"page{seed}.jpg").write_bytes(simulate_page(spec, seed).data)
    page, other = check().fingerprint, check(6).fingerprint
    return check, page, other, len(pack(page))
