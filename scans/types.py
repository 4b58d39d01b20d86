"""What travels through the paper side, from a file to a page that checks can judge.

Frozen dataclasses; arrays in them are read only by convention. Coordinates: ``mm``
is the instrument's page (origin top-left of the page edge), ``px`` the scan as it
was received, x to the right, y down, pixel centres at whole numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from detectors.finding import Finding, Severity
from detectors.instrument import Value
from detectors.shown import html_table, number
from scans.bilinear import between
from scans.halvings import Halvings

__all__ = [
    "BoxReading",
    "DisplacementField",
    "MarkState",
    "Origin",
    "PageResult",
    "RawPage",
    "Refusal",
    "Registration",
    "ScanClass",
    "Status",
]


class ScanClass(StrEnum):
    """What kind of picture a page is; each check says in which it can judge."""

    BITONAL = "bitonal"  # two levels
    CLIPPED_GREY = "clipped_grey"  # paper burnt out to pure white, no colour
    CLIPPED_COLOUR = "clipped_colour"
    CONTINUOUS = "continuous"  # paper texture survives
    PHOTO = "photo"  # camera: perspective, uneven light
    RENDERED = "rendered"  # drawn from a PDF page, pixels are not the scanner's


class Status(StrEnum):
    """Whether a page was judged."""

    READ = "read"
    UNREADABLE = "unreadable"
    WRONG_FORM = "wrong_form"
    NOT_CHECKED = "not_checked"


class MarkState(StrEnum):
    """What stands in an answer box."""

    EMPTY = "empty"
    MARKED = "marked"
    CANCELLED = "cancelled"  # taken back by the respondent in the way the form allows
    ERASED = "erased"  # residue of a removed mark
    AMBIGUOUS = "ambiguous"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a page comes from.

    Attributes:
        path: The file as named by the user.
        sha256: Of the whole file, lower-case hex.
        page: Counts the pages of the file from 1.
        media_type: By content, e.g. ``image/jpeg``, ``application/pdf``.
        dpi: Horizontal and vertical resolution as stored; ``None`` if not stored.
        encoding: How the pixels were stored: ``jpeg``, ``ccitt``, ``jbig2``, ``lossless``,
            ``rendered``.
        quantisation: JPEG quantisation tables (64 numbers each), empty otherwise.
        metadata: Software, dates, producer, incremental updates and the like, untrusted.
    """

    path: str
    sha256: str
    page: int
    media_type: str
    dpi: tuple[float, float] | None = None
    encoding: str = "lossless"
    quantisation: tuple[tuple[int, ...], ...] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class RawPage:
    """One decoded page, upright as far as stored orientation tells.

    Attributes:
        origin: Where it comes from.
        image: uint8, ``(height, width)`` grey or ``(height, width, 3)`` BGR.
        scan_class: What kind of picture it is.
        quality: Figures of the quality gate (blur, contrast, …) by name.
    """

    origin: Origin
    image: NDArray[np.uint8]
    scan_class: ScanClass
    quality: Mapping[str, float] = field(default_factory=dict)

    @cached_property
    def grey(self) -> NDArray[np.uint8]:
        """``(height, width)`` uint8; nine megabytes that all steps share."""
        if self.image.ndim == 2:
            return self.image
        return np.asarray(cv2.cvtColor(self.image, cv2.COLOR_BGR2GRAY), dtype=np.uint8)

    @cached_property
    def halvings(self) -> Halvings:
        """:attr:`grey` and its halvings."""
        return Halvings(self.grey)


@dataclass(frozen=True, slots=True)
class DisplacementField:
    """Local displacement that a global transform leaves, as measured on printed content.

    Attributes:
        origin_mm: Position of node ``[0, 0]``.
        step_mm: Distance of nodes in x and y.
        shift_mm: float64 ``(rows, columns, 2)``: where content is found minus where the
            global transform puts it, in mm on the page. Smoothed; used for rectifying.
        weight: float64 ``(rows, columns)``: confidence of the raw measurement, 0 = none.
    """

    origin_mm: tuple[float, float]
    step_mm: tuple[float, float]
    shift_mm: NDArray[np.float64]
    weight: NDArray[np.float64]

    def at(self, points_mm: NDArray[np.float64]) -> NDArray[np.float64]:
        """Bilinear displacement at ``(n, 2)`` points in mm; edge values beyond the grid."""
        points = np.asarray(points_mm, np.float64).reshape(-1, 2)
        met = np.empty((len(points), 2))
        nodes = np.ascontiguousarray(self.shift_mm, np.float64)
        (first_x, first_y), (step_x, step_y) = self.origin_mm, self.step_mm
        between(nodes, points, first_x, first_y, step_x, step_y, met)
        return met


