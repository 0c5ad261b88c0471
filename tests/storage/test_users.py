from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from storage.access import find_access
from storage.database import Database
from storage.errors import AccountLocked, Conflict, NotFound, WeakPassword, WrongPassword
from storage.sessions import open_session, token_hash
from storage.users import User, change_password, create_user, ensure_first_account, sign_in
from tests.storage.rows import make_institution

NOW = datetime(2024, 5, 1, 8, 0, tzinfo=UTC)
GOOD, OTHER, WRONG = "Right-1234", "Other-5678", "Wrong-1234"


async def make_user(database: Database, login: str = "Dr.Li") -> User:
    async with database.plain() as connection:
        return await create_user(connection, login, GOOD, must_change_password=False)


async def fail(database: Database, login: str, times: int, now: datetime = NOW) -> None:
    for _ in range(times):
        with pytest.raises(WrongPassword):
            await sign_in(database, login, WRONG, now)


async def test_the_right_password_signs_in_whatever_the_logins_case_and_width(database: Database) -> None:
    user = await make_user(database)
    for login in ("Dr.Li", "dr.li", " DR.LI ", "Ｄｒ．Ｌｉ"):
        assert await sign_in(database, login, GOOD, NOW) == user


@pytest.mark.parametrize("login", ["dr.li", "DR.LI", "ｄｒ．ｌｉ"])
async def test_a_login_that_looks_like_another_is_taken(database: Database, login: str) -> None:
    await make_user(database)
    with pytest.raises(Conflict):
        await make_user(database, login)


@pytest.mark.parametrize("login", ["", "  ", "a\nb", "x" * 65])
async def test_a_login_that_cannot_be_read_is_refused(database: Database, login: str) -> None:
    with pytest.raises(ValueError, match="login"):
        await make_user(database, login)


async def test_a_wrong_password_and_an_unknown_login_get_the_same_answer(database: Database) -> None:
    await make_user(database)
    answers = []
    for login in ("Dr.Li", "nobody"):
        with pytest.raises(WrongPassword) as raised:
            await sign_in(database, login, WRONG, NOW)
        answers.append((type(raised.value), str(raised.value), raised.value.code))
    assert answers[0] == answers[1]


@pytest.mark.parametrize("login", ["Dr.Li", "nobody"])
async def test_five_failures_lock_a_login_for_a_quarter_of_an_hour_known_or_not(database: Database, login: str) -> None:
    await make_user(database)
    await fail(database, login, 5)
    for password in (GOOD, WRONG):
        with pytest.raises(AccountLocked):
            await sign_in(database, login, password, NOW + timedelta(minutes=14, seconds=59))
    # The lock has ended; five more tries are open.
    await fail(database, login, 5, NOW + timedelta(minutes=15))
    with pytest.raises(AccountLocked):
        await sign_in(database, login, GOOD, NOW + timedelta(minutes=15))


async def test_the_right_password_forgets_the_failures(database: Database) -> None:
    user = await make_user(database)
    for _ in range(3):
        await fail(database, "Dr.Li", 4)
        assert await sign_in(database, "Dr.Li", GOOD, NOW) == user


async def test_guesses_at_once_are_counted_one_by_one(database: Database) -> None:
    await make_user(database)
    answers = await asyncio.gather(*(sign_in(database, "Dr.Li", WRONG, NOW) for _ in range(12)), return_exceptions=True)
    assert [type(answer) for answer in answers].count(WrongPassword) == 5
    assert [type(answer) for answer in answers].count(AccountLocked) == 7


async def test_attempts_at_unknown_logins_are_forgotten_after_a_day(database: Database) -> None:
    await fail(database, "nobody", 1)
    await fail(database, "somebody", 1, NOW + timedelta(days=1, seconds=1))
    async with database.plain() as connection:
        assert await connection.fetchval("SELECT count(*) FROM sign_in_attempts") == 1


