"""Accounts: making one, signing in to it, changing its password, and what it is a member of."""

from __future__ import annotations

import hashlib
import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from storage.database import Connection, Database
from storage.errors import AccountLocked, Conflict, NotFound, WeakPassword, WrongPassword
from storage.institutions import let_first_account_read
from storage.passwords import check_password, hash_password, one_time_password, same_password
from storage.sessions import end_sessions_of
from storage.sql import load

SQL = load(__file__)

FIRST_LOGIN = "admin"
LONGEST_LOGIN = 64
FAILURES = 5
LOCKED_FOR = timedelta(minutes=15)
FORGOTTEN_AFTER = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class User:
    """An account. While `must_change_password` it may do nothing else."""

    id: int
    login: str
    must_change_password: bool


def login_key(login: str) -> str:
    """What makes two logins the same one: upper and lower case, and full and half width, do not count."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", login.strip()).casefold())


async def create_user(connection: Connection, login: str, password: str, *, must_change_password: bool = True) -> User:
    """A new account without any role, or Conflict when the login is taken, or WeakPassword."""
    login = login.strip()
    if not login or len(login) > LONGEST_LOGIN or not login.isprintable():
        raise ValueError(f"a login has 1 to {LONGEST_LOGIN} printable letters")
    check_password(password, login)
    password_hash = await hash_password(password)
    row = await connection.fetchrow(SQL["create"], login, login_key(login), password_hash, must_change_password)
    if row is None:
        raise Conflict("this login is taken")
    return User(**row)


async def sign_in(database: Database, login: str, password: str, now: datetime | None = None) -> User:
    """The account with this login and password; WrongPassword, or AccountLocked after five wrong ones in a row.

    An unknown login is answered, delayed and locked exactly as a known one. It takes the Database, not a connection:
    the failure must stay counted when the caller's work is undone, and no connection waits while a hash is computed.
    """
    key = login_key(login)
    await _count_attempt(database, key, now or datetime.now(UTC))
    async with database.plain() as connection:
        row = await connection.fetchrow(SQL["find_by_login"], key)
    return await _confirm(database, key, row, password)


async def change_password(
    database: Database,
    user_id: int,
    old: str,
    new: str,
    *,
    keep_session: str | None = None,
    now: datetime | None = None,
) -> User:
    """Give an account the password `new`, and end its sessions except the one with the token hash `keep_session`.

    The old password is asked again, under the same lock as a sign-in: an unattended screen is not enough.
    """
    async with database.plain() as connection:
        row = await connection.fetchrow(SQL["find_by_id"], user_id)
    if row is None:
        raise NotFound(f"user {user_id}")
    key = login_key(row["login"])
    await _count_attempt(database, key, now or datetime.now(UTC))
    user = await _confirm(database, key, row, old)
    if new == old:
        raise WeakPassword("password_unchanged")
    check_password(new, user.login)
    password_hash = await hash_password(new)
    async with database.plain() as connection, connection.transaction():
        await connection.execute(SQL["set_password"], user_id, password_hash, False)
        await end_sessions_of(connection, user_id, keep_session)
    return User(user.id, user.login, must_change_password=False)


async def _count_attempt(database: Database, key: str, now: datetime) -> None:
    async with database.plain() as connection:
        await connection.execute(SQL["forget_old_attempts"], now - FORGOTTEN_AFTER)
        if await connection.fetchval(SQL["count_attempt"], _digest(key), now, FAILURES, LOCKED_FOR) is None:
            raise AccountLocked


async def _confirm(database: Database, key: str, row: Any, password: str) -> User:
    """The user of this row when the password is theirs; then nothing speaks against the login any more."""
    if not await same_password(row["password_hash"] if row else None, password):
        raise WrongPassword
    async with database.plain() as connection:
        await connection.execute(SQL["clear_attempts"], _digest(key))
    return User(row["id"], row["login"], row["must_change_password"])


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


async def ensure_first_account(database: Database, given: str | None = None) -> str | None:
    """See that the first account exists, and answer the one-time password to print, or None when there is none.

    given: the password to use (FARVIEW_ADMIN_PASSWORD). It is the operator's own choice and need not be changed.
    As long as nobody has replaced the one-time password, every start makes a new one: the old one is known to nobody
    but the terminal it was printed on.
    """
    if given is not None:
        check_password(given, FIRST_LOGIN)
    async with database.plain() as connection:
        row = await connection.fetchrow(SQL["find_first"])
    if row is not None and not row["must_change_password"]:
        return None
    password = given or one_time_password()
    password_hash = await hash_password(password)
    async with database.plain() as connection, connection.transaction():
        if row is None:
            if not await connection.fetchval(
                SQL["create_first"], FIRST_LOGIN, login_key(FIRST_LOGIN), password_hash, given is None
            ):
                raise Conflict("another process makes the first account at this moment")
            await let_first_account_read(connection)
        else:
            await connection.execute(SQL["set_password"], row["id"], password_hash, given is None)
            await end_sessions_of(connection, row["id"])
    return None if given else password


async def grant(connection: Connection, user_id: int, institution_id: int, role: str) -> None:
    """Give a role of storage.access.ROLES in an institution."""
    await connection.execute(SQL["grant"], user_id, institution_id, role)


async def revoke(connection: Connection, user_id: int, institution_id: int, role: str) -> None:
    """Take a role away. Whoever shows pictures to the user hears of it on the channel `farview_access`."""
    await connection.execute(SQL["revoke"], user_id, institution_id, role)
