"""One address may not guess for ever."""

from __future__ import annotations

from api.attempts import ALLOWED, REMEMBERED, WITHIN_S, Attempts


def test_an_address_is_stopped_after_many_failures_and_another_is_not() -> None:
    attempts = Attempts()
    assert all(attempts.take("192.0.2.1", second) for second in range(ALLOWED))
    assert not attempts.take("192.0.2.1", ALLOWED)
    assert attempts.take("192.0.2.2", ALLOWED)


def test_attempts_that_are_still_being_judged_count() -> None:
    attempts = Attempts()
    assert sum(attempts.take("192.0.2.1", 0) for _ in range(10 * ALLOWED)) == ALLOWED


def test_a_success_costs_nothing() -> None:
    attempts = Attempts()
    for second in range(3 * ALLOWED):
        assert attempts.take("192.0.2.1", second / 10)
        attempts.give_back("192.0.2.1", second / 10)
    assert len(attempts._counted) == 0


def test_failures_are_forgotten_with_time() -> None:
    attempts = Attempts()
    for second in range(ALLOWED):
        attempts.take("192.0.2.1", second / ALLOWED)
    assert not attempts.take("192.0.2.1", WITHIN_S - 1)
    assert attempts.take("192.0.2.1", WITHIN_S + 1)


def test_many_addresses_do_not_fill_the_memory() -> None:
    attempts = Attempts()
    for number in range(REMEMBERED + 10):
        attempts.take(str(number), 0)
    assert len(attempts._counted) == REMEMBERED
    attempts.give_back("0", 0)
