"""When a page is flagged, and which signs are shown with it."""

from __future__ import annotations

import numpy as np
import pytest

from detectors.calibration.tail import HonestDistribution
from detectors.finding import Family, Finding, Message, Severity
from scans.fusion import Fusion, Voice
from scans.judgement import fuse, weigh
from scans.reference import PAGE, Reference, builtin_reference
from scans.types import Origin, PageResult, ScanClass, Status

GREY = ScanClass.CLIPPED_GREY
NAMES = tuple("abcdefgh")


def _reference(seed: int = 1, pages: int = 600) -> Reference:
    chance = np.random.default_rng(seed)
    honest = [(GREY, {n: float(chance.exponential()) for n in NAMES}) for _ in range(pages)]
    altered = []
    for k in range(200):
        page = {n: float(chance.exponential()) for n in NAMES}
        page[NAMES[k % 2]] += float(chance.uniform(4, 12))
        altered.append((GREY, page))
    return Reference.learn(honest, altered=altered)


def _sign(
    detector: str, p_value: float | None, *, matches: tuple[str, ...] | None = None
) -> Finding:
    message = Message("Dấu hiệu", "Signs")
    return Finding(
        detector, Family.IMAGE, "erasure", 1.0, p_value, Severity.YELLOW, message, matches=matches
    )


def _page() -> PageResult:
    return PageResult(Origin("a.png", "0" * 64, 1, "image/png"), Status.READ, None)


def test_honest_pages_are_flagged_at_the_accepted_rate() -> None:
    reference, chance = _reference(pages=3000), np.random.default_rng(2)
    p = np.array(
        [
            reference.page_p_value(
                GREY, reference.p_values(GREY, {n: float(chance.exponential()) for n in NAMES})
            )
            for _ in range(4000)
        ]
    )
    for rate in (0.01, 0.05):
        assert np.mean(p <= rate) <= rate + 3 * np.sqrt(rate / p.size)
    assert np.mean(p <= 0.05) > 0.02


def test_dependent_checks_do_not_raise_the_rate() -> None:
    """Two checks that always see the same: a product would square the evidence."""
    chance = np.random.default_rng(3)

    def page() -> dict[str, float]:
        scores = {n: float(chance.exponential()) for n in NAMES}
        scores["b"] = scores["a"]
        return scores

    reference = Reference.learn([(GREY, page()) for _ in range(2000)])
    p = [reference.page_p_value(GREY, reference.p_values(GREY, page())) for _ in range(3000)]
    assert np.mean(np.array(p) <= 0.01) <= 0.014


def test_an_altered_page_is_found_more_often_than_by_the_smallest_p_value() -> None:
    reference, chance = _reference(), np.random.default_rng(4)
    fused = alone = 0
    for _ in range(400):
        scores = {n: float(chance.exponential()) for n in NAMES}
        scores["a"] += 5.0
        p = reference.p_values(GREY, scores)
        fused += reference.page_p_value(GREY, p) <= 0.01
        alone += 1 - (1 - min(p.values())) ** len(p) <= 0.01
    assert fused > alone


def test_a_flag_is_never_without_a_sign_to_look_at() -> None:
    reference = _reference()
    loud = dict.fromkeys(NAMES, 0.001)
    weighed = weigh(reference, GREY, loud, [], 0.01)
    assert weighed.findings == ()
    assert weighed.p_value > 0.01
    shown = weigh(reference, GREY, loud, [_sign("a", 1e-3), _sign("c", 2e-3)], 0.01)
    assert [f.detector for f in shown.findings] == ["a"]


def test_signs_of_a_page_that_is_not_flagged_are_not_shown() -> None:
    reference = _reference()
    quiet = dict.fromkeys(NAMES, 0.6) | {"h": 0.009}
    assert weigh(reference, GREY, quiet, [_sign("h", 0.009)], 0.01).findings == ()


