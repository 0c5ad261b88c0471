"""`farview import`: files, folders and archives into a home, with or without a running server."""

from __future__ import annotations

import asyncio
import fcntl
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from farview.errors import ImportRunning, PathMissing
from farview.privileges import leave_root
from farview.settings import Settings
from farview.words import WORDS, say
from renderd.assemble import build_volume_file, volume_bytes
from renderd.errors import RenderError
from storage.arrival import Arrival, Outcome
from storage.blobs import BlobStore
from storage.database import Database, DatabaseTarget
from storage.dicom.stacks import stacks_of
from storage.errors import HomeLocked
from storage.home import Home
from storage.imports import DISK_FULL, Summary, import_paths
from storage.institutions import find_or_create_institution
from storage.leftovers import remove_outgrown
from storage.migrate import migrate
from storage.postgres import EmbeddedPostgres, embedded_target
from storage.rereading import with_current_headers
from storage.studies import StoredSeries, find_series
from storage.volume_files import volume_path

NOT_DICOM = "not_dicom"
MOST_LINES = 20

SERIES_OF = """
    SELECT series.id
      FROM unnest($1::text[], $2::text[]) AS touched (study, series)
      JOIN studies ON studies.study_instance_uid = touched.study
      JOIN series ON series.study_id = studies.id AND series.series_instance_uid = touched.series
     ORDER BY series.id
"""


@dataclass(slots=True)
class Volumes:
    """The volume files that were made, and why some were not: series id → the word, or what is said in its place."""

    built: int = 0
    refused: dict[int, str] = field(default_factory=dict)


def run(settings: Settings, paths: Sequence[Path]) -> int:
    """Bring everything in and print what came of it; 0 when all that is DICOM arrived, else 1."""
    absolute = [path.expanduser().absolute() for path in paths]
    for path in absolute:
        if not path.exists():
            raise PathMissing("path_missing", path=path)
    begun = time.monotonic()
    leave_root(settings.home, reading=True)
    home = Home(settings.home, settings.runtime)
    home.prepare()
    console = Console(stderr=True)
    with _alone(home), _bar(console) as bar:
        summary, volumes = asyncio.run(_bring_in(settings, home, absolute, bar))
    for line in report(summary, volumes, time.monotonic() - begun):
        print(line)
    return 1 if summary.left_out.keys() - {NOT_DICOM} else 0


async def _bring_in(settings: Settings, home: Home, paths: Sequence[Path], bar: Progress) -> tuple[Summary, Volumes]:
    async with _target(settings, home) as target:
        await migrate(target)
        database = await Database.connect(target, size=4)
        try:
            async with database.plain() as connection:
                institution = await find_or_create_institution(connection, settings.institution)
            task = bar.add_task(say("reading"), total=None, told="")

            def progress(summary: Summary) -> None:
                told = say("images_so_far", count=summary.files, megabytes=summary.bytes >> 20)
                bar.update(task, told=told)

            # Also what was there already: a killed import leaves rows whose volume files it did not get to.
            touched: set[tuple[str, str]] = set()
            blobs = BlobStore(home.blobs, settings.disk_reserve)
            summary = await import_paths(Arrival(database, blobs, touched), paths, institution.id, progress)
            bar.update(task, total=1, completed=1)
            async with database.acting([institution.id]) as connection:
                uids = [study for study, _ in touched], [series for _, series in touched]
                rows = await connection.fetch(SERIES_OF, *uids)
            task = bar.add_task(say("building"), total=None, told="")
            volumes = Volumes()

            def built(done: int, total: int) -> None:
                bar.update(task, completed=done, total=total)

            for row in rows:
                async with database.acting([institution.id]) as connection:
                    stored = await find_series(connection, row["id"])
                (series,) = await with_current_headers(database, BlobStore(home.blobs), [stored])
                await asyncio.to_thread(
                    build_volumes, volumes, home, blobs, series, settings.volume_bytes, progress=built
                )
        finally:
            await database.close()
    return summary, volumes


