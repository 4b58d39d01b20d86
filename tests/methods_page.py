"""Writes ``docs/methods.md`` from what the checks say about themselves: ``make docs``."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence

from audit.pipeline import signs
from detectors._verdict import FALSE_DISCOVERY_RATE, STRONG
from detectors.finding import Family, Message
from detectors.registry import PACKAGES, CheckInfo, Level, discover
from detectors.weights import RECORD_WEIGHTS
from scans.types import ScanClass
from tests.data import ROOT

__all__ = ["PAGE", "infos", "methods_page"]

PAGE = ROOT / "docs" / "methods.md"

_SCAN_CLASSES: Mapping[ScanClass, str] = {
    ScanClass.BITONAL: "two levels, as fax machines and G4 archives store it",
    ScanClass.CLIPPED_GREY: "grey, paper burnt out to pure white",
    ScanClass.CLIPPED_COLOUR: "colour, paper burnt out to pure white",
    ScanClass.CONTINUOUS: "the paper's own texture survives",
    ScanClass.PHOTO: "taken by a camera: perspective, uneven light",
    ScanClass.RENDERED: "drawn from a PDF page, so the pixels are not the scanner's",
}
_ROOMS: Mapping[Level, tuple[str, str]] = {
    Level.PAGE: (
        "One page",
        (
            "Each page alone, once it is registered and read. The p-value is the page's: how\n"
            "often an honest page of the same scan class scores as high in its worst place."
        ),
    ),
    Level.PAGES: (
        "Pages compared with each other",
        "All pages given together, or all pages of a round, whenever they came in.",
    ),
    Level.RECORD: (
        "Records of a response table",
        "Each row against the others of its stratum: peer group and mode of collection.",
    ),
    Level.UNIT: (
        "Units of a response table",
        (
            "Each unit against its peers. A sign about a unit asks for verification and holds no\n"
            "record by itself."
        ),
    ),
}

_TOP = """\
# Methods: what each check sees

<!-- Written by `make docs` from the checks themselves; do not edit. -->

A check answers with a **score**, a **p-value** and, rarely, **findings**. A finding is a sign that
a person should look at, never a verdict. How often each check finds what is there, and how often it
errs on honest data, is measured: [accuracy.md](accuracy.md).

*Mỗi phép kiểm tra cho điểm số, giá trị p và, trong ít trường hợp, dấu hiệu để người có trách nhiệm
xem lại. Dấu hiệu không phải là kết luận. Điểm cao hơn là đáng chú ý hơn; giá trị p nhỏ hơn là hiếm
hơn trong dữ liệu trung thực. Phần không kiểm tra được ghi rõ lý do, không bao giờ ghi là sạch.*

- **Polarity.** A higher score is more suspicious, everywhere. Scores of two checks are not
  comparable; their p-values are.
- **p-value.** In (0, 1]: how often honest data score this high, under the null model named with the
  check. A rule that is broken or not (two equal files) has none.
- **Pages.** Each of the {page_checks} page checks turns its p-value into a likelihood ratio: how
  much likelier an altered page gets it than an honest one, learned from simulated altered pages.
  The page's evidence is their mean, weighed by how often each check is the one that sees
  (`scans/fusion.py`); how rare that is among honest pages of the scan class is measured on whole
  pages, so checks that see the same stain are not counted twice. That is the page's p-value, or
  that of a likeness to another page where it is smaller; `suspicion` is one minus it. A page is
  `flagged` where its p-value is at most the accepted false-flag rate (0.01 unless told otherwise)
  and there is a place to look at, or where a rule is broken. Signs of pages that are not flagged
  are not shown, but for leads: what honest people and offices do as well, shown in yellow with a
  p-value above the rate. A sign is yellow, orange from a hundredth of the accepted rate, red from a
  thousandth.
- **Records and units.** One p-value each, the smallest over its checks by weighted Bonferroni,
  and one q-value by Benjamini-Hochberg over the table. Weights that are not 1:
  {weights}.
  Flagged at q <= {fdr:g} or where a rule is broken: yellow, orange at q <= {strong:g}, red
  only where two independent families of evidence report; answers and unit totals count as one.
- **Severity.** Yellow: look when there is time. Orange: look first. Red: look at once. In a round a
  record is held, until two people have decided, where a page or a table check flags it, where a
  sign is orange or red, or where it could not be judged. A yellow sign alone holds nothing.
- **Not assessable.** What a scan or a table does not allow is listed with its reason, check by
  check; it is never shown as clean. A record or unit that no check could test has an empty p-value
  and its reason in `not_testable`.
- **Depends on the batch.** Where it says yes, a score is relative to the others in the same call
  and moves when they change.
- **Version.** Raised when a check's numbers change; `run` then does its work again.

What no check here can see, so that its silence says nothing:

