from __future__ import annotations

import errno
import fcntl
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from storage import room, volume_files
from storage.errors import DamagedFile, DiskFull, NotFound
from storage.home import Home
from storage.room import Disk
from storage.volume_files import VolumeFile, volume_path, write


def volume(dtype: str = "int16", shape: tuple[int, int, int] = (11, 30, 40)) -> np.ndarray:
    return np.random.default_rng(5).integers(-3000, 3000, shape).astype(dtype)


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(volume_files, "CHUNK_BYTES", 3 * 30 * 40 * 2)


@pytest.mark.parametrize("dtype", ["int16", "float32"])
def test_a_volume_comes_back_as_it_was_written(tmp_path: Path, dtype: str) -> None:
    affine = np.random.default_rng(0).normal(size=(4, 4))
    write(tmp_path / "a" / "v.volume", volume(dtype), affine, "digest")
    file = VolumeFile.open(tmp_path / "a" / "v.volume")
    assert (file.shape, file.dtype, file.digest) == ((11, 30, 40), np.dtype(dtype), "digest")
    assert np.array_equal(file.affine, affine)
    into = np.empty(file.shape, file.dtype)
    file.read(into)
    assert np.array_equal(into, volume(dtype))
    assert all(np.array_equal(file.read_slice(z), volume(dtype)[z]) for z in range(11))


def test_progress_counts_to_the_last_slice(tmp_path: Path) -> None:
    write(tmp_path / "v", volume(), np.eye(4))
    seen: list[tuple[int, int]] = []
    VolumeFile.open(tmp_path / "v").read(np.empty((11, 30, 40), np.int16), lambda *step: seen.append(step))
    assert seen[-1] == (11, 11)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)


def test_a_flipped_bit_anywhere_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "v"
    write(path, volume(), np.eye(4))
    good = path.read_bytes()
    offset = VolumeFile.open(path).offset
    for place in (0, 17, 40, 200, offset, offset + 9000, len(good) - 1):
        path.write_bytes(good[:place] + bytes([good[place] ^ 4]) + good[place + 1 :])
        with pytest.raises(DamagedFile):
            VolumeFile.open(path).read(np.empty((11, 30, 40), np.int16))


def test_damage_in_one_chunk_leaves_the_other_slices_readable(tmp_path: Path) -> None:
    path = tmp_path / "v"
    write(path, volume(), np.eye(4))
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    file = VolumeFile.open(path)
    assert np.array_equal(file.read_slice(0), volume()[0])
    with pytest.raises(DamagedFile):
        file.read_slice(10)


@pytest.mark.parametrize("length", [0, 10, 100, 5000, -1])
def test_a_file_that_is_cut_off_is_damaged(tmp_path: Path, length: int) -> None:
    path = tmp_path / "v"
    write(path, volume(), np.eye(4))
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(DamagedFile):
        VolumeFile.open(path)


def test_a_missing_file_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        VolumeFile.open(tmp_path / "v")


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "v"
    write(path, volume(), np.eye(4), "old")

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(volume_files.os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write(path, volume(), np.eye(4), "new")
    assert [p.name for p in tmp_path.iterdir()] == ["v"]
    assert VolumeFile.open(path).digest == "old"


def test_two_that_are_written_at_once_do_not_count_on_the_same_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = (tmp_path / "1" / name / f"{name}.volume" for name in ("aa", "bb"))
    size = volume().nbytes

    def disk(_: Path) -> Disk:
        """A disk with room for a volume and a half, and the reserve."""
        taken = sum(path.stat().st_blocks * 512 for path in tmp_path.rglob("*") if path.is_file())
        return Disk(size * 5 // 2 - taken, size * 5 // 2)

    monkeypatch.setattr(room, "disk_of", disk)
    real, refused = volume_files._write_at, []

    def meanwhile(*arguments: Any) -> None:
        if not refused:
            refused.append(True)
            with pytest.raises(DiskFull):
                write(other, volume(), np.eye(4), reserve_bytes=size)
        real(*arguments)

    monkeypatch.setattr(volume_files, "_write_at", meanwhile)
    write(one, volume(), np.eye(4), reserve_bytes=size)
    assert VolumeFile.open(one).shape == volume().shape
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [one]


def test_whoever_looks_for_room_is_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looked = []

    def disk(folder: Path) -> Disk:
        second = os.open(folder, os.O_RDONLY)
        with pytest.raises(BlockingIOError):
            fcntl.flock(second, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.close(second)
        looked.append(folder)
        return Disk(1 << 30, 1 << 30)

    monkeypatch.setattr(room, "disk_of", disk)
    home = Home(tmp_path / "home", tmp_path / "run")
    write(volume_path(home, 1, "ab" * 32), volume(), np.eye(4))
    assert looked == [home.volumes]


@pytest.mark.parametrize("number", [errno.EOPNOTSUPP, errno.EINVAL, None])
def test_where_no_room_can_be_taken_beforehand_it_is_written_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int | None
) -> None:
    def takes_none(*_: int) -> None:
        raise OSError(number, "not here")

    if number is None:
        monkeypatch.delattr(os, "posix_fallocate", raising=False)
    else:
        monkeypatch.setattr(os, "posix_fallocate", takes_none, raising=False)
    write(tmp_path / "v", volume(), np.eye(4))
    assert VolumeFile.open(tmp_path / "v").shape == volume().shape


def test_what_is_no_volume_is_not_written(tmp_path: Path) -> None:
    for array in (volume("float64"), volume()[0], np.empty((0, 4, 4), np.int16)):
        with pytest.raises(ValueError, match="volume file"):
            write(tmp_path / "v", array, np.eye(4))


def test_institutions_never_share_a_volume_file(tmp_path: Path) -> None:
    home = Home(tmp_path / "home", tmp_path / "run")
    assert volume_path(home, 1, "ab" * 32) != volume_path(home, 2, "ab" * 32)
    assert volume_path(home, 1, "ab" * 32).is_relative_to(home.volumes)
