"""The DICOM receiver, `python -m storage.dicom.receive`: C-ECHO and C-STORE in a process of its own.

pynetdicom needs 3 to 4 ms of the interpreter for each slice, which nothing that renders or answers people could spare.
It runs a thread for each association; what arrives is handed to the event loop and to storage/arrival.py, and the
sender hears success when it is durable. This is one of the three places where threads meet a loop.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import signal
import socket
import sys
import threading
import time
import weakref
from collections.abc import Mapping
from concurrent.futures import CancelledError
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog
from pynetdicom import AE, _config, evt

from storage.arrival import Arrival, Outcome
from storage.blobs import BlobStore
from storage.database import Database, DatabaseTarget
from storage.errors import DatabaseUnavailable, InvalidDataset, StorageError
from storage.home import Home
from storage.institutions import find_or_create_institution, institution_of_ae_title
from storage.logs import to_standard_error
from storage.parent import tell_ready
from storage.room import DEFAULT_RESERVE

VERIFICATION = "1.2.840.10008.1.1"
SUCCESS = 0x0000
# PS3.4 table B.2-1. The first row that an error is an instance of; A700 tells the sender to try again later.
STATUS: tuple[tuple[type[BaseException], int], ...] = (
    (InvalidDataset, 0xC000),  # cannot understand
    (StorageError, 0xA700),  # out of resources: the disk is full, the database away, transactions wait for each other
    (OSError, 0xA700),  # out of resources: the disk is full or fails
    (CancelledError, 0xA700),  # we are stopping
    (Exception, 0x0110),  # processing failure (PS3.7 C.5.14)
)
MAX_PDU = 131072  # pynetdicom's own 16382 costs a third of the rate
MAX_ASSOCIATIONS = 64
MAX_DATASET = 2 << 30  # of one instance, which is in memory while it comes
OWNER_KEPT_S = 10  # how long a change of ae_titles may take to be noticed
WAIT_FOR_DATABASE_S = 1
STOP_S = 3  # for instances that are being stored

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Settings:
    """Where the rest of the house is and where to listen."""

    home: Path
    runtime: Path
    database: DatabaseTarget
    institution: str
    host: str = "127.0.0.1"
    port: int = 11112
    ae_title: str = "FARVIEW"
    reserve_bytes: int = DEFAULT_RESERVE

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Settings:
        """Read FARVIEW_*; docs/SETTINGS.md says what each means."""
        return cls(
            home=Path(environment["FARVIEW_HOME"]),
            runtime=Path(environment["FARVIEW_RUNTIME"]),
            database=DatabaseTarget(environment["FARVIEW_DATABASE_APPLICATION"]),
            institution=environment["FARVIEW_INSTITUTION"],
            host=environment.get("FARVIEW_HOST", "127.0.0.1"),
            port=int(environment.get("FARVIEW_DICOM_PORT", "11112")),
            ae_title=environment.get("FARVIEW_AE_TITLE", "FARVIEW"),
            reserve_bytes=int(environment.get("FARVIEW_DISK_RESERVE", DEFAULT_RESERVE)),
        )


def status_of(error: BaseException) -> int:
    """The DIMSE status that says an error to the sender."""
    return next((status for kind, status in STATUS if isinstance(error, kind)), 0x0110)


class Receiver:
    """A C-STORE and C-ECHO provider over an Arrival. Make it inside the event loop that the Arrival works in."""

    def __init__(self, database: Database, arrival: Arrival, institution: str) -> None:
        self._database = database
        self._arrival = arrival
        self._institution = institution
        self._loop = asyncio.get_running_loop()
        self._owners: dict[str, tuple[int, float]] = {}
        self._too_large: weakref.WeakSet[Any] = weakref.WeakSet()  # associations whose instance passed MAX_DATASET
        self._conflicts: weakref.WeakKeyDictionary[Any, int] = weakref.WeakKeyDictionary()  # kept, not shown
        self._storing = 0
        self._idle = threading.Condition()
        self._entity: Any = None
        self._server: Any = None

    def listen(self, host: str, port: int, ae_title: str) -> int:
        """Accept associations from now on; the port, of the system's choice when 0 was asked for."""
        # Every storage SOP class, private and unknown ones too, in whatever transfer syntax the sender puts first.
        _config.UNRESTRICTED_STORAGE_SERVICE = True
        self._entity = AE(ae_title)
        self._entity.maximum_pdu_size = MAX_PDU
        self._entity.maximum_associations = MAX_ASSOCIATIONS
        self._entity.add_supported_context(VERIFICATION)
        handlers = [
            (evt.EVT_CONN_OPEN, _no_delay),
            (evt.EVT_PDU_RECV, self._bound),
            (evt.EVT_C_ECHO, lambda _: SUCCESS),
            (evt.EVT_C_STORE, self._store),
        ]
        self._server = self._entity.start_server((host, port), block=False, evt_handlers=handlers)
        listening: int = self._server.server_address[1]
        return listening

    def close(self) -> None:
        """Accept nobody any more, finish what is being stored, end the associations. Blocks; call it in a thread."""
        if self._server is None:
            return
        self._server.shutdown()
        self._server.server_close()
        with self._idle:
            self._idle.wait_for(lambda: self._storing == 0, STOP_S)
        self._entity.shutdown()

    def _bound(self, event: Any) -> None:
        """Drop what has come of an instance that is too large; called in the association's reading thread."""
        message = event.assoc.dimse.message
        if message is not None and message.data_set.tell() > MAX_DATASET:
            message.data_set.seek(0)
            message.data_set.truncate()
            # The sender is told when it has finished: it does not listen before that.
            self._too_large.add(event.assoc)

    def _store(self, event: Any) -> int:
        """Called in the association's thread."""
        with self._idle:
            self._storing += 1
        try:
            if event.assoc in self._too_large:
                self._too_large.discard(event.assoc)
                raise OSError(errno.EFBIG, f"an instance of more than {MAX_DATASET >> 20} MiB")
            sender = str(event.assoc.requestor.ae_title).strip()
            # The bytes as they came, behind a file meta information that says their transfer syntax.
            arriving = self._receive(event.encoded_dataset(), sender)
            if asyncio.run_coroutine_threadsafe(arriving, self._loop).result() is Outcome.CONFLICT:
                kept = self._conflicts[event.assoc] = self._conflicts.get(event.assoc, 0) + 1
                log.warning("kept_as_conflict", sender=sender, of_association=kept)
        except Exception as error:
            status = status_of(error)
            reason = str(error) if isinstance(error, (StorageError, OSError)) else ""
            log.warning("not_stored", status=f"{status:04X}", error=type(error).__name__, reason=reason)
            return status
        finally:
            with self._idle:
                self._storing -= 1
                self._idle.notify_all()
        return SUCCESS

    async def _receive(self, data: bytes, sender: str) -> Outcome:
        return await self._arrival.receive(data, await self._owner(sender), sender)

    async def _owner(self, sender: str) -> int:
        """The institution that owns what this AE title sends."""
        owner, until = self._owners.get(sender, (0, 0.0))
        if time.monotonic() > until:
            async with self._database.plain() as connection:
                known = await institution_of_ae_title(connection, sender)
                owner = known or (await find_or_create_institution(connection, self._institution)).id
            self._owners[sender] = (owner, time.monotonic() + OWNER_KEPT_S)
            while len(self._owners) > 4 * MAX_ASSOCIATIONS:  # anybody may call itself anything
                del self._owners[next(iter(self._owners))]
        return owner


