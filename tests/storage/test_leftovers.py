from __future__ import annotations

import hashlib
import os
import time
from pathlib import Path

import numpy as np
import pytest

from storage.blobs import BlobStore
from storage.errors import NotFound
from storage.home import Home
from storage.leftovers import UNFINISHED_S, remove_outgrown, remove_unfinished
from storage.volume_files import VolumeFile, volume_path, write

HERE, SERIES = 1, 7


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home", tmp_path / "run")


def digest(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()


def make(home: Home, name: str, institution_id: int = HERE) -> Path:
    path = volume_path(home, institution_id, digest(name))
    write(path, np.arange(24, dtype=np.int16).reshape(2, 3, 4), np.eye(4), digest(name))
    return path


def test_a_series_keeps_the_volumes_of_its_stacks_and_loses_those_it_has_outgrown(home: Home) -> None:
    assert remove_outgrown(home, HERE, SERIES, [digest("half"), digest("other stack")]) == 0
    half, other, elsewhere = make(home, "half"), make(home, "other stack"), make(home, "half", institution_id=2)
    assert remove_outgrown(home, HERE, SERIES, [digest("half"), digest("other stack")]) == 0
    whole = make(home, "whole")
    assert remove_outgrown(home, HERE, SERIES, [digest("whole"), digest("other stack")]) == 1
    assert [path.exists() for path in (half, other, elsewhere, whole)] == [False, True, True, True]


def test_a_series_never_touches_another_ones_volumes(home: Home) -> None:
    remove_outgrown(home, HERE, SERIES + 1, [digest("neighbour")])
    neighbour = make(home, "neighbour")
    assert remove_outgrown(home, HERE, SERIES, [digest("half")]) == 0
    assert remove_outgrown(home, HERE, SERIES, [digest("whole")]) == 0
    assert neighbour.exists()


def test_a_file_that_is_written_late_goes_the_next_time(home: Home) -> None:
    for name in ("half", "whole"):
        remove_outgrown(home, HERE, SERIES, [digest(name)])
    late = make(home, "half")
    assert remove_outgrown(home, HERE, SERIES, [digest("whole")]) == 1
    assert not late.exists()


def test_who_reads_while_a_file_goes_reads_to_the_end_or_is_told_that_it_is_gone(home: Home) -> None:
    remove_outgrown(home, HERE, SERIES, [digest("half")])
    file = VolumeFile.open(make(home, "half"))
    into = np.empty(file.shape, file.dtype)
    file.read(into, lambda *_: remove_outgrown(home, HERE, SERIES, [digest("whole")]) and None)
    assert into.ravel().tolist() == list(range(24))
    with pytest.raises(NotFound):
        file.read_slice(0)


def test_a_list_that_cannot_be_read_removes_nothing(home: Home) -> None:
    remove_outgrown(home, HERE, SERIES, [digest("half")])
    half = make(home, "half")
    (listed,) = (path for path in (home.volumes / str(HERE) / "series").iterdir())
    listed.write_bytes(b"\xff\0../../../etc\n")
    assert remove_outgrown(home, HERE, SERIES, [digest("whole")]) == 0
    assert half.exists()


def test_unfinished_files_go_when_nobody_can_be_writing_them_and_nothing_else_does(home: Home) -> None:
    blobs = BlobStore(home.blobs)
    sha256 = blobs.write(HERE, b"stored")
    volume = make(home, "whole")
    kept = [blobs.path(HERE, sha256), volume]
    old, fresh = [], []
    for path in (blobs.path(HERE, sha256), volume):
        old.append(path.with_name(".01234567.89abcdef.new"))
        fresh.append(path.with_name(".89abcdef.01234567.new"))
    for path in (*old, *fresh):
        path.write_bytes(b"half")
    for path in (*old, *kept):
        long_ago = time.time() - UNFINISHED_S - 60
        os.utime(path, (long_ago, long_ago))
    assert remove_unfinished(home) == 2
    assert [path.exists() for path in (*old, *fresh, *kept)] == [False, False, True, True, True, True]
    assert remove_unfinished(home) == 0


def test_a_home_without_folders_has_nothing_to_remove(home: Home) -> None:
    assert remove_unfinished(home) == 0