async def test_the_database_holds_neither_passwords_nor_tried_logins(database: Database) -> None:
    user = await make_user(database)
    await fail(database, "typed-my-password-here", 1)
    async with database.plain() as connection:
        token = await open_session(connection, user.id, NOW)
        for table in ("users", "sessions", "sign_in_attempts"):
            text = str([tuple(row) for row in await connection.fetch(f"SELECT * FROM {table}")])
            for secret in (GOOD, WRONG, "typed-my-password-here", token):
                assert secret not in text


async def test_a_new_password_ends_the_other_sessions(database: Database) -> None:
    user = await make_user(database)
    async with database.plain() as connection:
        kept, ended = [token_hash(await open_session(connection, user.id, NOW)) for _ in range(2)]
    await change_password(database, user.id, GOOD, OTHER, keep_session=kept, now=NOW)
    async with database.plain() as connection:
        assert await find_access(connection, kept, NOW)
        assert await find_access(connection, ended, NOW) is None
    with pytest.raises(WrongPassword):
        await sign_in(database, "Dr.Li", GOOD, NOW)
    assert await sign_in(database, "Dr.Li", OTHER, NOW) == user


async def test_the_old_password_is_asked_under_the_same_lock(database: Database) -> None:
    user = await make_user(database)
    for _ in range(5):
        with pytest.raises(WrongPassword):
            await change_password(database, user.id, WRONG, OTHER, now=NOW)
    with pytest.raises(AccountLocked):
        await change_password(database, user.id, GOOD, OTHER, now=NOW)
    with pytest.raises(NotFound):
        await change_password(database, user.id + 1, GOOD, OTHER, now=NOW)


@pytest.mark.parametrize(("new", "code"), [(GOOD, "password_unchanged"), ("short", "password_too_short")])
async def test_a_new_password_must_be_new_and_good(database: Database, new: str, code: str) -> None:
    user = await make_user(database)
    with pytest.raises(WeakPassword) as raised:
        await change_password(database, user.id, GOOD, new, now=NOW)
    assert raised.value.code == code


async def test_the_first_account_gets_a_one_time_password_that_must_be_changed(database: Database) -> None:
    password = await ensure_first_account(database)
    assert password is not None
    user = await sign_in(database, "admin", password, NOW)
    assert user.must_change_password
    changed = await change_password(database, user.id, password, GOOD, now=NOW)
    assert not changed.must_change_password
    assert not (await sign_in(database, "admin", GOOD, NOW)).must_change_password


async def test_an_unused_one_time_password_is_replaced_at_the_next_start_and_a_real_one_never(
    database: Database,
) -> None:
    first, second = await ensure_first_account(database), await ensure_first_account(database)
    assert first and second and first != second
    with pytest.raises(WrongPassword):
        await sign_in(database, "admin", first, NOW)
    user = await sign_in(database, "admin", second, NOW)
    await change_password(database, user.id, second, GOOD, now=NOW)
    assert await ensure_first_account(database) is None
    assert await ensure_first_account(database, OTHER) is None
    assert await sign_in(database, "admin", GOOD, NOW)


async def test_a_given_first_password_is_not_printed_and_need_not_change(database: Database) -> None:
    assert await ensure_first_account(database, GOOD) is None
    assert not (await sign_in(database, "admin", GOOD, NOW)).must_change_password


async def test_a_weak_given_password_is_refused(database: Database) -> None:
    with pytest.raises(WeakPassword):
        await ensure_first_account(database, "admin-2024-A")


async def test_the_first_account_reads_every_institution_made_before_or_after_it(database: Database) -> None:
    await make_institution(database, "Before")
    await ensure_first_account(database, GOOD)
    await make_institution(database, "After")
    user = await sign_in(database, "admin", GOOD, NOW)
    async with database.plain() as connection:
        access = await find_access(connection, token_hash(await open_session(connection, user.id, NOW)), NOW)
    assert access and list(access.institutions.values()) == ["After", "Before"]
    assert len(access.where("studies.read")) == 2
