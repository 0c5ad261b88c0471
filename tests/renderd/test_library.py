from __future__ import annotations

import asyncio
import gc
import weakref
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest
import pytest_asyncio

from renderd import assemble, library
from renderd.assemble import Assembly
from renderd.errors import NotAVolume, RenderError, UnreadableFrame
from renderd.library import Library
from storage.blobs import BlobStore
from storage.dicom.masks import NOTHING, read_masks
from storage.dicom.stacks import Stack
from storage.dicom.write import write_instance, write_series
from storage.home import Home
from tests.renderd.conftest import AFFINE, phantom
from tests.renderd.stacks import INSTITUTION, stack_of


class Shelves:
    """A library with a few stored series."""

    def __init__(self, folder: Path) -> None:
        self.home = Home(folder / "home", folder / "run")
        self.home.prepare()
        self.blobs = BlobStore(self.home.blobs)
        self.library = Library(self.home, self.blobs, 64 << 20)
        self.came = asyncio.Event()
        self.library.listeners.add(lambda assembly: self.came.set() if assembly is None else None)

    def series(self, seed: int) -> Stack:
        return stack_of(list(write_series(phantom(seed), AFFINE, seed=seed)), self.blobs)

    async def load(self, stack: Stack) -> Assembly:
        assembly = self.library.volume(INSTITUTION, stack)
        async with asyncio.timeout(20):
            while assembly.volume is None:
                self.came.clear()
                await self.came.wait()
        return assembly


@pytest_asyncio.fixture
async def shelves(tmp_path: Path) -> AsyncIterator[Shelves]:
    shelves = Shelves(tmp_path)
    yield shelves
    await shelves.library.close()


async def test_a_volume_is_made_in_the_background_and_its_file_kept(shelves: Shelves) -> None:
    stack = shelves.series(1)
    assembly = shelves.library.volume(INSTITUTION, stack)
    assert assembly.volume is None and shelves.library.volume(INSTITUTION, stack) is assembly
    assert (await shelves.load(stack)) is assembly
    assert assembly.volume is not None and np.array_equal(assembly.volume.array, phantom(1))
    await asyncio.gather(*shelves.library._tasks)
    assert assembly.path.exists()


async def test_equal_images_of_two_institutions_never_meet(shelves: Shelves) -> None:
    stack = shelves.series(1)
    await shelves.load(stack)
    other = shelves.library.volume(INSTITUTION + 1, stack)
    assert other.volume is None
    assert shelves.library.frame(INSTITUTION + 1, stack, 3) is None
    assert shelves.library.frame(INSTITUTION, stack, 3) is not None


async def test_two_who_ask_for_a_frame_wait_for_one_reading(shelves: Shelves, monkeypatch: pytest.MonkeyPatch) -> None:
    stack, read = shelves.series(1), []
    original = assemble.read_frame
    monkeypatch.setattr(assemble, "read_frame", lambda *args: read.append(1) or original(*args))
    frames = await asyncio.gather(*(shelves.library.read_frame(INSTITUTION, stack, 4) for _ in range(5)))
    assert len(read) == 1 and all(np.array_equal(frame, phantom(1)[4]) for frame in frames)
    assert shelves.library.frame(INSTITUTION, stack, 4) is frames[0]


async def test_one_who_gives_up_does_not_end_the_reading_of_the_other(shelves: Shelves) -> None:
    stack = shelves.series(1)
    first = asyncio.create_task(shelves.library.read_frame(INSTITUTION, stack, 4))
    second = asyncio.create_task(shelves.library.read_frame(INSTITUTION, stack, 4))
    await asyncio.sleep(0)
    first.cancel()
    assert np.array_equal(await second, phantom(1)[4])


async def test_volumes_beyond_the_budget_make_room(shelves: Shelves) -> None:
    stacks = [shelves.series(seed) for seed in range(3)]
    shelves.library.volumes.budget_bytes = 2 * phantom().nbytes
    for stack in stacks:
        await shelves.load(stack)
    assert shelves.library.volumes.get((INSTITUTION, stacks[0].digest)) is None
    assert shelves.library.volumes.size_bytes == 2 * phantom().nbytes
    await asyncio.gather(*shelves.library._tasks)
    again = await shelves.load(stacks[0])
    assert again.volume is not None and np.array_equal(again.volume.array, phantom(0))


async def test_a_volume_above_the_budget_is_refused(shelves: Shelves) -> None:
    shelves.library.volumes.budget_bytes = 10
    stack = shelves.series(1)
    with pytest.raises(NotAVolume) as caught:
        shelves.library.volume(INSTITUTION, stack)
    assert caught.value.code == "volume_too_large"
    shelves.library.prefetch(INSTITUTION, stack)


