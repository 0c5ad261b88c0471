"""Passwords: what a good one is, how it is hashed and compared, one made for the first sign-in."""

from __future__ import annotations

import asyncio
import base64
import secrets
import unicodedata
from concurrent.futures import ThreadPoolExecutor

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from storage.errors import WeakPassword

SHORTEST = 8
LONGEST = 256  # a longer one only keeps the hasher busy
CLASSES = 3  # of small letters, capitals, digits, others

_HASHER = PasswordHasher()  # Argon2id by RFC 9106's second recommendation: 64 MiB, 3 passes
# A hash takes 0.1 s of processor and 64 MiB. Two at a time: a hundred people at eight o'clock wait a moment, and
# somebody who floods the sign-in takes neither the memory nor the event loop.
_THREADS = ThreadPoolExecutor(2, thread_name_prefix="password")

# No 0 O 1 l I: it is read from a terminal and typed on a phone.
_ALPHABET = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"


def check_password(password: str, login: str) -> None:
    """Nothing when the password is good enough, else WeakPassword whose code says what is wrong."""
    if len(password) < SHORTEST:
        raise WeakPassword("password_too_short")
    if len(password) > LONGEST:
        raise WeakPassword("password_too_long")
    if len({_class(letter) for letter in password}) < CLASSES:
        raise WeakPassword("password_too_simple")
    if _folded(login) in _folded(password):
        raise WeakPassword("password_contains_login")


def _class(letter: str) -> str:
    category = unicodedata.category(letter)
    return {"Ll": "small", "Lu": "capital", "Nd": "digit"}.get(category, "other")


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()


def one_time_password() -> str:
    """A new password of 69 random bits that passes `check_password`."""
    while True:
        password = "-".join("".join(secrets.choice(_ALPHABET) for _ in range(4)) for _ in range(3))
        if {"small", "capital", "digit"} <= {_class(letter) for letter in password}:
            return password


async def hash_password(password: str) -> str:
    """Argon2id with a new salt. Runs in a thread of its own."""
    return await asyncio.get_running_loop().run_in_executor(_THREADS, _HASHER.hash, _bytes(password))


async def same_password(password_hash: str | None, password: str) -> bool:
    """Whether the hash is this password's. None is no hash: the answer is False and takes the same time."""
    return await asyncio.get_running_loop().run_in_executor(
        _THREADS, _verify, password_hash or _nobodys_hash(), _bytes(password[:LONGEST])
    )


def _verify(password_hash: str, password: bytes) -> bool:
    try:
        return _HASHER.verify(password_hash, password)
    except (VerificationError, InvalidHashError):
        return False


def _nobodys_hash() -> str:
    """A hash with our parameters that belongs to no password, to compare with when there is no account."""
    salt, digest = (base64.b64encode(bytes(size)).rstrip(b"=").decode() for size in (16, 32))
    cost = f"m={_HASHER.memory_cost},t={_HASHER.time_cost},p={_HASHER.parallelism}"
    return f"$argon2id$v=19${cost}${salt}${digest}"


def _bytes(password: str) -> bytes:
    # NFC: the same letters typed on a Mac and on Windows are the same password.
    return unicodedata.normalize("NFC", password).encode()
