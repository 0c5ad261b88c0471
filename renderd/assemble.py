"""From stored instances to a Volume: decoded once, then kept as a volume file that the next opening only reads.

The one place where storage's plain data becomes a `kernels.Volume`. Nothing here knows the event loop: `Assembly.run`
works in a background thread and a few more of its own, and its slices can be looked at while it runs.
"""

from __future__ import annotations

import math
import threading
import weakref
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import structlog
from numpy.typing import NDArray

from kernels.errors import KernelError
from kernels.volume import Volume
from renderd.errors import NotAVolume, RenderError, UnreadableFrame
from storage import volume_files
from storage.blobs import BlobStore
from storage.dicom.frames import read_frame
from storage.dicom.stacks import Stack
from storage.errors import DamagedFile, DiskFull, NotFound, StorageError
from storage.home import Home
from storage.volume_files import VolumeFile

if TYPE_CHECKING:  # `farview import` makes volume files without loading a kernel
    from kernels.bricks import Bricks

log = structlog.get_logger()

# Reading and decoding release the GIL. On two cores three threads hide the waiting for the disk.
THREADS = 3

Progress = Callable[[int, int], None]  # slices done, of


class Stopped(RenderError):
    """The assembly was told to stop."""


def volume_bytes(stack: Stack) -> int:
    """Memory that the stack's Volume takes. NotAVolume when it has none."""
    if stack.geometry is None:
        raise NotAVolume(stack.refusal or "no_geometry")
    return math.prod(stack.geometry.shape) * np.dtype(stack.dtype).itemsize


def instance_frame(blobs: BlobStore, institution_id: int, stack: Stack, frame: int) -> NDArray[Any]:
    """Modality values of one stored frame, all of them finite, or UnreadableFrame. Any thread."""
    try:
        return _finite(read_frame(blobs, institution_id, stack.frames[frame]))
    except StorageError as error:
        # What the decoder says names a transfer syntax or a size, never a person.
        raise UnreadableFrame(frame, len(stack.frames), str(error)) from error


def _finite(values: NDArray[Any]) -> NDArray[Any]:
    """What is not a number, as a parametric map has where nothing was measured, counts as the frame's lowest value.

    So do −∞ and, as its highest, +∞: no picture, window or range depends on what a processor makes of them.
    """
    if values.dtype.kind != "f" or (known := np.isfinite(values)).all():
        return values
    low, high = (values[known].min(), values[known].max()) if known.any() else (0, 0)
    return np.asarray(np.nan_to_num(values, nan=low, posinf=high, neginf=low))


