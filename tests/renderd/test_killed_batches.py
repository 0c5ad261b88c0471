"""A process that is killed while it stores a series leaves none of it: the next one makes it whole."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from storage.database import DatabaseTarget
from storage.leftovers import remove_unfinished
from tests.renderd.conftest import House
from tests.renderd.page import Page
from tests.renderd.shows import REFORMAT
from tests.renderd.test_reformats import ask, blobs, count, stored

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("where", ["files", "rows"])
async def test_a_killed_batch_leaves_no_half_series(
    where: str, house: House, page: Page, database_target: DatabaseTarget
) -> None:
    source = await house.add_ct()
    asked = replace(REFORMAT, series=source, stack=house.digests[source])
    institution = (await stored(house, source)).institution_id
    place = (str(house.home.path), str(house.home.runtime))
    command = [sys.executable, "-m", "tests.renderd.killed_batch", database_target.application, *place]
    command += [str(institution), json.dumps(asdict(asked)), where]
    done = await asyncio.to_thread(subprocess.run, command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == -signal.SIGKILL, done.stdout + done.stderr
    files = blobs(house)
    assert files > 12  # some of the new ones, which no row names

    # The next process.
    remove_unfinished(house.home)
    assert [await count(house, table) for table in ("series", "instances", "conflicts")] == [1, 12, 0]
    told = await ask(page, asked)
    series = await stored(house, told["series"])
    assert [one.instance_number for one in series.instances] == [1, 2, 3]
    assert [await count(house, table) for table in ("series", "instances", "conflicts")] == [2, 15, 0]
    for one in series.instances:
        assert house.blobs.is_whole(institution, one.blob_sha256)
