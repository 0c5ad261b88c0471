"""The last of the disk belongs to the database."""

from __future__ import annotations

from pathlib import Path

import pytest

from storage import room
from storage.blobs import BlobStore
from storage.errors import DiskFull
from storage.room import Disk, check_room, disk_of


@pytest.fixture
def free(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The free bytes of every disk, to be changed by the test."""
    bytes_free = [1000]
    monkeypatch.setattr(room, "disk_of", lambda _: Disk(bytes_free[0], 10_000))
    return bytes_free


def test_what_would_take_the_reserve_is_refused(free: list[int], tmp_path: Path) -> None:
    check_room(tmp_path, 600, 400)
    with pytest.raises(DiskFull):
        check_room(tmp_path, 601, 400)
    free[0] = 1001
    check_room(tmp_path, 601, 400)


def test_a_refused_blob_leaves_nothing_and_is_stored_when_there_is_room(free: list[int], tmp_path: Path) -> None:
    blobs = BlobStore(tmp_path / "blobs", reserve_bytes=900)
    with pytest.raises(DiskFull):
        blobs.write(1, bytes(101))
    assert not (tmp_path / "blobs").exists()
    free[0] = 2000
    sha256 = blobs.write(1, bytes(101))
    free[0] = 0
    assert blobs.write(1, bytes(101)) == sha256  # it is there: nothing has to be stored
    assert blobs.read(1, sha256) == bytes(101)


def test_the_disk_of_a_folder_that_is_not_there_yet_is_its_parent_s(tmp_path: Path) -> None:
    assert disk_of(tmp_path / "a" / "b").total == disk_of(tmp_path).total > 0
