"""What people hand over: a folder, one file, a zip or a tar. Out come names and bytes, one member at a time.

Names are labels for people and never become paths. Sizes are counted while reading, whatever an archive promises.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import queue
import tarfile
import threading
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any

from storage.dicom.parse import looks_like_dicom

MAX_MEMBER_BYTES = 1 << 31
MAX_MEMBERS = 1_000_000
# A deflate stream grows at most about a thousandfold; honest DICOM archives reach a tenth of that on empty slices.
MAX_RATIO = 200
RATIO_FREE_BYTES = 64 << 20  # small archives may be as empty as they like
READ_AHEAD = 32  # members
READ_AHEAD_BYTES = 64 << 20
_SYSTEM_NAMES = {"dicomdir", "thumbs.db", "desktop.ini"}
_TAR_MAGIC = b"ustar"

# What the reading of an archive raises when the archive is damaged.
_DAMAGED = (tarfile.TarError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError, NotImplementedError)


@dataclass(frozen=True, slots=True)
class Member:
    """A file that may be DICOM, or `problem`, the word for why it was left out. `name` is a label only."""

    name: str
    data: bytes = b""
    problem: str = ""


class _TooMuch(Exception):
    """An archive unpacks to more than it may."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem


def read_members(path: Path) -> Iterator[Member]:
    """Everything in a folder, a file or an archive. A thread reads ahead, so that unpacking overlaps with the rest.

    Archives in a folder are opened too, their members named "folder/archive.zip:member"; archives in archives are not.
    Hidden files, DICOMDIR and what systems leave in folders are passed over in silence. Problems: `not_dicom`,
    `member_too_large`, `too_many_members`, `archive_bomb`, `archive_damaged`, `encrypted`, `packing_unknown`,
    `unreadable`.
    """
    yield from read_ahead(lambda: _members(path))


def _members(path: Path) -> Iterator[Member]:
    if path.is_dir():
        closed: list[Path] = []
        for file in _files(path, closed):
            name = str(file.relative_to(path))
            kind = _kind_in_folder(file)
            yield from _archive(file, kind, name, f"{name}:") if kind else _file(file, name)
        for folder in closed:
            yield Member(f"{folder.relative_to(path)}/", problem="unreadable")
        return
    try:
        with path.open("rb") as stream:
            start = stream.read(560)
    except OSError:
        yield Member(path.name, problem="unreadable")
        return
    if kind := archive_kind(start):
        yield from _archive(path, kind, path.name)
    else:
        yield from _file(path, path.name)


def _files(folder: Path, closed: list[Path]) -> Iterator[Path]:
    """Files below a folder in the order of their names; links to folders are not followed, so no circle can trap us.

    closed: collects the folders that could not be listed.
    """
    for root, folders, names in os.walk(folder, onerror=lambda error: closed.append(Path(error.filename))):
        folders[:] = sorted(name for name in folders if not is_hidden(name))
        for name in sorted(names):
            if not is_hidden(name):
                yield Path(root, name)


def is_hidden(name: str) -> bool:
    """Whether a file is there for a program and not for a person."""
    last = name.rstrip("/").rsplit("/", 1)[-1].rsplit("\\", 1)[-1]
    return last.startswith(".") or last.lower() in _SYSTEM_NAMES or "__MACOSX" in name.split("/")


def _file(path: Path, name: str) -> Iterator[Member]:
    try:
        if not path.is_file():
            return
        if path.stat().st_size > MAX_MEMBER_BYTES:
            yield Member(name, problem="member_too_large")
            return
        data = path.read_bytes()
    except OSError:
        yield Member(name, problem="unreadable")
        return
    yield _judged(name, data)


def _judged(name: str, data: bytes) -> Member:
    return Member(name, data) if looks_like_dicom(data) else Member(name, problem="not_dicom")


def archive_kind(start: bytes) -> str:
    """zip, tar, gz, bz2 or xz by the first 560 bytes of a file; "" for none."""
    if start[:4] in (b"PK\x03\x04", b"PK\x05\x06"):
        return "zip"
    if start[257:262] == _TAR_MAGIC and start[128:132] != b"DICM":
        return "tar"
    packed = {b"\x1f\x8b": "gz", b"BZh": "bz2", b"\xfd7zXZ\0": "xz"}
    return next((kind for magic, kind in packed.items() if start.startswith(magic)), "")


def _kind_in_folder(path: Path) -> str:
    """The kind of an archive that lies in a folder; "" for any other file, a packed one that holds no tar included.

    Nobody named it: a packed log or a NIfTI beside the images is no damaged archive.
    """
    try:
        if not path.is_file():
            return ""
        with path.open("rb") as stream:
            kind = archive_kind(stream.read(560))
            if kind in ("", "zip", "tar"):
                return kind
            stream.seek(0)
            with _unpacked(stream, kind) as unpacked:
                return kind if unpacked.read(512)[257:262] == _TAR_MAGIC else ""
    except _DAMAGED:
        return ""


