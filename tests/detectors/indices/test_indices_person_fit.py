"""PerFit 1.4.6, aberrance 0.3.0 and mokken 3.1.2: person fit without a model."""

from itertools import product

import numpy as np
import pytest

from detectors import indices
from tests.detectors.indices.reference import brute_rows, matrix, outputs, same_as_printed


def test_perfit_polytomous():
    x, known = matrix("PhysFuncData"), outputs("PhysFunc")
    np.testing.assert_array_equal(indices.guttman_errors(x, 3), known["Gpoly"])
    same_as_printed(indices.normed_guttman_errors(x, 3), known["Gnormed"], 4)
    same_as_printed(indices.u3_polytomous(x, 3), known["U3poly"], 4)


PERFIT = {
    "G": lambda x: indices.guttman_errors(x, 2),
    "Gnormed": lambda x: indices.normed_guttman_errors(x, 2),
    "U3": lambda x: indices.u3_polytomous(x, 2),
    "ZU3": indices.zu3,
    "Ht": indices.ht,
    "C.Sato": indices.caution,
    "Cstar": indices.modified_caution,
    "NCI": indices.norm_conformity,
    "r.pbis": indices.person_total,
    "A.KB": indices.agreement,
    "D.KB": indices.disagreement,
    "E.KB": indices.dependability,
}


@pytest.mark.parametrize("column", PERFIT)
def test_perfit_dichotomous(column):
    found = PERFIT[column](matrix("InadequacyData"))
    same_as_printed(found, outputs("Inadequacy")[column], 4)


ABERRANCE = {
    "G_S": "G", "NC_S": "NCI", "U1_S": "Gnormed", "U3_S": "U3", "ZU3_S": "ZU3", "A_S": "A.KB",
    "D_S": "D.KB", "E_S": "E.KB", "C_S": "C.Sato", "MC_S": "Cstar", "PC_S": "r.pbis", "HT_S": "Ht",
}  # fmt: skip


@pytest.mark.parametrize("column", ABERRANCE)
def test_aberrance(column):
    x = (matrix("aberrance_grm_x") >= 2).astype(float)
    known = outputs("aberrance_nm_dichot_ge2")[column].to_numpy()
    found = PERFIT[ABERRANCE[column]](x)
    ends = (x.sum(axis=1) == 0) | (x.sum(axis=1) == x.shape[1])
    np.testing.assert_array_equal(np.isnan(known), ends)
    np.testing.assert_allclose(found[~ends], known[~ends], rtol=1e-11, atol=1e-13)
    if column not in ("G_S", "U1_S", "U3_S"):  # those are 0 at the ends, as in PerFit
        assert np.isnan(found[ends]).all()


def test_mokken_counts_tied_steps_half():
    """Its mean over random orders of equally popular steps, rounded: half an error a pair."""
    x, known = matrix("acl_communality"), outputs("acl_Gplus")["Gplus"].to_numpy()
    expected = indices.guttman_errors(x, 5)
    k = x.shape[1]
    passed = (x[:, :, None] >= np.arange(1, 5)).astype(int)
    popularity = passed.sum(axis=0)
    for i, j, s, t in product(range(k), range(k), range(4), range(4)):
        if i < j and popularity[i, s] == popularity[j, t]:
            # ours takes the earlier item as the easier one
            expected += 0.5 * (passed[:, i, s] - passed[:, j, t])
    whole = expected % 1 == 0
    assert 0.8 < whole.mean() < 1
    np.testing.assert_array_equal(known[whole], expected[whole])
    assert (np.abs(known - expected)[~whole] == 0.5).all()  # chance says up or down


def test_mokken_scalability():
    h, by_item = indices.scalability(matrix("acl_communality"))
    assert h == pytest.approx(0.2635151, abs=5e-8)
    printed = [
        *(0.30386560, 0.26510961, 0.23604549, 0.31913670, 0.11602647),
        *(0.28795269, 0.24547615, 0.30851980, 0.29942647, 0.25222764),
    ]
    same_as_printed(by_item, printed, 8)


