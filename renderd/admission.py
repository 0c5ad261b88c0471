"""Who is behind a connection, and what this person may see, asked again and again."""

from __future__ import annotations

import asyncio
import time

import structlog

from renderd.errors import SessionEnded
from storage.access import DERIVE_SERIES, READ_STUDIES, Access, find_access
from storage.database import Database
from storage.errors import DatabaseUnavailable

log = structlog.get_logger()

# A sign-out is told at once; this is for a telling that was lost. Both together keep the five seconds.
CHECK_S = 4.0
# While the database is away nobody can sign out there either; a restart of it must not blank every screen.
TRUST_S = 30.0


class Admission:
    """The access of one connection; `institutions` are those whose studies it may see now, and `deriving` those to
    whose studies it may add series that were computed from them.
    """

    def __init__(self, database: Database, session: str) -> None:
        self.institutions: frozenset[int] = frozenset()
        self.deriving: frozenset[int] = frozenset()
        self.user_id = 0
        self.active = True  # the person did something since the last check
        self._database = database
        self._session = session
        self._nudged = asyncio.Event()
        self._checked_at = time.monotonic()

    async def check(self) -> None:
        """Look the session up.

        Raises:
            SessionEnded: there is no such session, or the person may see no study.
            DatabaseUnavailable: nobody knows.
        """
        touch, self.active = self.active, False
        async with self._database.plain() as connection:
            access: Access | None = await find_access(connection, self._session, touch=touch)
        if access is None or not access.may(READ_STUDIES):
            self.institutions = self.deriving = frozenset()
            raise SessionEnded("session ended")
        self.institutions = frozenset(access.where(READ_STUDIES))
        self.deriving = self.institutions.intersection(access.where(DERIVE_SERIES))
        self.user_id = access.user_id
        self._checked_at = time.monotonic()

    def nudge(self) -> None:
        """Something about access has changed: look now."""
        self._nudged.set()

    async def keep(self) -> None:
        """Check until the session ends, which raises SessionEnded."""
        while True:
            try:
                async with asyncio.timeout(CHECK_S):
                    await self._nudged.wait()
            except TimeoutError:
                pass
            self._nudged.clear()
            try:
                await self.check()
            except DatabaseUnavailable:
                if time.monotonic() - self._checked_at > TRUST_S:
                    raise
                log.warning("access_unchecked", since_s=round(time.monotonic() - self._checked_at))
