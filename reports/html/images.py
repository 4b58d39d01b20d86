"""Section 5 of a unit's report: what the scanned forms show."""

from __future__ import annotations

import base64
from collections.abc import Sequence

from markupsafe import Markup

from reports import charts
from reports.locale import Text
from reports.views import Direction, ImageExample, ImageSection, SignCount, wilson

__all__ = ["CROP_BYTES", "image_part"]

EXAMPLES = 24
"""Extracts on one page; every sign is in the list of the appendix."""

CROP_BYTES = 1_200_000
"""Crops on one page, before base64; keeps a page under 2 MB. The strongest come first."""


def image_part(images: ImageSection | None, text: Text) -> dict[str, object]:
    """The context that the template's section 5 needs."""
    if images is None:
        return {"examples": (), "chart_rates": None, "chart_direction": None}
    values = {"judged": text.number(images.judged), "pages": text.number(images.pages)}
    if not images.judged:
        words = text("images.blind", **values)
    elif any(count.forms for count in images.counts):
        words = text("images.signs", **values)
    elif any(count.judged for count in images.counts):
        words = text("images.quiet", **values)
    else:
        words = text("images.unchecked", **values)
    seen = any(count.forms for count in images.counts)
    direction = images.direction
    return {
        "images_words": words,
        "chart_rates": _rates(images.counts, text) if seen else None,
        "direction_words": _direction_words(direction, text) if direction else "",
        "chart_direction": _direction(direction, text) if direction else None,
        "examples": _examples(images.examples),
    }


def _rates(counts: Sequence[SignCount], text: Text) -> Markup:
    rows = []
    for count in counts:
        low, high = wilson(count.rate, count.judged) if count.rate is not None else (None, None)
        shown = text("level.none") if count.rate is None else text.percent(count.rate)
        label = text.say(count.title)
        rows.append(charts.Rate(label, count.rate, low, high, count.force_rate, shown))
    words = "; ".join(f"{row.label}: {row.shown}" for row in rows)
    return charts.rates(rows, text("chart.rates"), words, lambda share: text.percent(share, 1))


def _direction_words(direction: Direction, text: Text) -> str:
    if not direction.readable:
        return text("direction.unreadable", n=text.number(direction.unknown))
    words = text(
        "direction.words",
        up=text.number(direction.up),
        readable=text.number(direction.readable),
        share=text.percent(direction.up / direction.readable),
    )
    if direction.force_up_share is not None:
        words += " " + text("direction.force", share=text.percent(direction.force_up_share))
    return words


def _direction(direction: Direction, text: Text) -> Markup | None:
    if not direction.readable:
        return None
    rows = [
        charts.Band(text(f"direction.{key}"), count, text.number(count), hatched=key == "unknown")
        for key, count in (
            ("up", direction.up),
            ("down", direction.down),
            ("same", direction.same),
            ("unknown", direction.unknown),
        )
    ]
    words = "; ".join(f"{row.label}: {row.shown}" for row in rows)
    return charts.bands(rows, text("direction.title"), words)


def _examples(examples: Sequence[ImageExample]) -> list[tuple[ImageExample, str]]:
    """Each example with its picture as a data address, until the page has its fill."""
    shown, used = [], 0
    for example in examples[:EXAMPLES]:
        source = ""
        kind = _media_type(example.crop)
        if example.crop and kind and used + len(example.crop) <= CROP_BYTES:
            used += len(example.crop)
            source = f"data:{kind};base64,{base64.b64encode(example.crop).decode('ascii')}"
        shown.append((example, source))
    return shown


def _media_type(crop: bytes | None) -> str | None:
    """PNG or JPEG by content; anything else is not shown."""
    if crop is None:
        return None
    if crop.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    return "image/jpeg" if crop.startswith(b"\xff\xd8\xff") else None
