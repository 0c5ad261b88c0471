"""The relay: every byte, in both directions, no more than fits, and a close code that brings the viewer back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import ClientWebSocketResponse, WSMsgType, WSServerHandshakeError
from websockets.asyncio.server import ServerConnection, unix_serve

from renderd.pool import PREPARING, SOCKET
from renderd.protocol import SUBPROTOCOL
from storage.sessions import token_hash
from tests.api.conftest import House

Handler = Callable[[ServerConnection], Awaitable[Any]]


@asynccontextmanager
async def renderer(house: House, handler: Handler) -> AsyncIterator[None]:
    """A renderd with this behaviour, where the pool looks for it."""
    path = house.home.runtime / SOCKET
    async with unix_serve(handler, str(path), subprotocols=[SUBPROTOCOL], compression=None, max_size=None):  # type: ignore[list-item]
        yield


async def open_stream(house: House, **options: Any) -> ClientWebSocketResponse:
    return await house.client.ws_connect("/stream", protocols=(SUBPROTOCOL,), **options)


async def repeat(connection: ServerConnection) -> None:
    async for message in connection:
        await connection.send(message)


async def test_bytes_arrive_as_they_left_in_both_directions(house: House) -> None:
    await house.sign_in()
    async with renderer(house, repeat):
        stream = await open_stream(house)
        assert stream.protocol == SUBPROTOCOL
        for message in (b"\x81\xa1t\xa4ping", bytes(range(256)) * 200):
            await stream.send_bytes(message)
            assert await stream.receive_bytes() == message
        await stream.close()


async def test_renderd_learns_the_session_and_never_the_token(house: House) -> None:
    await house.sign_in()
    [cookie] = [cookie for cookie in house.client.session.cookie_jar if cookie.key == "farview"]
    heard: list[dict[str, str]] = []

    async def listen(connection: ServerConnection) -> None:
        assert connection.request is not None
        heard.append(dict(connection.request.headers.raw_items()))
        await connection.send(b"\x80")

    async with renderer(house, listen):
        stream = await open_stream(house)
        await stream.receive_bytes()
        await stream.close()
    assert heard[0]["Farview-Session"] == token_hash(cookie.value)
    assert cookie.value not in str(heard[0])


async def test_a_renderd_that_is_away_means_try_again_later(house: House) -> None:
    await house.sign_in()
    stream = await open_stream(house)
    message = await stream.receive()
    assert (message.type, message.data, message.extra) == (WSMsgType.CLOSE, 1013, "")


async def test_a_renderd_that_still_compiles_its_kernels_says_how_many(house: House) -> None:
    await house.sign_in()
    (house.home.runtime / PREPARING).write_text("3/12")
    message = await (await open_stream(house)).receive()
    assert (message.type, message.data, message.extra) == (WSMsgType.CLOSE, 1013, "3/12")


async def test_a_renderd_that_vanishes_means_restart(house: House) -> None:
    await house.sign_in()

    async def vanish(connection: ServerConnection) -> None:
        await connection.recv()
        connection.transport.abort()  # as after kill -9: no close frame

    async with renderer(house, vanish):
        stream = await open_stream(house)
        await stream.send_bytes(b"\x80")
        message = await stream.receive()
        assert (message.type, message.data) == (WSMsgType.CLOSE, 1012)


@pytest.mark.parametrize(("said", "heard"), [(1001, 1012), (1000, 1012), (4401, 4401), (1008, 1008)])
async def test_the_viewer_hears_why_renderd_closed(house: House, said: int, heard: int) -> None:
    await house.sign_in()
    async with renderer(house, lambda connection: connection.close(said)):
        message = await (await open_stream(house)).receive()
        assert (message.type, message.data) == (WSMsgType.CLOSE, heard)


async def test_renderd_hears_that_the_viewer_left(house: House) -> None:
    await house.sign_in()
    left = asyncio.Event()

    async def wait(connection: ServerConnection) -> None:
        await connection.wait_closed()
        left.set()

    async with renderer(house, wait):
        stream = await open_stream(house)
        await stream.close()
        await asyncio.wait_for(left.wait(), 5)


async def test_a_viewer_that_does_not_read_holds_renderd_back(house: House) -> None:
    await house.sign_in()
    sent, frame, count = 0, bytes(100_000), 500
    stalled = asyncio.Event()

    async def flood(connection: ServerConnection) -> None:
        nonlocal sent
        try:
            while sent < count:
                await asyncio.wait_for(connection.send(frame), 1)
                sent += 1
        except TimeoutError:
            pass
        stalled.set()

    async with renderer(house, flood):
        stream = await open_stream(house, max_msg_size=0, heartbeat=None)
        await asyncio.wait_for(stalled.wait(), 20)
        # 50 MB were offered. What was taken is in socket buffers, which the kernels of both ends size themselves.
        assert sent < 200
        await stream.close()


async def test_text_is_not_part_of_the_protocol(house: House) -> None:
    await house.sign_in()
    async with renderer(house, repeat):
        stream = await open_stream(house)
        await stream.send_str("hello")
        message = await stream.receive()
        assert (message.type, message.data) == (WSMsgType.CLOSE, 1003)


async def test_a_message_larger_than_any_of_the_protocol_closes(house: House) -> None:
    await house.sign_in()
    async with renderer(house, repeat):
        stream = await open_stream(house)
        await stream.send_bytes(bytes(70_000))
        message = await stream.receive()
        assert (message.type, message.data) == (WSMsgType.CLOSE, 1009)


async def test_a_stream_without_session_or_subprotocol_is_refused(house: House) -> None:
    with pytest.raises(WSServerHandshakeError) as refused:
        await open_stream(house)
    assert refused.value.status == 401
    await house.sign_in()
    with pytest.raises(WSServerHandshakeError) as refused:
        await house.client.ws_connect("/stream")
    assert refused.value.status == 400
