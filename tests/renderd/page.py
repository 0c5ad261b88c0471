"""A synthetic viewer: the protocol over a real socket, without a browser."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import imagecodecs
import msgpack
import numpy as np
from numpy.typing import NDArray
from websockets.asyncio.client import ClientConnection, unix_connect

from renderd.protocol import SUBPROTOCOL, Codec, Flag, FromViewer, Header, Shown, unpack_frame
from renderd.server import SESSION_HEADER

PATIENCE_S = 30  # a test that waits longer than this has failed


class Frame:
    """A frame as it arrived."""

    def __init__(self, message: bytes) -> None:
        self.header: Header
        self.header, self.digest, self.picture = unpack_frame(message)

    @property
    def final(self) -> bool:
        return bool(self.header.flags & Flag.FINAL)

    @property
    def pixels(self) -> NDArray[np.uint8]:
        decode = imagecodecs.png_decode if self.header.codec == Codec.PNG else imagecodecs.jpeg8_decode
        return np.asarray(decode(self.picture))


class Page:
    """One connection. Frames are acknowledged as they come unless `acknowledges` is False."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.acknowledges = True
        self.level = 0
        self.frames: list[Frame] = []
        self.messages: list[dict[str, Any]] = []

    async def send(self, message: FromViewer) -> None:
        await self.socket.send(msgpack.packb(asdict(message)))

    async def receive(self) -> Frame | dict[str, Any]:
        """The next message."""
        data = await self.socket.recv()
        assert isinstance(data, bytes)
        if data[0] >= 0x10:
            message: dict[str, Any] = msgpack.unpackb(data)
            self.messages.append(message)
            return message
        frame = Frame(data)
        self.frames.append(frame)
        if self.acknowledges:
            await self.send(Shown(frame.header.viewport, frame.header.sequence, self.level))
        return frame

    async def until(self, wanted: Callable[[Frame | dict[str, Any]], bool]) -> Any:
        """Receive until something is wanted."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                got = await self.receive()
                if wanted(got):
                    return got

    async def final(self, viewport: int = 1, number: int | None = None) -> Frame:
        """The final of a viewport, of this input or the next to come."""

        def wanted(got: Frame | dict[str, Any]) -> bool:
            return (
                isinstance(got, Frame)
                and got.final
                and got.header.viewport == viewport
                and number in (None, got.header.input)
            )

        frame: Frame = await self.until(wanted)
        return frame

    async def message(self, kind: str) -> dict[str, Any]:
        """The next message of a kind."""
        message: dict[str, Any] = await self.until(lambda got: isinstance(got, dict) and got["t"] == kind)
        return message

    async def silence(self) -> None:
        """Everything that was sent before has been dealt with: its pong came back."""
        await self.socket.send(msgpack.packb({"t": "ping", "n": 77}))
        await self.until(lambda got: isinstance(got, dict) and got.get("n") == 77)


@asynccontextmanager
async def connect(path: Path, session: str) -> AsyncIterator[Page]:
    """A connection to renderd's socket with the hash of a session's token."""
    async with unix_connect(
        str(path),
        "ws://renderd/stream",
        subprotocols=[SUBPROTOCOL],  # type: ignore[list-item]
        additional_headers={SESSION_HEADER: session},
        compression=None,
        max_size=None,
        open_timeout=PATIENCE_S,
    ) as socket:
        yield Page(socket)