def test_a_lead_is_shown_and_flags_nobody() -> None:
    quiet = dict.fromkeys(NAMES, 0.6) | {"h": 0.02}
    weighed = weigh(_reference(), GREY, quiet, [_sign("h", 0.02)], 0.01)
    page = fuse(_page(), weighed.findings, weighed.p_value, 0.01)
    assert [f.detector for f in page.findings] == ["h"]
    assert not page.flagged


def test_a_broken_rule_flags_by_itself() -> None:
    weighed = weigh(_reference(), GREY, dict.fromkeys(NAMES, 0.6), [_sign("rule", None)], 0.01)
    page = fuse(_page(), weighed.findings, weighed.p_value, 0.01)
    assert page.flagged
    assert page.suspicion == 1.0


def test_a_likeness_stands_by_itself() -> None:
    page = fuse(_page(), [_sign("x", 1e-6, matches=("b.png",))], 0.7, 0.01)
    assert page.flagged
    assert page.suspicion == pytest.approx(1 - 1e-6)
    lead = fuse(_page(), [_sign("x", 0.05, matches=("b.png",))], 0.7, 0.01)
    assert not lead.flagged
    assert lead.findings


def test_few_own_pages_may_draw_the_page_in_but_never_out() -> None:
    base = _reference()
    chance = np.random.default_rng(6)

    def pages(scale: float) -> list[tuple[ScanClass, dict[str, float]]]:
        return [(GREY, {n: scale * float(chance.exponential()) for n in NAMES}) for _ in range(40)]

    noisy = Reference.learn(pages(1.8), fallback=base)
    scores = dict.fromkeys(NAMES, 0.5) | {"a": 9.0}
    usual = base.page_p_value(GREY, base.p_values(GREY, scores))
    assert noisy.page_p_value(GREY, noisy.p_values(GREY, scores)) > usual


def test_forty_pages_like_the_known_ones_change_little() -> None:
    """Few pages cannot reach p-values as small as many can: that is no reason to draw in."""
    chance = np.random.default_rng(7)

    def pages(count: int) -> list[tuple[ScanClass, dict[str, float]]]:
        return [(GREY, {n: float(chance.exponential()) for n in NAMES}) for _ in range(count)]

    altered = [(GREY, page | {NAMES[k % 8]: 25.0}) for k, (_, page) in enumerate(pages(200))]
    base = Reference.learn(pages(600), altered=altered)
    own = Reference.learn(pages(40), fallback=base)
    found = {"own": 0, "base": 0}
    for _ in range(200):
        scores = {n: float(chance.exponential()) for n in NAMES}
        scores["a"] += 6.0
        found["own"] += own.page_p_value(GREY, own.p_values(GREY, scores)) <= 0.01
        found["base"] += base.page_p_value(GREY, base.p_values(GREY, scores)) <= 0.01
    assert found["own"] >= 0.85 * found["base"] > 0


def test_honest_pages_after_forty_own_ones_are_flagged_at_the_accepted_rate() -> None:
    base, chance = _reference(pages=1500), np.random.default_rng(8)

    def page(scale: float) -> dict[str, float]:
        return {n: scale * float(chance.exponential()) for n in NAMES}

    flagged = []
    for scale in (0.6, 1.0, 1.5, 0.8, 1.2, 2.0):
        own = Reference.learn([(GREY, page(scale)) for _ in range(40)], fallback=base)
        for _ in range(500):
            p = own.page_p_value(GREY, own.p_values(GREY, page(scale)))
            flagged.append(p <= 0.01)
    assert np.mean(flagged) <= 0.013


def test_own_pages_louder_than_any_known_one_do_not_break_the_scale() -> None:
    """Evidence is on the scale of a logarithm: of either sign, on either side."""
    base = _reference()
    quiet = HonestDistribution.fit(np.linspace(-0.9, -0.1, 300))
    base = Reference(base.distributions | {(PAGE, GREY.value): quiet}, {}, fusion=base.fusion)
    pages = [(GREY, dict.fromkeys(NAMES, 0.5) | {"a": 20.0 + k}) for k in range(40)]
    own = Reference.learn(pages, fallback=base)
    p = own.page_p_value(GREY, own.p_values(GREY, dict.fromkeys(NAMES, 0.5) | {"b": 9.0}))
    assert 0.0 < p <= 1.0