def build_volumes(
    volumes: Volumes,
    home: Home,
    blobs: BlobStore,
    series: StoredSeries,
    most_bytes: int,
    *,
    progress: Callable[[int, int], None] | None = None,
) -> None:
    """Make the volume files of a series that are missing, so that its first opening decodes nothing.

    most_bytes: the renderer's memory for volumes. One beyond is never loaded there, so none is made here.
    """
    stacks = stacks_of(series.instances)
    remove_outgrown(home, series.institution_id, series.id, {stack.digest for stack in stacks if stack.geometry})
    for stack in stacks:
        if stack.geometry is None:
            continue
        if volume_bytes(stack) > most_bytes:
            volumes.refused[series.id] = "volume_too_large"
            continue
        before = volume_path(home, series.institution_id, stack.digest).exists()
        try:
            path = build_volume_file(home, blobs, series.institution_id, stack, progress)
        except RenderError as error:  # the images are in; whoever opens them is told the same
            volumes.refused[series.id] = error.code if error.image is None else _unreadable(error.image)
            continue
        if path is not None and not path.exists():
            volumes.refused[series.id] = "disk_full"
        elif not before:
            volumes.built += 1


@asynccontextmanager
async def _target(settings: Settings, home: Home) -> AsyncIterator[DatabaseTarget]:
    """The database: another one, the running server's, or our own for the while."""
    if settings.database_url is not None:
        yield DatabaseTarget.external(settings.database_url.get_secret_value())
        return
    try:
        lock = home.locked("import")
        lock.__enter__()
    except HomeLocked as error:
        if error.holder is None or error.holder.role != "serve":
            raise
        yield embedded_target(error.holder.runtime)
        return
    postgres = EmbeddedPostgres(home)
    try:
        target = await postgres.start()
        try:
            yield target
        finally:
            await postgres.stop()
    finally:
        lock.__exit__(None, None, None)


@contextmanager
def _alone(home: Home) -> Iterator[None]:
    """The only import of this home. The kernel holds the lock, so it ends with this process however it ends."""
    with (home.path / "import.lock").open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ImportRunning("import_running", home=home.path) from None
        yield


def _bar(console: Console) -> Progress:
    """A progress bar on a terminal; elsewhere nothing."""
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[told]}"))
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)


def report(summary: Summary, volumes: Volumes, seconds: float) -> list[str]:
    """What came in, what did not and why, in at most MOST_LINES lines."""
    left_out = summary.left_out.total() - summary.left_out[NOT_DICOM]
    counts = [
        say("import_new", count=summary.outcomes[Outcome.NEW]),
        say("import_same", count=summary.outcomes[Outcome.SAME]),
        say("import_conflicts", count=summary.outcomes[Outcome.CONFLICT]),
        say("import_not_dicom", count=summary.left_out[NOT_DICOM]),
        say("import_unreadable", count=left_out),
        say("import_volumes", count=volumes.built),
        say("import_took", seconds=round(seconds, 1)),
    ]
    lines = [
        say("unreadable_line", reason=_reason(reason), count=count, names=", ".join(summary.examples[reason]))
        for reason, count in summary.left_out.most_common()
        if reason != NOT_DICOM
    ]
    lines += [say("volume_line", series=series, reason=_reason(code)) for series, code in volumes.refused.items()]
    if conflicts := summary.outcomes[Outcome.CONFLICT]:
        lines.insert(0, say("conflicts_line", count=conflicts))
    if summary.left_out[DISK_FULL]:
        lines.insert(0, say("import_stopped"))
    if len(lines) > MOST_LINES - 1:
        lines = [*lines[: MOST_LINES - 2], say("more_lines", count=len(lines) - MOST_LINES + 2)]
    return ["  ".join(counts), *lines]


def _unreadable(image: tuple[int, int]) -> str:
    number, count = image
    return say("image_unreadable", number=number, count=count)


def _reason(word: str) -> str:
    """A word of storage.archives or renderd.errors in the reader's language; what is no word is a sentence already."""
    key = f"reason_{word}"
    return say(key) if key in WORDS else word
