"""A log stays small, whoever writes it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from storage import logs
from storage.logs import rotate


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(logs, "LARGEST_LOG_BYTES", 10)
    return tmp_path / "renderd.log"


def test_whoever_writes_a_large_log_goes_on_in_a_small_one(log: Path) -> None:
    with log.open("ab", buffering=0) as file:
        for line in (b"the first line\n", b"the second line\n", b"short\n"):
            file.write(line)
            rotate(log)
    assert log.read_bytes() == b"short\n"
    assert log.with_name("renderd.log.1").read_bytes() == b"the second line\n"


def test_without_room_for_a_copy_a_large_log_is_cut_all_the_same(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(shutil, "copyfile", full)
    log.write_text("more than ten bytes\n")
    rotate(log)
    assert log.read_bytes() == b""


def test_a_log_that_is_not_there_is_no_error(log: Path) -> None:
    rotate(log)
    assert list(log.parent.iterdir()) == []
