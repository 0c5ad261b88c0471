from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from storage.predecessor import end_predecessor


@pytest.mark.parametrize("text", ["", "nonsense\n", "0\n", "4194304999\n/data\n"])
async def test_a_damaged_or_outdated_pid_file_is_no_server(tmp_path: Path, text: str) -> None:
    (tmp_path / "postmaster.pid").write_text(text)
    await end_predecessor(tmp_path)


async def test_no_pid_file_is_no_server(tmp_path: Path) -> None:
    await end_predecessor(tmp_path)
    assert not (tmp_path / "postmaster.pid").exists()


async def test_a_stranger_with_the_servers_number_lives_and_the_file_goes(tmp_path: Path) -> None:
    with subprocess.Popen(["cat"], cwd=tmp_path, stdin=subprocess.PIPE) as stranger:  # noqa: ASYNC220 - it only waits
        (tmp_path / "postmaster.pid").write_text(f"{stranger.pid}\n")
        await end_predecessor(tmp_path)
        assert stranger.poll() is None
        assert not (tmp_path / "postmaster.pid").exists()
