"""Fields out of line: honest groups are left alone, small ones are not judged."""

from __future__ import annotations

import numpy as np
import pytest

from detectors.out_of_line import gaps_out_of_line, parts_out_of_line
from tests.accuracy.index_lines import MAXIMUM, SHAPES, group, world


@pytest.mark.parametrize("shape", SHAPES)
def test_honest_groups_are_hardly_ever_flagged(shape: str) -> None:
    flagged, found = world(63, shape, 40, 1)
    assert flagged <= 0.1
    assert found > flagged or shape == "heavy"


def test_a_field_far_out_of_line_is_found_with_its_direction() -> None:
    draw = np.random.default_rng(2)
    points = group(draw, 63, "normal")
    points[7, 2] = 0.0
    found = parts_out_of_line(points, MAXIMUM)
    assert found.flagged[7, 2]
    assert found.z[7, 2] < 0
    assert found.flagged.sum() == 1


def test_a_unit_that_is_good_throughout_is_out_of_line_nowhere() -> None:
    draw = np.random.default_rng(3)
    points = group(draw, 47, "normal")
    points[0] = MAXIMUM * 0.985
    assert not parts_out_of_line(points, MAXIMUM).flagged[0].any()


def test_small_groups_alike_parts_and_ceilings_are_not_testable() -> None:
    draw = np.random.default_rng(4)
    few = parts_out_of_line(group(draw, 14, "normal"), MAXIMUM)
    assert np.isnan(few.p_value).all()
    assert all("fewer than 15 units" in reason for reason in few.reasons)
    points = group(draw, 40, "normal")
    points[:, 0], points[:20, 1] = 4.0, MAXIMUM[1]
    points[:, 2] = np.arange(40) % 3
    reasons = parts_out_of_line(points, MAXIMUM).reasons
    assert reasons[0] == "most units have the same points"
    assert reasons[1] == "more than a quarter of the units have all points"
    assert reasons[2] == "fewer than 6 different values in the group"
    assert reasons[3] == ""
    assert gaps_out_of_line(np.zeros(40)).reasons == ("most units have the same points",)


def test_unknown_points_leave_their_unit_out_and_nobody_else() -> None:
    draw = np.random.default_rng(5)
    points = group(draw, 30, "normal")
    points[3, 4] = np.nan
    found = parts_out_of_line(points, MAXIMUM)
    assert np.isnan(found.p_value[3]).all()
    assert np.isfinite(found.p_value[4]).any()


def test_a_gap_of_its_own_is_found() -> None:
    draw = np.random.default_rng(6)
    gap = draw.normal(0.02, 0.01, 40)
    gap[5] = 0.3
    assert np.flatnonzero(gaps_out_of_line(gap).flagged[:, 0]).tolist() == [5]