class Assembly:
    """The Volume of a Stack while it is made and afterwards: `volume` is None until `run` has returned."""

    def __init__(self, home: Home, blobs: BlobStore, institution_id: int, stack: Stack) -> None:
        self.size_bytes = volume_bytes(stack)
        self.institution_id = institution_id
        self.stack = stack
        self.total = len(stack.frames)
        self.done = 0
        self.volume: Volume | None = None
        # Made by the compute thread when the first rendering needs them.
        self.bricks: Bricks | None = None
        self.value_range: tuple[float, float] | None = None
        self.sources: weakref.WeakSet[Any] = weakref.WeakSet()  # of pictures that are being rendered from it
        self.path = volume_files.volume_path(home, institution_id, stack.digest)
        self._blobs = blobs
        self._array: NDArray[Any] | None = None
        self._present = np.zeros(self.total, bool)
        self._file: VolumeFile | None = None
        self._stop = threading.Event()
        self._lock = threading.Lock()

    @property
    def key(self) -> tuple[int, str]:
        return (self.institution_id, self.stack.digest)

    @property
    def is_ready(self) -> bool:
        """Whether all of it is there."""
        return self.volume is not None

    @property
    def held(self) -> bool:
        """Whether it is being made, or a picture is being rendered from it."""
        return self.volume is None or len(self.sources) > 0

    def run(self, progress: Progress | None = None) -> bool:
        """Make the volume; True when it came from its file and decoded nothing.

        Raises:
            UnreadableFrame: a slice cannot be decoded.
            NotAVolume: the kernels refuse its grid.
        """
        volume: Volume | None = None
        try:
            volume = self._empty_volume()
            from_file = self._read_file(progress)
            if not from_file:
                self.done = 0
                self._decode(progress)
        except BaseException:
            self._array = volume = None  # whoever holds this assembly, or the traceback, must not hold gigabytes
            raise
        self.volume = volume
        return from_file

    def stop(self) -> None:
        """Let `run` end soon, with an error."""
        self._stop.set()

    def slice(self, z: int) -> NDArray[Any] | None:
        """One slice, if it is already there."""
        array = self._array  # which goes when another thread cannot make the volume
        return array[z] if array is not None and (self.volume is not None or self._present[z]) else None

    def read_slice(self, z: int) -> NDArray[Any]:
        """One slice as soon as can be: from memory, from the volume file, else decoded. UnreadableFrame if none can."""
        found = self.slice(z)
        if found is not None:
            return found
        with suppress(StorageError):
            file = self._file or self._open_file()
            return file.read_slice(z)
        return instance_frame(self._blobs, self.institution_id, self.stack, z)

    def keep(self) -> None:
        """Write the volume file; the volume is whole. A full disk is no reason to show less."""
        assert self.volume is not None
        try:
            reserve = self._blobs.reserve_bytes
            volume_files.write(self.path, self.volume.array, self.volume.affine, self.stack.digest, reserve)
        except (DiskFull, OSError) as error:
            log.warning("volume_file_not_written", digest=self.stack.digest, reason=str(error))

    def _empty_volume(self) -> Volume:
        """The volume before its voxels have come. NotAVolume, before anything is decoded, when kernels refuse it."""
        geometry = self.stack.geometry
        assert geometry is not None
        self._array = np.empty(geometry.shape, self.stack.dtype)
        try:
            return Volume(self._array, geometry.affine, geometry.places, geometry.holes)
        except KernelError as error:
            raise NotAVolume(error.code) from error

    def _open_file(self) -> VolumeFile:
        geometry = self.stack.geometry
        file = VolumeFile.open(self.path)
        expected = (self.stack.digest, geometry and geometry.shape, self.stack.dtype)
        if (file.digest, file.shape, file.dtype.name) != expected:
            raise DamagedFile(f"volume file {file.path.name} is of another stack")
        return file

    def _read_file(self, progress: Progress | None) -> bool:
        try:
            self._file = self._open_file()
            assert self._array is not None
            self._file.read(self._array, lambda done, _: self._advance(done, progress))
        except NotFound:
            return False
        except StorageError as error:
            log.warning("volume_file_damaged", digest=self.stack.digest, reason=str(error))
            self._file = None
            with suppress(OSError):
                self.path.unlink()
            return False
        return True

    def _decode(self, progress: Progress | None) -> None:
        def decode(z: int) -> None:
            assert self._array is not None
            self._array[z] = instance_frame(self._blobs, self.institution_id, self.stack, z)
            with self._lock:
                self._present[z] = True
                self._advance(self.done + 1, progress)

        with ThreadPoolExecutor(THREADS, "decode") as pool:
            futures = [pool.submit(decode, z) for z in range(self.total)]
            try:
                for future in futures:
                    future.result()
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise

    def _advance(self, done: int, progress: Progress | None) -> None:
        if self._stop.is_set():
            raise Stopped("stopped")
        self.done = done
        if progress is not None:
            progress(done, self.total)


def build_volume_file(
    home: Home, blobs: BlobStore, institution_id: int, stack: Stack, progress: Progress | None = None
) -> Path | None:
    """Make the stack's volume file unless it is there, so that its first opening decodes nothing; None: no Volume.

    For `farview import`, without a server. The file's header is checked, its chunks are when they are read.

    Raises:
        UnreadableFrame: a slice cannot be decoded.
        NotAVolume: the kernels refuse its grid.
    """
    if stack.geometry is None:
        return None
    assembly = Assembly(home, blobs, institution_id, stack)
    with suppress(StorageError):
        assembly._open_file()
        return assembly.path
    assembly.run(progress)
    assembly.keep()
    return assembly.path
