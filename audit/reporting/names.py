"""What an instrument calls its factors and answers; a code where it does not say."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from audit.pipeline.sources import RoundForm
from detectors.finding import Message
from detectors.instrument import Instrument, Item

__all__ = ["answer_name", "category_names", "factor_name", "message_of"]


def message_of(texts: object, otherwise: str) -> Message:
    """A text given in one language or both; ``otherwise`` without any."""
    table = dict(texts) if isinstance(texts, Mapping) else {}
    some = next(iter(table.values()), otherwise)
    return Message(table.get("vi", some), table.get("en", some))


def factor_name(instrument: Instrument, factor: str) -> Message:
    """The name of a factor."""
    named = instrument.factor_names.get(factor)
    if named:
        return message_of(named, factor)
    return Message(f"Yếu tố {factor}", f"Factor {factor}")


def answer_name(item: Item, value: str) -> Message:
    """What a stored answer means."""
    label = item.label(value)
    return message_of(label, value) if label else Message(f"Mã {value}", f"Code {value}")


def category_names(form: RoundForm) -> Callable[[str, str], Message | None]:
    """Names of the categories that results are cut by: dimension and category -> name."""
    items = {"respondent": form.settings.respondent, "field": form.settings.field}

    def name(dimension: str, category: str) -> Message | None:
        item = form.instrument.by_id.get(items.get(dimension) or "")
        return None if item is None else answer_name(item, category)

    return name
