from __future__ import annotations

import pytest

from renderd.costs import KEPT, Costs


def test_a_kind_that_was_never_made_costs_the_guess() -> None:
    assert Costs().seconds_per_pixel("kind", 3.0) == 3.0


def test_costs_follow_what_pictures_took() -> None:
    costs = Costs()
    costs.learn("kind", 1000, 1.0)
    assert costs.seconds_per_pixel("kind", 9.0) == pytest.approx(0.001)
    for _ in range(30):
        costs.learn("kind", 1000, 2.0)
    assert costs.seconds_per_pixel("kind", 9.0) == pytest.approx(0.002, rel=1e-3)


def test_what_the_first_picture_made_once_is_forgotten_with_the_second() -> None:
    costs = Costs()
    costs.learn("kind", 1000, 9.0)
    assert costs.seconds_per_pixel("kind", 1.0) == pytest.approx(0.009)
    costs.learn("kind", 1000, 1.0)
    assert costs.seconds_per_pixel("kind", 1.0) == pytest.approx(0.001)
    costs.learn("kind", 1000, 2.0)
    assert costs.seconds_per_pixel("kind", 1.0) == pytest.approx(0.0013)


def test_only_the_latest_kinds_are_kept() -> None:
    costs = Costs()
    for kind in range(KEPT + 1):
        costs.learn(kind, 1, 1.0)
    assert costs.seconds_per_pixel(0, 9.0) == 9.0 and costs.seconds_per_pixel(1, 9.0) == 1.0


def test_what_is_not_made_drifts_down_to_what_is_expected_of_it_and_never_up() -> None:
    costs = Costs()
    costs.drift("kind", 1.0)
    assert costs.seconds_per_pixel("kind", 9.0) == 9.0  # nothing is known of it
    costs.learn("kind", 1, 8.0)
    costs.drift("kind", 9.0)
    assert costs.seconds_per_pixel("kind", 1.0) == 8.0
    for _ in range(100):
        costs.drift("kind", 2.0)
    assert costs.seconds_per_pixel("kind", 1.0) == pytest.approx(2.0, rel=0.02)
