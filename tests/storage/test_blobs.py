from __future__ import annotations

import hashlib
import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from storage import blobs as module
from storage.blobs import BlobStore
from storage.errors import DamagedFile, NotFound


@pytest.fixture
def blobs(tmp_path: Path) -> BlobStore:
    return BlobStore(tmp_path / "blobs")


def files(root: Path) -> list[Path]:
    return [path for path in root.rglob("*") if path.is_file()]


def test_a_blob_is_named_by_its_content_and_read_back(blobs: BlobStore) -> None:
    sha256 = blobs.write(7, b"picture")
    assert sha256 == hashlib.sha256(b"picture").hexdigest()
    assert blobs.path(7, sha256) == blobs.root / "7/sha256" / sha256[:2] / sha256[2:4] / sha256
    assert blobs.read(7, sha256) == b"picture"
    assert blobs.read_range(7, sha256, 3, 4) == b"ture"


def test_the_same_bytes_are_stored_once_in_an_institution_and_again_in_another(blobs: BlobStore) -> None:
    for institution in (1, 1, 2):
        blobs.write(institution, b"picture")
    assert len(files(blobs.root)) == 2


def test_only_we_can_read_blobs(blobs: BlobStore) -> None:
    path = blobs.path(1, blobs.write(1, b"picture"))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_every_step_is_durable_before_the_answer(blobs: BlobStore, monkeypatch: pytest.MonkeyPatch) -> None:
    steps: list[str] = []
    fsync, rename = os.fsync, Path.rename

    def watched_fsync(descriptor: int) -> None:
        steps.append(str(Path(f"/proc/self/fd/{descriptor}").readlink()))
        fsync(descriptor)

    def watched_rename(old: Path, new: Path) -> Path:
        steps.append("rename")
        return rename(old, new)

    monkeypatch.setattr(os, "fsync", watched_fsync)
    monkeypatch.setattr(Path, "rename", watched_rename)
    path = blobs.path(1, blobs.write(1, b"picture"))
    file, renamed, *folders = steps
    assert Path(file).parent == path.parent and file.endswith(".new")
    assert renamed == "rename"
    assert folders == [str(folder) for folder in list(path.parents)[:5]]


def test_a_batch_synchronises_every_folder_once_and_only_at_its_end(
    blobs: BlobStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    folders: list[Path] = []
    monkeypatch.setattr(module, "synchronise_folder", folders.append)
    with blobs.batch() as batch:
        names = [batch.write(1, bytes([i])) for i in range(50)]
        assert folders == []
    assert len(folders) == len(set(folders))
    assert set(folders) == {blobs.path(1, name).parents[i] for name in names for i in range(5)}
    depths = [len(folder.parts) for folder in folders]
    assert depths == sorted(depths, reverse=True)


def test_a_blob_that_was_there_already_is_made_durable_too(blobs: BlobStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever wrote it may have been killed after the rename."""
    blobs.put(1, b"picture")
    folders: list[Path] = []
    monkeypatch.setattr(module, "synchronise_folder", folders.append)
    path = blobs.path(1, blobs.write(1, b"picture"))
    assert path.parent in folders


def test_a_failed_write_leaves_nothing(blobs: BlobStore, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        blobs.write(1, b"picture")
    assert files(blobs.root) == []


def test_many_threads_write_the_same_bytes_at_once(blobs: BlobStore) -> None:
    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(lambda _: blobs.write(1, b"picture" * 1000), range(32)))) == 1
    assert len(files(blobs.root)) == 1


def test_a_changed_blob_is_noticed_and_written_again(blobs: BlobStore) -> None:
    sha256 = blobs.write(1, b"picture")
    blobs.path(1, sha256).write_bytes(b"pic")
    with pytest.raises(DamagedFile):
        blobs.read(1, sha256)
    with pytest.raises(DamagedFile):
        blobs.read_range(1, sha256, 0, 7)
    blobs.write(1, b"picture")
    assert blobs.read(1, sha256) == b"picture"


def test_a_flipped_bit_is_noticed_by_whoever_reads_a_piece_first_and_can_be_mended(blobs: BlobStore) -> None:
    sha256 = blobs.write(1, b"picture")
    blobs.path(1, sha256).write_bytes(b"pictUre")
    with pytest.raises(DamagedFile, match="changed"):
        blobs.read_range(1, sha256, 0, 2)
    assert not blobs.is_whole(1, sha256)
    assert blobs.mend(1, b"picture") == sha256
    assert blobs.read_range(1, sha256, 0, 4) == b"pict"
    assert blobs.mend(1, b"picture") == sha256  # nothing to do


def test_a_blob_that_the_disk_does_not_give_is_damaged(blobs: BlobStore) -> None:
    sha256 = blobs.write(1, b"picture")
    blobs.path(1, sha256).unlink()
    blobs.path(1, sha256).mkdir()
    for read in (lambda: blobs.read(1, sha256), lambda: blobs.read_range(1, sha256, 0, 1)):
        with pytest.raises(DamagedFile, match="cannot be read"):
            read()


def test_a_missing_blob_is_not_found(blobs: BlobStore) -> None:
    for read in (lambda: blobs.read(1, "0" * 64), lambda: blobs.read_range(1, "0" * 64, 0, 1)):
        with pytest.raises(NotFound):
            read()
