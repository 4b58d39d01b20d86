"""What every page shares: the template environment and the running lines of print.

Everything from outside passes three gates on its way into a page: hidden characters are
made visible (:mod:`reports.clean`), markup is escaped, and the page itself forbids all
scripts, frames and remote content by its content security policy.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from reports.clean import printable
from reports.locale import Text
from reports.views import Provenance, RoundIdentity

__all__ = ["css_string", "page", "round_facts"]

_TEMPLATES = Path(__file__).parent / "templates"


def page(template: str, text: Text, provenance: Provenance, **values: object) -> str:
    """Render one page.

    Args:
        template: Name of the template.
        text: Language of the page.
        provenance: For the running foot of printed pages.
        values: Context; ``page_title`` and ``round_title`` are needed by every page.
    """
    foot = [text("footer"), text("running.run", run=provenance.run_id)]
    if provenance.trail_head:
        foot.append(text("running.trail", head=provenance.trail_head[:12]))
    context: dict[str, object] = {
        "t": text,
        "css": Markup(_stylesheet()),
        "running_left": css_string(str(values["page_title"])),
        "running_right": css_string(text("marker")),
        "trail_head": provenance.trail_head,
        "running_foot": css_string(" · ".join(foot)),
        **values,
    }
    return _environment().get_template(template).render(context)


def css_string(text: str) -> Markup:
    """``text`` as a CSS string that can end neither the string nor the style element."""
    shown = (c if c.isalnum() else f"\\{ord(c):06x}" for c in printable(text))
    return Markup('"' + "".join(shown) + '"')


def round_facts(round_: RoundIdentity, text: Text) -> list[tuple[str, str]]:
    """Name, period, channels and method of a round as rows of the general information."""
    kind = text("interim" if round_.interim else "final")
    period = text.period(round_.period_from, round_.period_to) or text("unknown")
    channels = [text.or_raw("channel", code) or code for code in round_.channels]
    facts = [
        (text("fact.round"), f"{text.say(round_.title)} ({round_.id}), {kind}"),
        (text("fact.period"), period),
        (text("fact.channels"), ", ".join(channels) or text("unknown")),
    ]
    if round_.method_break is not None:
        facts.append((text("fact.method"), text.say(round_.method_break)))
    return facts


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_visible,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def _visible(value: Any) -> Any:
    """Clean what is about to be printed; markup of our own passes unchanged."""
    if isinstance(value, str) and not isinstance(value, Markup):
        return printable(value)
    return value


@cache
def _stylesheet() -> str:
    return (_TEMPLATES / "style.css").read_text(encoding="utf-8")
