"""The arithmetic of published results: identities that hold between five news items of 2020-2023.

Numbers of Công an units as the press printed them; each is recomputed by the functions that
do it for a round.
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest

from audit.scoring.index import Criterion, FieldOfIndex, IndexBook, Marks, sheets_of
from audit.scoring.index_groups import group_summary
from audit.scoring.lineage import Descent, Previous, change_of
from audit.scoring.publication import (
    check_change,
    check_rank,
    check_tier,
    check_value,
    parse_change,
    parse_percent,
    parse_rank,
)
from audit.scoring.rules import load_rules, shipped_rules
from audit.scoring.scores import percent

RULES = {path.stem: load_rules(path) for path in shipped_rules()}
INDEX = RULES["index-2020"]


def _share(text: str) -> Fraction:
    return Fraction(parse_percent(text).percent) / 100


def test_satisfaction_of_2022_follows_from_2023_and_its_fall() -> None:
    fall = parse_change("giảm 0,93%")
    before = _share("97,71%") - Fraction(fall.percent) / 100
    assert percent(before) == Decimal("98.64")
    assert check_change(fall, _share("97,71%"), before) == "points_called_per_cent"
    assert (
        check_change(parse_change("giảm 0,93 điểm phần trăm"), _share("97,71%"), before) == "equal"
    )


def test_the_index_of_2020_follows_from_2021_and_its_rise() -> None:
    before = _share("96,63%") - Fraction(parse_change("tăng 0,49%").percent) / 100
    assert percent(before) == Decimal("96.14")


@pytest.mark.parametrize(("rank", "places", "before"), [("3/63", 2, 5), ("25/63", 1, 26)])
def test_ranks_of_the_year_before_follow_from_the_places_gained(
    rank: str, places: int, before: int
) -> None:
    now, ranked = parse_rank(rank)
    change = change_of(
        "u",
        Descent("same", ("u",)),
        {"u": Previous(value=None, rank=now + places, ranked_units=63)},
        value=None,
        effective=None,
        rank=now,
        ranked_units=ranked,
    )
    assert change.rank_before == before
    assert change.places == places


# Đắk Lắk 2021: units by tier in its three groups, and the groups' means.
GROUPS = {
    "TINH_CO_TTHC": ({"xuat_sac": 5, "tot": 1}, 6, "96.16"),
    "TINH_KHONG_TTHC": ({"xuat_sac": 4, "tot": 17, "kha": 2}, 23, "90.41"),
    "HUYEN": ({"xuat_sac": 7, "tot": 8, "kha": 0}, 15, "94.33"),
}


def test_tier_counts_add_up_to_the_groups_and_the_awards() -> None:
    summaries = []
    for group, (tiers, size, _) in GROUPS.items():
        inside = {"xuat_sac": Fraction(96, 100), "tot": Fraction(90, 100), "kha": Fraction(75, 100)}
        names = (tier for tier, count in tiers.items() for _ in range(count))
        values = {f"{group} {number}": inside[tier] for number, tier in enumerate(names)}
        one = group_summary(group, values, INDEX)
        assert one.units == size
        assert sum(one.tiers.values()) == size
        assert {tier: one.tiers[tier] for tier in tiers} == tiers
        summaries.append(one)
    assert sum(one.units for one in summaries) == 44
    # Sixteen collectives got a certificate: as many as there were excellent units.
    assert sum(one.tiers["xuat_sac"] for one in summaries) == 16


def test_a_province_is_not_the_mean_of_its_units() -> None:
    total = sum(size * Fraction(mean) for _, size, mean in GROUPS.values())
    mean = total / 44 / 100
    assert percent(mean) == Decimal("92.53")
    assert check_value(parse_percent("96,63%"), {"after_review": mean}) == "differs"


def test_a_group_of_units_makes_no_result_of_the_unit_above() -> None:
    """Sheets come out for units that have criteria of their own, and for no other."""
    book = IndexBook(
        2021,
        (FieldOfIndex("1", "Lĩnh vực 1", Decimal(10)),),
        (Criterion("1.1", "1", "Tiêu chí", Decimal(10)),),
        {(f"huyen-{k}", "1.1"): Marks(Decimal(9), Decimal(9)) for k in range(15)},
        {},
        {},
    )
    assert [sheet.unit_id for sheet in sheets_of(book, INDEX)] == book.units
    assert "dak-lak" not in book.units


def test_tiers_of_2025_by_their_cut_offs() -> None:
    rules = RULES["index-2025"]
    tiers = [rules.tier(Fraction(v, 100)) for v in (95, 94, 80, 79, 70, 69, 50, 49)]
    names = ["xuat_sac", "tot", "tot", "kha", "kha", "hoan_thanh", "hoan_thanh", "yeu"]
    assert [tier.id for tier in tiers if tier is not None] == names
    assert rules.tier_called("Xuất  sắc") is rules.tiers[0]
    assert rules.tier_called("excellent") is rules.tiers[0]
    assert rules.tier_called("giỏi") is None


@pytest.mark.parametrize(
    ("figure", "share", "verdict"),
    [
        ("88,33%", Fraction(6650, 7528), "truncated"),
        ("88,34%", Fraction(3205, 3628), "equal"),
        ("88,35%", Fraction(6650, 7528), "differs"),
        ("88,32", Fraction(8833, 10000), "tolerance"),
    ],
)
def test_gia_lai_2020_was_cut_off_once_and_rounded_once(
    figure: str, share: Fraction, verdict: str
) -> None:
    assert check_value(parse_percent(figure), {"after_review": share}) == verdict


def test_figures_of_before_the_review_and_inside_the_bounds_are_told_apart() -> None:
    shares = {
        "as_received": Fraction(98, 100),
        "after_review": Fraction(96, 100),
        "bound_low": Fraction(90, 100),
        "bound_high": Fraction(97, 100),
    }
    assert check_value(parse_percent("98%"), shares) == "as_received"
    assert check_value(parse_percent("96.5"), shares) == "within_bounds"
    assert check_value(parse_percent("99%"), shares) == "differs"
    assert check_value(parse_percent("99%"), {}) == "cannot_recompute"


def test_a_rank_names_its_denominator() -> None:
    assert check_rank(parse_rank("thứ 25/63"), 25, 63) == "equal"
    assert check_rank(parse_rank("26/63"), 26, 34) == "other_denominator"
    assert check_rank(parse_rank("3"), 4, 63) == "differs"
    assert check_rank(parse_rank("3"), None, None) == "cannot_recompute"
    for wrong in ("70/63", "0", "tốp đầu"):
        with pytest.raises(ValueError, match="no "):
            parse_rank(wrong)


def test_a_tier_that_only_the_rounded_value_reaches_is_told() -> None:
    rules = RULES["index-2025"]
    top = rules.tiers[0]
    assert check_tier(top, Fraction(94_996, 100_000), rules) == "rounded_over_cut_off"
    assert check_tier(top, Fraction(95, 100), rules) == "equal"
    assert check_tier(top, Fraction(90, 100), rules) == "differs"


def test_a_cut_off_may_be_left_out_of_its_tier(tmp_path: Path) -> None:
    text = next(p for p in shipped_rules() if p.stem == "index-2020").read_text("utf-8")
    path = tmp_path / "r.toml"
    path.write_text(text.replace("from = 95\n", "from = 95\ninclusive = false\n"), "utf-8")
    rules = load_rules(path)
    assert [rules.tier(v).id for v in (Fraction(95, 100), Fraction(9501, 10000))] == [
        "tot",
        "xuat_sac",
    ]
