"""What can go wrong with what is known.

StorageError
├── NotFound               no such row, or the asker may not see it: the answer is the same
├── Conflict               the database already holds something that excludes this
├── Forbidden              the asker may not do this
├── TryAgain               two transactions waited for each other; nothing was stored
├── SignInError
│   ├── WrongPassword      login or password is wrong: the answer is the same for an unknown login
│   ├── AccountLocked      too many wrong passwords
│   └── WeakPassword       the new password breaks a rule; the code says which
├── DatabaseUnavailable    PostgreSQL cannot be reached
│   └── PostgresNotStarted our own PostgreSQL did not start; the message ends with its log
├── SchemaError
│   ├── MigrationChanged   a migration file differs from what was applied
│   ├── MigrationFailed    the server refused a migration: rights, or what is in the database
│   ├── SchemaNewer        the database was made by a newer Farview
│   └── DatabaseUnsuitable the server is too old, or not UTF-8
├── HomeError
│   ├── HomeUnusable       the home folder cannot be reached or written
│   └── HomeLocked         another process works with this home
├── InvalidDataset         these bytes are not a DICOM instance that can be kept
├── InvalidPreferences     what somebody wants to set is not a small JSON object
├── UnreadablePixels       the stored pixels cannot be decoded
├── NotDerivable           no DICOM class takes a series derived from these images
├── UnwritableText         a text has letters that the images' character set has not
├── DiskFull               the disk is full but for the database's reserve: nothing was stored
└── DamagedFile            a stored or derived file is not what was written
"""

from __future__ import annotations

from typing import Any


class StorageError(Exception):
    """Base of what this package raises; `code` is a key of the viewer's dictionary."""

    code = "storage_failed"


class NotFound(StorageError):
    """There is no such thing, or it may not be seen."""

    code = "not_found"


class Conflict(StorageError):
    """The database already holds something that excludes this."""

    code = "conflict"


class Forbidden(StorageError):
    """The asker may not do this."""

    code = "forbidden"


class TryAgain(StorageError):
    """Two transactions waited for each other. Nothing was stored; the same call may succeed now."""

    code = "try_again"


# ── sign-in ──────────────────────────────────────────────────────────────────────────────────────────────────────


class SignInError(StorageError):
    """Base of what stands between a person and an account."""

    code = "sign_in_failed"


class WrongPassword(SignInError):
    """The login or the password is wrong. Which of them, nobody is told."""

    code = "wrong_password"


class AccountLocked(SignInError):
    """Too many wrong passwords for this login; it opens again by itself after a quarter of an hour."""

    code = "account_locked"


class WeakPassword(SignInError):
    """The new password breaks a rule of storage/passwords.py; `code` says which."""

    code = "weak_password"

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


# ── database ─────────────────────────────────────────────────────────────────────────────────────────────────────


class DatabaseUnavailable(StorageError):
    """PostgreSQL cannot be reached."""

    code = "database_unavailable"


class PostgresNotStarted(DatabaseUnavailable):
    """Our own PostgreSQL did not start. The message says why and ends with the tail of its log."""

    code = "postgres_not_started"


class SchemaError(StorageError):
    """The database does not have the tables that this version works with."""

    code = "schema_unsuitable"


class MigrationChanged(SchemaError):
    """A migration file is not the one that was applied. Applied migrations never change; add a new one."""

    code = "migration_changed"


class MigrationFailed(SchemaError):
    """The server refused a migration, and nothing of it is there. The message says which, why and what to do."""

    code = "migration_failed"


class SchemaNewer(SchemaError):
    """The database was made by a newer Farview than this one."""

    code = "schema_newer"


class DatabaseUnsuitable(SchemaError):
    """The database server is older than PostgreSQL 15, or the database is not encoded in UTF-8."""

    code = "database_unsuitable"


# ── home ─────────────────────────────────────────────────────────────────────────────────────────────────────────


class HomeError(StorageError):
    """Base of what is wrong with the home folder."""

    code = "home_failed"


class HomeUnusable(HomeError):
    """The home folder cannot be reached or written by the account that needs it. The message says what to do."""

    code = "home_unusable"


class HomeLocked(HomeError):
    """Another process works with this home; `holder` is storage.home.Holder, or None while it is still starting."""

    code = "home_locked"

    def __init__(self, message: str, holder: Any = None) -> None:
        super().__init__(message)
        self.holder = holder


# ── bytes ────────────────────────────────────────────────────────────────────────────────────────────────────────


class InvalidDataset(StorageError):
    """These bytes are not a DICOM instance that can be kept."""

    code = "invalid_dataset"


class InvalidPreferences(StorageError):
    """What somebody wants to set is larger than 16 KiB, or no JSON that PostgreSQL can keep."""

    code = "invalid_preferences"


class UnreadablePixels(StorageError):
    """The stored pixels cannot be decoded."""

    code = "unreadable_pixels"


class NotDerivable(StorageError):
    """There is no DICOM class for a series derived from these images, or they lack what it demands."""

    code = "not_derivable"


class UnwritableText(StorageError):
    """A text has letters that the character set of the images has not, and their own texts are not plain ASCII."""

    code = "unwritable_text"


class DiskFull(StorageError):
    """The disk has no room but for the reserve. Nothing was stored; the same call succeeds when there is room."""

    code = "disk_full"


class DamagedFile(StorageError):
    """A stored or derived file is not what was written."""

    code = "damaged_file"
