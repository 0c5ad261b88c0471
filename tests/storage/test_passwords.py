from __future__ import annotations

import asyncio
import threading

import pytest
from argon2 import PasswordHasher

from storage import passwords
from storage.errors import WeakPassword
from storage.passwords import check_password, hash_password, one_time_password, same_password


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("Aa1-Aa1", "password_too_short"),
        ("Aa1" * 100, "password_too_long"),
        ("abcdefgh1234", "password_too_simple"),
        ("ABCDEFGH-+-+", "password_too_simple"),
        ("Dr.Wang-2024", "password_contains_login"),
        ("ＤＲ.ＷＡＮＧ-2024x", "password_contains_login"),
    ],
)
def test_a_weak_password_is_refused_for_its_reason(password: str, code: str) -> None:
    with pytest.raises(WeakPassword) as raised:
        check_password(password, "dr.wang")
    assert raised.value.code == code


@pytest.mark.parametrize("password", ["Aa345678", "abc-1234", "ABC-1234", "密码abc12345", "Ünter-9x"])
def test_a_good_password_passes(password: str) -> None:
    check_password(password, "dr.wang")


def test_one_time_passwords_are_good_and_never_the_same() -> None:
    made = {one_time_password() for _ in range(200)}
    assert len(made) == 200
    for password in made:
        check_password(password, "admin")
        assert not set(password) & set("0O1lI")


async def test_a_hash_is_its_own_passwords_and_no_others() -> None:
    first, second = await hash_password("Right-1234"), await hash_password("Right-1234")
    assert first != second and first.startswith("$argon2id$")
    assert await same_password(first, "Right-1234")
    assert not await same_password(first, "right-1234")
    assert not await same_password("nonsense", "Right-1234")


async def test_one_letter_written_in_two_ways_is_one_password() -> None:
    assert await same_password(await hash_password("M\u00fcller-12"), "Mu\u0308ller-12")


async def test_no_account_costs_as_much_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same function runs with the same parameters; the clock is not asked."""
    seen = []

    def verify(password_hash: str, password: bytes) -> bool:
        seen.append((password_hash.split("$")[1:4], len(password_hash), threading.current_thread().name))
        return False

    real = await hash_password("Right-1234")
    monkeypatch.setattr(passwords, "_verify", verify)
    assert not await same_password(real, "Wrong-1234")
    assert not await same_password(None, "Wrong-1234")
    assert seen[0][:2] == seen[1][:2]
    assert all(name.startswith("password") for *_, name in seen)


async def test_the_hash_of_nobody_is_computed_and_matches_nothing() -> None:
    for password in ("", "\0" * 32, "Right-1234"):
        assert not await same_password(None, password)
    # argon2 accepts it as a well-formed hash: otherwise it would refuse at once and the time would tell.
    assert passwords._HASHER.check_needs_rehash(passwords._nobodys_hash()) is False


async def test_hashing_leaves_the_event_loop_free(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "_HASHER", PasswordHasher())  # the real one, which takes its time
    hashing = asyncio.create_task(hash_password("Right-1234"))
    turns = 0
    while not hashing.done():
        await asyncio.sleep(0)
        turns += 1
    assert turns > 10
