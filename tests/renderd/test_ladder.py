from __future__ import annotations

import itertools
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from renderd.ladder import CLIMB, KEPT, SHRINK, Ladder, Rung, rungs

PIXELS = 1000 * 1000
BUDGET_S = 0.045
LADDER = rungs(1.0, 0.256, has_steps=True)


def cost(pixel_s: float, finer: float = 2.5):  # type: ignore[no-untyped-def]
    """Seconds of a rung on a machine that takes so long for a coarse pixel."""
    return lambda rung: pixel_s * PIXELS * rung.scale**2 * (finer if rung.fine else 1)


def test_a_ladder_goes_from_a_fine_step_in_full_size_to_the_smallest_picture() -> None:
    assert LADDER[:2] == (Rung(1.0, fine=True), Rung(1.0))
    assert [b.scale / a.scale for a, b in itertools.pairwise(LADDER[1:-1])] == pytest.approx([SHRINK] * 7)
    assert LADDER[-1] == Rung(0.256) and SHRINK * 0.256 < LADDER[-1].scale < LADDER[-2].scale
    assert not any(rung.fine for rung in LADDER[1:])


def test_a_picture_that_cannot_shrink_has_one_size() -> None:
    assert rungs(1.0, 1.0, has_steps=False) == (Rung(1.0),)
    assert rungs(0.5, 0.5, has_steps=True) == (Rung(0.5, fine=True), Rung(0.5))


@given(pixel_s=st.floats(1e-11, 1e-3))
def test_the_first_choice_is_the_best_that_fits(pixel_s: float) -> None:
    seconds = cost(pixel_s)
    rung = Ladder().choose("kind", LADDER, seconds, BUDGET_S)
    better = LADDER[: LADDER.index(rung)]
    assert all(seconds(other) > BUDGET_S for other in better)
    assert seconds(rung) <= BUDGET_S or rung == LADDER[-1]


def test_a_late_picture_goes_down_at_once_and_up_only_with_room_to_spare() -> None:
    ladder = Ladder()
    half = LADDER[5]
    fits = BUDGET_S / (PIXELS * half.scale**2)
    assert ladder.choose("kind", LADDER, cost(fits * 0.99), BUDGET_S) == half
    # One better would fit just so: not yet. Then it fits with room.
    just, spare = (fits * SHRINK**2 * part for part in (0.99, 0.99 * CLIMB))
    assert ladder.choose("kind", LADDER, cost(just), BUDGET_S) == half
    assert ladder.choose("kind", LADDER, cost(spare), BUDGET_S) == LADDER[4]
    assert ladder.choose("kind", LADDER, cost(fits * 1.01), BUDGET_S) == LADDER[6]


@pytest.mark.parametrize("pixel_s", [1e-8, 4.5e-8, 6.3e-8, 9e-8, 1.2e-7, 3e-7])
def test_sizes_do_not_tremble_when_the_cost_does(pixel_s: float) -> None:
    """A tenth more or less from picture to picture: it steps down once at most, and never up again."""
    ladder, noise = Ladder(), random.Random(5)
    chosen = [ladder.choose("kind", LADDER, cost(pixel_s * noise.uniform(0.9, 1.1)), BUDGET_S) for _ in range(200)]
    changes = [(a, b) for a, b in itertools.pairwise(chosen) if a != b]
    assert len(changes) <= 1 and all(LADDER.index(b) > LADDER.index(a) for a, b in changes)


def test_kinds_stand_on_rungs_of_their_own_and_only_the_latest_are_kept() -> None:
    ladder = Ladder()
    fits = BUDGET_S / PIXELS
    for kind in range(KEPT + 1):
        assert ladder.choose(kind, LADDER, cost(fits * 1.01), BUDGET_S) == LADDER[2]
    assert ladder.choose(1, LADDER, cost(fits * 0.99), BUDGET_S) == LADDER[2]
    assert ladder.choose(0, LADDER, cost(fits * 0.99), BUDGET_S) == LADDER[1]  # forgotten
