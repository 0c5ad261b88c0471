from __future__ import annotations

import weakref
from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from pydicom import dcmread

from renderd import assemble
from renderd.assemble import Assembly, Stopped, build_volume_file, instance_frame, volume_bytes
from renderd.errors import NotAVolume, UnreadableFrame
from storage.blobs import BlobStore
from storage.dicom.stacks import Stack
from storage.dicom.write import write_colour, write_series
from storage.home import Home
from storage.volume_files import VolumeFile
from tests.renderd.conftest import AFFINE, SHAPE, phantom
from tests.renderd.stacks import INSTITUTION, stack_of


class Store:
    """A home with a stored CT in it."""

    def __init__(self, folder: Path, **attributes: Any) -> None:
        self.home = Home(folder / "home", folder / "run")
        self.home.prepare()
        self.blobs = BlobStore(self.home.blobs)
        self.files = list(write_series(phantom(), AFFINE, attributes=attributes))
        self.stack = stack_of(self.files, self.blobs)

    def assembly(self, stack: Stack | None = None) -> Assembly:
        return Assembly(self.home, self.blobs, INSTITUTION, stack or self.stack)

    def damage(self, z: int) -> None:
        path = self.blobs.path(INSTITUTION, self.stack.frames[z].blob_sha256)
        path.write_bytes(path.read_bytes()[:1500])


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path)


def test_a_volume_is_the_slices_in_hounsfield_units_where_the_geometry_says(store: Store) -> None:
    assembly = store.assembly()
    assert assembly.run() is False
    assert assembly.volume is not None
    assert np.array_equal(assembly.volume.array, phantom()) and assembly.volume.array.dtype == np.int16
    assert np.allclose(assembly.volume.affine, AFFINE)
    assert assembly.size_bytes == phantom().nbytes == volume_bytes(store.stack)


def test_what_is_not_a_number_is_the_lowest_of_its_frame_and_infinity_the_highest(tmp_path: Path) -> None:
    images = np.random.default_rng(6).normal(3, 1, (4, 8, 9)).astype(np.float32)
    images[1, 2, 3], images[1, 4, 5], images[1, 6, 7], images[2] = np.nan, np.inf, -np.inf, np.nan
    files = []
    for data, image in zip(write_series(phantom()[:4, :8, :9], AFFINE), images, strict=True):
        dataset = dcmread(BytesIO(data))
        del dataset.PixelData
        del dataset.PixelRepresentation
        dataset.BitsAllocated, dataset.FloatPixelData = 32, image.tobytes()
        dataset.RescaleSlope, dataset.RescaleIntercept = 1, 0
        out = BytesIO()
        dataset.save_as(out)
        files.append(out.getvalue())
    store = Store(tmp_path)
    stack = stack_of(files, store.blobs)
    order = [int(np.argmin([abs(z - 2 * k + 8) for k in range(4)])) for z in (f.position[2] for f in stack.frames)]  # type: ignore[index]
    assembly = store.assembly(stack)
    assembly.run()
    assert assembly.volume is not None
    found = assembly.volume.array
    known = images[1][np.isfinite(images[1])]
    one = order.index(1)
    assert found[one, 2, 3] == found[one, 6, 7] == known.min()
    assert found[one, 4, 5] == known.max()
    assert (found[order.index(2)] == 0).all()
    assert (found[order.index(3)] == images[3]).all()
    assert (instance_frame(store.blobs, INSTITUTION, stack, one) == found[one]).all()


def test_values_that_int16_does_not_hold_make_a_float_volume(tmp_path: Path) -> None:
    store = Store(tmp_path, RescaleSlope=0.5, RescaleIntercept=-512)
    assembly = store.assembly()
    assembly.run()
    assert assembly.volume is not None and assembly.volume.array.dtype == np.float32
    assert np.array_equal(assembly.volume.array, phantom() / 2)


def test_every_slice_is_told_once(store: Store) -> None:
    told: list[tuple[int, int]] = []
    store.assembly().run(lambda done, total: told.append((done, total)))
    assert told == [(done, SHAPE[0]) for done in range(1, SHAPE[0] + 1)]


