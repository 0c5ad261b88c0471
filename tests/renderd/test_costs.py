from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from renderd.costs import KEPT, Costs, scale_for


def test_a_kind_that_was_never_made_costs_the_guess() -> None:
    assert Costs().seconds_per_pixel("kind", 3.0) == 3.0


def test_costs_follow_what_pictures_took() -> None:
    costs = Costs()
    costs.learn("kind", 1000, 1.0)
    assert costs.seconds_per_pixel("kind", 9.0) == pytest.approx(0.001)
    for _ in range(30):
        costs.learn("kind", 1000, 2.0)
    assert costs.seconds_per_pixel("kind", 9.0) == pytest.approx(0.002, rel=1e-3)


def test_only_the_latest_kinds_are_kept() -> None:
    costs = Costs()
    for kind in range(KEPT + 1):
        costs.learn(kind, 1, 1.0)
    assert costs.seconds_per_pixel(0, 9.0) == 9.0 and costs.seconds_per_pixel(1, 9.0) == 1.0


@given(
    width=st.integers(1, 4096),
    height=st.integers(1, 4096),
    level=st.sampled_from([1.0, 0.5]),
    pixel_s=st.floats(1e-10, 1e-3),
)
def test_a_moving_picture_takes_the_budget_unless_it_would_be_too_small(
    width: int, height: int, level: float, pixel_s: float
) -> None:
    scale = scale_for(width, height, level_scale=level, seconds_per_pixel=pixel_s, budget_s=0.045, least=256)
    assert 0 < scale <= 1
    least = min(1.0, 256 / min(width, height))
    assert scale >= least
    if scale > least:
        assert scale <= level and scale**2 * width * height * pixel_s <= 0.045 * (1 + 1e-9)
