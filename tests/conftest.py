"""What every test may ask for."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from argon2 import PasswordHasher

from storage import passwords

# One PostgreSQL for the whole run: the fixtures `database` and `database_target`.
pytest_plugins = ["tests.database"]


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
