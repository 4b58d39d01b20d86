"""What a check of another package is made from, under names that stay.

The rooms behind these names may be rebuilt; this list is kept. What each is stands where
it comes from: :mod:`detectors.registry`, :mod:`detectors.finding`, :mod:`detectors.table`,
:mod:`detectors.calibration`, :mod:`scans.view`.
"""

from detectors.calibration.conformal import by_rank
from detectors.calibration.multiplicity import q_values
from detectors.finding import Family, Finding, Message, Severity
from detectors.records._report import no_answers, significant
from detectors.registry import Assessment, Check, CheckInfo, Level
from detectors.table import RecordTable, UnitTable
from scans.checks._page_check import NotAssessable, PageCheck, Sign, Signs
from scans.types import ScanClass
from scans.view import PageView

__all__ = [
    "Assessment",
    "Check",
    "CheckInfo",
    "Family",
    "Finding",
    "Level",
    "Message",
    "NotAssessable",
    "PageCheck",
    "PageView",
    "RecordTable",
    "ScanClass",
    "Severity",
    "Sign",
    "Signs",
    "UnitTable",
    "by_rank",
    "no_answers",
    "q_values",
    "significant",
]
