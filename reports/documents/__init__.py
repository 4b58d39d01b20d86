"""Documents before any format: what a report says, as blocks, from view objects."""

from reports.documents.blocks import Document
from reports.documents.round import round_document
from reports.documents.unit import unit_document

__all__ = ["Document", "round_document", "unit_document"]