def test_outlier_score_turns_ranks_where_mokken_turns_answers():
    x = matrix("acl_communality")
    rank = [np.argsort(np.argsort(np.bincount(c.astype(int), minlength=5))) for c in x.T]
    answers = [c.astype(int) for c in x.T]
    right = sum(4 - r[a] for r, a in zip(rank, answers, strict=True))
    mokken = sum(r[::-1][a] for r, a in zip(rank, answers, strict=True))
    np.testing.assert_array_equal(indices.outlier_score(x), right)  # no equal frequencies here
    assert mokken[:10].tolist() == [5, 8, 9, 15, 5, 9, 5, 7, 7, 6]  # what it prints
    modal = np.array([[float(r.argmax()) for r in rank]])
    assert indices.outlier_score(np.vstack([x, modal]))[-1] == 0


@pytest.mark.parametrize("categories", [2, 3])
def test_records_with_holes_are_judged_by_their_answered_items(categories):
    x = brute_rows(5, 40, 4, categories, missing=0.25)
    errors = indices.guttman_errors(x, categories)
    normed = indices.normed_guttman_errors(x, categories)
    u3 = indices.u3_polytomous(x, categories)
    steps = np.arange(1, categories)
    share = np.array([[np.mean(c[~np.isnan(c)] >= s) for s in steps] for c in x.T])
    logit = np.log(np.clip(share, 1e-12, 1 - 1e-12) / (1 - np.clip(share, 1e-12, 1 - 1e-12)))
    for row, e, g, u in zip(x, errors, normed, u3, strict=True):
        items = np.flatnonzero(~np.isnan(row))
        if not items.size:
            assert np.isnan([e, g, u]).all()
            continue
        easy = sorted(product(items, steps), key=lambda p: (-share[p[0], p[1] - 1], p))

        def count(answers, easy=easy):
            passed = [answers[i] >= s for i, s in easy]
            return sum(passed[b] and not passed[a] for b in range(len(passed)) for a in range(b))

        def weight(answers, items=items):
            return sum(logit[i, : answers[i]].sum() for i in items)

        own = {i: int(row[i]) for i in items}
        every = [
            dict(zip(items, a, strict=True)) for a in product(range(categories), repeat=items.size)
        ]
        alike = [a for a in every if sum(a.values()) == sum(own.values())]
        most = max(count(a) for a in alike)
        assert e == count(own)
        assert g == pytest.approx(count(own) / most if most else 0.0)
        best = np.sort([logit[i, s - 1] for i, s in easy])[::-1][: sum(own.values())].sum()
        worst = min(weight(a) for a in alike)
        assert u == pytest.approx((best - weight(own)) / (best - worst) if most else 0.0, abs=1e-9)


def test_ht_is_the_covariance_with_the_others_against_the_highest():
    x = brute_rows(6, 15, 6, 2)
    found = indices.ht(x)
    share = x.mean(axis=1)
    for i in range(len(x)):
        others = np.delete(np.arange(len(x)), i)
        covariance = sum(np.mean(x[i] * x[o]) - share[i] * share[o] for o in others)
        low, high = np.minimum(share[i], share[others]), np.maximum(share[i], share[others])
        if 0 < share[i] < 1:
            assert found[i] == pytest.approx(covariance / (low * (1 - high)).sum())
        else:
            assert np.isnan(found[i])


def test_answers_off_the_scale_are_told():
    x = brute_rows(7, 10, 4, 3)
    x[3, 2] = 9
    for index in (
        indices.guttman_errors,
        indices.normed_guttman_errors,
        indices.u3_polytomous,
    ):
        with pytest.raises(ValueError, match="1 answers are not among 0"):
            index(x, 3)
    for index in (indices.ht, indices.zu3, indices.caution):
        with pytest.raises(ValueError, match="neither 0 nor 1"):
            index(x)
