"""Sections 5 to 7 of a unit's report: on the scanned forms, in the numbers, on digital channels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reports import charts
from reports.documents.blocks import (
    Block,
    Chart,
    Heading,
    Picture,
    Pictures,
    Plot,
    Series,
    Text,
)
from reports.documents.parts import checked, counts_table, equals, level, signs, unjudged
from reports.documents.plots import counted, plots_part
from reports.locale import Text as Words
from reports.views import (
    DigitalSection,
    Direction,
    ImageExample,
    ImageSection,
    SignCount,
    UnitReport,
    wilson,
)
from reports.wording import noun

__all__ = ["CROP_BYTES", "EXAMPLES", "digital_part", "image_part", "statistics_part"]

EXAMPLES = 24
"""Extracts in one report; every sign is in the list of the appendix."""

CROP_BYTES = 1_200_000
"""Crops in one report, as they are; keeps a report under 2 MB. The strongest come first."""


def image_part(images: ImageSection | None, words: Words) -> Iterator[Block]:
    """What the scanned forms show."""
    if images is None:
        yield Text(words("images.missing"))
        return
    yield Text(_image_words(images, words))
    yield from unjudged(words, images.not_judged)
    if images.counts:
        if any(count.forms for count in images.counts):
            yield _rates(images.counts, words)
        yield counts_table(words, images.counts, "form", words("heading.images"))
    if images.direction is not None:
        yield from _direction(images.direction, words)
    if images.examples:
        yield Heading(words("examples.title"), 3)
        yield Pictures(tuple(_pictures(images.examples, words)), words("examples.no_crop"))
        yield Text(words("examples.legend"), note=True)


def _image_words(images: ImageSection, words: Words) -> str:
    values = {"judged": words.number(images.judged), "pages": words.number(images.pages)}
    if not images.judged:
        return words("images.blind", **values)
    if any(count.forms for count in images.counts):
        return words("images.signs", **values)
    if any(count.judged for count in images.counts):
        return words("images.quiet", **values)
    return words("images.unchecked", **values)


def _rates(counts: Sequence[SignCount], words: Words) -> Chart:
    rows = []
    for count in counts:
        low, high = wilson(count.rate, count.judged) if count.rate is not None else (None, None)
        shown = words("suppressed.short") if count.judged else words("level.none")
        if count.rate is not None:
            shown = words.percent(count.rate)
        label = words.say(count.title)
        rows.append(charts.Rate(label, count.rate, low, high, count.force_rate, shown))
    title = words("chart.rates")
    describe = "; ".join(f"{row.label}: {row.shown}" for row in rows)
    svg = charts.rates(rows, title, describe, lambda v: words.percent(v, 1))
    columns = (
        Series(words("col.rate"), tuple(row.rate for row in rows)),
        Series(words("plot.force"), tuple(row.reference for row in rows)),
    )
    ends = (
        Series(words("plot.low"), tuple(row.low for row in rows)),
        Series(words("plot.high"), tuple(row.high for row in rows)),
    )
    plot = Plot("bar", tuple(row.label for row in rows), columns, ends=ends)
    return Chart(svg, title, describe, words("rates.legend"), plot)


def _direction(direction: Direction, words: Words) -> Iterator[Block]:
    yield Heading(words("direction.title"), 3)
    yield Text(_direction_words(direction, words), lead=bool(direction.readable))
    if direction.readable:
        rows = [
            charts.Band(
                words(f"direction.{key}"), count, words.number(count), hatched=key == "unknown"
            )
            for key, count in (
                ("up", direction.up),
                ("down", direction.down),
                ("same", direction.same),
                ("unknown", direction.unknown),
            )
        ]
        title = words("direction.title")
        describe = "; ".join(f"{row.label}: {row.shown}" for row in rows)
        plot = counted(rows, words)
        yield Chart(charts.bands(rows, title, describe), title, describe, plot=plot)
    yield Text(words("direction.note"), note=True)


def _direction_words(direction: Direction, words: Words) -> str:
    if not direction.readable:
        return words("direction.unreadable", n=words.number(direction.unknown))
    found = words(
        "direction.words",
        up=words.number(direction.up),
        readable=words.number(direction.readable),
        share=words.percent(direction.up / direction.readable),
    )
    if direction.force_up_share is not None:
        found += " " + words("direction.force", share=words.percent(direction.force_up_share))
    return found


def _pictures(examples: Sequence[ImageExample], words: Words) -> Iterator[Picture]:
    """Each example with its picture, until the report has its fill."""
    used = 0
    for example in examples[:EXAMPLES]:
        crop = example.crop if _is_picture(example.crop) else None
        if crop is not None and used + len(crop) > CROP_BYTES:
            crop = None
        used += len(crop or b"")
        place = [] if example.page is None else [words("page", n=example.page)]
        place += [words("item", item=example.item)] if example.item else []
        place += [f"p\u00a0{equals(words, example.p_value)}"] if example.p_value is not None else []
        yield Picture(
            crop,
            words("examples.alt", label=example.label),
            level(example.severity),
            example.label,
            " · ".join(place),
            words.say(example.message),
        )


def _is_picture(crop: bytes | None) -> bool:
    """PNG or JPEG by content; anything else is not shown."""
    return crop is not None and crop.startswith((b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff"))


def statistics_part(report: UnitReport, words: Words) -> Iterator[Block]:
    """Signs in the numbers, with small plots of what they are about."""
    section = report.statistics
    if section is None:
        yield Text(words("statistics.missing"))
        yield from plots_part(report.plots, words)
        return
    if not section.checks and not section.signs and not section.counts:
        yield Text(words("statistics.none_made"))
    yield from signs(words, section.signs)
    if section.counts:
        what = noun(report.round).removeprefix("count.")
        yield Heading(words("statistics.records"), 3)
        yield counts_table(words, section.counts, what, words("statistics.records"))
    seen = bool(section.signs) or any(count.forms for count in section.counts)
    yield from checked(words, [words.say(check) for check in section.checks], seen=seen)
    yield from unjudged(words, section.not_judged)
    yield from plots_part(report.plots, words)


def digital_part(digital: DigitalSection | None, words: Words) -> Iterator[Block]:
    """What the digital channels show."""
    if digital is None:
        yield Text(words("digital.missing"))
        return
    counts = [
        f"{words.or_raw('channel', c.channel)}: {words.count('count.record', c.records)}"
        for c in digital.channels
    ]
    total = sum(c.records for c in digital.channels)
    linked = (
        words("digital.linked.unknown")
        if digital.linked is None
        else words("digital.linked", n=words.number(digital.linked), of=words.number(total))
    )
    yield Text(f"{'; '.join(counts)}. {linked}")
    yield from signs(words, digital.signs)
    made = [words.say(check) for check in digital.checks]
    yield from checked(words, made, seen=bool(digital.signs))
    if not digital.checks and not digital.signs:
        yield Text(words("digital.none_made"))
    yield from unjudged(words, digital.not_judged)
