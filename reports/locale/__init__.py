"""Words and number formats of the two languages.

One gettext catalogue a language (``<language>/LC_MESSAGES/reports.po``), read and compiled
in memory, so there is no build step and no compiled file to forget. Message ids are
symbolic (``heading.general``): neither language is the translation of the other, and a
missing id is an error instead of a page in two languages.

Numbers follow Babel's CLDR data, with what official Vietnamese adds: ``97,71%``,
``22.250``, dates as dd/mm/yyyy, a leading zero for counts under ten in running text
("06 phiếu"), ranks as "thứ 3/63", differences of shares as "điểm phần trăm". Shares round
half up, as published results do, not half to even.
"""

from __future__ import annotations

import gettext
import io
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from pathlib import Path
from types import MappingProxyType

from babel import Locale
from babel.dates import format_date, format_datetime
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import NumberPattern, parse_pattern

from detectors.errors import UsageError
from detectors.finding import Message

__all__ = ["LANGUAGES", "Text", "catalogue", "in_both", "load_text"]

LANGUAGES = ("vi", "en")
"""Languages with a catalogue, Vietnamese first."""

_DATE = MappingProxyType({"vi": "dd/MM/yyyy", "en": "d MMM yyyy"})
_TIME = MappingProxyType({"vi": "HH:mm, dd/MM/yyyy", "en": "d MMM yyyy, HH:mm"})


def catalogue(language: str) -> Catalog:
    """The catalogue of one language as it stands in the file.

    Raises:
        UsageError: If there is none.
    """
    if language not in LANGUAGES:
        raise UsageError(
            f"there is no report language {language!r}",
            remedy=f"known are {', '.join(LANGUAGES)}",
        )
    path = Path(__file__).parent / language / "LC_MESSAGES" / "reports.po"
    with path.open("rb") as file:
        return read_po(file, locale=language, abort_invalid=True)


@cache
def load_text(language: str) -> Text:
    """The texts and formats of one language.

    Raises:
        UsageError: If the language is not known.
    """
    return Text(language, catalogue(language))


def in_both(key: str, **values: object) -> Message:
    """One text of the catalogues as a message in both languages."""
    vi, en = (load_text(language)(key, **values) for language in LANGUAGES)
    return Message(vi, en)


class Text:
    """Texts, numbers and dates in one language."""

    def __init__(self, language: str, source: Catalog) -> None:
        """Compile ``source`` in memory."""
        compiled = io.BytesIO()
        write_mo(compiled, source)
        compiled.seek(0)
        self.language = language
        self._locale = Locale.parse(language)
        self._gettext = gettext.GNUTranslations(compiled)
        self._keys = frozenset(
            entry.id if isinstance(entry.id, str) else entry.id[0] for entry in source if entry.id
        )

    def __call__(self, key: str, **values: object) -> str:
        """The text ``key`` with ``values`` put in its places.

        Raises:
            KeyError: If the catalogue has no such text or a place gets no value.
        """
        self._known(key)
        return self._gettext.gettext(key).format_map(values)

    def count(self, key: str, n: int, **values: object) -> str:
        """The text ``key`` in the plural form of ``n``; ``{n}`` becomes the number.

        Raises:
            KeyError: As for a plain text.
        """
        self._known(key)
        form = self._gettext.ngettext(key, key, n)
        return form.format_map({"n": self.tally(n), **values})

    def or_raw(self, prefix: str, code: str | None) -> str | None:
        """The text of a known code such as a channel; a code without one stands as it is."""
        key = f"{prefix}.{code}"
        return self(key) if code is not None and key in self._keys else code

    def say(self, message: Message) -> str:
        """The side of a message that is in this language."""
        return message.vi if self.language == "vi" else message.en

    def number(self, value: float, digits: int = 0) -> str:
        """``22.250`` or ``22,250``."""
        return self._format(_exact(value), digits)

    def tally(self, n: int) -> str:
        """A count in running text: under ten with a leading zero in Vietnamese."""
        return f"{n:02d}" if self.language == "vi" and 0 < n < 10 else self.number(n)

    def percent(self, share: float, digits: int = 2) -> str:
        """A share in [0, 1] as ``97,71%`` or ``97.71%``."""
        return self._format(_exact(share) * 100, digits) + "%"

    def points(self, difference: float) -> str:
        """The size of a difference of two shares: ``0,93 điểm phần trăm``, without sign."""
        amount = self._format(abs(_exact(difference)) * 100, 2)
        return self("points", amount=amount)

    def signed(self, difference: float) -> str:
        """A difference of two shares in percentage points, with its sign: ``−0,93``."""
        amount = self._format(abs(_exact(difference)) * 100, 2)
        sign = "" if amount == self._format(Decimal(0), 2) else "+" if difference > 0 else "−"
        return sign + amount

    def rank(self, rank: int, of: int | None) -> str:
        """``thứ 3/63`` or ``no. 3 of 63``."""
        if of is None:
            return self("rank.alone", rank=self.number(rank))
        return self("rank", rank=self.number(rank), of=self.number(of))

    def day(self, day: date) -> str:
        """``16/11/2023`` or ``16 Nov 2023``."""
        return format_date(day, _DATE[self.language], locale=self._locale)

    def moment(self, moment: datetime) -> str:
        """Date and time as given, without changing the zone."""
        return format_datetime(moment, _TIME[self.language], locale=self._locale)

    def period(self, first: date | None, last: date | None) -> str | None:
        """``01/07/2026 – 30/09/2026``; an open end is said in words; ``None`` without both."""
        if first is not None and last is not None:
            return f"{self.day(first)} – {self.day(last)}"
        if first is not None:
            return self("period.from", day=self.day(first))
        return self("period.until", day=self.day(last)) if last is not None else None

    def probability(self, p: float) -> str:
        """A p- or q-value with two significant digits: ``0,0021``, ``< 0,0001``."""
        if p < 0.0001:
            return "< " + self._format(Decimal("0.0001"), 4)
        digits = 2 if p >= 0.1 else 3 if p >= 0.01 else 4
        return self._format(_exact(p), digits)

    def _known(self, key: str) -> None:
        if key not in self._keys:
            raise KeyError(f"no text {key!r} in language {self.language}")

    def _format(self, value: Decimal, digits: int) -> str:
        exact = value.quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_UP)
        return str(_pattern(digits).apply(exact, self._locale))


@cache
def _pattern(digits: int) -> NumberPattern:
    return parse_pattern("#,##0" + ("." + "0" * digits if digits else ""))


def _exact(value: float) -> Decimal:
    """The shortest decimal that reads back as ``value``: 0.9771, not 0.97709999."""
    return Decimal(repr(float(value)))
