"""Parts that several documents share: cells, figures, counted signs, provenance, frame."""

from __future__ import annotations

from collections.abc import Sequence

from detectors.finding import Severity
from reports.documents.blocks import (
    Block,
    Bullets,
    Cell,
    Column,
    Document,
    Facts,
    Heading,
    Level,
    SignBlock,
    Table,
    Text,
    Tile,
    Tiles,
    Unjudged,
)
from reports.locale import Text as Words
from reports.views import NotJudged, Provenance, Result, RoundIdentity, Sign, SignCount, Standing

__all__ = [
    "checked",
    "counts_table",
    "frame",
    "level",
    "number",
    "plain",
    "provenance",
    "round_facts",
    "share",
    "shares",
    "signs",
    "standing",
    "tiles",
    "unjudged",
]


def level(severity: Severity | None) -> Level:
    """The severity as a block says it; ``None`` is "none", never green."""
    return "none" if severity is None else severity.value


def plain(text: str, under: str = "") -> Cell:
    """A cell of text."""
    return Cell(text, under=under)


def number(words: Words, value: int | None) -> Cell:
    """A count; a dash for what is not known."""
    return Cell(words("none") if value is None else words.number(value), value, "number")


def share(words: Words, value: float | None, under: str = "") -> Cell:
    """A share in [0, 1]; a dash for what is not known."""
    text = words("none") if value is None else words.percent(value)
    return Cell(text, value, "share", under=under)


def shares(words: Words, low: float | None, high: float | None) -> str:
    """A range of shares; one number where both ends show the same."""
    if low is None or high is None:
        return words("none")
    first, last = words.percent(low), words.percent(high)
    return first if first == last else f"{first} – {last}"


def severity_cell(words: Words, severity: Severity | None) -> Cell:
    """A severity, in a word and a sign."""
    return Cell(words(f"level.{level(severity)}"), level=level(severity))


def standing(words: Words, place: Standing, of: int | None) -> str:
    """Tier and rank in words."""
    parts = [] if place.tier is None else [words.say(place.tier)]
    if place.rank is not None:
        parts.append(words.rank(place.rank, of))
    return ", ".join(parts)


def tiles(
    words: Words, result: Result, what: str, *, tiers: bool = True, flagged: int, firm: bool = True
) -> Tiles:
    """As received, after review, bounds, and what was flagged, in large figures."""
    missing = words("suppressed.short") if result.suppressed else words("none")

    def value(share_: float | None) -> str:
        return missing if share_ is None else words.percent(share_)

    low, high = result.bound_low.value, result.bound_high.value
    key = {None: "tier.unknown", True: "tier.firm", False: "tier.open"}[result.tier_firm]
    if result.tier_firm and not firm:
        key = "tier.sampling"
    under = words("figure.of", records=words.count(what, result.received))
    under += "; " + words("figure.held_of", n=words.number(result.held))
    if result.not_judged:
        under += "; " + words("figure.blind", n=words.number(result.not_judged))
    of = result.ranked_units
    return Tiles(
        (
            Tile(
                words("figure.received"),
                value(result.as_received.value),
                standing(words, result.as_received, of),
            ),
            Tile(
                words("figure.reviewed"),
                value(result.after_review.value),
                standing(words, result.after_review, of),
            ),
            Tile(
                words("figure.bounds"),
                missing if low is None else shares(words, low, high),
                words(key) if tiers else "",
                long=True,
            ),
            Tile(words("figure.flagged"), words.number(flagged), under),
        )
    )


def unjudged(words: Words, entries: Sequence[NotJudged]) -> list[Block]:
    """What could not be judged, by reason; nothing where everything was."""
    if not entries:
        return []
    by_reason: dict[str, list[str]] = {}
    for entry in entries:
        count = "" if entry.count is None else f" ({words.number(entry.count)})"
        by_reason.setdefault(words.say(entry.reason), []).append(words.say(entry.what) + count)
    lines = tuple(f"{'; '.join(what)}: {reason}" for reason, what in by_reason.items())
    return [Unjudged(words("unjudged.title"), lines)]


def counts_table(words: Words, rows: Sequence[SignCount], what: str, name: str) -> Table:
    """How many forms or records show each kind of sign, against the whole force."""
    columns = (
        Column(words("col.sign"), weight=2.4, head=True),
        Column(words(f"col.with_sign.{what}"), right=True),
        Column(words("col.judged"), right=True),
        Column(words("col.rate"), right=True),
        Column(words("col.force"), right=True),
        Column("p", right=True, weight=0.8),
        Column(words("col.severity"), weight=1.3),
    )
    lines = []
    for row in rows:
        severity = row.severity if row.judged else None
        p = words("none") if row.p_value is None else words.probability(row.p_value)
        lines.append(
            (
                plain(words.say(row.title)),
                number(words, row.forms if row.judged else None),
                number(words, row.judged),
                Cell(words("suppressed.short"))
                if row.judged and row.rate is None
                else share(words, row.rate),
                share(words, row.force_rate),
                Cell(p, row.p_value, "number"),
                severity_cell(words, severity),
            )
        )
    return Table(name, columns, tuple(lines))


