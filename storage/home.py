"""The home folder: everything that must survive, its lock, and the short runtime folder for sockets.

home/postgresql   the database's files          home/kernels   compiled kernels
home/blobs        instances as they came        home/logs      what the processes say
home/volumes      derived volume files          home/lock      who works with this home
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from storage import processes
from storage.account import Account
from storage.errors import HomeLocked, HomeUnusable

LONGEST_SOCKET_PATH = 107  # bytes; sockaddr_un.sun_path holds 108 with its closing zero
LONGEST_SOCKET_NAME = len("/postgresql/.s.PGSQL.5432.lock")
FOLDERS = ("postgresql", "blobs", "volumes", "kernels", "logs")


@dataclass(frozen=True, slots=True)
class Holder:
    """Who works with a home: "serve" or "import", its process, and the folder where its sockets are."""

    role: str
    pid: int
    runtime: Path


def default_home() -> Path:
    """Where things are kept when nobody says: /var/lib/farview for root, else below the user's own folder."""
    return Path("/var/lib/farview") if os.geteuid() == 0 else Path("~/.local/share/farview").expanduser()


class Home:
    """One home folder. Call `prepare` before using what is in it."""

    def __init__(self, path: Path, runtime: Path | None = None) -> None:
        self.path = Path(os.path.abspath(path))  # noqa: PTH100 - resolve() would follow links that may not exist yet
        self.runtime = runtime or _runtime_of(self.path)
        self.postgresql, self.blobs, self.volumes, self.kernels, self.logs = (self.path / name for name in FOLDERS)
        self.lock = self.path / "lock"

    def prepare(self) -> None:
        """Make the folders, readable by us alone, or raise HomeUnusable with a sentence that says what to do."""
        if len(os.fsencode(self.runtime)) + LONGEST_SOCKET_NAME > LONGEST_SOCKET_PATH:
            raise HomeUnusable(
                f"the runtime folder {self.runtime} has too long a path for sockets "
                f"({LONGEST_SOCKET_PATH - LONGEST_SOCKET_NAME} bytes at most); set FARVIEW_RUNTIME to a shorter one"
            )
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            if others := self._others():
                raise HomeUnusable(
                    f"{self.path} is not a home of Farview and is not empty ({others[0]} is in it); "
                    "name a new or an empty folder with --home or FARVIEW_HOME"
                )
            for name in FOLDERS:
                (self.path / name).mkdir(mode=0o700, exist_ok=True)
            self.lock.touch(mode=0o600)
        except OSError as error:
            raise HomeUnusable(
                f"the home folder {self.path} cannot be used by {_who()} ({error.strerror}); "
                "name another one with --home or FARVIEW_HOME"
            ) from error
        self._prepare_runtime()

    def _others(self) -> list[str]:
        """What is in a folder that is not ours. Taking it over would close it to the people who use it."""
        names = sorted(entry.name for entry in self.path.iterdir())
        if set(names) & {"lock", *FOLDERS}:
            return []
        # A disk's own folder, and PostgreSQL's programs, which several homes share.
        return [name for name in names if name != "lost+found" and not name.lstrip(".").startswith("postgresql-")]

    def _prepare_runtime(self) -> None:
        try:
            self.runtime.mkdir(mode=0o700, parents=True, exist_ok=True)
            found = self.runtime.lstat()
        except OSError as error:
            raise HomeUnusable(
                f"the runtime folder {self.runtime} cannot be made by {_who()} ({error.strerror}); "
                "name another one with FARVIEW_RUNTIME"
            ) from error
        # Its name can be guessed and /tmp is everybody's: somebody else may have made it first, or laid a link there.
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o007:
            raise HomeUnusable(
                f"the runtime folder {self.runtime} is not a private folder of {_who()}; "
                "remove it, or name another one with FARVIEW_RUNTIME"
            )

    def admit(self, account: Account) -> None:
        """Let PostgreSQL's account pass through the home and the runtime folder, and nobody else.

        Only these two folders change, never one above them; what is beside the database in them stays closed.
        """
        for folder in (self.path, self.runtime):
            os.chown(folder, os.geteuid(), account.gid)
            folder.chmod(0o710)
            if not account.can_use(folder):
                raise HomeUnusable(
                    f"PostgreSQL runs as the account {account.name!r}, which cannot reach {folder}: "
                    "a folder above it is closed; name a home in an open place, such as /var/lib/farview"
                )

    @contextmanager
    def locked(self, role: str) -> Iterator[None]:
        """Work with this home alone, or raise HomeLocked that says who does. The runtime folder goes at the end.

        The kernel holds the lock, so it ends with this process however it ends.
        """
        with self.lock.open("r+") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                holder = _parse(file.read())
                by = f'"farview {holder.role}" (process {holder.pid})' if holder else "another process"
                raise HomeLocked(f"{by} works with the home {self.path}", holder) from None
            self._prepare_runtime()  # whoever had the lock a moment ago took it away
            _write(file.fileno(), json.dumps(asdict(Holder(role, os.getpid(), self.runtime)), default=str))
            try:
                yield
            finally:
                self._remove_runtime()
                _write(file.fileno(), "")

    def holder(self) -> Holder | None:
        """Who works with this home now; None when nobody does, is only starting, or we may not look.

        Nobody who starts at this moment is kept from it: the lock is not tried unless its holder seems to be alive.
        """
        try:
            with self.lock.open("r") as file:
                holder = _parse(file.read())
                if holder is None or not _is_alive(holder.pid):
                    return None
                # That number may be another process's by now; then the lock is free, and so it stays.
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return holder
        except OSError:
            pass
        return None

    def _remove_runtime(self) -> None:
        """Our sockets, and the folder if that was all. Everybody who used them has ended."""
        shutil.rmtree(self.runtime / "postgresql", ignore_errors=True)
        with suppress(OSError):
            for path in self.runtime.iterdir():
                if path.is_socket() or path.name == processes.NAME:
                    path.unlink()
            self.runtime.rmdir()


def _runtime_of(home: Path) -> Path:
    """A short folder for this home's sockets, the same at every start so that what a crash left is found again."""
    name = f"farview-{os.geteuid()}-{hashlib.sha256(os.fsencode(home)).hexdigest()[:8]}"
    bases = ["/run"] if os.geteuid() == 0 else [os.environ.get("XDG_RUNTIME_DIR", "")]
    for base in bases:
        room = LONGEST_SOCKET_PATH - LONGEST_SOCKET_NAME - len(name) - 1
        if base and len(os.fsencode(base)) <= room and os.access(base, os.W_OK | os.X_OK):
            return Path(base) / name
    # macOS has a long TMPDIR for each user; /tmp is short everywhere.
    tmp = Path("/tmp")  # noqa: S108 - owner and mode are checked in _prepare_runtime
    return (tmp if tmp.is_dir() else Path(tempfile.gettempdir())) / name


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:  # somebody else's
        return True
    return True


def _who() -> str:
    return f"the user id {os.geteuid()}"


def _parse(text: str) -> Holder | None:
    """The lock file's text; None while its holder has not yet written it."""
    try:
        values = json.loads(text)
        return Holder(str(values["role"]), int(values["pid"]), Path(values["runtime"]))
    except (ValueError, KeyError, TypeError):
        return None


def _write(file: int, text: str) -> None:
    os.ftruncate(file, 0)
    os.pwrite(file, text.encode(), 0)
