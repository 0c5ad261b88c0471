"""What every test may ask for."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from argon2 import PasswordHasher

from benchmarks.service import bring_kernels
from kernels.cache import fingerprint
from storage import passwords

# One PostgreSQL for the whole run: the fixtures `database` and `database_target`.
pytest_plugins = ["tests.database"]


FOR_THE_LOG = "for the log"


def pytest_sessionstart(session: pytest.Session) -> None:
    """Kernels that a home compiled before serve the tests, too: copied before any of them runs."""
    own = Path.home() / ".cache" / "farview"
    if not hasattr(session.config, "workerinput") and not (own / "kernels" / fingerprint()).exists():
        bring_kernels(own)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes minutes begins first, so that at the end nobody waits for it."""
    items.sort(key=lambda item: item.get_closest_marker("long") is None)


@pytest.fixture
def for_the_log(record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """What a test measured and every run's log should show, also that of a run on several cores."""
    return lambda text: record_property(FOR_THE_LOG, text)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for report in terminalreporter.getreports("passed") + terminalreporter.getreports("failed"):
        for name, text in report.user_properties:
            if name == FOR_THE_LOG:
                terminalreporter.section(report.nodeid)
                terminalreporter.line(str(text))


@pytest.fixture(scope="session")
def test_data() -> Path:
    """The folder of real images that lies beside the project, or a skip that says how to name it."""
    folder = os.environ.get("FARVIEW_TEST_DATA")
    if not folder or not Path(folder).is_dir():
        pytest.skip("real images are not here: set FARVIEW_TEST_DATA to their folder")
    return Path(folder)


@pytest.fixture(scope="session", autouse=True)
def cheap_hashes() -> Iterator[None]:
    """The same hash with the least memory and one pass: hundreds of tests sign somebody in."""
    real, passwords._HASHER = passwords._HASHER, PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    yield
    passwords._HASHER = real