@dataclass(frozen=True, slots=True)
class Registration:
    """A scan laid over the blank page.

    Attributes:
        form_page: Number of the instrument's page.
        matrix: float64 ``(3, 3)``: homogeneous mm on the page -> px in the scan.
        field: Local displacement on top of ``matrix``; ``None`` where not measured.
        residual_mm: 95th percentile of what remains after both, on printed content.
        method: ``fiducials``, ``code`` or ``content``.
        match: Share of the blank's printed content found in its place, 0 to 1.
        px_per_mm: Resolution of the scan in the middle of the page.
        boxes_present: Share of the answer boxes whose printed outline is in its place.
    """

    form_page: int
    matrix: NDArray[np.float64]
    field: DisplacementField | None
    residual_mm: float
    method: str
    match: float
    px_per_mm: float
    boxes_present: float = 1.0

    def to_px(self, points_mm: NDArray[np.float64]) -> NDArray[np.float64]:
        """Scan position of ``(n, 2)`` points in mm, as ``(n, 2)``."""
        points = np.asarray(points_mm, dtype=np.float64).reshape(-1, 2)
        if self.field is not None:
            points = points + self.field.at(points)
        m, x, y = self.matrix, points[:, 0], points[:, 1]
        result = np.empty((len(points), 2))
        result[:, 0] = m[0, 0] * x + m[0, 1] * y + m[0, 2]
        result[:, 1] = m[1, 0] * x + m[1, 1] * y + m[1, 2]
        result /= (m[2, 0] * x + m[2, 1] * y + m[2, 2])[:, None]
        return result


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a page is not laid over any page of the form."""

    status: Status
    reason: str


@dataclass(frozen=True, slots=True)
class BoxReading:
    """What was read in one box.

    Attributes:
        item: Item id.
        value: The value that the box stands for.
        state: What stands in it.
        ink: Share of the box covered by ink that the blank does not have, 0 to 1.
        confidence: 0 to 1; low values are worth a second look.
        features: Numbers behind the decision.
    """

    item: str
    value: Value
    state: MarkState
    ink: float
    confidence: float
    features: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PageResult:
    """One page, judged or told why not; one line of ``survey-audit check``.

    Attributes:
        suspicion: In [0, 1], higher is more suspicious; ``None`` when not judged.
        flagged: Whether the page exceeds what the accepted false-flag rate allows.
        not_assessable: Check id -> why this scan does not allow it.
        residual_mm: Of the registration; ``None`` when there is none.
    """

    origin: Origin
    status: Status
    reason: str | None
    form_page: int | None = None
    serial: str | None = None
    readings: tuple[BoxReading, ...] = ()
    suspicion: float | None = None
    flagged: bool | None = None
    severity: Severity | None = None
    not_assessable: Mapping[str, str] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    scan_class: ScanClass | None = None
    residual_mm: float | None = None
    quality: Mapping[str, float] = field(default_factory=dict)

    def __repr__(self) -> str:
        """One line: which page, whether it was read, what was found."""
        place = f"{self.origin.path} p. {self.origin.page}"
        if self.status is not Status.READ:
            return f"<PageResult {place}: {self.status.value}, {self.reason}>"
        flag = {True: "flagged", False: "not flagged", None: "not judged"}[self.flagged]
        return (
            f"<PageResult {place}: form page {self.form_page}, {flag}, suspicion "
            f"{number(self.suspicion)}, {len(self.findings)} findings, "
            f"{len(self.not_assessable)} checks not assessable>"
        )

    def _repr_html_(self) -> str:
        """The same, and every finding."""
        rows = [
            (f.severity.value, f.item or f.field, f.detector, number(f.p_value), f.message.vi,
             f.message.en)
            for f in self.findings
        ]  # fmt: skip
        head = ("severity", "item", "check", "p", "dấu hiệu", "signs")
        return html_table(repr(self)[1:-1], head, rows)