async def test_a_volume_that_cannot_be_made_says_why_for_a_while(
    shelves: Shelves, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack = shelves.series(1)
    path = shelves.blobs.path(INSTITUTION, stack.frames[2].blob_sha256)
    whole = path.read_bytes()
    path.write_bytes(whole[:1000])
    shelves.library.volume(INSTITUTION, stack)
    async with asyncio.timeout(20):
        await shelves.came.wait()
    with pytest.raises(UnreadableFrame):
        shelves.library.volume(INSTITUTION, stack)
    path.write_bytes(whole)
    monkeypatch.setattr(library, "RETRY_S", 0.0)
    with pytest.raises(UnreadableFrame):  # the images are the reason: not tried as soon as what may have passed by
        shelves.library.volume(INSTITUTION, stack)
    monkeypatch.setattr(library, "UNREADABLE_S", 0.0)
    assert (await shelves.load(stack)).volume is not None


async def test_what_is_remembered_of_a_volume_that_could_not_be_made_holds_nothing_and_does_not_grow(
    shelves: Shelves, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(library, "FAILURES", 2)
    stacks = [shelves.series(seed) for seed in range(3)]
    failed = []
    for stack in stacks:
        shelves.blobs.path(INSTITUTION, stack.frames[2].blob_sha256).write_bytes(b"damaged")
        failed.append(weakref.ref(shelves.library.volume(INSTITUTION, stack)))
        await asyncio.gather(*shelves.library._tasks)
    for _ in range(200):  # the thread that worked on the last one lets go of it a moment after its answer
        gc.collect()
        if not any(assembly() for assembly in failed):
            break
        await asyncio.sleep(0.01)
    assert [assembly() for assembly in failed] == [None] * 3
    raised = []
    for _ in range(2):
        with pytest.raises(UnreadableFrame) as caught:
            shelves.library.volume(INSTITUTION, stacks[-1])
        raised.append(caught.value)
    assert raised[0] is not raised[1] and str(raised[0]) == str(raised[1])
    assert raised[0].image == raised[1].image == (3, phantom().shape[0])
    assert all(error.__cause__ is None and len(caught.traceback) == 2 for error in raised)
    assert len(shelves.library._failed) == 2


async def test_a_bug_in_the_making_is_told_and_not_silent(shelves: Shelves, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(Assembly, "run", broken)
    stack = shelves.series(1)
    shelves.library.volume(INSTITUTION, stack)
    async with asyncio.timeout(20):
        await shelves.came.wait()
    with pytest.raises(RenderError) as caught:
        shelves.library.volume(INSTITUTION, stack)
    assert caught.value.code == "render_failed"


async def test_the_newest_volume_asked_for_is_made_first_and_old_wishes_are_forgotten(
    shelves: Shelves, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []

    def run(assembly: Assembly, _: object = None) -> bool:
        made.append(assembly.stack.digest)
        raise RenderError("enough")

    monkeypatch.setattr(Assembly, "run", run)
    monkeypatch.setattr(library, "LOADS", 1)
    monkeypatch.setattr(library, "PENDING", 3)
    stacks = [shelves.series(seed) for seed in range(6)]
    for stack in stacks:
        shelves.library.volume(INSTITUTION, stack)
    while shelves.library._tasks:
        await asyncio.gather(*shelves.library._tasks)
    names = {stack.digest: index for index, stack in enumerate(stacks)}
    assert [names[digest] for digest in made] == [0, 5, 4, 3]


async def test_overlays_are_read_once_and_most_frames_have_none(
    shelves: Shelves, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads = []
    monkeypatch.setattr(library, "read_masks", lambda *_: reads.append(1) or read_masks(*_))
    plain = shelves.series(1)
    assert shelves.library.masks(INSTITUTION, plain, 0) is NOTHING
    assert await shelves.library.read_masks(INSTITUTION, plain, 0) is NOTHING and not reads
    overlay = {
        0x60000010: ("US", 16),
        0x60000011: ("US", 16),
        0x60000050: ("SS", [1, 1]),
        0x60000100: ("US", 1),
        0x60000102: ("US", 0),
        0x60003000: ("OW", b"\xff" * 2 + b"\0" * 30),
    }
    stack = stack_of([write_instance(np.zeros((16, 16), np.uint8), 0, "1.2.840.10008.1.2.1", overlay)], shelves.blobs)
    assert shelves.library.masks(INSTITUTION, stack, 0) is None
    drawn = await shelves.library.read_masks(INSTITUTION, stack, 0)
    assert drawn.overlay is not None and drawn.overlay[0].all() and not drawn.overlay[1:].any()
    assert shelves.library.masks(INSTITUTION, stack, 0) is drawn
    assert await shelves.library.read_masks(INSTITUTION, stack, 0) is drawn and len(reads) == 1
    assert shelves.library.masks(INSTITUTION + 1, stack, 0) is None


async def test_one_listener_that_fails_leaves_no_other_waiting(shelves: Shelves) -> None:
    def fail(_: Assembly | None) -> None:
        raise MemoryError

    told: list[Assembly | None] = []
    shelves.library.listeners.update([fail, told.append])
    shelves.library.changed()
    assert told == [None]
