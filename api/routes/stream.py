"""The stream: who may open it is decided here and again by renderd, which looks the session up itself."""

from __future__ import annotations

import aiohttp
import structlog
from aiohttp import web

from api import relay
from api.errors import InvalidRequest
from api.parts import POOL, STREAMS
from api.permissions import route
from api.session import session_hash
from renderd.protocol import SUBPROTOCOL
from storage.access import READ_STUDIES

log = structlog.get_logger()


@route("GET", "/stream", permission=READ_STUDIES)
async def get_stream(request: web.Request) -> web.StreamResponse:
    """Relay a viewer's WebSocket to renderd. When renderd is away it closes with "try again later", and the reason
    says how many kernels it has compiled, as "3/12", where that is what it does.
    """
    offered = [name.strip() for name in request.headers.get("Sec-WebSocket-Protocol", "").split(",")]
    if SUBPROTOCOL not in offered:
        raise InvalidRequest(f"the stream speaks {SUBPROTOCOL}")
    token = session_hash(request)
    assert token is not None  # the guard found a session by it
    viewer = relay.accept()
    await viewer.prepare(request)
    relay.tune(request.transport)
    streams = request.app[STREAMS]
    streams.add(viewer)
    try:
        async with relay.connect(await request.app[POOL].acquire(token), token) as renderer:
            await relay.relay(viewer, renderer)
    except (OSError, aiohttp.ClientError) as error:
        log.warning("renderd_away", reason=type(error).__name__)
        await viewer.close(code=relay.TRY_LATER, message=request.app[POOL].preparing().encode())
    finally:
        streams.discard(viewer)
    return viewer
