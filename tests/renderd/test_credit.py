from __future__ import annotations

import heapq

import pytest

from renderd.credit import LEAST, MOST, Delivery, credit


@pytest.mark.parametrize(
    ("rate_mbit", "delay_ms", "frame_kib", "expected"),
    [
        (100, 5, 77, 2),  # next door: one on the way, one being drawn
        (100, 120, 77, 8),  # across the continent: the line holds more than the most we allow
        (30, 30, 64, 3),
        (5, 120, 16, 6),
        (12, 60, 30, 4),
        (1, 300, 400, 2),  # larger than the line: still two, so that one is drawn while the next travels
    ],
)
def test_the_credit_is_what_fits_on_the_line_and_one_more(
    rate_mbit: float, delay_ms: float, frame_kib: float, expected: int
) -> None:
    assert credit(rate_mbit * 1e6 / 8, delay_ms / 1e3, frame_kib * 1024) == expected


def drive(rate_bytes: float, base_s: float, draw_s: float, frame_bytes: int, seconds: float) -> tuple[int, float]:
    """A line of this rate and round trip that is always asked for frames: the last credit and the last delay."""
    delivery = Delivery()
    now = line_free = drawn = delay = 0.0
    acknowledgements: list[tuple[float, int]] = []
    departures = {}
    number = 0
    while now < seconds:
        while len(departures) < delivery.credit:
            departures[number] = delivery.departed(frame_bytes, now, idle=not departures)
            line_free = max(line_free, now) + frame_bytes / rate_bytes
            drawn = max(drawn, line_free + base_s / 2) + draw_s
            heapq.heappush(acknowledgements, (drawn + base_s / 2, number))
            number += 1
        now, done = heapq.heappop(acknowledgements)
        departure = departures.pop(done)
        delay = now - departure.at
        delivery.arrived(departure, now)
    return delivery.credit, delay


def test_a_long_fast_line_earns_more_credit() -> None:
    assert drive(100e6 / 8, 0.12, 0.005, 77 * 1024, 5)[0] == MOST


def test_a_slow_line_is_filled_and_never_queued_on() -> None:
    frame, rate, base = 16 * 1024, 5e6 / 8, 0.12
    frames, delay = drive(rate, base, 0.005, frame, 10)
    fits = base / (frame / rate)
    assert fits < frames <= fits + 3
    assert delay < base + 4 * frame / rate


def test_a_slow_phone_next_door_gets_the_least() -> None:
    # Its drawing takes 40 ms a frame: more frames under way would only be old ones.
    assert drive(1e9 / 8, 0.002, 0.04, 60_000, 5)[0] == LEAST


def test_a_pause_is_not_taken_for_a_slow_line() -> None:
    delivery = Delivery()
    for second in range(20):
        departure = delivery.departed(100_000, float(second), idle=True)
        delivery.arrived(departure, second + 0.1)
    # One frame of 100 kB in 100 ms is all that was seen: a rate of 1 MB/s, of which one frame fits on the line.
    assert delivery.credit == 2


@pytest.mark.parametrize("frames", [0.0, 1.0])
def test_nothing_measured_is_the_least(frames: float) -> None:
    assert credit(0.0, 0.0, frames) == LEAST and Delivery().credit == LEAST