def _archive(path: Path, kind: str, name: str, prefix: str = "") -> Iterator[Member]:
    """name: of the archive itself; prefix: before the names of its members."""
    reader = _zip_members if kind == "zip" else _tar_members
    count = 0
    try:
        for member in reader(path, kind):
            count += 1
            if count > MAX_MEMBERS:
                raise _TooMuch("too_many_members")
            yield replace(member, name=prefix + member.name) if prefix else member
    except _TooMuch as too_much:
        yield Member(name, problem=too_much.problem)
    except _DAMAGED:
        yield Member(name, problem="archive_damaged")


class _Counted:
    """The unpacked stream of a packed archive, which ends the reading when it grows out of proportion."""

    def __init__(self, stream: IO[bytes] | Any, packed_bytes: int) -> None:
        self._stream = stream
        self._left = max(RATIO_FREE_BYTES, MAX_RATIO * packed_bytes)

    def read(self, size: int = -1) -> bytes:
        data: bytes = self._stream.read(min(size, 1 << 24) if size >= 0 else 1 << 24)
        self._left -= len(data)
        if self._left < 0:
            raise _TooMuch("archive_bomb")
        return data


def _tar_members(path: Path, kind: str) -> Iterator[Member]:
    size = path.stat().st_size
    with path.open("rb") as raw, _unpacked(raw, kind) as stream:
        counted = _Counted(stream, size)
        # "r|": a stream, so nothing is unpacked twice and links cannot lead anywhere.
        with tarfile.open(fileobj=counted, mode="r|") as archive:  # type: ignore[call-overload]
            for member in archive:
                archive.members.clear()  # it would keep every header otherwise
                if not member.isreg() or is_hidden(member.name):
                    continue
                # The holes of a sparse file are in no stream, so nothing counts them: ten kilobytes made two gigabytes.
                if member.size > MAX_MEMBER_BYTES or member.issparse():
                    yield Member(member.name, problem="member_too_large")
                    continue
                file = archive.extractfile(member)
                yield _judged(member.name, file.read() if file else b"")


def _unpacked(raw: IO[bytes], kind: str) -> Any:
    if kind == "gz":
        return gzip.GzipFile(fileobj=raw)
    if kind == "bz2":
        return bz2.BZ2File(raw)
    return lzma.LZMAFile(raw) if kind == "xz" else raw


def _zip_members(path: Path, _: str) -> Iterator[Member]:
    left = max(RATIO_FREE_BYTES, MAX_RATIO * path.stat().st_size)
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            if info.is_dir() or is_hidden(info.filename):
                continue
            if info.flag_bits & 1:
                yield Member(info.filename, problem="encrypted")
                continue
            if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                # Python unpacks the others without a bound: half a kilobyte of bzip2 made a gigabyte.
                yield Member(info.filename, problem="packing_unknown")
                continue
            if info.file_size > MAX_MEMBER_BYTES:
                yield Member(info.filename, problem="member_too_large")
                continue
            left -= info.file_size
            if left < 0:
                raise _TooMuch("archive_bomb")
            try:
                # The size that is promised, and no more: `read()` would unpack a gigabyte at a time before it looks.
                # The last byte makes ZipExtFile compare the checksum.
                with archive.open(info) as file:
                    data = file.read(info.file_size)
            except _DAMAGED:
                yield Member(info.filename, problem="archive_damaged")
                continue
            yield _judged(info.filename, data)


def read_ahead(make: Callable[[], Iterator[Member]]) -> Iterator[Member]:
    """The same members, made by a thread that stays a bounded number of members and bytes ahead."""
    members: queue.Queue[Member | BaseException | None] = queue.Queue(READ_AHEAD)
    room = threading.Condition()
    waiting, stopped = 0, False

    def wait_for_room(size: int) -> bool:
        nonlocal waiting
        with room:
            room.wait_for(lambda: stopped or waiting == 0 or waiting + size <= READ_AHEAD_BYTES)
            waiting += size
        return not stopped

    def produce() -> None:
        try:
            for member in make():
                if not wait_for_room(len(member.data)):
                    return
                members.put(member)
            members.put(None)
        except BaseException as error:  # carried over to whoever reads
            members.put(error)

    thread = threading.Thread(target=produce, name="archive", daemon=True)
    thread.start()
    try:
        while (member := members.get()) is not None:
            if isinstance(member, BaseException):
                raise member
            with room:
                waiting -= len(member.data)
                room.notify()
            yield member
    finally:
        with room:
            stopped = True
            room.notify()
        while thread.is_alive():  # it may stand at a full queue
            try:
                members.get(timeout=0.05)
            except queue.Empty:
                continue
