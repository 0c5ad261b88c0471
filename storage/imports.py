"""Bringing in what people hand over: a folder, a file, an archive. What cannot be kept is counted with its reason."""

from __future__ import annotations

import asyncio
import errno
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from storage.archives import Member, read_members
from storage.arrival import Arrival, Outcome
from storage.errors import DatabaseUnavailable, DiskFull, InvalidDataset

# One transaction and one round of folder synchronisation for so many instances or bytes.
BATCH_INSTANCES = 128
BATCH_BYTES = 64 << 20
MAX_EXAMPLES = 5  # names kept for each reason
# A database that was killed or is started again is back within this; beginning anew would cost more.
WAIT_FOR_DATABASE_S = 30
RETRY_S = 0.5

DISK_FULL = "disk_full"  # the reason why the rest was left out

Progress = Callable[["Summary"], None]


@dataclass(slots=True)
class Summary:
    """What came in and what did not. `left_out` counts by reason; `examples` names a few files for each."""

    outcomes: Counter[Outcome] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)
    examples: dict[str, list[str]] = field(default_factory=dict)
    bytes: int = 0

    @property
    def files(self) -> int:
        """How many files were looked at."""
        return self.outcomes.total() + self.left_out.total()

    def leave_out(self, name: str, reason: str) -> None:
        """Count a file that was not kept. The reason is a word of storage.archives or a sentence."""
        self.left_out[reason] += 1
        names = self.examples.setdefault(reason, [])
        if len(names) < MAX_EXAMPLES:
            names.append(name)


async def import_paths(
    arrival: Arrival, paths: Sequence[Path], institution_id: int, progress: Progress | None = None
) -> Summary:
    """Take in everything below these paths. Reading the next batch overlaps with storing this one.

    On a full disk it stops: what was read by then is left out as DISK_FULL, the rest is not looked at.

    Raises:
        DatabaseUnavailable, OSError: it cannot go on; begin again later, what is stored is found again.
    """
    summary = Summary()
    batches = _batches(member for path in paths for member in read_members(path))
    storing: asyncio.Task[None] | None = None
    try:
        while batch := await asyncio.to_thread(next, batches, None):
            if storing:
                await storing
            if summary.left_out[DISK_FULL]:
                _leave_out(summary, [member for member in batch if not member.problem])
                break
            storing = asyncio.create_task(_store(arrival, batch, institution_id, summary, progress))
        if storing:
            await storing
    finally:
        if storing:
            storing.cancel()
        with suppress(ValueError):  # a thread may be inside it still; it ends with its batch
            batches.close()
    return summary


async def _store(
    arrival: Arrival, batch: list[Member], institution_id: int, summary: Summary, progress: Progress | None
) -> None:
    files = []
    for member in batch:
        if member.problem:
            summary.leave_out(member.name, member.problem)
        else:
            files.append(member)
    try:
        outcomes = await _receive(arrival, [member.data for member in files], institution_id)
    except (DiskFull, OSError) as error:
        if isinstance(error, OSError) and error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        _leave_out(summary, files)
        return
    for member, outcome in zip(files, outcomes, strict=True):
        if isinstance(outcome, InvalidDataset):
            summary.leave_out(member.name, str(outcome))
        else:
            summary.outcomes[outcome] += 1
            summary.bytes += len(member.data)
    if progress:
        progress(summary)


async def _receive(arrival: Arrival, files: list[bytes], institution_id: int) -> list[Outcome | InvalidDataset]:
    """Hand a batch over, again while the database is away. What came in before it went is found again."""
    until = time.monotonic() + WAIT_FOR_DATABASE_S
    while True:
        try:
            return await arrival.receive_all(files, institution_id, "import")
        except DatabaseUnavailable:
            if time.monotonic() > until:
                raise
            await asyncio.sleep(RETRY_S)


def _leave_out(summary: Summary, members: list[Member]) -> None:
    for member in members:
        summary.leave_out(member.name, DISK_FULL)


def _batches(members: Iterator[Member]) -> Generator[list[Member]]:
    batch: list[Member] = []
    size = 0
    for member in members:
        batch.append(member)
        size += len(member.data)
        if len(batch) >= BATCH_INSTANCES or size >= BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch
