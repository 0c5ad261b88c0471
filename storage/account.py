"""The unprivileged account that PostgreSQL runs as when Farview itself runs as root."""

from __future__ import annotations

import os
import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path

from storage.errors import HomeUnusable

# Existing accounts only: a program that adds accounts to a machine surprises whoever looks after it.
NAMES = ("postgres", "nobody")


@dataclass(frozen=True, slots=True)
class Account:
    """A local account."""

    name: str
    uid: int
    gid: int

    def become(self) -> None:
        """Make the calling process this account's, for good. For use between fork and exec."""
        os.setgroups([])
        os.setgid(self.gid)
        os.setuid(self.uid)

    def can_use(self, folder: Path, *, write: bool = False) -> bool:
        """Whether this account can enter the folder, and write into it.

        The kernel is asked, as this account: mode bits alone would miss access lists and mount options.
        """
        test = 'test -x "$1"' + (' && test -w "$1"' if write else "")
        done = subprocess.run(
            ["/bin/sh", "-c", test, "sh", str(folder)],
            user=self.uid,
            group=self.gid,
            extra_groups=[],
            cwd="/",
            check=False,
            capture_output=True,
        )
        return done.returncode == 0


def database_account() -> Account | None:
    """The account for PostgreSQL, which refuses to run as root; None when we are not root and it runs as we do."""
    if os.geteuid() != 0:
        return None
    for name in NAMES:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)
    raise HomeUnusable(
        f"PostgreSQL does not run as root, and this machine has none of the accounts {', '.join(NAMES)}; "
        "run Farview as an ordinary user or set FARVIEW_DATABASE_URL"
    )


def own_name() -> str:
    """The name of the account that this process works as."""
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        raise HomeUnusable(
            f"the user id {os.geteuid()} has no name on this machine, and PostgreSQL needs one; "
            "give it a line in /etc/passwd or set FARVIEW_DATABASE_URL"
        ) from None
