"""Sessions: who is signed in, known by a token of which only the SHA-256 is stored."""

from __future__ import annotations

import hashlib
import secrets
from datetime import UTC, datetime, timedelta

from storage.database import Connection
from storage.sql import load

SQL = load(__file__)

# A shift of reading without signing in again; the fifteen idle minutes that assessors look for come with a setting,
# when the page can keep a draft over a second sign-in.
IDLE = timedelta(hours=8)
ABSOLUTE = timedelta(hours=12)


def token_hash(token: str) -> str:
    """What the database and the processes know of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


async def open_session(connection: Connection, user_id: int, now: datetime | None = None) -> str:
    """A new session; the answer is its token, 32 random bytes as text, which is stored nowhere."""
    now = now or datetime.now(UTC)
    token = secrets.token_urlsafe(32)
    await connection.execute(SQL["forget_old"], now - ABSOLUTE, now - IDLE)
    await connection.execute(SQL["open"], token_hash(token), user_id, now)
    return token


async def end_session(connection: Connection, session_token_hash: str) -> None:
    """Sign out. Whoever shows pictures to the user hears of it on the channel `farview_access`."""
    await connection.execute(SQL["end"], session_token_hash)


async def end_sessions_of(connection: Connection, user_id: int, keep: str | None = None) -> None:
    """Sign a user out everywhere, except from the session with the token hash `keep`."""
    await connection.execute(SQL["end_of_user"], user_id, keep)
