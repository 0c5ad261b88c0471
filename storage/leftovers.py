"""What nobody needs any more: volume files of stacks that have grown, and files that a killed process never finished.

Only derived files and unfinished ones go. A stored instance's bytes have a name without a dot before it and stay.
"""

from __future__ import annotations

import os
import re
import secrets
import time
from collections.abc import Collection, Iterator
from contextlib import suppress
from pathlib import Path

from storage.home import Home
from storage.volume_files import volume_path

# Whoever still writes to a file has done so within this.
UNFINISHED_S = 3600
_UNFINISHED = re.compile(r"^\..+\.new$")
_DIGEST = re.compile(r"^[0-9a-f]{64}$")


def remove_outgrown(home: Home, institution_id: int, series_id: int, digests: Collection[str]) -> int:
    """Remove the volume files that this series has outgrown; how many there were. Any process, any time.

    digests: of all volumes that the series has now. Those it ever had stand in a list of its own beside the volumes, so
    that a file which is written late, for somebody who still looks at the old stack, goes the next time. Whoever reads
    a file that goes decodes the images instead.
    """
    path = home.volumes / str(int(institution_id)) / "series" / str(int(series_id))
    seen = _read(path)
    removed = 0
    for digest in seen.difference(digests):
        with suppress(OSError):
            volume_path(home, institution_id, digest).unlink()
            removed += 1
    if not seen.issuperset(digests):
        _write(path, seen.union(digests))
    return removed


def _read(path: Path) -> set[str]:
    try:
        return {line for line in path.read_text(errors="replace").splitlines() if _DIGEST.match(line)}
    except OSError:
        return set()


def _write(path: Path, digests: set[str]) -> None:
    # Two at once: one list is lost, and with it at worst the memory of one file. A full disk: the same.
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.new")
    with suppress(OSError):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        temporary.write_text("\n".join(sorted(digests)) + "\n")
        temporary.rename(path)


def remove_unfinished(home: Home) -> int:
    """Remove the temporary files of killed processes among blobs and volumes; how many there were.

    It looks into every folder of the archive: in a thread of its own, and once is enough.
    """
    removed, before = 0, time.time() - UNFINISHED_S
    for folder in (home.volumes, home.blobs):
        for entry in _files(folder):
            if _UNFINISHED.match(entry.name):
                with suppress(OSError):
                    if entry.stat(follow_symlinks=False).st_mtime < before:
                        Path(entry.path).unlink()
                        removed += 1
    return removed


def _files(folder: Path | str) -> Iterator[os.DirEntry[str]]:
    try:
        entries = list(os.scandir(folder))
    except OSError:  # not there yet, or not ours to read
        return
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            yield from _files(entry.path)
        elif entry.is_file(follow_symlinks=False):
            yield entry
