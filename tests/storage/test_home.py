from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from storage.account import database_account
from storage.errors import HomeLocked, HomeUnusable
from storage.home import LONGEST_SOCKET_PATH, Holder, Home, default_home
from tests.database import is_root

ROOT = Path(__file__).parents[2]


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = Home(tmp_path / "home", tmp_path / "r")
    # pytest's own folder may have a longer path than sockets allow; only this test's lock and folders are asked for.
    made.runtime = Path("/tmp") / f"fv-{os.getpid()}"
    made.prepare()
    yield made
    shutil.rmtree(made.runtime, ignore_errors=True)


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_every_folder_is_closed_to_others(home: Home) -> None:
    for folder in (home.path, home.runtime, home.postgresql, home.blobs, home.volumes, home.kernels, home.logs):
        assert mode(folder) == 0o700
    assert mode(home.lock) == 0o600


def test_preparing_twice_changes_nothing(home: Home) -> None:
    (home.blobs / "kept").touch()
    home.prepare()
    assert (home.blobs / "kept").exists()


def test_the_runtime_folder_is_short_and_stays_the_same(tmp_path: Path) -> None:
    deep = tmp_path / ("long" * 60)
    first, again, other = Home(deep), Home(deep), Home(tmp_path / "other")
    assert first.runtime == again.runtime != other.runtime
    assert len(os.fsencode(first.runtime / "postgresql" / ".s.PGSQL.5432.lock")) <= LONGEST_SOCKET_PATH


def test_a_long_folder_of_the_session_is_not_used_for_sockets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    long = tmp_path / ("long" * 30)
    long.mkdir()
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(long))
    assert not Home(tmp_path).runtime.is_relative_to(long)


def test_a_runtime_folder_that_is_too_long_is_refused(tmp_path: Path) -> None:
    with pytest.raises(HomeUnusable, match="too long a path"):
        Home(tmp_path / "home", tmp_path / ("long" * 30)).prepare()


def test_a_runtime_folder_of_somebody_else_or_open_to_others_is_refused(home: Home, tmp_path: Path) -> None:
    home.runtime.chmod(0o707)
    with pytest.raises(HomeUnusable, match="private"):
        home.prepare()
    home.runtime.chmod(0o700)
    link = Path("/tmp") / f"fv-link-{os.getpid()}"
    link.symlink_to(home.runtime)
    try:
        with pytest.raises(HomeUnusable, match="private"):
            Home(home.path, link).prepare()
    finally:
        link.unlink()


def test_a_folder_with_other_things_in_it_is_not_taken_over(tmp_path: Path) -> None:
    (tmp_path / "letters").touch()
    with pytest.raises(HomeUnusable, match="letters"):
        Home(tmp_path).prepare()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["letters"]


def test_a_home_that_cannot_be_made_is_refused_with_the_way_out(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(HomeUnusable, match="--home"):
        Home(tmp_path / "file" / "home").prepare()


@pytest.mark.skipif(is_root(), reason="root may write everywhere")
def test_a_home_that_we_cannot_write_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(HomeUnusable, match="Permission denied"):
            Home(tmp_path / "home").prepare()
    finally:
        tmp_path.chmod(0o700)


@pytest.mark.skipif(not is_root(), reason="PostgreSQL has an account of its own only under root")
def test_a_home_below_a_closed_folder_is_refused_for_the_databases_account(home: Home, tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    account = database_account()
    assert account
    with pytest.raises(HomeUnusable, match=rf"{account.name}.*cannot reach"):
        home.admit(account)
    assert mode(tmp_path) == 0o700


def test_the_default_home_is_where_this_user_may_write() -> None:
    assert default_home() == (Path("/var/lib/farview") if is_root() else Path.home() / ".local/share/farview")


def test_the_lock_says_who_holds_it(home: Home) -> None:
    with home.locked("serve"):
        assert json.loads(home.lock.read_text())["role"] == "serve"
        with pytest.raises(HomeLocked, match="farview serve") as raised, Home(home.path, home.runtime).locked("import"):
            pass
        assert raised.value.holder == Holder("serve", os.getpid(), home.runtime)
    with home.locked("import"):
        assert json.loads(home.lock.read_text())["role"] == "import"
    assert home.lock.read_text() == ""


def test_a_lock_ends_with_the_process_that_held_it(home: Home) -> None:
    script = f"""
from pathlib import Path
from storage.home import Home
with Home(Path({str(home.path)!r}), Path({str(home.runtime)!r})).locked("serve"):
    print("locked", flush=True)
    input()
"""
    holder = subprocess.Popen(
        [sys.executable, "-c", script], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout and holder.stdout.readline() == "locked\n"
    with pytest.raises(HomeLocked) as raised, home.locked("import"):
        pass
    assert raised.value.holder.pid == holder.pid
    holder.kill()
    holder.wait()
    with home.locked("import"):
        pass


def test_the_runtime_folder_goes_with_the_lock_and_comes_with_it(home: Home) -> None:
    (home.runtime / "postgresql").mkdir()
    for _ in range(2):
        with home.locked("serve"), socket.socket(socket.AF_UNIX) as listening:
            assert mode(home.runtime) == 0o700
            listening.bind(str(home.runtime / "renderd.sock"))
        assert not home.runtime.exists()


def test_what_else_is_in_a_runtime_folder_stays(home: Home) -> None:
    with home.locked("serve"):
        (home.runtime / "letter").touch()
    assert [path.name for path in home.runtime.iterdir()] == ["letter"]


def test_looking_who_works_with_a_home_keeps_nobody_from_it(home: Home) -> None:
    assert home.holder() is None
    with home.locked("serve"):
        assert Home(home.path, home.runtime).holder() == Holder("serve", os.getpid(), home.runtime)
    assert home.holder() is None
    # A crash leaves its name; by now it is another process's number.
    home.lock.write_text(json.dumps({"role": "serve", "pid": os.getppid(), "runtime": "/run/x"}))
    assert home.holder() is None
    with home.locked("import"):
        pass


def test_a_home_that_is_not_there_has_no_holder(tmp_path: Path) -> None:
    assert Home(tmp_path / "home", tmp_path / "r").holder() is None
    assert not (tmp_path / "home").exists()


def test_a_lock_whose_holder_has_not_written_yet_is_still_a_lock(home: Home) -> None:
    with home.locked("serve"):
        home.lock.write_text("")
        with pytest.raises(HomeLocked, match="another process") as raised, home.locked("import"):
            pass
        assert raised.value.holder is None
