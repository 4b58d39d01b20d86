"""Who answers what: honest people drawn at random, and the frauds done to their sheets."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from detectors.errors import UsageError
from detectors.instrument import Item, Value
from scans.simulate.form import get_form
from scans.simulate.ink import some_pen
from scans.simulate.serial import make_serial
from scans.simulate.spec import PageSpec, TamperSpec
from scans.simulate.tamper import HELD_OUT_VARIANTS, VARIANTS, checked, victim_pen
from scans.simulate.writer import some_writer

__all__ = ["correct_one", "random_spec", "tampered_spec"]

# Satisfied and dissatisfied people, worst to best of five levels. The pool is less satisfied
# than the real surveys (97 % there), so that low marks occur often enough to be read.
_SATISFIED = (0.006, 0.012, 0.035, 0.35, 0.597)
_DISSATISFIED = (0.10, 0.15, 0.30, 0.30, 0.15)


def random_spec(
    form_id: str, page: int, seed: int, *, profile: str = "flatbed", number: int | None = None
) -> PageSpec:
    """An honest respondent drawn at random; both pages of a seed are by the same hand.

    Args:
        form_id: Form.
        page: Page number.
        seed: Of the respondent.
        profile: Device.
        number: Running number of the sheet; drawn if ``None``.
    """
    form = get_form(form_id)
    person = np.random.default_rng([seed, 1])
    writer = some_writer(person, style=form.marks.style)
    drawn = int(person.integers(1, 900_000))
    satisfied = bool(person.random() < 0.85)
    seal = int(person.integers(4))
    rng = np.random.default_rng([seed, 2, page])
    answers: dict[str, Value] = {}
    for name in form.page(page).items:
        if rng.random() > 0.015:  # item non-response
            answers[name] = _answer(form.item(name), rng, satisfied=satisfied)
    agency = form_id == "YK-01"
    spec = PageSpec(
        form=form_id,
        page=page,
        serial=make_serial(drawn if number is None else number),
        writer=writer,
        answers=answers,
        profile=profile,
        comment_lines=int(rng.integers(1, 4)) if rng.random() < 0.25 else 0,
        date=f"{rng.integers(1, 29)}/{rng.integers(1, 13)}/23",
        signed=agency or bool(rng.random() < 0.7),
        seal=seal if agency else None,
    )
    return correct_one(spec, rng) if rng.random() < 0.04 else spec


def _answer(item: Item, rng: np.random.Generator, *, satisfied: bool) -> Value:
    if item.not_applicable is not None and rng.random() < 0.7:
        return item.not_applicable
    values = item.ordered_scale
    if not item.is_rating:
        return values[int(rng.integers(len(values)))]
    chance = np.array((_SATISFIED if satisfied else _DISSATISFIED)[-len(values) :])
    return values[int(rng.choice(len(values), p=chance / chance.sum()))]


def correct_one(spec: PageSpec, rng: np.random.Generator) -> PageSpec:
    """The respondent marks a wrong box of one item first and takes it back as allowed."""
    form = get_form(spec.form)
    names = sorted(set(spec.answers) - set(spec.corrections))
    if not names:
        return spec
    name = names[int(rng.integers(len(names)))]
    others = [v for v in form.item(name).scale if v != spec.answers[name]]
    wrong = others[int(rng.integers(len(others)))]
    return replace(spec, corrections={**spec.corrections, name: wrong})


def tampered_spec(
    spec: PageSpec,
    kind: str,
    rng: np.random.Generator,
    *,
    variant: str | None = None,
    strength: str = "gross",
    items: int | None = None,
    donor_seed: int | None = None,
) -> PageSpec:
    """An honest spec with a fraud on some of its ratings, low to high.

    Args:
        spec: Honest.
        kind: Of the fraud.
        rng: Chance.
        variant: Rendering; any that is not held out if ``None``.
        strength: ``gross``, ``moderate`` or ``subtle``.
        items: How many answers are changed; 1 to 4 if ``None``.
        donor_seed: Of the sheet that pasted parts come from; drawn if ``None``.

    Raises:
        UsageError: If the page has no rating to change, or the kind does not fit the form.
    """
    form = get_form(spec.form)
    page = form.page(spec.page)
    if variant is None:
        choices = [v for v in VARIANTS[kind] if (kind, v) not in HELD_OUT_VARIANTS]
        variant = choices[int(rng.integers(len(choices)))]
    seed = int(rng.integers(2**31)) if donor_seed is None else donor_seed
    donor = make_serial(seed % 900_000 + 1)
    base = TamperSpec(kind, variant, strength, (), seed, donor)
    if kind == "NHAN_BAN":
        return replace(spec, tampers=(checked(base),), corrections={})
    if kind == "CAT_4":
        if page.field("signature") is None:
            raise UsageError(f"page {spec.page} of {spec.form} has no signature to paste")
        return replace(spec, tampers=(checked(base),), signed=False, seal=None)
    ratings = [n for n in page.items if form.item(n).is_rating]
    if not ratings:
        raise UsageError(f"page {spec.page} of {spec.form} has no rating to change")
    count = int(rng.integers(1, 5)) if items is None else items
    first = int(rng.integers(max(1, len(ratings) - count + 1)))
    near = kind in ("CAT_1", "CAT_2")  # strips hold neighbouring rows
    chosen = ratings[first : first + count] if near else _some(ratings, count, rng)
    changes = []
    for name in chosen:
        scale = form.item(name).ordered_scale
        low, high = scale[: len(scale) - 2], scale[-2:]
        changes.append((name, low[int(rng.integers(len(low)))], high[int(rng.random() < 0.7)]))
    tamper = checked(replace(base, changes=tuple(changes)))
    pen = victim_pen(tamper)
    writer = spec.writer if pen is None else spec.writer.with_pen(some_pen(rng, pen))
    answers = {**spec.answers, **{name: low for name, low, _ in changes}}
    kept = {n: v for n, v in spec.corrections.items() if n not in {c[0] for c in changes}}
    return replace(spec, tampers=(tamper,), writer=writer, answers=answers, corrections=kept)


def _some(names: list[str], count: int, rng: np.random.Generator) -> list[str]:
    order = rng.permutation(len(names))[:count]
    return [names[i] for i in sorted(order)]
