"""Dataclasses of api/messages.py from request bodies and into answers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from aiohttp import web
from pydantic import TypeAdapter

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_adapters: dict[type, TypeAdapter[Any]] = {}

# A study's places compress ten to one; below this the header costs more than it saves.
COMPRESSED_FROM_BYTES = 2048


def adapter(kind: type) -> TypeAdapter[Any]:
    """Reads and writes one kind of message; built once, because building takes longer than using."""
    if kind not in _adapters:
        _adapters[kind] = TypeAdapter(kind)
    return _adapters[kind]


def dump(message: Any) -> bytes:
    """A message as JSON. A number that is not finite becomes null."""
    return adapter(type(message)).dump_json(message)


def answer(message: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    """A message as the answer to a request."""
    return json_answer(dump(message), status, headers)


def json_answer(body: bytes, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    """JSON as the answer to a request, compressed when it is worth it and the asker takes it."""
    response = web.Response(body=body, status=status, content_type="application/json", headers=headers)
    if len(body) >= COMPRESSED_FROM_BYTES:
        response.enable_compression()
    return response
