"""One address may not guess for ever."""

from __future__ import annotations

from api.attempts import ALLOWED, REMEMBERED, WITHIN_S, Attempts


def test_an_address_is_stopped_after_many_failures_and_another_is_not() -> None:
    attempts = Attempts()
    for second in range(ALLOWED):
        assert attempts.allowed("192.0.2.1", second)
        attempts.failed("192.0.2.1", second)
    assert not attempts.allowed("192.0.2.1", ALLOWED)
    assert attempts.allowed("192.0.2.2", ALLOWED)


def test_failures_are_forgotten_with_time() -> None:
    attempts = Attempts()
    for second in range(ALLOWED):
        attempts.failed("192.0.2.1", second)
    assert not attempts.allowed("192.0.2.1", WITHIN_S - 1)
    assert attempts.allowed("192.0.2.1", WITHIN_S + 1)


def test_many_addresses_do_not_fill_the_memory() -> None:
    attempts = Attempts()
    for number in range(REMEMBERED + 10):
        attempts.failed(str(number), 0)
    assert len(attempts._failures) == REMEMBERED
