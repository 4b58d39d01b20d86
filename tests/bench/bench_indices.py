"""Record indices against insufficient-effort (``ier``), the fastest peer, in the same run."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tests.bench.measure import Measure, fastest

RECORDS, ITEMS = 100_000, 20
PEER = "insufficient-effort, the same table"


def measures() -> list[Measure]:
    """Every index that both have, on 100,000 records of 20 items."""
    return [_compared(name, ours, peers) for name, (ours, peers) in _pairs().items()]


def _compared(name: str, ours: Callable[[], object], peers: Callable[[], object]) -> Measure:
    ours()  # compiled before it is timed
    value, floor = fastest(ours, peers, repeats=7)
    return Measure(name, 1000 * value, "ms", value / floor, PEER)


def _pairs() -> dict[str, tuple[Callable[[], object], Callable[[], object]]]:
    import ier

    from detectors import indices

    rng = np.random.default_rng(17)
    trait = rng.normal(size=(RECORDS, 1))
    x = np.clip(np.round(3.7 + trait + rng.normal(size=(RECORDS, ITEMS))), 1.0, 5.0)
    holes = np.where(rng.random(x.shape) < 0.02, np.nan, x)
    steps, yes = x - 1.0, (x >= 4).astype(np.float64)
    seconds = np.exp(rng.normal(1.5, 0.5, x.shape))
    scales = [5] * 4
    pairs = [(2 * j, 2 * j + 1) for j in range(8)]
    slopes, places = rng.uniform(0.8, 2.0, ITEMS), rng.normal(-0.5, 0.7, ITEMS)
    model = indices.GradedModel(slopes, places[:, None])
    theta = trait[:, 0]

    def estimated() -> object:
        ability = indices.most_likely_ability(yes, model)
        return indices.likelihood_fit(yes, model, ability)

    return {
        "long string": (lambda: indices.longstring(x), lambda: ier.longstring_scores(x)),
        "average string": (
            lambda: indices.average_string(x),
            lambda: ier.longstring_scores(x, avg=True),
        ),
        "longest cycle": (lambda: indices.longest_cycle(x), lambda: ier.longstring_pattern(x)),
        "irv": (lambda: indices.irv(x), lambda: ier.irv(x)),
        "irv of four parts": (
            lambda: indices.irv_parts(x, 4),
            lambda: ier.irv(x, split=True, num_split=4),
        ),
        "mahalanobis": (lambda: indices.mahalanobis(x, 0.0), lambda: ier.mahad(x)),
        "mahalanobis, 2 % missing": (
            lambda: indices.mahalanobis(holes, 0.0),
            lambda: ier.mahad(holes, na_rm=True),
        ),
        "even-odd": (lambda: indices.even_odd(x, scales), lambda: ier.evenodd(x, scales)),
        "synonyms": (
            lambda: indices.psychometric_synonyms(x, 0.4),
            lambda: ier.psychsyn(x, critval=0.4),
        ),
        "antonyms": (
            lambda: indices.psychometric_antonyms(x, -0.4),
            lambda: ier.psychant(x, critval=-0.4),
        ),
        "pair distance": (
            lambda: indices.pair_distance(x, np.array(pairs), opposite=6.0),
            lambda: ier.mad(x, item_pairs=pairs, scale_min=1, scale_max=5),
        ),
        "person-total": (lambda: indices.person_total(x), lambda: ier.person_total(x)),
        "autocorrelation, 10 lags": (
            lambda: indices.autocorrelation(x, 10),
            lambda: ier.autocorrelation(x, max_lag=10),
        ),
        "guttman errors": (
            lambda: indices.guttman_errors(steps, 5),
            lambda: ier.gpoly(x, 5, scale_min=1, scale_max=5, normalize=False),
        ),
        "guttman errors, 2 % missing": (
            lambda: indices.guttman_errors(holes - 1.0, 5),
            lambda: ier.gpoly(holes, 5, scale_min=1, scale_max=5, normalize=False),
        ),
        "normed guttman errors": (
            lambda: indices.normed_guttman_errors(steps, 5),
            lambda: ier.gpoly(x, 5, scale_min=1, scale_max=5),
        ),
        "u3 polytomous": (
            lambda: indices.u3_polytomous(steps, 5),
            lambda: ier.u3poly(x, 5, scale_min=1, scale_max=5),
        ),
        "ht": (lambda: indices.ht(yes), lambda: ier.ht(yes)),
        "lz, abilities given": (
            lambda: indices.likelihood_fit(yes, model, theta),
            lambda: ier.lz(yes, places, slopes, theta),
        ),
        "lz, abilities estimated": (estimated, lambda: ier.lz(yes, places, slopes)),
        "response-time effort": (
            lambda: indices.rapid_share(seconds),
            lambda: ier.response_time_effort(seconds, max_threshold=10.0),
        ),
        "acquiescence": (
            lambda: indices.acquiescence(x, 1, 5),
            lambda: ier.acquiescence(x, scale_min=1, scale_max=5),
        ),
        "middle share": (
            lambda: indices.middle_share(x, 1, 5),
            lambda: ier.midpoint_responding(x, scale_min=1, scale_max=5),
        ),
        "transition entropy": (lambda: indices.transition_entropy(x), lambda: ier.markov(x)),
    }
