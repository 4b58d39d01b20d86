"""Accept or refuse a page that was laid over the scan, and say why."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scans.register.lay import lay
from scans.register.picture import ScanPicture
from scans.register.refine import Laid
from scans.register.verify import Overlap, print_map
from scans.types import Refusal, Status

__all__ = ["Evidence", "refusal", "weigh"]


@dataclass(frozen=True)
class Evidence:
    """What the comparison of print says of one page laid over the scan.

    Attributes:
        found: Share of print-bearing cells whose print is there, 0 to 1.
        other: Share where something else is printed or written.
        gone: Share where the scan is empty.
        boxes: Share of answer boxes whose outline is there.
        residual_mm: 95th percentile of what is left after the field, where print is found.
        covered: Share of the blank's cells that lie on the scan.
        cells: How many cells were judged.
    """

    found: float
    other: float
    gone: float
    boxes: float
    residual_mm: float
    covered: float
    cells: int


def weigh(picture: ScanPicture, laid: Laid) -> Evidence:
    """Compare print, cell by cell and box by box."""
    cells, page = laid.cells, laid.template.page
    picture_of_page = lay(picture, laid.matrix, laid.field, page.size_mm, cells.resolution, 0)
    compared = print_map(picture_of_page, laid.template, cells, laid.seen.score)
    squares = np.column_stack([cells.corner, np.full((len(cells), 2), cells.side)])
    overlap = compared.overlap(squares / cells.resolution)
    on_scan = ~np.isnan(laid.seen.score)
    judged = on_scan & (overlap.chance < 0.75)
    gone = judged & _gone(overlap)
    found = judged & ~gone & (overlap.kept >= 0.5)
    count = max(1, int(judged.sum()))
    residual = np.linalg.norm(laid.left_mm * (cells.fixes > 0), axis=1)
    sure = found & (np.nan_to_num(laid.seen.score) > 0.6)
    boxes = np.array([box.box_mm for box in page.boxes], dtype=np.float64).reshape(-1, 4)
    outlines = compared.overlap(boxes + np.array([-0.5, -0.5, 1.0, 1.0]))
    present = (outlines.kept >= 0.5) & ~_gone(outlines)
    return Evidence(
        found=float(found.sum() / count),
        other=float((judged & ~gone & ~found).sum() / count),
        gone=float(gone.sum() / count),
        boxes=float(present.mean()) if len(present) else 1.0,
        residual_mm=float(np.percentile(residual[sure], 95)) if sure.any() else float("inf"),
        covered=float(on_scan.mean()) if len(on_scan) else 0.0,
        cells=int(judged.sum()),
    )


def _gone(overlap: Overlap) -> NDArray[np.bool_]:
    return overlap.inked < 0.25


def refusal(evidence: Evidence, page_number: int) -> Refusal | None:
    """Why the page cannot be taken for this form page, ``None`` when it can."""
    if evidence.found < 0.5 or evidence.other > 0.06:
        return Refusal(
            Status.WRONG_FORM,
            f"the print is not that of this form: against page {page_number}, "
            f"{evidence.found:.0%} of the printed cells stand in their place and "
            f"{evidence.other:.0%} show something else",
        )
    if evidence.covered < 0.6:
        return Refusal(
            Status.UNREADABLE,
            f"only {evidence.covered:.0%} of the printed page is on the scan; scan it whole",
        )
    if evidence.residual_mm > 0.5:
        return Refusal(
            Status.UNREADABLE,
            f"the page could be laid over the form only to {evidence.residual_mm:.2f} mm; "
            "scan it flat",
        )
    return None
