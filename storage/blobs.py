"""Stored bytes, named by their content: blobs/<institution>/sha256/ab/cd/<hex>.

A blob never changes, so it is written once, whoever brings it again. What `write` or a finished `batch` returned
survives a power cut: the file is synchronised before it gets its name, and so is every folder on the way to it.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

from storage.errors import DamagedFile, NotFound
from storage.room import check_room

# Four threads share the journal's commits: 275 files of 525 kB took 0.74 s with one, 0.37 s with four or eight.
SYNC_THREADS = 4

# A blob up to this size is compared with its name when the first piece of it is read: SHA-256 takes 0.4 ms for a CT
# slice. A cine of hundreds of megabytes would be read from end to end before its first frame is shown.
COMPARED_BYTES = 32 << 20
MOST_COMPARED = 200_000  # names that are remembered for it

Bytes = bytes | bytearray | memoryview


class Batch:
    """Blobs that become durable together; see `BlobStore.batch`. Any thread may write."""

    def __init__(self, store: BlobStore) -> None:
        self._store = store
        self._folders: set[Path] = set()
        self._lock = threading.Lock()

    def write(self, institution_id: int, data: Bytes) -> str:
        """Store a blob; it is durable when the batch ends."""
        sha256, folders = self._store.put(institution_id, data)
        with self._lock:
            self._folders.update(folders)
        return sha256

    def finish(self) -> None:
        """Synchronise every folder once, the deepest first."""
        synchronise(self._folders)
        self._folders.clear()


class BlobStore:
    """The bytes of every institution, each in its own folder. All methods may be called from any thread."""

    def __init__(self, root: Path, reserve_bytes: int = 0) -> None:
        """reserve_bytes: what stays free on this disk, see storage/room.py."""
        self.root = root
        self.reserve_bytes = reserve_bytes
        self._compared: set[tuple[int, str]] = set()

    def path(self, institution_id: int, sha256: str) -> Path:
        """Where this blob is, whether or not it exists."""
        return self.root / str(int(institution_id)) / "sha256" / sha256[:2] / sha256[2:4] / sha256

    def write(self, institution_id: int, data: Bytes) -> str:
        """Store a blob durably; its SHA-256 as hex. DiskFull, OSError: nothing of it is kept."""
        sha256, folders = self.put(institution_id, data)
        synchronise(folders)
        return sha256

    def check_room(self, size: int) -> None:
        """Raise DiskFull unless so many bytes can be stored and the reserve stays free."""
        check_room(self.root, size, self.reserve_bytes)

    @contextmanager
    def batch(self) -> Iterator[Batch]:
        """Write many blobs and synchronise each folder once. Only after the `with` block is anything durable."""
        batch = Batch(self)
        yield batch
        batch.finish()

    def is_whole(self, institution_id: int, sha256: str) -> bool:
        """Whether this blob is there and what was written."""
        try:
            self.read(institution_id, sha256)
        except (NotFound, DamagedFile):
            return False
        return True

    def mend(self, institution_id: int, data: Bytes) -> str:
        """Store a blob durably in the place of one that is gone or damaged; its SHA-256 as hex."""
        sha256 = hashlib.sha256(data).hexdigest()
        if not self.is_whole(institution_id, sha256):
            with suppress(FileNotFoundError):
                self.path(institution_id, sha256).unlink()
        return self.write(institution_id, data)

    def put(self, institution_id: int, data: Bytes) -> tuple[str, list[Path]]:
        """Store a blob whose file is synchronised and whose folders, the answer's second half, are not yet."""
        sha256 = hashlib.sha256(data).hexdigest()
        path = self.path(institution_id, sha256)
        # The name may be there without being durable: whoever wrote it may have been killed before its last step.
        folders = list(path.parents[: len(path.parents) - len(self.root.parents)])
        try:
            if path.stat().st_size == len(data):
                return sha256, folders
        except FileNotFoundError:
            self.check_room(len(data))
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Beside its place, so that the rename stays within one folder. A crash leaves at most this file behind.
        temporary = path.with_name(f".{sha256[:8]}.{secrets.token_hex(4)}.new")
        try:
            _write_file(temporary, data)
            temporary.rename(path)
        except BaseException:
            with suppress(FileNotFoundError):
                temporary.unlink()
            raise
        return sha256, folders

    def read(self, institution_id: int, sha256: str) -> bytes:
        """The whole blob, compared with its name.

        Raises:
            NotFound: there is no such blob.
            DamagedFile: it is not what was written, or cannot be read.
        """
        try:
            data = self.path(institution_id, sha256).read_bytes()
        except FileNotFoundError as error:
            raise NotFound(f"blob {sha256}") from error
        except OSError as error:
            raise DamagedFile(f"blob {sha256} cannot be read: {error.strerror}") from error
        if hashlib.sha256(data).hexdigest() != sha256:
            raise DamagedFile(f"blob {sha256} has changed since it was written")
        return data

    def read_range(self, institution_id: int, sha256: str, offset: int, length: int) -> bytes:
        """Exactly `length` bytes from `offset`. The whole blob is compared with its name once, unless it is large.

        Raises:
            NotFound: there is no such blob.
            DamagedFile: it is not what was written, ends before that, or cannot be read.
        """
        key = (institution_id, sha256)
        try:
            descriptor = os.open(self.path(institution_id, sha256), os.O_RDONLY)
        except FileNotFoundError as error:
            raise NotFound(f"blob {sha256}") from error
        except OSError as error:
            raise DamagedFile(f"blob {sha256} cannot be read: {error.strerror}") from error
        try:
            if key in self._compared or os.fstat(descriptor).st_size > COMPARED_BYTES:
                data = os.pread(descriptor, length, offset)
            else:
                whole = os.pread(descriptor, COMPARED_BYTES, 0)
                if hashlib.sha256(whole).hexdigest() != sha256:
                    raise DamagedFile(f"blob {sha256} has changed since it was written")
                if len(self._compared) >= MOST_COMPARED:
                    self._compared.clear()
                self._compared.add(key)
                data = whole[offset : offset + length]
        except OSError as error:
            raise DamagedFile(f"blob {sha256} cannot be read: {error.strerror}") from error
        finally:
            os.close(descriptor)
        if len(data) != length:
            raise DamagedFile(f"blob {sha256} ends before byte {offset + length}")
        return data


def _write_file(path: Path, data: Bytes) -> None:
    """Make a new file whose content is durable; its name is not yet."""
    descriptor = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600)
    try:
        rest = memoryview(data).cast("B")
        while rest:
            rest = rest[os.write(descriptor, rest) :]
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def synchronise(folders: set[Path] | list[Path]) -> None:
    """Make the names in these folders durable, the deepest folders first."""
    by_depth: dict[int, list[Path]] = {}
    for folder in folders:
        by_depth.setdefault(len(folder.parts), []).append(folder)
    for depth in sorted(by_depth, reverse=True):
        level = by_depth[depth]
        if len(level) == 1:
            synchronise_folder(level[0])
            continue
        with ThreadPoolExecutor(SYNC_THREADS, "fsync") as pool:
            list(pool.map(synchronise_folder, level))


def synchronise_folder(folder: Path) -> None:
    """Make the names in one folder durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
