"""Derived files: the voxels of one volume as kernels want them, so that a second opening decodes nothing.

    magic, length and CRC-32 of the header │ header (JSON) │ zeros up to a page │ slices

Slices are kept in chunks of about 4 MB, each with a CRC-32 in the header. A volume file can be made again from the
stored instances at any time, so whoever finds it damaged removes it and does so.
"""

from __future__ import annotations

import json
import math
import os
import secrets
import struct
import threading
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from storage.blobs import synchronise_folder
from storage.errors import DamagedFile, NotFound
from storage.home import Home
from storage.room import claim_room

MAGIC = b"FARVIEW VOLUME 1"
_START = struct.Struct("<16sII")  # magic, header length, header CRC-32
PAGE = 4096
CHUNK_BYTES = 4 << 20
MAX_HEADER = 1 << 24
THREADS = 2
DTYPES = ("int16", "float32")

Progress = Callable[[int, int], None]  # slices done, of


def volume_path(home: Home, institution_id: int, digest: str) -> Path:
    """Where the volume of a Stack with this digest is kept, whether or not it is there."""
    return home.volumes / str(int(institution_id)) / digest[:2] / f"{digest}.volume"


def write(
    path: Path, array: NDArray[Any], affine: NDArray[np.float64], digest: str = "", reserve_bytes: int = 0
) -> None:
    """Write a volume [z, y, x] of int16 or float32; after this it is there whole, before it not at all.

    Raises:
        DiskFull: so many bytes of the disk would not stay free.
    """
    if array.dtype.name not in DTYPES or array.ndim != 3 or 0 in array.shape:
        raise ValueError(f"a volume file holds [z, y, x] of int16 or float32, not {array.dtype} {array.shape}")
    array = np.ascontiguousarray(array)
    slices = max(1, CHUNK_BYTES // array[0].nbytes)
    chunks = [array[z : z + slices] for z in range(0, len(array), slices)]
    with ThreadPoolExecutor(THREADS, "volume-file") as pool:
        checksums = list(pool.map(_checksum, chunks))
        header = json.dumps(
            {
                "dtype": array.dtype.name,
                "shape": array.shape,
                "affine": np.asarray(affine, float).tolist(),
                "digest": digest,
                "chunk_slices": slices,
                "checksums": checksums,
            }
        ).encode()
        start = _START.pack(MAGIC, len(header), zlib.crc32(header)) + header
        offset = _page_after(len(start))
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.stem[:16]}.{secrets.token_hex(4)}.new")
        descriptor = os.open(temporary, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600)
        try:
            try:
                # The folder of all volume files, as `volume_path` lays them out.
                claim_room(descriptor, offset + array.nbytes, path.parents[2], reserve_bytes)
                _write_at(descriptor, start, 0)
                places = [offset + i * chunks[0].nbytes for i in range(len(chunks))]
                list(pool.map(lambda chunk, place: _write_at(descriptor, chunk, place), chunks, places))
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
            temporary.rename(path)
        except BaseException:
            with suppress(FileNotFoundError):
                temporary.unlink()
            raise
    synchronise_folder(path.parent)


