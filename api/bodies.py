"""What a request carries: a JSON body, an identifier in its path, a number in its query."""

from __future__ import annotations

from typing import TypeVar

from aiohttp import web
from pydantic import ValidationError

from api.answers import adapter
from api.errors import InvalidRequest, JsonNeeded
from storage.errors import NotFound

MAX_BODY_BYTES = 16 * 1024  # the largest body is a pair of passwords
LARGEST_ID = 2**63 - 1  # PostgreSQL's bigint

Message = TypeVar("Message")


async def read_body(request: web.Request, kind: type[Message]) -> Message:
    """The request's body as this kind of message, or JsonNeeded, or InvalidRequest."""
    if request.content_type != "application/json":
        # A form of another site cannot send this type without asking first.
        raise JsonNeeded
    try:
        message: Message = adapter(kind).validate_json(await request.read(), strict=True, extra="forbid")
    except ValidationError as error:
        raise InvalidRequest from error
    return message


def path_id(request: web.Request) -> int:
    """The row id in the path, or NotFound: what cannot be an id is answered like one that does not exist."""
    text = request.match_info["id"]
    if not (text.isascii() and text.isdigit()) or not 1 <= int(text[:20]) <= LARGEST_ID:
        raise NotFound("no such id")
    return int(text)


def query_number(request: web.Request, name: str, default: int, largest: int) -> int:
    """A whole number of the query from 0 to `largest`, or InvalidRequest."""
    text = request.query.get(name, str(default))
    if not (text.isascii() and text.isdigit()) or len(text) > 20 or int(text) > largest:
        raise InvalidRequest
    return int(text)
