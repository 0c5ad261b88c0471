from __future__ import annotations

import pytest
from argon2 import PasswordHasher

from storage import passwords


@pytest.fixture(autouse=True)
def cheap_hashes(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """Argon2 with the least it takes; its real cost is tested in test_passwords.py alone."""
    if request.path.stem != "test_passwords":
        monkeypatch.setattr(passwords, "_HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