def test_a_class_never_seen_falls_back_on_independence() -> None:
    reference = Reference({}, {}, fusion=Fusion({"a": Voice(1.0, 0.2)}))
    assert reference.page_p_value(GREY, {"a": 0.001, "b": 0.5}) == pytest.approx(0.001999)


def test_the_page_survives_the_file() -> None:
    reference = _reference()
    again = Reference.from_json(reference.to_json())
    p = dict.fromkeys(NAMES, 0.3) | {"a": 1e-4}
    assert again.page_p_value(GREY, p) == pytest.approx(reference.page_p_value(GREY, p), rel=1e-6)
    assert isinstance(again.distributions[(PAGE, GREY.value)], HonestDistribution)


def test_without_pages_of_its_own_a_scanner_is_given_slack() -> None:
    base = _reference()
    shared = HonestDistribution.fit(base.distributions["a", GREY.value].scores, min_scale=1.0)
    careful = Reference(base.distributions | {("a", GREY.value): shared}, {}, slack=2.0)
    assert careful.p_value("a", GREY, 5.0) == base.p_value("a", GREY, 3.0)
    forty = [(GREY, dict.fromkeys(NAMES, 0.5)) for _ in range(40)]
    own = Reference.learn(forty, fallback=careful)
    less = own.p_value("a", GREY, 5.0)
    assert less is not None
    assert less < (careful.p_value("a", GREY, 5.0) or 0.0)


def test_a_page_that_no_check_of_the_image_could_judge_is_neither_flagged_nor_clean() -> None:
    weighed = weigh(_reference(), GREY, {"metadata.editor": 0.9}, [], 0.01)
    assert weighed.p_value is None
    page = fuse(_page(), weighed.findings, weighed.p_value, 0.01)
    assert (page.suspicion, page.flagged, page.severity) == (None, None, None)
    # What it shares with another page speaks for itself.
    alike = fuse(_page(), [_sign("x", 1e-6, matches=("b.png",))], None, 0.01)
    assert alike.flagged
    assert alike.suspicion == pytest.approx(1 - 1e-6)


@pytest.mark.parametrize("few", [0, 1, 5])
def test_a_class_in_which_hardly_a_page_scored_has_no_thinner_tail_than_others(few: int) -> None:
    chance = np.random.default_rng(3)
    pages = [(GREY, {"paste.cloned_box": float(chance.exponential(2.0))}) for _ in range(400)]
    pages += [(ScanClass.PHOTO, {"paste.cloned_box": 0.0}) for _ in range(400 - few)]
    # One that scored a little is no tail, and must not make a louder score rarer than none would.
    pages += [(ScanClass.PHOTO, {"paste.cloned_box": 0.3}) for _ in range(few)]
    reference = Reference.learn(pages)
    for score in (1.0, 4.0, 9.0):
        grey = reference.p_value("paste.cloned_box", GREY, score)
        assert reference.p_value("paste.cloned_box", ScanClass.PHOTO, score) == grey
    assert reference.p_value("paste.cloned_box", ScanClass.PHOTO, 0.0) == 1.0


@pytest.mark.parametrize("scan_class", [ScanClass.PHOTO, ScanClass.CONTINUOUS])
def test_of_the_built_in_pages_the_rarest_hundredth_is_not_flagged_whole(scan_class):
    """Which of some hundred pages are a hundredth of all is uncertain: fewer are told."""
    reference = builtin_reference()
    honest = reference.distributions[PAGE, scan_class.value]
    told = [reference.p_value(PAGE, scan_class, float(s)) <= 0.01 for s in honest.scores]
    by_rank = [honest.p_value(float(s)) <= 0.01 for s in honest.scores]
    assert sum(told) < sum(by_rank)
    rarer = float(np.nextafter(honest.scores[-1], np.inf))
    assert reference.p_value(PAGE, scan_class, rarer) <= 0.01
