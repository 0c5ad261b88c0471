"""What the supervisor writes down is what the api reads."""

from __future__ import annotations

from pathlib import Path

from storage import processes
from storage.processes import Process, State

RECEIVE = Process("receive", State.WAITING, 12.5, "/l/receive.log", None, 3, 3, 0.5, "2", "Address already in use")


def test_what_was_written_is_read(tmp_path: Path) -> None:
    processes.write(tmp_path, [RECEIVE, Process("api", State.RUNNING, 1.0, "/l/api.log", 7)])
    assert processes.read(tmp_path)[0] == RECEIVE
    assert [process.name for process in processes.read(tmp_path)] == ["receive", "api"]
    assert (tmp_path / processes.NAME).stat().st_mode & 0o777 == 0o600
    processes.remove(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_nothing_and_damage_are_an_empty_list(tmp_path: Path) -> None:
    assert processes.read(tmp_path) == []
    for damage in ("", "[{", '[{"name": "api"}]', '[{"name": "api", "state": "new", "since": 1, "log": ""}]'):
        (tmp_path / processes.NAME).write_text(damage)
        assert processes.read(tmp_path) == []


def test_a_folder_that_cannot_be_written_keeps_what_was_there(tmp_path: Path) -> None:
    processes.write(tmp_path / "missing", [RECEIVE])
    assert processes.read(tmp_path / "missing") == []