def signs(words: Words, rows: Sequence[Sign]) -> list[Block]:
    """Signs with what was seen and how strong they are."""
    found: list[Block] = []
    for sign in rows:
        strength = [words(f"level.{sign.severity.value}")]
        strength += [f"p\u00a0{equals(words, sign.p_value)}"] if sign.p_value is not None else []
        strength += [f"q\u00a0{equals(words, sign.q_value)}"] if sign.q_value is not None else []
        found.append(
            SignBlock(
                level(sign.severity),
                words.say(sign.title),
                words.say(sign.message),
                " · ".join(strength),
            )
        )
    return found


def equals(words: Words, p: float) -> str:
    """``= 0,012`` or ``< 0,0001``, on one line."""
    shown = words.probability(p)
    return (shown if shown.startswith("<") else f"= {shown}").replace(" ", "\u00a0")


def checked(words: Words, checks: Sequence[str], *, seen: bool) -> list[Block]:
    """Which checks were made, and that they saw nothing where they did not."""
    if not checks:
        return []
    found: list[Block] = [Text(f"{words('checks.made')} {'; '.join(checks)}.", note=True)]
    if not seen:
        found.append(Text(words("checks.quiet")))
    return found


def round_facts(round_: RoundIdentity, words: Words) -> list[tuple[str, str]]:
    """Name, period, channels and method of a round as rows of the general information."""
    kind = words("interim" if round_.interim else "final")
    period = words.period(round_.period_from, round_.period_to) or words("unknown")
    channels = [words.or_raw("channel", code) or code for code in round_.channels]
    facts = [
        (words("fact.round"), f"{words.say(round_.title)} ({round_.id}), {kind}"),
        (words("fact.period"), period),
        (words("fact.channels"), ", ".join(channels) or words("unknown")),
    ]
    if round_.method_break is not None:
        facts.append((words("fact.method"), words.say(round_.method_break)))
    return facts


def provenance(words: Words, p: Provenance) -> list[Block]:
    """Where the numbers come from, so that anybody can make them again."""
    first = [(words("fact.run"), p.run_id), (words("fact.from"), p.generated_from)]
    if p.as_of is not None:
        first.append((words("fact.as_of"), words.moment(p.as_of)))
    if p.rule_set:
        first.append((words("fact.rules"), p.rule_set))
    found: list[Block] = [Facts(tuple(first))]
    if p.trail_head:
        found.append(Facts(((words("fact.trail"), p.trail_head),), code=True))
    for title, rows, code in (
        ("appendix.parameters", p.parameters, False),
        ("appendix.versions", p.versions, False),
        ("appendix.hashes", p.hashes, True),
    ):
        if rows:
            found += [Heading(words(title), 3), Facts(rows, code, wide=not code)]
    return found


def frame(
    words: Words,
    kind: str,
    provenance_: Provenance,
    blocks: Sequence[Block],
    *,
    title: str,
    about: str,
    under: str = "",
    kicker: str = "",
    broad: bool = False,
    formal: bool = False,
    crumbs: tuple[tuple[str, str | None, str | None], ...] = (),
) -> Document:
    """A document with what every page carries: round, unit, run, program, trail, notice.

    Args:
        words: Its language.
        kind: Its kind.
        provenance_: Where its numbers come from.
        blocks: What it says.
        title: Its title.
        about: Unit and round, for the head of every page.
        under: A line below the title.
        kicker: Its kind in words.
        broad: Whether it has broad tables.
        formal: Whether it is an official document with a letterhead.
        crumbs: Links at the top of a web page.
    """
    foot = [words("running.run", run=provenance_.run_id)]
    version = dict(provenance_.versions).get("survey-audit")
    if version:
        foot.append(f"survey-audit {version}")
    trail = None
    if provenance_.trail_head:
        foot.append(words("running.trail", head=provenance_.trail_head[:12]))
        trail = (words("fact.trail"), provenance_.trail_head)
    return Document(
        kind=kind,
        language=words.language,
        kicker=kicker,
        title=title,
        under=under,
        running=(about, words("marker")),
        foot=(words("footer"), " · ".join(foot)),
        notice=words("footer"),
        marker=words("marker"),
        trail=trail,
        blocks=tuple(blocks),
        as_of=provenance_.as_of,
        broad=broad,
        formal=formal,
        crumbs=crumbs,
    )


def listed(items: Sequence[str], *, numbered: bool = False) -> Bullets:
    """A list."""
    return Bullets(tuple(items), numbered)
