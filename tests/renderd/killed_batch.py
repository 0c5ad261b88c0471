"""Stores a series of reformats and dies of SIGKILL on the way: `python -m tests.renderd.killed_batch DATABASE HOME RUN
INSTITUTION REQUEST WHERE`, the request as JSON. For test_killed_batches.py.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

from renderd.batches import Batch, Batches
from renderd.library import Library
from renderd.protocol import Reformat
from renderd.render import Renderer
from renderd.scheduler import Scheduler
from storage import arrival
from storage.blobs import BlobStore
from storage.database import Database, DatabaseTarget
from storage.dicom.stacks import stacks_of
from storage.home import Home
from storage.studies import find_series


class Admitted:
    """Somebody who may."""

    user_id = 1

    def __init__(self, institution_id: int) -> None:
        self.deriving = {institution_id}

    async def check(self) -> None:
        pass


class Nobody:
    def progress(self, done: int, total: int) -> None:
        pass

    def ended(self, series: int | None, code: str) -> None:
        print("ended", series, code, flush=True)


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def die_at(where: str) -> None:
    """After the second file, or after all rows and before they are committed."""
    put, insert, files = BlobStore.put, arrival.insert_instances, []

    def dying_put(self: BlobStore, institution_id: int, data: Any) -> Any:
        files.append(put(self, institution_id, data))
        if len(files) == 2:
            die()
        return files[-1]

    async def dying_insert(*arguments: Any) -> Any:
        await insert(*arguments)
        die()

    if where == "files":
        BlobStore.put = dying_put  # type: ignore[method-assign]
    else:
        arrival.insert_instances = dying_insert


async def main(database_url: str, place: Home, institution: str, request: str, where: str) -> None:
    database = await Database.connect(DatabaseTarget(database_url), size=3)
    scheduler = Scheduler(Renderer())
    working = asyncio.create_task(scheduler.run())
    asked = Reformat(**json.loads(request))
    async with database.acting([int(institution)]) as connection:
        (stack, *_) = stacks_of((await find_series(connection, asked.series)).instances)
    library = Library(place, BlobStore(place.blobs), 64 << 20)
    batches = Batches(database, library, scheduler)
    die_at(where)
    admitted: Any = Admitted(int(institution))
    batch = batches.join(Batch(asked, int(institution), stack, admitted), Nobody())
    assert batch.task is not None
    await batch.task
    working.cancel()


if __name__ == "__main__":
    url, home, run, *others = sys.argv[1:]
    asyncio.run(main(url, Home(Path(home), Path(run)), *others))
