from __future__ import annotations

from contextlib import aclosing
from datetime import UTC, datetime, timedelta

from storage.access import CHANNEL, DERIVE_SERIES, READ_STUDIES, ROLES, Access, find_access
from storage.database import Connection, Database
from storage.sessions import ABSOLUTE, IDLE, end_session, open_session, token_hash
from storage.users import create_user, grant, revoke
from tests.storage.rows import make_institution

NOW = datetime(2024, 5, 1, 8, 0, tzinfo=UTC)
MOMENT = timedelta(microseconds=1)


async def signed_in(connection: Connection, *, must_change_password: bool = False) -> tuple[int, str]:
    user = await create_user(connection, "Dr.Li", "Right-1234", must_change_password=must_change_password)
    return user.id, token_hash(await open_session(connection, user.id, NOW))


async def test_a_reader_reads_where_they_are_a_member_and_nowhere_else(database: Database) -> None:
    here, there = await make_institution(database, "Here"), await make_institution(database, "There")
    async with database.plain() as connection:
        user_id, session = await signed_in(connection)
        await grant(connection, user_id, here, "reader")
        access = await find_access(connection, session, NOW)
    assert access == Access(user_id, "Dr.Li", {here: "Here"}, {here: ROLES["reader"]}, must_change_password=False)
    assert access.may(READ_STUDIES) and access.may(READ_STUDIES, here)
    assert not access.may(READ_STUDIES, there) and not access.may("studies.delete")
    assert access.where(READ_STUDIES) == [here]
    assert access.permissions == {READ_STUDIES, DERIVE_SERIES}


async def test_somebody_without_a_role_may_nothing(database: Database) -> None:
    async with database.plain() as connection:
        _, session = await signed_in(connection)
        access = await find_access(connection, session, NOW)
    assert access and not access.institutions and not access.permissions and not access.may(READ_STUDIES)


async def test_an_unknown_role_gives_nothing(database: Database) -> None:
    here = await make_institution(database, "Here")
    async with database.plain() as connection:
        user_id, session = await signed_in(connection)
        await grant(connection, user_id, here, "emperor")
        access = await find_access(connection, session, NOW)
    assert access and access.institutions == {here: "Here"} and not access.may(READ_STUDIES)


async def test_nothing_is_open_while_the_password_must_be_changed(database: Database) -> None:
    here = await make_institution(database, "Here")
    async with database.plain() as connection:
        user_id, session = await signed_in(connection, must_change_password=True)
        await grant(connection, user_id, here, "reader")
        access = await find_access(connection, session, NOW)
    assert access and access.must_change_password
    assert not access.may(READ_STUDIES) and access.where(READ_STUDIES) == []


async def test_a_session_ends_when_it_is_idle(database: Database) -> None:
    async with database.plain() as connection:
        _, session = await signed_in(connection)
        assert await find_access(connection, session, NOW + IDLE - MOMENT, touch=False)
        assert await find_access(connection, session, NOW + IDLE, touch=False) is None


async def test_use_keeps_a_session_alive_but_not_beyond_its_longest_time(database: Database) -> None:
    async with database.plain() as connection:
        _, session = await signed_in(connection)
        assert await find_access(connection, session, NOW + IDLE - MOMENT)
        assert await find_access(connection, session, NOW + ABSOLUTE - MOMENT)
        assert await find_access(connection, session, NOW + ABSOLUTE) is None


async def test_use_is_written_down_once_a_minute(database: Database) -> None:
    async with database.plain() as connection:
        _, session = await signed_in(connection)
        for seconds, written in ((59, 0), (60, 60), (100, 60), (125, 125)):
            await find_access(connection, session, NOW + timedelta(seconds=seconds))
            used_at = await connection.fetchval("SELECT used_at FROM sessions")
            assert used_at == NOW + timedelta(seconds=written)


async def test_whoever_shows_pictures_hears_of_a_sign_out_and_of_a_revoked_role(database: Database) -> None:
    here = await make_institution(database, "Here")
    async with database.plain() as connection:
        user_id, session = await signed_in(connection)
        await grant(connection, user_id, here, "reader")
        async with aclosing(database.notifications(CHANNEL)) as told:
            assert await anext(told) == ""
            await revoke(connection, user_id, here, "reader")
            assert await anext(told) == str(user_id)
            await end_session(connection, session)
            assert await anext(told) == str(user_id)
