from __future__ import annotations

import os
import pwd
from pathlib import Path

import pytest

from storage import account
from storage.account import database_account, own_name
from storage.errors import HomeUnusable
from tests.database import is_root


@pytest.mark.skipif(is_root(), reason="root gives PostgreSQL another account")
def test_an_ordinary_user_is_the_databases_account() -> None:
    assert database_account() is None


@pytest.mark.skipif(not is_root(), reason="an ordinary user needs no other account")
def test_root_gives_postgresql_an_account_that_exists_and_is_not_root() -> None:
    found = database_account()
    assert found and found.uid != 0 and pwd.getpwnam(found.name).pw_uid == found.uid


def test_a_machine_without_such_an_account_is_told_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(account, "NAMES", ("no-such-account",))
    with pytest.raises(HomeUnusable, match="FARVIEW_DATABASE_URL"):
        database_account()


def test_a_user_id_without_a_name_is_told_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    assert pwd.getpwnam(own_name()).pw_uid == os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: 987654)
    with pytest.raises(HomeUnusable, match="987654"):
        own_name()


@pytest.mark.skipif(not is_root(), reason="only root can try as another account")
def test_an_account_is_asked_and_not_guessed(open_folder: Path) -> None:
    found = database_account()
    assert found
    folder = open_folder / "asked"
    folder.mkdir(mode=0o711)
    assert found.can_use(folder) and not found.can_use(folder, write=True)
    os.chown(folder, found.uid, found.gid)
    assert found.can_use(folder, write=True)
    folder.chmod(0o600)
    assert not found.can_use(folder)
    assert not found.can_use(folder / "missing")
