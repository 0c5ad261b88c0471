"""A process of its own that runs a PostgreSQL until it is killed, or ends it when its input closes.

python -m tests.storage.postgres_child HOME RUNTIME SHARED    prints the server's process number when it is ready
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import uvloop

from storage.home import Home
from storage.migrate import migrate
from storage.postgres import EmbeddedPostgres


async def main(home: Path, runtime: Path, shared: Path) -> None:
    place = Home(home, runtime)
    place.prepare()
    with place.locked("serve"):
        postgres = EmbeddedPostgres(place, shared)
        print("starting", flush=True)
        await migrate(await postgres.start())
        print(postgres.pid, flush=True)
        await asyncio.to_thread(sys.stdin.read)
        await postgres.stop()


if __name__ == "__main__":
    # uvloop, as the real processes use it; the tests themselves start servers with asyncio's own loop.
    uvloop.run(main(*map(Path, sys.argv[1:4])))
