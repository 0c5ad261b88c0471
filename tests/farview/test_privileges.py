"""What becomes of root, tried in processes of their own."""

from __future__ import annotations

import json
import os
import pwd
import subprocess
import sys
from pathlib import Path

import pytest

from farview import privileges
from farview.privileges import Way, choose, hand_over
from storage.account import Account, database_account

ROOT = Path(__file__).resolve().parents[2]
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give itself up")


def account() -> Account:
    found = database_account()
    assert found is not None
    return found


def as_somebody(program: str, reading: bool) -> dict[str, object]:
    """What this program, which sets `found`, finds after root became the account."""
    code = f"""
import json, os, subprocess, sys
sys.path.insert(0, {str(ROOT)!r})
from farview.privileges import become
from storage.account import database_account
become(database_account(), reading={reading})
found = {{}}
{program}
print(json.dumps(found))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    answer: dict[str, object] = json.loads(done.stdout)
    return answer


def test_an_ordinary_user_stays_who_they_are(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert choose(tmp_path).way is Way.NOT_ROOT


@as_root
def test_root_cannot_come_back() -> None:
    program = """
found["ids"] = [*os.getresuid(), *os.getresgid(), *os.getgroups()]
try:
    os.setuid(0)
    found["back"] = True
except PermissionError:
    found["back"] = False
"""
    for reading in (False, privileges._may_keep_reading()):
        found = as_somebody(program, reading)
        assert found == {"ids": [account().uid] * 3 + [account().gid] * 3, "back": False}


@as_root
@pytest.mark.skipif(not privileges._may_keep_reading(), reason="root here may not read every file")
def test_the_reading_account_reads_closed_files_and_writes_none(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    (closed / "image.dcm").write_text("image")
    (closed / "image.dcm").chmod(0o600)
    program = f"""
found["read"] = open({str(closed / "image.dcm")!r}).read()
found["child"] = subprocess.run(["/bin/cat", {str(closed / "image.dcm")!r}], capture_output=True, text=True).stdout
try:
    open({str(closed / "image.dcm")!r}, "w")
    found["written"] = True
except PermissionError:
    found["written"] = False
"""
    assert as_somebody(program, True) == {"read": "image", "child": "image", "written": False}


@as_root
def test_a_home_is_handed_over_with_what_is_in_it(tmp_path: Path) -> None:
    home = tmp_path / "home"
    (home / "blobs" / "1").mkdir(parents=True)
    (home / "blobs" / "1" / "file").write_text("x")
    (home / "postgresql-18.6").mkdir()
    hand_over(home, account())
    owners = {path: path.stat().st_uid for path in (home, home / "blobs" / "1" / "file", home / "postgresql-18.6")}
    assert list(owners.values()) == [account().uid, account().uid, 0]
    assert choose(home).account == account()


@as_root
def test_a_folder_that_is_no_home_stays_root_s(tmp_path: Path) -> None:
    folder = tmp_path / "etc"
    (folder / "blobs").mkdir(parents=True)
    (folder / "passwd").write_text("x")
    hand_over(folder, account())
    assert [path.stat().st_uid for path in (folder, folder / "blobs", folder / "passwd")] == [0, 0, 0]


@as_root
def test_links_in_a_home_are_not_followed(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "file").write_text("x")
    home = tmp_path / "home"
    (home / "blobs").mkdir(parents=True)
    (home / "kernels").symlink_to(elsewhere)
    (home / "blobs" / "link").symlink_to(elsewhere / "file")
    hand_over(home, account())
    assert [path.stat().st_uid for path in (elsewhere, elsewhere / "file")] == [0, 0]


@as_root
def test_root_leaves_bytecode_in_its_own_installation_only(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    owner = pwd.getpwnam("nobody")
    for name in ("roots", "somebodys"):
        for package in privileges.PACKAGES:
            (tmp_path / name / package).mkdir(parents=True)
            (tmp_path / name / package / "module.py").write_text("x = 1\n")
    for path in (tmp_path / "somebodys", *(tmp_path / "somebodys").rglob("*")):
        os.chown(path, owner.pw_uid, owner.pw_gid)
    for name in ("roots", "somebodys"):
        monkeypatch.setattr(privileges, "INSTALLATION", tmp_path / name)
        privileges._compile_packages()
    assert len(list((tmp_path / "roots").rglob("*.pyc"))) == len(privileges.PACKAGES)
    assert not list((tmp_path / "somebodys").rglob("*.pyc"))


@as_root
def test_the_owner_of_a_home_is_who_works_in_it(tmp_path: Path) -> None:
    owner = pwd.getpwnam("nobody")
    os.chown(tmp_path, owner.pw_uid, owner.pw_gid)
    found = choose(tmp_path).account
    assert found is not None and found.name == "nobody"


@as_root
def test_root_remains_where_nothing_else_can_run_us(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(privileges, "can_read_installation", lambda account, reading=False: False)
    assert choose(tmp_path).way is Way.ROOT
    monkeypatch.setattr(privileges, "can_read_installation", lambda account, reading=False: reading)
    assert choose(tmp_path).way is (Way.READING_ACCOUNT if privileges._may_keep_reading() else Way.ROOT)
    monkeypatch.setattr(privileges, "can_read_installation", lambda account, reading=False: True)
    assert choose(tmp_path).way is Way.ACCOUNT