def test_the_second_opening_decodes_nothing(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    first = store.assembly()
    first.run()
    first.keep()
    monkeypatch.setattr(assemble, "read_frame", None)
    second = store.assembly()
    assert second.run() is True
    assert second.volume is not None and np.array_equal(second.volume.array, phantom())
    assert np.allclose(second.volume.affine, AFFINE)


def flip(place: int) -> Callable[[bytes], bytes]:
    def damage(data: bytes) -> bytes:
        changed = bytearray(data)
        changed[place] ^= 0xFF
        return bytes(changed)

    return damage


@pytest.mark.parametrize(
    "damage",
    [
        flip(5),
        flip(40),
        flip(-3),
        lambda _: b"",
        lambda data: data[:10],
        lambda data: data[:5000],
        lambda data: data + b"0",
    ],
    ids=["magic", "header", "voxel", "empty", "cut in the start", "cut in the voxels", "longer"],
)
def test_a_damaged_volume_file_is_made_again_and_shows_the_right_voxels(
    store: Store, damage: Callable[[bytes], bytes]
) -> None:
    path = build_volume_file(store.home, store.blobs, INSTITUTION, store.stack)
    assert path is not None
    path.write_bytes(damage(path.read_bytes()))
    assert np.array_equal(store.assembly().read_slice(3), phantom()[3])
    assembly = store.assembly()
    assert assembly.run() is False
    assert assembly.volume is not None and np.array_equal(assembly.volume.array, phantom())
    assembly.keep()
    assert store.assembly().run() is True


def test_a_volume_file_that_the_disk_does_not_give_costs_the_decoding_and_not_the_volume(store: Store) -> None:
    path = build_volume_file(store.home, store.blobs, INSTITUTION, store.stack)
    assert path is not None
    path.unlink()
    path.mkdir()  # opening it fails with an error of the system's, for root too
    assert np.array_equal(store.assembly().read_slice(3), phantom()[3])
    assembly = store.assembly()
    assert assembly.run() is False
    assert assembly.volume is not None and np.array_equal(assembly.volume.array, phantom())
    assembly.keep()  # cannot be kept either, and says so in the log


def test_another_slice_makes_another_volume_file(store: Store) -> None:
    build_volume_file(store.home, store.blobs, INSTITUTION, store.stack)
    fewer = stack_of(store.files[:-1], store.blobs)
    assert fewer.digest != store.stack.digest
    assert store.assembly(fewer).run() is False


def test_a_file_of_another_stack_in_this_one_s_place_is_not_used(store: Store) -> None:
    other = store.assembly(stack_of(store.files[:-1], store.blobs))
    other.run()
    other.path = store.assembly().path
    other.keep()
    assert store.assembly().run() is False


def test_a_slice_that_cannot_be_decoded_refuses_the_volume_and_names_the_slice(store: Store) -> None:
    store.damage(4)
    with pytest.raises(UnreadableFrame, match=f"5/{SHAPE[0]}") as caught:
        store.assembly().run()
    assert caught.value.image == (5, SHAPE[0])
    with pytest.raises(UnreadableFrame) as caught:
        instance_frame(store.blobs, INSTITUTION, store.stack, 4)
    assert caught.value.image == (5, SHAPE[0])
    assert np.array_equal(instance_frame(store.blobs, INSTITUTION, store.stack, 5), phantom()[5])


def test_a_volume_that_could_not_be_made_leaves_no_memory_behind_however_its_error_is_kept(store: Store) -> None:
    store.damage(4)
    assembly = store.assembly()
    arrays: list[weakref.ref[Any]] = []
    with pytest.raises(UnreadableFrame) as kept:
        assembly.run(lambda *_: arrays.append(weakref.ref(cast(Any, assembly._array))))
    assert kept.value.__traceback__ is not None
    assert arrays[0]() is None
    assert assembly.slice(0) is None and np.array_equal(assembly.read_slice(0), phantom()[0])


def test_a_grid_that_kernels_refuse_is_no_volume_and_nothing_is_decoded_for_it(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert store.stack.geometry is not None
    flat = np.diag([0.7, 0.7, 0.0, 1.0])
    stack = replace(store.stack, geometry=replace(store.stack.geometry, affine=flat))
    monkeypatch.setattr(assemble, "read_frame", None)
    with pytest.raises(NotAVolume) as caught:
        build_volume_file(store.home, store.blobs, INSTITUTION, stack)
    assert caught.value.code == "invalid_volume"


def test_one_slice_is_read_from_the_volume_file_where_there_is_one(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert np.array_equal(store.assembly().read_slice(3), phantom()[3])
    build_volume_file(store.home, store.blobs, INSTITUTION, store.stack)
    monkeypatch.setattr(assemble, "read_frame", None)
    assert np.array_equal(store.assembly().read_slice(3), phantom()[3])


def test_slices_can_be_looked_at_while_the_volume_is_made(store: Store) -> None:
    assembly = store.assembly()
    seen: list[bool] = []
    assert assembly.slice(0) is None and assembly.held

    def look(done: int, _: int) -> None:
        slices = [assembly.slice(z) for z in range(SHAPE[0])]
        seen.append(sum(s is not None for s in slices) == done)
        for z, values in enumerate(slices):
            assert values is None or np.array_equal(values, phantom()[z])

    assembly.run(look)
    assert seen == [True] * SHAPE[0] and not assembly.held


def test_an_assembly_can_be_stopped(store: Store) -> None:
    assembly = store.assembly()
    with pytest.raises(Stopped):
        assembly.run(lambda done, _: assembly.stop() if done == 2 else None)
    assert assembly.volume is None


def test_a_full_disk_costs_the_file_and_not_the_volume(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(assemble.volume_files, "write", full)
    assembly = store.assembly()
    assembly.run()
    assembly.keep()
    assert assembly.volume is not None


def test_volume_files_are_built_once_and_without_a_server(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    path = build_volume_file(store.home, store.blobs, INSTITUTION, store.stack)
    assert path is not None
    into = np.empty(SHAPE, np.int16)
    VolumeFile.open(path).read(into)
    assert np.array_equal(into, phantom())
    monkeypatch.setattr(assemble, "read_frame", None)
    assert build_volume_file(store.home, store.blobs, INSTITUTION, store.stack) == path


def test_what_is_no_volume_has_no_volume_file(store: Store) -> None:
    picture = stack_of([write_colour(np.zeros((8, 8, 3), np.uint8))], store.blobs)
    assert build_volume_file(store.home, store.blobs, INSTITUTION, picture) is None
    with pytest.raises(NotAVolume) as caught:
        volume_bytes(picture)
    assert caught.value.code == "colour"