def _page_after(length: int) -> int:
    return -(-length // PAGE) * PAGE


def _checksum(chunk: Any) -> int:
    return zlib.crc32(memoryview(chunk).cast("B"))


def _write_at(descriptor: int, data: Any, place: int) -> None:
    rest = memoryview(data).cast("B")
    while rest:
        written = os.pwrite(descriptor, rest, place)
        rest, place = rest[written:], place + written


@dataclass(frozen=True, slots=True)
class VolumeFile:
    """A volume file whose header has been read. Nothing stays open."""

    path: Path
    dtype: np.dtype[Any]
    shape: tuple[int, int, int]
    affine: NDArray[np.float64]
    digest: str
    chunk_slices: int
    checksums: list[int]
    offset: int

    @classmethod
    def open(cls, path: Path) -> VolumeFile:
        """Read the header.

        Raises:
            NotFound: there is no such file.
            DamagedFile: it is not what was written.
        """
        try:
            with path.open("rb") as file:
                magic, length, checksum = _START.unpack(file.read(_START.size))
                header = file.read(min(length, MAX_HEADER))
                size = os.fstat(file.fileno()).st_size
        except FileNotFoundError as error:
            raise NotFound(f"volume file {path.name}") from error
        except struct.error as error:
            raise DamagedFile(f"volume file {path.name} is cut off") from error
        except OSError as error:
            raise DamagedFile(f"volume file {path.name} cannot be read: {error.strerror}") from error
        if magic != MAGIC or zlib.crc32(header) != checksum:
            raise DamagedFile(f"volume file {path.name} has a damaged header")
        said = json.loads(header)
        volume = cls(
            path=path,
            dtype=np.dtype(said["dtype"]),
            shape=tuple(said["shape"]),
            affine=np.array(said["affine"]),
            digest=said["digest"],
            chunk_slices=said["chunk_slices"],
            checksums=said["checksums"],
            offset=_page_after(_START.size + length),
        )
        if size != volume.offset + math.prod(volume.shape) * volume.dtype.itemsize:
            raise DamagedFile(f"volume file {path.name} is cut off")
        return volume

    def read(self, into: NDArray[Any], progress: Progress | None = None) -> None:
        """Fill an array [z, y, x] with the voxels. Two threads; `progress` is called from them, one at a time.

        Raises:
            DamagedFile: a chunk is not what was written.
        """
        if into.dtype != self.dtype or into.shape != self.shape or not into.flags.c_contiguous:
            raise ValueError(f"reading needs a contiguous {self.dtype} array {self.shape}")
        lock, done = threading.Lock(), 0

        def read_chunk(index: int) -> None:
            nonlocal done
            first = index * self.chunk_slices
            part = into[first : first + self.chunk_slices]
            self._read_chunk(descriptor, index, part)
            with lock:
                done += len(part)
                if progress:
                    progress(done, self.shape[0])

        descriptor = self._open()
        try:
            with ThreadPoolExecutor(THREADS, "volume-file") as pool:
                list(pool.map(read_chunk, range(len(self.checksums))))
        finally:
            os.close(descriptor)

    def read_slice(self, z: int) -> NDArray[Any]:
        """One slice [y, x].

        Raises:
            DamagedFile: the chunk that it lies in is not what was written.
        """
        if not 0 <= z < self.shape[0]:
            raise IndexError(f"slice {z} of {self.shape[0]}")
        index = z // self.chunk_slices
        first = index * self.chunk_slices
        part = np.empty((min(self.chunk_slices, self.shape[0] - first), *self.shape[1:]), self.dtype)
        descriptor = self._open()
        try:
            self._read_chunk(descriptor, index, part)
        finally:
            os.close(descriptor)
        one: NDArray[Any] = part[z - first].copy()
        return one

    def _open(self) -> int:
        try:
            return os.open(self.path, os.O_RDONLY)
        except FileNotFoundError as error:
            raise NotFound(f"volume file {self.path.name}") from error
        except OSError as error:
            raise DamagedFile(f"volume file {self.path.name} cannot be read: {error.strerror}") from error

    def _read_chunk(self, descriptor: int, index: int, part: Any) -> None:
        place = self.offset + index * self.chunk_slices * self.shape[1] * self.shape[2] * self.dtype.itemsize
        rest = memoryview(part).cast("B")
        while rest:
            try:
                count = os.preadv(descriptor, [rest], place)
            except OSError as error:
                raise DamagedFile(f"volume file {self.path.name} cannot be read: {error.strerror}") from error
            if count == 0:
                raise DamagedFile(f"volume file {self.path.name} is cut off")
            rest, place = rest[count:], place + count
        if _checksum(part) != self.checksums[index]:
            raise DamagedFile(f"volume file {self.path.name} is damaged in slices from {index * self.chunk_slices}")
