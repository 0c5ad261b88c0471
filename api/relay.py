"""Bytes between a viewer's WebSocket and renderd's, in both directions, none of them read.

Nothing queues here: a side is read only after what came before has been handed to the other side's socket, and
aiohttp stops reading a socket whose messages are not taken (above 128 KiB). What the slowest part cannot take waits
at its source, where the newest state replaces it.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import aiohttp
from aiohttp import WSCloseCode, WSMsgType, web

from renderd.protocol import MAX_MESSAGE_BYTES, SUBPROTOCOL

# The largest frame is a lossless 4096 × 4096 in colour, which no encoder makes larger than its pixels.
MAX_FRAME_BYTES = 64 << 20
CONNECT_S = 5
CLOSE_S = 2  # a viewer that went without a word is not waited for longer
HEARTBEAT_S = 30  # a phone that left the network is noticed after this and a half
# How much of what is written the kernel may hold unsent. Its send buffer grows to megabytes on a slow line, and each
# of them would be an old frame; the window of what is under way stays free to grow.
UNSENT_BYTES = 128 * 1024

# What a browser's page takes as "connect again": renderd restarts, or is not there yet.
RESTARTS = WSCloseCode.SERVICE_RESTART
TRY_LATER = WSCloseCode.TRY_AGAIN_LATER


def accept() -> web.WebSocketResponse:
    """The viewer's side, still to be prepared."""
    return web.WebSocketResponse(
        protocols=(SUBPROTOCOL,), compress=False, max_msg_size=MAX_MESSAGE_BYTES, heartbeat=HEARTBEAT_S, timeout=CLOSE_S
    )


def tune(transport: asyncio.Transport | None) -> None:
    """Send every message at once, and keep little of it in the kernel."""
    connection = transport.get_extra_info("socket") if transport else None
    if connection is None or connection.family not in (socket.AF_INET, socket.AF_INET6):
        return
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if hasattr(socket, "TCP_NOTSENT_LOWAT"):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, UNSENT_BYTES)


@asynccontextmanager
async def connect(address: str, token_hash: str) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    """renderd's side, through its Unix socket. Raises OSError or aiohttp.ClientError when it is not there."""
    async with (
        aiohttp.ClientSession(connector=aiohttp.UnixConnector(path=address)) as session,
        asyncio.timeout(CONNECT_S) as patience,
        session.ws_connect(
            "http://renderd/stream",
            protocols=(SUBPROTOCOL,),
            headers={"Farview-Session": token_hash},
            compress=0,
            max_msg_size=MAX_FRAME_BYTES,
        ) as renderer,
    ):
        patience.reschedule(None)
        yield renderer


async def relay(viewer: web.WebSocketResponse, renderer: aiohttp.ClientWebSocketResponse) -> None:
    """Pump until one side ends, then close the other with a code that says why."""
    up = asyncio.create_task(_pump(viewer, renderer), name="to renderd")
    down = asyncio.create_task(_pump(renderer, viewer), name="to viewer")
    try:
        await asyncio.wait((up, down), return_when=asyncio.FIRST_COMPLETED)
        # Closing wakes the other pump. Cancelling it first would drop the connection before the code is sent.
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_S):
                await asyncio.gather(viewer.close(code=code_for_viewer(renderer)), renderer.close())
    finally:
        for task in (up, down):
            task.cancel()
        await asyncio.gather(up, down, return_exceptions=True)


async def _pump(
    source: web.WebSocketResponse | aiohttp.ClientWebSocketResponse,
    sink: web.WebSocketResponse | aiohttp.ClientWebSocketResponse,
) -> None:
    async for message in source:
        if message.type is WSMsgType.BINARY:
            await sink.send_bytes(message.data)
        else:  # the protocol has binary messages only
            await source.close(code=WSCloseCode.UNSUPPORTED_DATA)


def code_for_viewer(renderer: aiohttp.ClientWebSocketResponse) -> int:
    """The close code that the viewer gets: renderd's own, or "restarts" when renderd went without a word."""
    code = renderer.close_code
    # aiohttp says OK also for a socket that ended without a close; renderd itself never leaves first with it.
    if code in (None, WSCloseCode.OK, WSCloseCode.ABNORMAL_CLOSURE, WSCloseCode.GOING_AWAY):
        return RESTARTS
    return code
