"""Where a scene is rendered. The api asks here before it relays a stream."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

SOCKET = "renderd.sock"


class RenderPool(Protocol):
    """Chooses a renderd for a scene."""

    async def acquire(self, scene: str) -> str:
        """The address of the renderd that serves this scene: the path of a Unix socket."""
        ...


class LocalPool:
    """The one renderd of this machine, on a private socket in the runtime folder."""

    def __init__(self, runtime: Path) -> None:
        self.address = str(runtime / SOCKET)

    async def acquire(self, scene: str) -> str:
        return self.address
