"""Which account works when root starts Farview, and how root becomes it. docs/decisions/0002-children-and-root.md

Decoders and parsers read what strangers send, so nothing that serves runs as root if that can be helped.
"""

from __future__ import annotations

import compileall
import ctypes
import os
import pwd
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from farview.words import say
from storage.account import Account, database_account
from storage.errors import HomeUnusable
from storage.home import FOLDERS

INSTALLATION = Path(__file__).resolve().parent.parent

# What a child needs of the installation: the interpreter, compiled packages, our own. They are found and opened, not
# imported: that would take two seconds at every start.
PROBE = """
from importlib.util import find_spec
for name in ("numba", "numpy", "imagecodecs", "aiohttp", "asyncpg", "api", "renderd", "storage"):
    open(find_spec(name).origin).close()
"""
PROBE_S = 60
PACKAGES = ("kernels", "clinical", "storage", "renderd", "api", "farview")

FILES = ("lock", "import.lock")  # of a home, beside its folders
SHARED_PROGRAMS = ("postgresql-", ".postgresql-")  # stay root's, so that nobody can change what runs

_PR_SET_KEEPCAPS, _PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE = 8, 47, 2
_CAP_DAC_READ_SEARCH = 2
_CAPABILITY_VERSION_3 = 0x20080522


class Way(Enum):
    """What becomes of root."""

    NOT_ROOT = "not root"
    ACCOUNT = "account"  # the account and nothing else
    READING_ACCOUNT = "reading account"  # the account, and the one capability to read every file
    ROOT = "root"  # there is no account that could work


@dataclass(frozen=True, slots=True)
class Choice:
    """Who will work, and why not with less."""

    way: Way
    account: Account | None
    may_keep_reading: bool = False

    def sentence(self) -> str:
        """One line for whoever started us as root."""
        if self.account is None or self.way is Way.ROOT:
            return say("works_root")
        return say("works_reading" if self.way is Way.READING_ACCOUNT else "works_as", account=self.account.name)


def choose(home: Path) -> Choice:
    """Who works for this home. Asks the kernel, as that account, whether it can read the installation."""
    if os.geteuid() != 0:
        return Choice(Way.NOT_ROOT, None)
    account = _owner_of(home)
    if account is None:
        return Choice(Way.ROOT, None)
    may_keep_reading = _may_keep_reading()
    if can_read_installation(account):
        return Choice(Way.ACCOUNT, account, may_keep_reading)
    if may_keep_reading and can_read_installation(account, reading=True):
        return Choice(Way.READING_ACCOUNT, account, may_keep_reading)
    return Choice(Way.ROOT, account)


def leave_root(home: Path, *, reading: bool = False) -> Choice:
    """As root: give the home to the account that is chosen and become it, for good. Else nothing.

    reading: keep the capability to read every file, where root has it, because what is to be imported may be closed.
    """
    choice = choose(home)
    if choice.account is not None and choice.way in (Way.ACCOUNT, Way.READING_ACCOUNT):
        hand_over(home, choice.account)
        _compile_packages()
        become(choice.account, reading=choice.way is Way.READING_ACCOUNT or (reading and choice.may_keep_reading))
        os.environ["HOME"] = str(home)
    return choice


def _compile_packages() -> None:
    """Let Python keep the bytecode of root's clone; the account may not write there, and would compile at every start.

    Only root's: in somebody else's clone it would leave files that its owner cannot remove, through links of theirs.
    """
    for folder in (INSTALLATION / package for package in PACKAGES):
        if INSTALLATION.stat().st_uid == folder.stat().st_uid == 0:
            compileall.compile_dir(folder, quiet=2)


def _owner_of(home: Path) -> Account | None:
    """The home's owner when it has one, else an existing unprivileged account."""
    try:
        entry = pwd.getpwuid(home.stat().st_uid)
    except (OSError, KeyError):
        entry = None
    if entry is not None and entry.pw_uid != 0:
        return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)
    try:
        return database_account()
    except HomeUnusable:
        return None


def can_read_installation(account: Account, *, reading: bool = False) -> bool:
    """Whether this account, with or without the capability to read, can run what a child runs."""
    try:
        done = subprocess.run(
            [sys.executable, "-c", PROBE],
            env={**os.environ, "PYTHONPATH": str(INSTALLATION), "PYTHONDONTWRITEBYTECODE": "1"},
            cwd="/",
            preexec_fn=lambda: become(account, reading=reading),
            capture_output=True,
            check=False,
            timeout=PROBE_S,
        )
    except (OSError, subprocess.SubprocessError):
        return False
    return done.returncode == 0


@contextmanager
def as_owner_of(home: Path) -> Iterator[None]:
    """As root: be the home's account for a while, for the database asks who connects. Else nothing."""
    account = _owner_of(home) if os.geteuid() == 0 else None
    if account is None:
        yield
        return
    before = os.environ.get("HOME", "")
    os.environ["HOME"] = str(home)  # root's own may be closed, and is looked at for a password file
    os.seteuid(account.uid)
    try:
        yield
    finally:
        os.seteuid(0)
        os.environ["HOME"] = before


def hand_over(home: Path, account: Account) -> None:
    """Give the home to the account; a folder that holds anything but a home's own is left as it is.

    Only a home that root owns: in any other one somebody else could lay links.
    """
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError:  # Home.prepare says why, in a sentence
        return
    names = {entry.name for entry in home.iterdir() if not entry.name.startswith(SHARED_PROGRAMS)}
    if home.is_symlink() or home.stat().st_uid != 0 or names - {*FOLDERS, *FILES, "lost+found"}:
        return
    for name in names - {"lost+found"}:
        os.chown(home / name, account.uid, account.gid, follow_symlinks=False)
        if (home / name).is_symlink():
            continue
        for folder, folders, files in os.walk(home / name):
            for entry in (*folders, *files):
                os.chown(Path(folder, entry), account.uid, account.gid, follow_symlinks=False)
    os.chown(home, account.uid, account.gid)


def become(account: Account, *, reading: bool = False) -> None:
    """Make this process, and all it starts, the account's for good; `reading` keeps the capability to read."""
    libc = ctypes.CDLL(None, use_errno=True)
    if reading:
        _check(libc.prctl(_PR_SET_KEEPCAPS, 1, 0, 0, 0))
    account.become()
    if reading:
        _keep_only(libc, 1 << _CAP_DAC_READ_SEARCH)
        # Ambient: children started by exec keep it too.
        _check(libc.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, _CAP_DAC_READ_SEARCH, 0, 0))


def _keep_only(libc: ctypes.CDLL, mask: int) -> None:
    """capset(2): these capabilities are effective, permitted and inheritable, and no other."""
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    data = (ctypes.c_uint32 * 6)(mask, mask, mask, 0, 0, 0)
    _check(libc.capset(header, data))


def _check(result: int) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def _may_keep_reading() -> bool:
    """Whether root here has the capability to give; containers often take it away."""
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        return False
    line = next((line for line in status.splitlines() if line.startswith("CapEff:")), "CapEff:\t0")
    return bool(int(line.split()[1], 16) >> _CAP_DAC_READ_SEARCH & 1)
