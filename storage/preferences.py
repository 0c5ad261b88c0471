"""Preferences: what somebody has set for themselves, kept from one machine to the next."""

from __future__ import annotations

import json
from typing import Any

from storage.database import Connection
from storage.errors import InvalidPreferences
from storage.sql import load

SQL = load(__file__)

LARGEST_BYTES = 16 * 1024

Settings = dict[str, Any]


async def find_preferences(connection: Connection, user_id: int) -> Settings:
    """What this account has set; an empty object when it never set anything."""
    settings: Settings | None = await connection.fetchval(SQL["find"], user_id)
    return settings if settings is not None else {}


async def save_preferences(connection: Connection, user_id: int, settings: Settings) -> None:
    """Replace what this account has set, or InvalidPreferences."""
    check_preferences(settings)
    await connection.execute(SQL["save"], user_id, settings)


def check_preferences(settings: Settings) -> None:
    """Raise InvalidPreferences unless PostgreSQL can keep this object and it is at most 16 KiB of JSON."""
    try:
        text = json.dumps(settings, ensure_ascii=False, allow_nan=False)
        size = len(text.encode())
    except (ValueError, TypeError, RecursionError) as error:  # not finite, half a surrogate pair, not JSON, too deep
        raise InvalidPreferences(type(error).__name__) from None
    if size > LARGEST_BYTES:
        raise InvalidPreferences(f"{size} bytes")
    if "\\u0000" in text:  # jsonb has no NUL; an escaped backslash before u0000 is refused with it
        raise InvalidPreferences("a NUL")
