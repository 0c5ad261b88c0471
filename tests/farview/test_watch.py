"""What is known of a process, and how long the next start waits, by a clock of the test's own."""

from __future__ import annotations

from pathlib import Path

import pytest

from farview.watch import BACK_OFF_S, SETTLED_S, Watch, exit_word
from storage.processes import State


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def watch(clock: Clock) -> Watch:
    return Watch("receive", Path("/home/logs/receive.log"), clock=clock)


def test_a_process_is_starting_until_it_says_that_it_is_ready(watch: Watch, clock: Clock) -> None:
    watch.started(7)
    assert (watch.process.state, watch.process.pid) == (State.STARTING, 7)
    clock.now += 3
    watch.ready()
    assert (watch.process.state, watch.process.since, watch.process.restarts) == (State.RUNNING, 1003.0, 0)


def test_the_first_restart_is_at_once_and_what_keeps_failing_settles_at_the_longest_wait(watch: Watch) -> None:
    waits = []
    for _ in range(12):
        watch.started(7)
        waits.append(watch.ended("2", "Address already in use"))
    assert waits[:7] == list(BACK_OFF_S)
    assert set(waits[7:]) == {BACK_OFF_S[-1]}
    process = watch.process
    assert (process.state, process.failures, process.restarts) == (State.WAITING, 12, 12)
    assert (process.last_exit, process.reason, process.pid) == ("2", "Address already in use", None)


def test_a_failure_after_a_long_life_is_a_first_one_again(watch: Watch, clock: Clock) -> None:
    for _ in range(5):
        watch.started()
        watch.ended("1")
    watch.started()
    watch.ready()
    clock.now += SETTLED_S + 1
    assert watch.ended("SIGKILL") == 0
    assert (watch.process.state, watch.process.failures, watch.process.restarts) == (State.RESTARTING, 1, 6)


def test_being_started_again_and_being_stopped_are_told_apart(watch: Watch) -> None:
    watch.started(1)
    watch.ready()
    watch.ended("SIGKILL")
    watch.started(2)
    assert watch.process.state is State.RESTARTING
    watch.ready()
    assert (watch.process.state, watch.process.last_exit) == (State.RUNNING, "SIGKILL")
    watch.stopped()
    assert watch.process.state is State.STOPPED
    watch.ready()  # a word that was still under way
    assert watch.process.state is State.STOPPED


def test_whoever_shows_it_hears_of_every_change(clock: Clock) -> None:
    told: list[State] = []
    watch = Watch("api", Path("/l"), lambda: told.append(watch.process.state), clock)
    watch.started()
    watch.ready()
    watch.ended("1")
    watch.stopped()
    assert told == [State.STARTING, State.RUNNING, State.RESTARTING, State.STOPPED]


def test_an_exit_is_named_as_people_name_it() -> None:
    assert [exit_word(code) for code in (0, 2, -9, -15, -64)] == ["0", "2", "SIGKILL", "SIGTERM", "SIGRTMAX"]