def _no_delay(event: Any) -> None:
    # With Nagle's algorithm every answer waits for the sender's delayed acknowledgement: 15 instead of 200 a second.
    event.assoc.dul.socket.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


async def connect(target: DatabaseTarget, stopped: asyncio.Event) -> Database | None:
    """The database as soon as it is there, or None when we are to stop before that."""
    while not stopped.is_set():
        try:
            return await Database.connect(target, size=8)
        except DatabaseUnavailable as error:
            log.warning("database_unavailable", reason=str(error))
            try:
                await asyncio.wait_for(stopped.wait(), WAIT_FOR_DATABASE_S)
            except TimeoutError:
                continue
    return None


async def serve(settings: Settings) -> None:
    """Receive until SIGTERM or SIGINT."""
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    database = await connect(settings.database, stopped)
    if database is None:
        return
    blobs = BlobStore(Home(settings.home, settings.runtime).blobs, settings.reserve_bytes)
    receiver = Receiver(database, Arrival(database, blobs), settings.institution)
    try:
        port = receiver.listen(settings.host, settings.port, settings.ae_title)
        log.info("listening", host=settings.host, port=port, ae_title=settings.ae_title)
        tell_ready(os.environ)
        await stopped.wait()
    finally:
        await asyncio.to_thread(receiver.close)
        await database.close()


def main() -> int:
    to_standard_error()
    logging.getLogger("pynetdicom").setLevel(logging.CRITICAL)  # it quotes datasets
    # Three threads hand every slice on; with the usual 5 ms each of them may keep the others waiting that long.
    sys.setswitchinterval(0.0005)
    try:
        asyncio.run(serve(Settings.from_environment(os.environ)))
    except (StorageError, OSError) as error:
        log.error("cannot_receive", error=type(error).__name__, reason=str(error))
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