- **Whether a seal lies over or under a signature.** A scan holds the sum of both inks; which was
  there first shows in gloss and relief, under a microscope. Forms sealed before they were filled
  have to be found by custody. What is looked at is whether seal or signature was laid on in the
  file, and whether it stands on another sheet too.
- **Writing that was rubbed out of a field** (a name, a comment): handwriting has no outline that
  would be missing. Boxes, and print beside fields, are looked at.
- **Print in the head of a page**, and print that a whole batch lacks: offices print their own.
- **Who wrote.** Handwriting that comes again is a lead to a batch, never to a person.
- **Answers drawn from how honest people answer**, by a fitted model or a language model: nothing in
  the answers tells them ([accuracy.md](accuracy.md)); times, custody and back-checks do.

*Những điều không phép kiểm tra nào thấy được, nên im lặng không có nghĩa là sạch: dấu đóng trước
hay sau chữ ký; chữ viết bị tẩy trong ô điền; nét in ở đầu trang hoặc cả lô cùng thiếu; ai là người
viết; câu trả lời được sinh ra đúng như cách người trung thực trả lời.*

Scan classes:

{classes}
"""

_RULES = """\
## Rules over the whole round

`run` puts pages, tables and custody together and tells where they contradict each other. These are
rules: they have no p-value.
"""


def infos(level: Level) -> Sequence[CheckInfo]:
    """The checks of one level that come with the program, in order of id."""
    # A check may be made of a class that stands beside its package.
    home = PACKAGES[level].partition(".")[0]
    found = discover(level).values()
    return [c.info for c in found if type(c).__module__.partition(".")[0] == home]


def methods_page() -> str:
    """The whole page."""
    weights = ", ".join(f"`{name}` {weight:g}" for name, weight in RECORD_WEIGHTS.items())
    top = _TOP.format(
        page_checks=len(infos(Level.PAGE)),
        weights=weights,
        fdr=FALSE_DISCOVERY_RATE,
        strong=STRONG,
        classes="\n".join(f"- `{c.value}`: {_SCAN_CLASSES[c]}" for c in ScanClass),
    )
    parts = [top, *_contents()]
    for level in Level:
        title, text = _ROOMS[level]
        parts.append(f"\n## {title}\n\n{text}\n")
        parts += [_section(info) for info in infos(level)]
    parts.append(f"\n{_RULES}")
    parts += [_rule(check_id) for check_id in sorted(signs.VERSIONS)]
    return "".join(parts)


def _contents() -> Iterator[str]:
    yield "\n| check | title | kind | family |\n|---|---|---|---|\n"
    for level in Level:
        for info in infos(level):
            yield _row(info.id, info.title, info.kind, info.family)
    for check_id, title in sorted(signs.TITLES.items()):
        yield _row(check_id, title, check_id.split(".")[1], Family.CUSTODY)


def _row(check_id: str, title: Message, kind: str, family: Family) -> str:
    anchor = check_id.replace(".", "")
    return f"| [`{check_id}`](#{anchor}) | {title.en} · {title.vi} | {kind} | {family} |\n"


def _section(info: CheckInfo) -> str:
    lines = [
        f"\n### {info.id}\n",
        f"**{info.title.en}** · {info.title.vi}\n",
        f"- **Sees.** {info.sees}",
        f"- **Null model.** {info.null_model}",
        f"- **Valid for.** {_valid(info)}",
        f"- **Depends on the batch.** {'Yes.' if info.batch_dependent else 'No.'}",
        "- **Innocent explanations.**",
        *(f"  - {message.en} · {message.vi}" for message in info.innocent),
        f"- **Source.** {info.source.rstrip('.')}.",
        f"- **Kind, family, version.** {info.kind}, {info.family}, {info.version}.",
    ]
    return "\n".join(lines) + "\n"


def _valid(info: CheckInfo) -> str:
    if not info.valid_for:
        if info.level in (Level.PAGE, Level.PAGES):
            return "Every scan class; a page that lacks what it needs is told with the reason."
        return "Every table; a subject that lacks what it needs is told with the reason."
    if info.level in (Level.PAGE, Level.PAGES):
        named = [c.value for c in ScanClass if c.value in info.valid_for]
        others = [c.value for c in ScanClass if c.value not in info.valid_for]
        return f"{', '.join(named)}. Not assessable: {', '.join(others)}."
    return f"{'; '.join(sorted(info.valid_for))}. Not assessable elsewhere."


def _rule(check_id: str) -> str:
    title = signs.TITLES[check_id]
    text = str(getattr(signs, check_id.split(".")[1]).__doc__).split("\n\n")[0]
    return f"\n### {check_id}\n\n**{title.en}** · {title.vi}\n\n{' '.join(text.split())}\n"


def main() -> None:
    """Write the page."""
    PAGE.write_text(methods_page(), encoding="utf-8")
    sys.stderr.write(f"{PAGE.relative_to(ROOT)} written\n")


if __name__ == "__main__":
    main()
