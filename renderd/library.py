"""The images of all viewers: which are in memory, and getting the others there in the background.

Called on the event loop only, unless a method says otherwise. What it starts runs in threads that read and decode;
`changed` is called on the loop when something came or made progress.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, cast

import structlog
from numpy.typing import NDArray

from renderd.assemble import Assembly, Stopped, instance_frame, volume_bytes
from renderd.cache import FRAMES_BYTES, Cache, Key
from renderd.claims import Claims
from renderd.derived import Derived
from renderd.errors import NotAVolume, RenderError, UnreadableFrame
from storage.blobs import BlobStore
from storage.dicom.masks import NOTHING, Masks, has_masks, read_masks
from storage.dicom.stacks import Stack
from storage.home import Home
from storage.leftovers import remove_outgrown

log = structlog.get_logger()

READERS = 2  # threads for single frames, beside the volumes' own
LOADS = 2  # volumes made at once; more would only make all of them late
PENDING = 8  # volumes waiting for that; the newest goes first and the oldest is forgotten
DRAWINGS_BYTES = 64 << 20  # overlays and shutters
ENTRY_BYTES = 1000  # a drawing without a pixel takes some memory too
RETRY_S = 30.0  # a volume that could not be made is tried again after this
# One whose images are the reason is tried again later: it costs decoding nearly all of them, and pushes others out.
UNREADABLE_S = 600.0
FAILURES = 1000  # remembered at most


@dataclass(frozen=True, slots=True)
class Picture:
    """One decoded frame."""

    values: NDArray[Any]

    @property
    def size_bytes(self) -> int:
        return self.values.nbytes

    @property
    def held(self) -> bool:
        return False


@dataclass(frozen=True, slots=True)
class Drawing:
    """What is drawn over one frame."""

    masks: Masks

    @property
    def size_bytes(self) -> int:
        found = [mask.nbytes for mask in (self.masks.overlay, self.masks.shutter) if mask is not None]
        return sum(found, ENTRY_BYTES)

    @property
    def held(self) -> bool:
        return False


class Library:
    """Frames and volumes by institution and digest."""

    def __init__(self, home: Home, blobs: BlobStore, budget_bytes: int) -> None:
        # Volumes by institution and digest, and what is derived from them (derived.py): one budget for all.
        self.volumes: Cache[Hashable, Assembly | Derived] = Cache(budget_bytes)
        self.claims = Claims(self.volumes)
        self.frames: Cache[tuple[Key, int], Picture] = Cache(FRAMES_BYTES)
        self.drawings: Cache[tuple[Key, int], Drawing] = Cache(DRAWINGS_BYTES)
        self.tools_ready = True  # whether the tools' kernels are compiled, see compiling.py
        self.listeners: set[Callable[[Assembly | None], None]] = set()
        self._home = home
        self.blobs = blobs
        self._reading: dict[tuple[Key, int], asyncio.Task[NDArray[Any]]] = {}
        self._loading: dict[Key, Assembly] = {}
        self._pending: list[Assembly] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._failed: dict[Key, tuple[float, RenderError]] = {}
        self._readers = ThreadPoolExecutor(READERS, "read")
        self._loaders = ThreadPoolExecutor(LOADS, "load")

    @property
    def volume_count(self) -> int:
        """How many volumes are in memory, without what is derived from them."""
        return sum(isinstance(item, Assembly) for item in self.volumes.items())

    def _in_memory(self, key: Key) -> Assembly | None:
        return cast(Assembly | None, self.volumes.get(key))

    def frame(self, institution_id: int, stack: Stack, frame: int) -> NDArray[Any] | None:
        """The values of one frame, if they are in memory."""
        key = (institution_id, stack.digest)
        assembly = self._in_memory(key)
        values = assembly.slice(frame) if assembly is not None else None
        if values is None:
            picture = self.frames.get((key, frame))
            values = picture.values if picture is not None else None
        return values

    def masks(self, institution_id: int, stack: Stack, frame: int) -> Masks | None:
        """What is drawn over one frame, if it is in memory; most frames have nothing, and cost nothing."""
        if not has_masks(stack.frames[frame]):
            return NOTHING
        drawing = self.drawings.get(((institution_id, stack.digest), frame))
        return drawing.masks if drawing is not None else None

    async def read_masks(self, institution_id: int, stack: Stack, frame: int) -> Masks:
        """What is drawn over one frame."""
        masks = self.masks(institution_id, stack, frame)
        if masks is None:
            loop, source = asyncio.get_running_loop(), stack.frames[frame]
            masks = await loop.run_in_executor(self._readers, read_masks, self.blobs, institution_id, source)
            self.drawings.put(((institution_id, stack.digest), frame), Drawing(masks))
        return masks

    async def read_frame(self, institution_id: int, stack: Stack, frame: int) -> NDArray[Any]:
        """The values of one frame, or UnreadableFrame. Two who ask for the same frame wait for one reading."""
        key = ((institution_id, stack.digest), frame)
        task = self._reading.get(key)
        if task is None:
            task = asyncio.create_task(self._read(institution_id, stack, frame), name="read frame")
            self._reading[key] = task
            task.add_done_callback(lambda done: self._read_ended(key, done))
        return await asyncio.shield(task)

    def _read_ended(self, key: tuple[Key, int], task: asyncio.Task[NDArray[Any]]) -> None:
        del self._reading[key]
        if not task.cancelled():
            task.exception()  # everybody who asked may have gone

    async def _read(self, institution_id: int, stack: Stack, frame: int) -> NDArray[Any]:
        key = (institution_id, stack.digest)
        assembly = self._in_memory(key) or self._loading.get(key)
        if assembly is None and stack.geometry is not None:
            assembly = Assembly(self._home, self.blobs, institution_id, stack)
        loop = asyncio.get_running_loop()
        if assembly is not None:
            values = await loop.run_in_executor(self._readers, assembly.read_slice, frame)
        else:
            values = await loop.run_in_executor(self._readers, instance_frame, self.blobs, institution_id, stack, frame)
        self.frames.put((key, frame), Picture(values))
        return values

    def volume(self, institution_id: int, stack: Stack) -> Assembly:
        """The stack's volume, which is being made when its `volume` is None.

        Raises:
            NotAVolume: the stack has none, or it is larger than the memory set aside for volumes.
            UnreadableFrame: it was tried a while ago and a slice could not be decoded.
        """
        key = (institution_id, stack.digest)
        assembly = self._in_memory(key) or self._loading.get(key)
        if assembly is not None:
            return assembly
        if volume_bytes(stack) > self.volumes.budget_bytes:
            raise NotAVolume("volume_too_large")
        if key in self._failed:
            failed_at, error = self._failed[key]
            wait = UNREADABLE_S if isinstance(error, UnreadableFrame | NotAVolume) else RETRY_S
            if time.monotonic() - failed_at < wait:
                raise error.fresh()
            del self._failed[key]
        assembly = Assembly(self._home, self.blobs, institution_id, stack)
        self._loading[key] = assembly
        self._pending.append(assembly)
        if len(self._pending) > PENDING:
            del self._loading[self._pending.pop(0).key]
        self._start()
        return assembly

    def prefetch(self, institution_id: int, stack: Stack) -> None:
        """Start making the stack's volume if it has one: whoever scrolls will reformat next."""
        if stack.geometry is None:
            return
        with suppress(RenderError):  # whoever asks for the volume itself is told why
            self.volume(institution_id, stack)

    def remove_outgrown(self, institution_id: int, series_id: int, stacks: Sequence[Stack]) -> None:
        """Remove volume files of what the series was before these were all its stacks. Any thread."""
        remove_outgrown(self._home, institution_id, series_id, {stack.digest for stack in stacks if stack.geometry})

    def _start(self) -> None:
        while self._pending and len(self._tasks) < LOADS:
            busy = sum(assembly.size_bytes for assembly in self._loading.values() if assembly not in self._pending)
            if busy and busy + self._pending[-1].size_bytes > self.volumes.budget_bytes:
                return  # what is being made cannot be evicted
            task = asyncio.create_task(self._load(self._pending.pop()), name="load volume")
            self._tasks.add(task)
            task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("load_failed", exc_info=error)
        self._start()

    async def _load(self, assembly: Assembly) -> None:
        loop = asyncio.get_running_loop()
        told = 0

        def progress(done: int, total: int) -> None:  # from the loading threads
            nonlocal told
            if done * 20 // total > told:
                told = done * 20 // total
                loop.call_soon_threadsafe(self._tell, assembly)

        key, begun = assembly.key, time.monotonic()
        self.claims.hold(key, {key: assembly.size_bytes})
        self.volumes.put(key, assembly)
        try:
            from_file = await loop.run_in_executor(self._loaders, assembly.run, progress)
        except Exception as error:
            self.volumes.remove(key)
            if not isinstance(error, RenderError):
                log.exception("volume_not_made", digest=key[1])
                error = RenderError(type(error).__name__)
            elif not isinstance(error, Stopped):
                log.warning("volume_not_made", digest=key[1], code=error.code, reason=str(error))
            self._failed[key] = (time.monotonic(), error.fresh())
            if len(self._failed) > FAILURES:
                del self._failed[next(iter(self._failed))]
            return
        finally:
            self._loading.pop(key, None)
            self.claims.let_go(key)
            self.volumes.make_room()
            self._tell(None)
        log.info("volume_loaded", digest=key[1], from_file=from_file, seconds=round(time.monotonic() - begun, 3))
        if not from_file:
            await loop.run_in_executor(self._loaders, assembly.keep)

    def _tell(self, assembly: Assembly | None) -> None:
        for listener in list(self.listeners):
            try:
                listener(assembly)
            except Exception:  # one viewer's; the others are told all the same
                log.exception("listener_failed")

    def prepared(self) -> None:
        """The tools' kernels are there."""
        self.tools_ready = True
        self.changed()

    def changed(self) -> None:
        """Something that viewers wait for has come, or will not come."""
        self._tell(None)

    async def close(self) -> None:
        """Stop what is being made and let the threads end."""
        self._pending.clear()
        for assembly in list(self._loading.values()):
            assembly.stop()
        tasks = [*self._tasks, *self._reading.values()]
        await asyncio.gather(*tasks, return_exceptions=True)
        self._readers.shutdown(wait=False, cancel_futures=True)
        self._loaders.shutdown(wait=False, cancel_futures=True)
