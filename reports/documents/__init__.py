"""Documents before any format: what a report says, as blocks, from view objects."""

from __future__ import annotations

from reports.documents.backcheck import backcheck_document
from reports.documents.blocks import Document
from reports.documents.comparison import comparison_document
from reports.documents.minutes import minutes_document
from reports.documents.requests import explanation_document, held_document
from reports.documents.round import round_document
from reports.documents.unit import unit_document
from reports.views import UnitReport
from reports.views.papers import BackcheckPaper, Comparison, Explanation, HeldList, Minutes

__all__ = ["Document", "Paper", "paper_document", "round_document", "unit_document"]

Paper = UnitReport | Minutes | Explanation | HeldList | BackcheckPaper | Comparison


def paper_document(view: Paper, language: str) -> Document:
    """The document of a view, whichever it is.

    Args:
        view: What it says.
        language: ``vi`` or ``en``.

    Raises:
        UsageError: If the language is not known.
    """
    match view:
        case UnitReport():
            return unit_document(view, language)
        case Minutes():
            return minutes_document(view, language)
        case Explanation():
            return explanation_document(view, language)
        case HeldList():
            return held_document(view, language)
        case BackcheckPaper():
            return backcheck_document(view, language)
        case Comparison():
            return comparison_document(view, language)
